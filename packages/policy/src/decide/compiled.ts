import type { AskAnnotations } from "../ask-terms.ts";
import type { Entity, EntityKey } from "../request/subject.ts";
import type { Severity } from "../severity.ts";
import { COMPILER_VERSION, sha256 } from "../source.ts";

export interface Clause {
  readonly kind: "when" | "unless";
  /** Cedar's JSON form of the expression; read by those who check what they find. */
  readonly body: unknown;
}

/** What a policy's scope says of principal, action or resource. */
export type ScopeConstraint =
  | { readonly op: "all" }
  | { readonly op: "equal"; readonly entity: Entity }
  | { readonly op: "in"; readonly entities: readonly Entity[] }
  | { readonly op: "is"; readonly type: string; readonly within: Entity | undefined };

/** One policy, parsed and validated. Survives JSON. */
export interface CompiledPolicy {
  readonly id: string;
  /** Name of the source it stands in, and the line where it begins. */
  readonly source: string;
  readonly line: number;
  readonly effect: "permit" | "forbid";
  readonly reason: string | undefined;
  readonly instead: string | undefined;
  /** How severe it is that somebody tried what it forbids. */
  readonly severity: Severity | undefined;
  /** Who may answer: what it forbids, such a person may approve. */
  readonly ask: string | undefined;
  /** How that is answered. */
  readonly asking: AskAnnotations;
  readonly principal: ScopeConstraint;
  readonly action: ScopeConstraint;
  readonly resource: ScopeConstraint;
  readonly conditions: readonly Clause[];
  /** Entities of which the resource must be in one for the conditions to matter (`requiredGroups`). */
  readonly groups: readonly EntityKey[] | undefined;
  /** As written: this is what Cedar evaluates. */
  readonly text: string;
}

/**
 * A policy set's compiled form as text for a cache. Bound to the digest of the set (and so to schema and compiler) and to
 * its own content: whatever was damaged, cut or left by another version reads as `undefined`.
 */
export function writeCompiled(policies: readonly CompiledPolicy[], policyDigest: string): string {
  const body = JSON.stringify(policies);
  return `${seal(body, policyDigest)}\n${body}`;
}

export function readCompiled(text: string, policyDigest: string): readonly CompiledPolicy[] | undefined {
  const end = text.indexOf("\n");
  const body = text.slice(end + 1);
  if (end < 0 || text.slice(0, end) !== seal(body, policyDigest)) return undefined;
  // INVARIANT(sealed): what writeCompiled wrote for this digest and compiler, byte for byte.
  const policies: readonly CompiledPolicy[] = JSON.parse(body);
  return policies;
}

function seal(body: string, policyDigest: string): string {
  return sha256(JSON.stringify([COMPILER_VERSION, policyDigest, sha256(body)]));
}
