// SAFETY: dials a witness that the person configured, and nobody else: redirects are not followed. What comes back is bounded in
// size and time, and is no more than bytes to whoever called.
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";

export interface WitnessReply {
  readonly status: number;
  readonly body: Buffer;
}

const MAX_REPLY_BYTES = 64 << 10;

/** One request. @throws Error of the network, of the deadline (`AbortError`), or for a reply that is too long */
export async function askWitness(
  url: string,
  path: string,
  { body, signal }: { readonly body?: Uint8Array; readonly signal: AbortSignal },
): Promise<WitnessReply> {
  const target = new URL(url.endsWith("/") ? `${url}${path}` : `${url}/${path}`);
  const send = target.protocol === "https:" ? requestHttps : requestHttp;
  return await new Promise((resolve, reject) => {
    const request = send(target, {
      method: body === undefined ? "GET" : "POST",
      headers: body === undefined ? {} : { "content-type": "text/plain; charset=utf-8", "content-length": body.length },
      // Beside others of this process nothing is kept open: a run must be able to end.
      agent: false,
      signal,
    });
    request.on("error", reject);
    request.on("response", (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on("error", reject);
      response.on("data", (chunk: Buffer) => {
        length += chunk.length;
        if (length > MAX_REPLY_BYTES) request.destroy(new Error("the reply is too long"));
        else chunks.push(chunk);
      });
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) });
      });
    });
    request.end(body);
  });
}
