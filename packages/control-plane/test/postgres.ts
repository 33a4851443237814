/**
 * A PostgreSQL of the tests' own, from Debian's programs: a data directory and a Unix socket in a directory of its own, no network,
 * ended with the process that started it. As root it runs as the user `postgres`, because PostgreSQL refuses to be root.
 */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";

export interface Postgres {
  /** Of the process that started the others. */
  readonly pid: number;
  /** A new empty database. */
  makeDatabase(): Promise<string>;
  /** As a power cut would end it. */
  kill(): Promise<void>;
  /** Starts it again after {@link kill}, on what it left. */
  restart(): Promise<void>;
  stop(): Promise<void>;
  /** Leaves no room on its disk, where it has one of its own. */
  fill(): Promise<void>;
  /** Makes room again. */
  free(): void;
}

const PROGRAMS = "/usr/lib/postgresql";

/** Where initdb and postgres are; a reason to skip when there are none. */
export function findPostgres(): { readonly programs: string } | { readonly missing: string } {
  const versions = existsSync(PROGRAMS)
    ? readdirSync(PROGRAMS)
        .map(Number)
        .filter((version) => version >= 15)
    : [];
  const newest = Math.max(...versions);
  const programs = join(PROGRAMS, String(newest), "bin");
  return existsSync(join(programs, "initdb"))
    ? { programs }
    : { missing: "PostgreSQL 15 or newer is not installed (apt-get install postgresql)" };
}

/** @param disk the size of a disk of its own, as mount(8) has it: for root alone */
export async function startPostgres(programs: string, disk?: string): Promise<Postgres> {
  const root = mkdtempSync(join(tmpdir(), "bailiwick-postgres-"));
  const data = join(root, "data");
  const owner = userFor(root);
  const keeper = disk === undefined ? undefined : await keepDisk(data, disk, owner);
  const user = keeper === undefined ? owner : { ...owner, within: keeper.pid };
  const filler = join(data, "filler");
  run(user, [
    join(programs, "initdb"),
    "-D",
    data,
    "-U",
    "bailiwick",
    "--auth=trust",
    "-E",
    "UTF8",
    "--locale=C.UTF-8",
    "-N",
  ]);
  let server = await start(user, programs, { data, root });
  let made = 0;
  return {
    get pid() {
      return server.pid ?? 0;
    },
    async makeDatabase() {
      made += 1;
      const name = `test${String(made)}`;
      const client = new pg.Client({ connectionString: urlOf(root, "postgres") });
      await client.connect();
      await client.query(`create database ${name}`);
      await client.end();
      return urlOf(root, name);
    },
    async kill() {
      await killAll(server);
    },
    async restart() {
      rmSync(join(data, "postmaster.pid"), { force: true });
      server = await start(user, programs, { data, root });
    },
    async stop() {
      await end(server, "SIGQUIT");
      keeper?.kill();
      rmSync(root, { recursive: true, force: true });
    },
    async fill() {
      // A whole segment of its journal is there then: it is the tables that have no room, and not the database that ends.
      const client = new pg.Client({ connectionString: urlOf(root, "postgres") });
      await client.connect();
      await client.query("select pg_switch_wal()");
      await client.query("create table room (bytes bytea); insert into room values ('x'); drop table room");
      await client.end();
      run(user, ["sh", "-c", `dd if=/dev/zero of=${filler} bs=8k 2>/dev/null || true`]);
    },
    free() {
      run(user, ["rm", filler]);
    },
  };
}

interface RunAs {
  readonly uid?: number;
  readonly gid?: number;
  /** In the mount namespace of this process. */
  readonly within?: number | undefined;
}

function userFor(root: string): RunAs | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string): number => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  const user = { uid: id("-u"), gid: id("-g") };
  chownSync(root, user.uid, user.gid);
  chmodSync(root, 0o755);
  return user;
}

/** A process whose mount namespace has a disk at that place; both end together. */
async function keepDisk(at: string, size: string, { uid = 0, gid = 0 }: RunAs = {}): Promise<ChildProcess> {
  mkdirSync(at);
  const options = `size=${size},mode=700,uid=${String(uid)},gid=${String(gid)}`;
  const script = `mount -t tmpfs -o ${options} tmpfs ${at} && echo there && exec sleep infinity`;
  const keeper = spawn("unshare", ["--mount", "sh", "-c", script], { stdio: ["ignore", "pipe", "inherit"] });
  await once(keeper.stdout, "data");
  return keeper;
}

function commandOf({ uid, gid, within }: RunAs, command: readonly string[]): readonly string[] {
  if (within === undefined) return command;
  const as = [`--setuid=${String(uid)}`, `--setgid=${String(gid)}`];
  return ["nsenter", `--mount=/proc/${String(within)}/ns/mnt`, ...as, "--", ...command];
}

/** Who enters a namespace first has to be root for it. */
function identityOf({ within, ...user }: RunAs): { uid?: number; gid?: number } {
  return within === undefined ? user : {};
}

function run(user: RunAs = {}, command: readonly string[]): void {
  const [program = "", ...args] = commandOf(user, command);
  execFileSync(program, args, { ...identityOf(user), cwd: "/", stdio: ["ignore", "ignore", "inherit"] });
}

async function start(
  user: RunAs = {},
  programs: string,
  { data, root }: { readonly data: string; readonly root: string },
): Promise<ChildProcess> {
  const settings = ["-c", "listen_addresses=", "-k", root, "-c", "max_connections=200", "-c", "log_min_messages=fatal"];
  const [program = "", ...args] = commandOf(user, [join(programs, "postgres"), "-D", data, ...settings]);
  const server = spawn(program, args, { ...identityOf(user), cwd: "/", stdio: "ignore" });
  for (let tries = 0; ; tries++) {
    const client = new pg.Client({ connectionString: urlOf(root, "postgres") });
    try {
      await client.connect();
      await client.end();
      return server;
    } catch (error) {
      if (tries > 300 || server.exitCode !== null) throw error;
      await pause(100);
    }
  }
}

async function end(server: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = new Promise((resolve) => server.once("exit", resolve));
  server.kill(signal);
  await ended;
}

/**
 * With its children: those find only when they are done that it is gone, and until then no other may have the shared memory of its data
 * (PGSharedMemoryCreate).
 */
async function killAll(server: ChildProcess): Promise<void> {
  const { pid } = server;
  if (pid === undefined || server.exitCode !== null || server.signalCode !== null) return;
  server.kill("SIGSTOP");
  const list = readFileSync(`/proc/${String(pid)}/task/${String(pid)}/children`, "utf8");
  const children = list
    .split(" ")
    .map(Number)
    .filter((child) => child > 0);
  await end(server, "SIGKILL");
  for (const child of children) killIfThere(child);
  const until = Date.now() + 30_000;
  while (children.some((child) => isRunning(child))) {
    if (Date.now() > until) throw new Error("PostgreSQL's processes do not end");
    await pause(10);
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/** A process that has ended and that nobody has asked for has nothing left but its number. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\tZ/m.test(readFileSync(`/proc/${String(pid)}/status`, "latin1"));
  } catch {
    return false;
  }
}

function urlOf(root: string, database: string): string {
  return `postgres://bailiwick@localhost/${database}?host=${encodeURIComponent(root)}`;
}
