/** What a server holds for those who are connected to it, as the kernel has it (proc(5)). */
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";

/** Which of these clients' connections the server has not given up. @param url of a server on 127.0.0.1 */
export function heldOf<T extends { readonly socket: Socket }>(url: string, clients: readonly T[]): readonly T[] {
  const port = (of: number): string => of.toString(16).toUpperCase().padStart(4, "0");
  const ofServer = port(Number(new URL(url).port));
  const rows = readFileSync("/proc/net/tcp", "utf8");
  return clients.filter(({ socket: { localPort = 0 } }) =>
    new RegExp(`^ *\\d+: [0-9A-F]{8}:${ofServer} [0-9A-F]{8}:${port(localPort)} 01 `, "m").test(rows),
  );
}

/** Memory of a process that is in use, in megabytes. */
export function residentMb(pid: number): number {
  const [, kilobytes = "0"] = /VmRSS:\s+([0-9]+) kB/.exec(readFileSync(`/proc/${String(pid)}/status`, "utf8")) ?? [];
  return (Number(kilobytes) * 1024) / 1e6;
}
