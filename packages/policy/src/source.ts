import { createHash } from "node:crypto";
import { SCHEMA } from "./schema.ts";

/** One Cedar text; its name (a file name) stands in messages and in the digest. */
export interface PolicySource {
  readonly name: string;
  readonly text: string;
  /** It can only forbid and ask: a permit in it makes the set invalid. */
  readonly tightens?: boolean;
}

/** Changes with everything that changes what a policy text means here: compiled form, facts, schema, Cedar. */
export const COMPILER_VERSION = "5 cedar-wasm 4.13.0";

/** What is wrong with a policy set, and where. Lines and columns count from 1, columns in UTF-16 units; 0 means the whole source. */
export interface Problem {
  readonly severity: "error" | "warning";
  readonly source: string;
  readonly line: number;
  readonly column: number;
  /** The policy's `@id`, when it has one. */
  readonly policy: string | undefined;
  readonly message: string;
  readonly remedy: string | undefined;
}

/** One line: `name:line:column: message; remedy`. */
export function formatProblem(problem: Problem): string {
  const { source, line, column, policy, message, remedy } = problem;
  const about = policy === undefined ? "" : `policy \`${policy}\`: `;
  return `${source}:${String(line)}:${String(column)}: ${about}${message}${remedy === undefined ? "" : `; ${remedy}`}`;
}

/** `sha256:` and 64 hexadecimal digits over compiler, schema and every source, whatever their order. */
export function digestPolicySet(sources: readonly PolicySource[]): string {
  const pairs = sources.map((source) => [source.name, source.text] as const).sort(compare);
  return sha256(JSON.stringify([COMPILER_VERSION, SCHEMA, pairs]));
}

/** `sha256:` and 64 hexadecimal digits of a text's UTF-8. */
export function sha256(text: string): string {
  return `sha256:${createHash("sha256").update(text, "utf8").digest("hex")}`;
}

function compare(a: readonly [string, string], b: readonly [string, string]): number {
  return order(a[0], b[0]) || order(a[1], b[1]);
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
