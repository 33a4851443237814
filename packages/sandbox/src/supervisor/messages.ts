import { constants } from "node:os";
import type { SocketEnds } from "../sandbox.ts";
import type { Enforcement, ExecEnd, ExecFile, ExecNotice, FileIdentity, MainExit, Verdict } from "../supervision.ts";
import { addressBytes } from "./addresses.ts";
import { frame, FrameError, PayloadReader } from "./frames.ts";

/** The payloads of docs/protocol/launcher.md: parsed whole before anything acts on them. */

const UNKNOWN_CPU = 0xffff_ffff_ffff_ffffn;
const EXEC_REPLACES = 1;
const EXEC_DECIDED = 2;
const FILE_BYTES = 62;

export function parseReady(payload: Buffer): readonly Enforcement[] {
  const reader = new PayloadReader(payload);
  const layers = reader.list(9, (): Enforcement => {
    const layer = reader.str();
    const state = reader.u8() === 1 ? "enforced" : "unavailable";
    return { layer, state, detail: reader.str() };
  });
  reader.done();
  return layers;
}

export function parseExec(payload: Buffer, launcherPid: number): ExecNotice {
  const reader = new PayloadReader(payload);
  const id = reader.id();
  const parent = reader.id();
  const flags = reader.u8();
  const pid = reader.u32();
  const at = reader.time();
  const asked = reader.str();
  const cwd = reader.str();
  const [program, ...others] = reader.list(FILE_BYTES, () => parseFile(reader, launcherPid));
  reader.done();
  if (program === undefined || flags > 3) throw new FrameError("malformed exec");
  return {
    id,
    parent,
    replaces: (flags & EXEC_REPLACES) !== 0,
    pid,
    asked,
    files: [program, ...others],
    cwd,
    at,
    decided: (flags & EXEC_DECIDED) !== 0,
  };
}

const fileKinds: readonly (ExecFile["kind"] | undefined)[] = [undefined, "program", "interpreter", "loader-target"];

function parseFile(reader: PayloadReader, launcherPid: number): ExecFile {
  const kind = fileKinds[reader.u8()];
  if (kind === undefined) throw new FrameError("unknown kind of file");
  const path = reader.str();
  const identity: FileIdentity = {
    device: reader.u64(),
    inode: reader.u64(),
    size: reader.u64(),
    mtimeNs: reader.u64(),
    ctimeNs: reader.u64(),
    mode: reader.u32(),
  };
  const vouched = reader.u8() === 1;
  const openAt = `/proc/${String(launcherPid)}/fd/${String(reader.u32())}`;
  return { kind, path, identity, vouched, openAt, argv: reader.list(4, () => reader.str()) };
}

export function parseEnd(payload: Buffer): ExecEnd {
  const reader = new PayloadReader(payload);
  const id = reader.id();
  const how = reader.u8();
  const value = reader.id();
  const cpu = reader.u64();
  const at = reader.time();
  reader.done();
  if (how < 1 || how > 5) throw new FrameError("unknown kind of end");
  return {
    id,
    status: how === 1 ? value : undefined,
    signal: how === 2 ? signalName(value) : undefined,
    replacedBy: how === 3 ? value : undefined,
    failed: how === 4 ? errnoName(value) : undefined,
    cpuMs: cpu === UNKNOWN_CPU ? undefined : Number(cpu) / 1000,
    at,
  };
}

export function parseTampered(payload: Buffer): { readonly id: number; readonly pid: number; readonly detail: string } {
  const reader = new PayloadReader(payload);
  const tampered = { id: reader.id(), pid: reader.u32(), detail: reader.str() };
  reader.done();
  return tampered;
}

export function parseRenewed(payload: Buffer): { readonly path: string; readonly made: boolean } {
  const reader = new PayloadReader(payload);
  const renewed = { path: reader.str(), made: reader.u8() === 1 };
  reader.done();
  return renewed;
}

export function parseOutput(payload: Buffer): { readonly at: number; readonly lost: number; readonly bytes: Buffer } {
  const reader = new PayloadReader(payload);
  const output = { at: reader.time(), lost: reader.id(), bytes: reader.bytes() };
  reader.done();
  return output;
}

export function parseSize(payload: Buffer): { readonly at: number; readonly columns: number; readonly rows: number } {
  const reader = new PayloadReader(payload);
  const size = { at: reader.time(), columns: reader.u16(), rows: reader.u16() };
  reader.done();
  if (size.columns === 0 || size.rows === 0) throw new FrameError("a terminal without a size");
  return size;
}

export function parseError(payload: Buffer): string {
  const reader = new PayloadReader(payload);
  const what = reader.str();
  const errno = reader.i32();
  reader.done();
  return errno === 0 ? what : `${what}: ${errnoName(errno)}`;
}

export function parseOwned(payload: Buffer): { readonly query: number; readonly id: number } {
  const reader = new PayloadReader(payload);
  const owned = { query: reader.u32(), id: reader.id() };
  reader.done();
  return owned;
}

export function parseConnected(payload: Buffer): { readonly query: number; readonly errno: number } {
  const reader = new PayloadReader(payload);
  const connected = { query: reader.u32(), errno: reader.i32() };
  reader.done();
  return connected;
}

export function parseMainExit(payload: Buffer): MainExit {
  const reader = new PayloadReader(payload);
  const how = reader.u8();
  const value = reader.u32();
  reader.done();
  if (how !== 1 && how !== 2) throw new FrameError("unknown kind of exit");
  return how === 1 ? { status: value, signal: undefined } : { status: undefined, signal: signalName(value) };
}

const signalNames = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));
// Node knows two names for some numbers; these are the ones that people use.
for (const name of ["SIGABRT", "SIGIO", "SIGCHLD"] as const) {
  const number = constants.signals[name];
  if (typeof number === "number") signalNames.set(number, name);
}

/** `SIGKILL`; a real-time signal, which has no name of its own, as `SIG35`. */
export function signalName(number: number): string {
  return signalNames.get(number) ?? `SIG${String(number)}`;
}

export function signalNumber(name: NodeJS.Signals): number {
  return constants.signals[name];
}

/** `ENOENT`; a number that Node has no name for as `errno 123`. */
export function errnoName(errno: number): string {
  return errnoNames.get(errno) ?? `errno ${String(errno)}`;
}

// Of two names for one number the first: EAGAIN, not EWOULDBLOCK. `node:util` has a map of them, too, but takes 3 ms of every start to load.
const errnoNames = new Map(
  Object.entries(constants.errno)
    .map(([name, number]) => [number, name] as const)
    .reverse(),
);

const START = 2;
const VERDICT = 3;
const PONG = 4;
const SIGNAL = 5;
const FREEZE = 6;
const TERMINAL = 7;
const OWNER = 8;
const CONNECT = 9;
const KILL = 10;
const TAKEN = 11;
const REUSE = { never: 0, exact: 1, program: 2 } as const;

export const startFrame = frame(START);
export const pongFrame = frame(PONG);
export const killFrame = frame(KILL);
export const freezeFrame = frame(FREEZE, Buffer.of(1));
export const thawFrame = frame(FREEZE, Buffer.of(0));
export const pauseTerminalFrame = frame(TERMINAL, Buffer.of(1));
export const resumeTerminalFrame = frame(TERMINAL, Buffer.of(0));

export function verdictFrame(id: number, verdict: Verdict): Buffer {
  const message = verdict.allow ? noMessage : Buffer.from(verdict.message, "utf8");
  const head = Buffer.allocUnsafe(14);
  head.writeBigUInt64LE(BigInt(id), 0);
  head[8] = verdict.allow ? 1 : 0;
  head[9] = verdict.allow ? REUSE[verdict.reuse] : 0;
  head.writeUInt32LE(message.length, 10);
  return frame(VERDICT, head, message);
}

const noMessage = Buffer.alloc(0);

export function signalFrame(name: NodeJS.Signals): Buffer {
  const payload = Buffer.allocUnsafe(4);
  payload.writeInt32LE(signalNumber(name), 0);
  return frame(SIGNAL, payload);
}

/** undefined when an address is not one. */
export function ownerFrame(query: number, ends: SocketEnds): Buffer | undefined {
  const local = addressBytes(ends.localAddress);
  const remote = addressBytes(ends.remoteAddress);
  if (local === undefined || remote === undefined || local.family !== remote.family) return undefined;
  const payload = Buffer.alloc(6 + 16 + 2 + 16 + 2);
  payload.writeUInt32LE(query, 0);
  payload[4] = ends.protocol === "tcp" ? 6 : 17;
  payload[5] = local.family;
  payload.set(local.bytes, 6);
  payload.writeUInt16LE(ends.localPort, 22);
  payload.set(remote.bytes, 24);
  payload.writeUInt16LE(ends.remotePort, 40);
  return frame(OWNER, payload);
}

export function takenFrame(bytes: number): Buffer {
  const payload = Buffer.allocUnsafe(8);
  payload.writeBigUInt64LE(BigInt(bytes), 0);
  return frame(TAKEN, payload);
}

export function connectFrame(query: number, port: number): Buffer {
  const payload = Buffer.allocUnsafe(6);
  payload.writeUInt32LE(query, 0);
  payload.writeUInt16LE(port, 4);
  return frame(CONNECT, payload);
}
