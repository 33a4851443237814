import type { Socket } from "node:net";
import type { Refusal } from "../refusals.ts";
import type { ClientInspector, Verdict } from "./client-inspector.ts";

/** The client's first message must be complete this long after its first byte, when it has to be inspected. */
const HOLD_DEADLINE_MS = 10_000;
const MOST_HELD_CHUNKS = 32;

/** The client → server direction: inspected until the inspector is done, then copied. */
export class Upstream {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #refuse: (refusal: Refusal) => void;
  #inspector: ClientInspector | undefined;
  #held: Buffer[] = [];
  #deadline: NodeJS.Timeout | undefined;
  #sent = 0;

  /** @param refuse ends the connection; called at most once */
  constructor(client: Socket, server: Socket, inspector: ClientInspector, refuse: (refusal: Refusal) => void) {
    this.#client = client;
    this.#server = server;
    this.#inspector = inspector;
    this.#refuse = refuse;
  }

  get bytesSent(): number {
    return this.#sent;
  }

  start(): void {
    this.#server.on("drain", () => this.#client.resume());
    // A client that closes its direction without a byte has mostly done so before the server was reached.
    if (this.#client.readableEnded) this.#endDirection();
    else this.#client.once("end", () => this.#endDirection());
    this.#client.once("close", () => {
      clearTimeout(this.#deadline);
    });
    this.#client.on("data", (chunk: Buffer) => {
      if (this.#inspector === undefined) this.#forward(chunk);
      else this.#inspect(this.#inspector, chunk);
    });
  }

  #endDirection(): void {
    if (this.#held.length > 0) this.#giveUp("the client closed before it was complete");
    else this.#server.end();
  }

  #inspect(inspector: ClientInspector, chunk: Buffer): void {
    const verdict: Verdict = inspector.inspect(chunk);
    switch (verdict.kind) {
      case "hold":
        this.#held.push(chunk);
        // A client that sends single bytes must not cost an object for each.
        if (this.#held.length > MOST_HELD_CHUNKS) this.#held = [Buffer.concat(this.#held)];
        this.#deadline ??= setTimeout(() => {
          this.#giveUp("it was not complete in time");
        }, HOLD_DEADLINE_MS);
        return;
      case "refuse":
        this.#end(verdict.refusal);
        return;
      case "pass":
        clearTimeout(this.#deadline);
        this.#deadline = undefined;
        if (verdict.done) this.#inspector = undefined;
        for (const held of this.#held) this.#forward(held);
        this.#held = [];
        this.#forward(chunk);
        return;
    }
  }

  #forward(chunk: Buffer): void {
    if (!this.#server.writable) return;
    this.#sent += chunk.length;
    if (!this.#server.write(chunk)) this.#client.pause();
  }

  #giveUp(why: string): void {
    if (this.#inspector !== undefined) this.#end(this.#inspector.giveUp(why));
  }

  #end(refusal: Refusal): void {
    clearTimeout(this.#deadline);
    this.#inspector = undefined;
    this.#held = [];
    this.#client.removeAllListeners("data");
    this.#client.pause();
    this.#refuse(refusal);
  }
}
