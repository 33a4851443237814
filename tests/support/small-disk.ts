/** Runs whose state is on a small disk of its own, which a test fills, empties, or has remounted for reading alone. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { commandPath, personEnvironment, type Place } from "./governed.ts";

export interface SmallDisk {
  readonly status: number;
  readonly output: string;
  /** Whether there is such a file in the workspace. */
  readonly made: (name: string) => boolean;
}

/** A line of shell that leaves no room on the disk. */
export const FILL = 'dd if=/dev/zero of="$disk/filler" bs=4k 2>/dev/null || true';

/**
 * The disk is a mount in a namespace that ends with it. An ordinary user is root in a user namespace for the mount, and an ordinary user again for the rest.
 * Whoever may mount goes on beside it, and remounts the disk for reading alone once there is a file `read-only`.
 * @param script of a shell in the workspace that has `$disk` and `$bailiwick`
 */
export async function onSmallDisk(place: Place, script: string, size: string): Promise<SmallDisk> {
  place.write("script.sh", `set -e\nbailiwick="${process.execPath} ${commandPath}"\n${script}\n`);
  const mount = `mount -t tmpfs -o size=${size},mode=700 tmpfs "$disk"`;
  // The mount, not the disk, whose owner's number is none that may be named in the namespace of an ordinary user. Tried again while something that has just ended is still being cleared away by the kernel, and has a file open for writing (EBUSY).
  const remount = `{ until [ -e read-only ]; do sleep 0.05; done; for i in $(seq 200); do mount -o remount,bind,ro "$disk" && break; sleep 0.05; done; : > is-read-only; } & remount=$!`;
  const isRoot = process.getuid?.() === 0;
  const again = isRoot
    ? ""
    : `unshare --user --map-user=${String(process.getuid?.())} --map-group=${String(process.getgid?.())} `;
  const flags = isRoot ? ["--mount"] : ["--user", "--map-root-user", "--mount"];
  const child = spawn(
    "unshare",
    [
      ...flags,
      "sh",
      "-c",
      `mkdir -p "$disk" && ${mount} && { ${remount}; ${again}sh ../../script.sh; status=$?; kill $remount 2>/dev/null; exit $status; }`,
    ],
    { cwd: place.workspace, env: personEnvironment(place, { disk: place.state }) },
  );
  let output = "";
  child.stdout.on("data", (chunk) => (output += String(chunk)));
  child.stderr.on("data", (chunk) => (output += String(chunk)));
  const [status] = (await once(child, "close")) as [number];
  return { status, output, made: (name) => existsSync(join(place.workspace, name)) };
}
