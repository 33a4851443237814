import { misusedPlaceholder } from "../credentials/refusals.ts";
import type { NeedleScan } from "../credentials/needles.ts";
import type { Refusal } from "../refusals.ts";
import type { ServerNameGate } from "../tls/server-name-gate.ts";
import { type ClientInspector, HOLD, PASS, type Verdict } from "./client-inspector.ts";

/** Beside the check of TLS server names: a placeholder in clear text, on its way to a host that is not looked into, ends the connection. */
export class ClearTextWatch implements ClientInspector {
  readonly #gate: ServerNameGate;
  readonly #scan: NeedleScan;
  readonly #found: (credential: string) => void;
  #isClear = false;

  constructor(gate: ServerNameGate, scan: NeedleScan, found: (credential: string) => void) {
    this.#gate = gate;
    this.#scan = scan;
    this.#found = found;
  }

  inspect(chunk: Uint8Array): Verdict {
    if (!this.#isClear) {
      const verdict = this.#gate.inspect(chunk);
      if (verdict.kind === "refuse" || this.#gate.isTls) return verdict;
      this.#isClear = verdict.kind === "pass";
    }
    const credential = this.#scan.take(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    if (credential === undefined) return this.#isClear ? PASS : HOLD;
    this.#found(credential);
    return { kind: "refuse", refusal: misusedPlaceholder({ credential, where: "clear text" }) };
  }

  giveUp(why: string): Refusal {
    return this.#gate.giveUp(why);
  }
}
