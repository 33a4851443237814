import type { IncomingMessage } from "node:http";
import { ServerError } from "../../contract/errors.ts";
import type { IncomingRequest } from "../identity/callers.ts";

/** Beyond what a request may carry, what is read and thrown away before the connection is given up. */
const MOST_DISCARDED = 4 << 20;

/**
 * A request as it came, read from the connection itself and not by way of the web's streams: hosts send thousands a second.
 * @param most bytes of its body
 * @throws ServerError SERVER_TOO_LARGE, SERVER_MALFORMED
 */
export async function readRequest(incoming: IncomingMessage, url: string, most: number): Promise<IncomingRequest> {
  const { size, chunks } = await readBody(incoming, most);
  if (size > most) throw new ServerError("SERVER_TOO_LARGE", `the request has more than ${String(most)} bytes`);
  const [first] = chunks;
  const body = first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks);
  return { method: incoming.method ?? "", url, headers: headersOf(incoming.rawHeaders), body };
}

interface Body {
  readonly size: number;
  readonly chunks: readonly Buffer[];
}

function readBody(incoming: IncomingMessage, most: number): Promise<Body> {
  const chunks: Buffer[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    incoming.on("data", (chunk: Buffer) => {
      size += chunk.length;
      // Who sends a little too much reads the answer only when all was taken; nobody is waited for longer than that.
      if (size > most) chunks.length = 0;
      else chunks.push(chunk);
      if (size > most + MOST_DISCARDED) {
        incoming.pause();
        resolve({ size, chunks });
      }
    });
    incoming.on("end", () => {
      resolve({ size, chunks });
    });
    const cutOff = (): void => {
      // It closes after its end, too.
      if (!incoming.readableEnded) reject(new ServerError("SERVER_MALFORMED", "the request was cut off"));
    };
    incoming.on("error", cutOff);
    incoming.on("close", cutOff);
  });
}

/** One that comes twice is joined: Node would drop the second of some, and which of two claims counts would be for an attacker to choose. */
function headersOf(raw: readonly string[]): Record<string, string> {
  const headers = new Map<string, string>();
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] ?? "").toLowerCase();
    const value = raw[at + 1] ?? "";
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return Object.fromEntries(headers);
}
