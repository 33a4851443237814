import { SandboxError } from "../errors.ts";
import { DENY_RULES, type Architecture, type ArgumentTest, type DenyRule, type Refusal } from "./table.ts";
import { unknownArchitecture } from "./unknown-architecture.ts";

/**
 * The deny list as classic BPF (Documentation/userspace-api/seccomp_filter.rst): `struct sock_filter` of 8 bytes each, little-endian.
 * First the architecture: another ABI than the native one (i386 and x32 on x86-64) gets ENOSYS for everything, since its calls have other numbers.
 * Then a binary search for the call's number, so that a common call passes in a few instructions, then the rules of that call.
 */
export function assembleDenyFilter(architecture: string, rules: readonly DenyRule[] = DENY_RULES): Uint8Array {
  if (architecture !== "x64" && architecture !== "arm64") {
    throw unknownArchitecture(architecture);
  }
  const program = new Program();
  program.load(OFFSET_ARCHITECTURE);
  program.jump(JUMP_EQUAL, AUDIT_ARCH[architecture], "native", "foreign");
  program.label("foreign");
  program.refuse("ENOSYS");
  program.label("native");
  program.load(OFFSET_NUMBER);
  if (architecture === "x64") {
    program.jump(JUMP_AT_LEAST, X32_BIT, "x32", "own");
    program.label("x32");
    program.refuse("ENOSYS");
    program.label("own");
  }
  searchNumber(program, groupByNumber(architecture, rules), "call");
  program.label("allow");
  program.emit(RETURN, RET_ALLOW);
  return program.finish();
}

const LOAD_WORD = 0x20;
const JUMP_ALWAYS = 0x05;
const JUMP_EQUAL = 0x15;
const JUMP_AT_LEAST = 0x35;
const JUMP_ANY_BIT = 0x45;
const RETURN = 0x06;
const RET_ALLOW = 0x7fff0000;
const RET_ERRNO = 0x00050000;
const ERRNO = { EPERM: 1, ENOSYS: 38, EAFNOSUPPORT: 97 } as const satisfies Record<Refusal, number>;
const AUDIT_ARCH = { x64: 0xc000003e, arm64: 0xc00000b7 } as const satisfies Record<Architecture, number>;
const X32_BIT = 0x40000000;
/** struct seccomp_data */
const OFFSET_NUMBER = 0;
const OFFSET_ARCHITECTURE = 4;
const lowOfArgument = (index: number): number => 16 + 8 * index;

type Numbered = readonly [number: number, rules: readonly DenyRule[]];

function groupByNumber(architecture: Architecture, rules: readonly DenyRule[]): Numbered[] {
  const groups = new Map<number, DenyRule[]>();
  for (const rule of rules) {
    for (const call of rule.calls) {
      const number = call[architecture];
      if (number === undefined) continue;
      const group = groups.get(number);
      if (group === undefined) groups.set(number, [rule]);
      else group.push(rule);
    }
  }
  return [...groups].sort(([a], [b]) => a - b);
}

function searchNumber(program: Program, groups: readonly Numbered[], name: string): void {
  const [only] = groups;
  if (only === undefined) return program.goto("allow");
  if (groups.length === 1) {
    program.jump(JUMP_EQUAL, only[0], `${name}=`, "allow");
    program.label(`${name}=`);
    for (const [index, rule] of only[1].entries()) emitRule(program, rule, `${name}#${String(index)}`);
    return program.goto("allow");
  }
  const middle = groups.length >> 1;
  const upper = groups[middle];
  if (upper === undefined) return program.goto("allow");
  program.jump(JUMP_AT_LEAST, upper[0], `${name}>`, `${name}<`);
  program.label(`${name}<`);
  searchNumber(program, groups.slice(0, middle), `${name}<`);
  program.label(`${name}>`);
  searchNumber(program, groups.slice(middle), `${name}>`);
}

/** The argument's upper half is not looked at: flags and modes are ints in the kernel, and a filter that looked could be passed with a high bit. */
function emitRule(program: Program, rule: DenyRule, name: string): void {
  const next = `${name}.next`;
  for (const [index, test] of rule.when.entries()) emitTest(program, test, `${name}.${String(index)}`, next);
  program.refuse(rule.refusal);
  program.label(next);
}

function emitTest(program: Program, test: ArgumentTest, holds: string, otherwise: string): void {
  program.load(lowOfArgument(test.argument));
  if ("anyBitOf" in test) program.jump(JUMP_ANY_BIT, test.anyBitOf, holds, otherwise);
  else if ("noBitOf" in test) program.jump(JUMP_ANY_BIT, test.noBitOf, otherwise, holds);
  else if ("low" in test) program.jump(JUMP_EQUAL, test.low, holds, otherwise);
  else {
    for (const [index, value] of test.lowNotIn.entries()) {
      const more = `${holds}.${String(index)}`;
      program.jump(JUMP_EQUAL, value, otherwise, more);
      program.label(more);
    }
    program.goto(holds);
  }
  program.label(holds);
}

interface Instruction {
  readonly code: number;
  readonly value: number;
  readonly whenTrue: string | undefined;
  readonly whenFalse: string | undefined;
}

/** Instructions with names for places; conditional jumps reach 255 instructions, so each goes over an unconditional one where that is too far. */
class Program {
  readonly #instructions: Instruction[] = [];
  readonly #labels = new Map<string, number>();

  emit(code: number, value: number): void {
    this.#instructions.push({ code, value, whenTrue: undefined, whenFalse: undefined });
  }
  load(offset: number): void {
    this.emit(LOAD_WORD, offset);
  }
  refuse(refusal: Refusal): void {
    this.emit(RETURN, RET_ERRNO | ERRNO[refusal]);
  }
  goto(label: string): void {
    this.#instructions.push({ code: JUMP_ALWAYS, value: 0, whenTrue: label, whenFalse: undefined });
  }
  /** Both targets lie ahead; `jt` and `jf` are bytes, so the far ways are unconditional jumps right behind. */
  jump(code: number, value: number, whenTrue: string, whenFalse: string): void {
    const place = String(this.#instructions.length);
    this.#instructions.push({ code, value, whenTrue: `${place}.t`, whenFalse: `${place}.f` });
    this.label(`${place}.t`);
    this.goto(whenTrue);
    this.label(`${place}.f`);
    this.goto(whenFalse);
  }
  label(name: string): void {
    if (this.#labels.has(name))
      throw new SandboxError("SANDBOX_SPEC_INVALID", `the place \`${name}\` of the system-call filter stands twice`);
    this.#labels.set(name, this.#instructions.length);
  }
  #distance(from: number, label: string): number {
    const to = this.#labels.get(label);
    if (to === undefined || to <= from)
      throw new SandboxError(
        "SANDBOX_SPEC_INVALID",
        `the system-call filter jumps to \`${label}\`, which is not ahead`,
      );
    return to - from - 1;
  }
  finish(): Uint8Array {
    const out = Buffer.alloc(this.#instructions.length * 8);
    for (const [index, { code, value, whenTrue, whenFalse }] of this.#instructions.entries()) {
      const at = index * 8;
      out.writeUInt16LE(code, at);
      if (code === JUMP_ALWAYS && whenTrue !== undefined) out.writeUInt32LE(this.#distance(index, whenTrue), at + 4);
      else {
        out.writeUInt8(whenTrue === undefined ? 0 : this.#distance(index, whenTrue), at + 2);
        out.writeUInt8(whenFalse === undefined ? 0 : this.#distance(index, whenFalse), at + 3);
        out.writeUInt32LE(value >>> 0, at + 4);
      }
    }
    return out;
  }
}
