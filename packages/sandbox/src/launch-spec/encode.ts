import { encodeOsString } from "@bailiwick/base";
import { SandboxError } from "../errors.ts";
import type { LandlockRule, LaunchSpec, Mount } from "../launch-spec.ts";

const VERSION = 2;
const NOT_LIMITED = 0xffff_ffff_ffff_ffffn;
const MAX_BYTES = 16 * 1024 * 1024;
const LANDLOCK_ACCESS = { read: 1, "read-execute": 2, write: 3, list: 4 } as const satisfies Record<
  LandlockRule["access"],
  number
>;

/**
 * The SPEC frame's payload (docs/protocol/launcher.md). Refuses what the launcher would refuse, with a better message: paths that are not
 * absolute and in normal form, NUL bytes, ports out of range, an empty command.
 * @param answerTimeoutMs 1..2^32-1
 * @throws SandboxError SANDBOX_SPEC_INVALID
 */
export function encodeLaunchSpec(spec: LaunchSpec, answerTimeoutMs: number): Buffer {
  const out = new Payload();
  out.u32(VERSION);
  out.list(spec.mounts, (mount) => encodeMount(out, mount));
  out.list(spec.landlock, (rule) => {
    out.path(rule.path);
    out.u8(LANDLOCK_ACCESS[rule.access]);
  });
  out.list(spec.network.tcpPorts, (port) => out.port(port));
  out.flag(spec.network.bindPorts === undefined);
  out.list(spec.network.bindPorts ?? [], (port) => out.port(port));
  if (spec.command.argv.length === 0 || spec.command.argv[0] === "") throw invalid("there is no command");
  out.list(spec.command.argv, (argument) => out.text(argument));
  out.list(spec.command.environment, (variable) => out.text(variable));
  out.path(spec.command.cwd);
  out.text(spec.command.hostname);
  const { processes, fileSizeBytes, openFiles, coreBytes, memoryBytes } = spec.limits;
  for (const limit of [processes, fileSizeBytes, openFiles, coreBytes, memoryBytes]) out.limit(limit);
  out.bytes(spec.denyFilter);
  out.flag(spec.supervise);
  out.flag(spec.terminal);
  out.flag(spec.record);
  out.u32(spec.mapRootTo);
  out.u32(answerTimeoutMs);
  return out.finish();
}

function encodeMount(out: Payload, mount: Mount): void {
  switch (mount.kind) {
    case "bind":
      out.u8(1);
      out.path(mount.source);
      out.path(mount.target);
      out.flag(mount.writable);
      out.flag(mount.owned);
      out.flag(mount.optional);
      return;
    case "tmpfs":
      out.u8(2);
      out.path(mount.target);
      out.u64(mount.sizeBytes);
      out.u32(mount.mode);
      out.flag(mount.writable);
      return;
    case "proc":
      out.u8(3);
      out.path(mount.target);
      return;
    case "dev":
      out.u8(4);
      out.path(mount.target);
      out.u64(mount.shmBytes);
      return;
    case "symlink":
      out.u8(5);
      out.path(mount.target);
      out.text(mount.to);
      return;
    case "directory":
      out.u8(6);
      out.path(mount.target);
      out.u32(mount.mode);
      return;
    case "file":
      out.u8(7);
      out.path(mount.target);
      out.bytes(mount.content);
      out.u32(mount.mode);
      return;
    case "cover":
      out.u8(8);
      out.path(mount.target);
      out.bytes(mount.content);
      out.flag(mount.directory);
      return;
    case "protect":
      out.u8(9);
      out.path(mount.target);
      return;
    case "pin":
      out.u8(10);
      out.path(mount.target);
      return;
  }
}

function invalid(what: string): SandboxError {
  return new SandboxError("SANDBOX_SPEC_INVALID", `the launch specification is out of form: ${what}`);
}

class Payload {
  #data: Buffer = Buffer.alloc(16 * 1024);
  #length = 0;

  #take(bytes: number): number {
    const at = this.#length;
    if (at + bytes > MAX_BYTES) throw invalid("it is longer than 16 MiB");
    if (at + bytes > this.#data.length) {
      this.#data = Buffer.concat([this.#data], Math.max(this.#data.length * 2, at + bytes));
    }
    this.#length += bytes;
    return at;
  }
  // A place is taken before the buffer is named: taking one may put a larger buffer there.
  #integer(value: number, most: number): number {
    if (!Number.isInteger(value) || value < 0 || value > most)
      throw invalid(`\`${String(value)}\` is not a number from 0 to ${String(most)}`);
    return value;
  }
  u8(value: number): void {
    const at = this.#take(1);
    this.#data.writeUInt8(this.#integer(value, 0xff), at);
  }
  u32(value: number): void {
    const at = this.#take(4);
    this.#data.writeUInt32LE(this.#integer(value, 0xffff_ffff), at);
  }
  u64(value: number): void {
    const at = this.#take(8);
    this.#data.writeBigUInt64LE(BigInt(this.#integer(value, Number.MAX_SAFE_INTEGER)), at);
  }
  limit(value: number | undefined): void {
    if (value !== undefined) return this.u64(value);
    const at = this.#take(8);
    this.#data.writeBigUInt64LE(NOT_LIMITED, at);
  }
  flag(value: boolean): void {
    this.u8(value ? 1 : 0);
  }
  port(value: number): void {
    if (value === 0) throw invalid("port 0");
    const at = this.#take(2);
    this.#data.writeUInt16LE(this.#integer(value, 0xffff), at);
  }
  bytes(value: Uint8Array): void {
    this.u32(value.length);
    const at = this.#take(value.length);
    this.#data.set(value, at);
  }
  text(value: string): void {
    if (value.includes("\0")) throw invalid("a text holds a NUL byte");
    this.bytes(encodeOsString(value));
  }
  path(value: string): void {
    const parts = value.split("/").slice(1);
    const normal = value === "/" || parts.every((part) => part !== "" && part !== "." && part !== "..");
    if (!value.startsWith("/") || !normal) throw invalid(`\`${value}\` is not an absolute path in normal form`);
    this.text(value);
  }
  list<T>(items: readonly T[], encode: (item: T) => void): void {
    this.u32(items.length);
    for (const item of items) encode(item);
  }
  finish(): Buffer {
    return this.#data.subarray(0, this.#length);
  }
}
