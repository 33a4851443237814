/** What this browser saw of the server's own log: it alone remembers, so the server can't make it forget. */
import { isJsonObject, parseJson } from "@bailiwick/base";
import { compareHead, FINE, primitives, sizeOfHead, type HeadFinding, type SeenHead } from "@bailiwick/audit/browser";
import type { AnswerOf } from "@bailiwick/control-plane/contract";

const KEPT = "bailiwick-log-head";

export interface KnownHead extends SeenHead {
  readonly witnessKey: string;
  /** Milliseconds since 1970, by this browser's clock. */
  readonly at: number;
}

export interface Compared {
  readonly finding: HeadFinding;
  readonly seen: KnownHead | undefined;
  readonly told: AnswerOf<"showLogHead">;
  readonly size: number | undefined;
}

export function readKnownHead(): KnownHead | undefined {
  const kept = parseJson(localStorage.getItem(KEPT) ?? "");
  if (!isJsonObject(kept)) return undefined;
  const { logKey, witnessKey, checkpoint, at } = kept;
  if (typeof logKey !== "string" || typeof witnessKey !== "string") return undefined;
  return typeof checkpoint === "string" && typeof at === "number" ? { logKey, witnessKey, checkpoint, at } : undefined;
}

/** What to ask the server's proof of growth from. */
export function seenSize(): number | undefined {
  const seen = readKnownHead();
  const size = seen && sizeOfHead(seen.checkpoint);
  return size === undefined || size === 0 ? undefined : size;
}

/**
 * Compares what the server says now with what was seen, and remembers it where it continues that. What contradicts is never remembered: it
 * would be forgotten what was seen before.
 * @throws where this browser can't check signatures
 */
export async function followHead(told: AnswerOf<"showLogHead">): Promise<Compared> {
  const seen = readKnownHead();
  const { finding, size } = await compareHead(seen, { ...told, consistency: told.consistency }, primitives);
  const other = seen !== undefined && seen.witnessKey !== told.witnessKey;
  const compared = { finding: other && FINE.has(finding) ? ("other key" as const) : finding, seen, told, size };
  if (FINE.has(compared.finding)) {
    const { logKey, witnessKey, checkpoint } = told;
    localStorage.setItem(KEPT, JSON.stringify({ logKey, witnessKey, checkpoint, at: Date.now() }));
  }
  return compared;
}

/** Begins anew, as a browser that never was here. */
export function forgetHead(): void {
  localStorage.removeItem(KEPT);
}
