// SAFETY: dials the receiver that the person configured, and nobody else: redirects are not followed, proxies of the environment are
// not asked. What comes back is bounded in size and time, and is no more than a status and bytes to whoever called.
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";

export interface Reply {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly body: Buffer;
}

/** PEM texts. */
export interface TlsFiles {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

const MAX_REPLY_BYTES = 64 << 10;
const LONGEST_MS = 30_000;

/** One POST. @throws Error of the network, of TLS, of the deadline, or for a reply that is too long */
export async function post(
  url: URL,
  body: Buffer,
  options: { readonly headers: Readonly<Record<string, string>>; readonly tls: TlsFiles; readonly signal: AbortSignal },
): Promise<Reply> {
  const { headers, tls, signal } = options;
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(LONGEST_MS)]);
  const send = url.protocol === "https:" ? requestHttps : requestHttp;
  return await new Promise((resolve, reject) => {
    const request = send(url, {
      method: "POST",
      headers: { "user-agent": "bailiwick", ...headers, "content-length": body.length },
      signal: deadline,
      ...(tls.ca !== undefined && { ca: tls.ca }),
      ...(tls.cert !== undefined && { cert: tls.cert }),
      ...(tls.key !== undefined && { key: tls.key }),
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
        const retryAfter = response.headers["retry-after"];
        resolve({ status: response.statusCode ?? 0, retryAfter, body: Buffer.concat(chunks) });
      });
    });
    request.end(body);
  });
}
