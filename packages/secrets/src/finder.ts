import { mayHoldSecret } from "./prefilter.ts";
import type { SecretRule } from "./rules.ts";

/** Where a secret stands in a text: indexes of UTF-16 code units. */
export interface Finding {
  readonly from: number;
  readonly to: number;
  /** `github`, `private key`, …: one of a few words, nothing of the text. */
  readonly kind: string;
}

/** Finds what looks like a secret by its form. */
export interface SecretFinder {
  /** False: {@link find} finds nothing in this text, nor in any part of it; costs little. @param text or bytes, each of which stands for a character */
  mayHold(text: string | Uint8Array): boolean;
  /** In no order, and possibly overlapping. Work is linear in the length of the text. */
  find(text: string): readonly Finding[];
}

/** Loads the rules: some 20 ms of a processor, so it is not done before something has to be looked at. */
export async function loadSecretFinder(): Promise<SecretFinder> {
  const { allRules } = await import("./rules.ts");
  return new RuleFinder(allRules());
}

class RuleFinder implements SecretFinder {
  readonly #rules: readonly SecretRule[];

  constructor(rules: readonly SecretRule[]) {
    this.#rules = rules;
  }

  mayHold(text: string | Uint8Array): boolean {
    return mayHoldSecret(text);
  }

  find(text: string): readonly Finding[] {
    if (!mayHoldSecret(text)) return [];
    const found: Finding[] = [];
    for (const { kind, find } of this.#rules) {
      find(text, (from, to) => {
        if (to > from) found.push({ from, to, kind });
      });
    }
    return found;
  }
}
