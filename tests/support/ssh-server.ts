/** OpenSSH's server outside, as whoever runs the test: git over SSH as it is anywhere. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { freePort } from "./free-port.ts";

const SSHD = "/usr/sbin/sshd";

export interface SshServer {
  readonly port: number;
  /** `TYPE BASE64` */
  readonly hostKey: string;
  /** The file of a private key that opens it. */
  readonly key: string;
  readonly log: () => string;
  close(): Promise<void>;
}

/** @param folder an empty one, which it may fill */
export async function startSshServer(folder: string): Promise<SshServer> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = (name: string): string => join(folder, name);
  for (const name of ["host", "person"]) {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", file(name)]);
  }
  // As root, it insists on this directory, which Debian makes when the service starts.
  if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  const port = await freePort();
  writeFileSync(
    file("config"),
    [
      `ListenAddress 127.0.0.1:${String(port)}`,
      `HostKey ${file("host")}`,
      `AuthorizedKeysFile ${file("person.pub")}`,
      `PidFile ${file("pid")}`,
      "StrictModes no",
      "UsePAM no",
      "PasswordAuthentication no",
      "PermitRootLogin yes",
      "AcceptEnv GIT_PROTOCOL",
      "LogLevel VERBOSE",
      "",
    ].join("\n"),
  );
  const server = spawn(SSHD, ["-D", "-e", "-f", file("config")], { stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  server.stderr.setEncoding("utf8").on("data", (part: string) => (log += part));
  await listening(port, server, () => log);
  return {
    port,
    hostKey: readFileSync(file("host.pub"), "utf8").split(" ").slice(0, 2).join(" "),
    key: file("person"),
    log: () => log,
    close: async () => {
      const closed = new Promise((resolve) => server.once("close", resolve));
      server.kill();
      await closed;
    },
  };
}

async function listening(port: number, server: ChildProcess, log: () => string): Promise<void> {
  const until = Date.now() + 10_000;
  while (Date.now() < until && server.exitCode === null) {
    const there = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
    if (there) return;
    await pause(20);
  }
  throw new Error(`sshd does not listen (Debian: openssh-server): ${log()}`);
}
