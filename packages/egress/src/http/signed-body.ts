import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { Allowance } from "../allowance.ts";
import { digestOf } from "../credentials/sigv4.ts";
import type { Admission } from "./exchange.ts";

type Sending = Extract<Admission, { kind: "send" }>;

/** More than services take in one call; who sends more says its digest, as every client of S3 does. */
export const MOST_UNSTATED_BYTES = 16 * 2 ** 20;

/** Of all bodies that wait in one run: four of the longest, or as many short ones as anybody has. */
export const MOST_WAITING_BYTES = 4 * MOST_UNSTATED_BYTES;

/** What a chunk costs beside its bytes: a body that is sent byte by byte holds mostly that. */
const CHUNK_BYTES = 256;

/** For those, all in all: enough for chunks of 4 KiB. */
export const MOST_WAITING_COST = MOST_WAITING_BYTES + MOST_WAITING_BYTES / 16;

/** Signed, where that waited for the body. @param bodySha256 in hexadecimal */
export function signedFor(admission: Sending, bodySha256 = EMPTY): Sending {
  const { sign } = admission;
  return sign === undefined ? admission : { ...admission, sign: undefined, fields: sign(bodySha256) };
}
const EMPTY = digestOf(Buffer.alloc(0));

/** How reading a body ended: `whole`; `long`: it is longer than one may be; `crowded`: others hold what it needs; `gone`: its sender went away. */
export type ReadEnd = "whole" | "long" | "crowded" | "gone";

/** A body that waits until it is whole, so that it can be signed. What it holds it has of an allowance, until it is let go. */
export class WaitingBody {
  readonly #allowance: Allowance;
  readonly #hash = createHash("sha256");
  #chunks: Buffer[] = [];
  #bytes = 0;
  #held = 0;
  #isOver = false;

  constructor(allowance: Allowance) {
    this.#allowance = allowance;
  }

  /** To be called once. Of what did not come whole nothing is held. */
  async read(body: Readable, mostBytes = MOST_UNSTATED_BYTES): Promise<ReadEnd> {
    return await new Promise((resolve) => {
      const finish = (end: ReadEnd): void => {
        body.off("data", take);
        body.off("end", whole);
        body.off("close", gone);
        if (end !== "whole") this.letGo();
        resolve(end);
      };
      const take = (chunk: Buffer): void => {
        const cost = chunk.length + CHUNK_BYTES;
        if (this.#bytes + chunk.length > mostBytes) finish("long");
        else if (!this.#allowance.take(cost)) finish("crowded");
        else {
          this.#held += cost;
          this.#bytes += chunk.length;
          this.#hash.update(chunk);
          this.#chunks.push(chunk);
        }
      };
      const whole = (): void => {
        finish("whole");
      };
      const gone = (): void => {
        finish("gone");
      };
      body.on("data", take);
      body.on("end", whole);
      body.on("close", gone);
      if (body.destroyed) gone();
    });
  }

  /** To be called once. */
  sha256(): string {
    return this.#hash.digest("hex");
  }

  /** The body anew. */
  again(): Readable {
    return Readable.from(this.#chunks);
  }

  letGo(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#chunks = [];
    this.#allowance.giveBack(this.#held);
  }
}
