import type { Socket } from "node:net";
import type { Refusal } from "../refusals.ts";
import { ServerNameGate } from "../tls/server-name-gate.ts";

/** What a client begins with. Its bytes are still to be read. */
export type Opening =
  | { readonly kind: "tls"; readonly protocols: readonly string[] }
  | { readonly kind: "plain" }
  | { readonly kind: "refused"; readonly refusal: Refusal }
  | { readonly kind: "gone" };

/** A ClientHello must be complete this long after its first byte. */
const HOLD_DEADLINE_MS = 10_000;

/**
 * Reads just enough to know whether a client speaks TLS, and that its ClientHello names this host in plain sight. A second ClientHello
 * (HelloRetryRequest) needs no look: this side is the server that it is for, and dials nobody by what it says.
 */
export async function readOpening(client: Socket, host: string): Promise<Opening> {
  const gate = new ServerNameGate(host);
  const held: Buffer[] = [];
  return await new Promise<Opening>((resolve) => {
    let deadline: NodeJS.Timeout | undefined;
    const finish = (opening: Opening): void => {
      clearTimeout(deadline);
      client.off("data", take);
      client.off("end", end);
      client.off("close", end);
      client.pause();
      if (held.length > 0 && !client.destroyed && !client.readableEnded) client.unshift(Buffer.concat(held));
      resolve(opening);
    };
    const take = (chunk: Buffer): void => {
      held.push(chunk);
      const verdict = gate.inspect(chunk);
      deadline ??= setTimeout(() => {
        finish({ kind: "refused", refusal: gate.giveUp("it was not complete in time") });
      }, HOLD_DEADLINE_MS);
      if (verdict.kind === "refuse") finish({ kind: "refused", refusal: verdict.refusal });
      else if (verdict.kind === "pass")
        finish(gate.isTls ? { kind: "tls", protocols: gate.protocols } : { kind: "plain" });
    };
    const end = (): void => {
      finish(
        held.length === 0 || client.destroyed
          ? { kind: "gone" }
          : { kind: "refused", refusal: gate.giveUp("the client closed before it was complete") },
      );
    };
    client.on("data", take);
    client.once("end", end);
    client.once("close", end);
    if (client.destroyed || client.readableEnded) end();
  });
}
