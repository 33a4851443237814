import type { Socket } from "node:net";
import { escapeControls } from "@bailiwick/base";
import { reset } from "./reset.ts";

/**
 * Ties two sockets' ends together: an error on one resets the other, so that neither side takes a broken stream for a
 * finished one; a clean end of one direction leaves the other open. `ended` resolves when both are closed.
 */
export function joined(
  client: Socket,
  server: Socket,
): { readonly ended: Promise<string | undefined>; fail(reason: string): void } {
  let error: string | undefined;
  const closed = async (socket: Socket): Promise<void> => {
    if (socket.closed) return;
    await new Promise<void>((resolve) => socket.once("close", () => resolve()));
  };
  const fail = (reason: string): void => {
    error ??= reason;
    reset(client);
    reset(server);
  };
  client.on("error", (cause) => fail(`client: ${describeError(cause)}`));
  server.on("error", (cause) => fail(`server: ${describeError(cause)}`));
  const ended = Promise.all([closed(client), closed(server)]).then(() => error);
  return { ended, fail };
}

/** An error's code, or its message, as the record may hold it. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return escapeControls(String(error));
  return "code" in error && typeof error.code === "string" ? error.code : escapeControls(error.message);
}
