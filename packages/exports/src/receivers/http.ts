import { readFile } from "node:fs/promises";
import { isErrno } from "@bailiwick/base";
import { parseRetryAfter } from "../backoff.ts";
import type { SecretSource } from "../config.ts";
import { ExportsError } from "../errors.ts";
import { readPrivateFile, readSecret } from "../secret.ts";
import { post, type Reply, type TlsFiles } from "./post.privileged.ts";
import type { Outcome } from "./receiver.ts";

export interface HttpConfig {
  readonly headers: Readonly<Record<string, SecretSource>>;
  readonly ca?: string | undefined;
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
}

/** @throws ExportsError EXPORTS_SECRET_UNAVAILABLE, EXPORTS_CONFIG_INVALID */
export async function loadTls({ ca, certificate, key }: Omit<HttpConfig, "headers">): Promise<TlsFiles> {
  return {
    ...(ca !== undefined && { ca: await readPem(ca) }),
    ...(certificate !== undefined && { cert: await readPem(certificate) }),
    ...(key !== undefined && { key: await readPrivateFile(key, "the key of the own certificate") }),
  };
}

async function readPem(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (!isErrno(error, "ENOENT", "ENOTDIR", "EACCES", "EISDIR")) throw error;
    throw new ExportsError("EXPORTS_CONFIG_INVALID", `\`${path}\` can't be read: ${error.code ?? error.message}`, {
      cause: error,
      remedy: "correct `ca` or `certificate` in exports.toml",
    });
  }
}

/** @throws ExportsError EXPORTS_SECRET_UNAVAILABLE */
export async function loadHeaders(
  sources: HttpConfig["headers"],
  environment: NodeJS.ProcessEnv,
): Promise<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const [name, source] of Object.entries(sources)) {
    headers[name.toLowerCase()] = await readSecret(source, `the header \`${name}\``, environment);
  }
  return headers;
}

/** Posts, and says what came of it by the status alone; `judge` may know better. */
export async function deliverByPost(
  url: URL,
  body: Buffer,
  options: Parameters<typeof post>[2] & { readonly judge?: (reply: Reply) => Outcome | undefined },
): Promise<Outcome> {
  let reply: Reply;
  try {
    reply = await post(url, body, options);
  } catch (error) {
    options.signal.throwIfAborted();
    if (!(error instanceof Error)) throw error;
    return { taken: false, again: "later", reason: networkReason(error) };
  }
  const judged = options.judge?.(reply);
  if (judged !== undefined) return judged;
  const { status } = reply;
  if (status >= 200 && status < 300) return { taken: true };
  const afterMs = parseRetryAfter(reply.retryAfter, Date.now());
  return { taken: false, again: status === 413 ? "smaller" : "later", reason: `answered ${String(status)}`, afterMs };
}

/** In few words, and never with what a peer made up. */
export function networkReason(error: Error): string {
  if (error.name === "TimeoutError" || error.name === "AbortError") return "no answer within 30 s";
  if ("code" in error && typeof error.code === "string" && /^[A-Z][A-Z0-9_]+$/.test(error.code)) return error.code;
  return error.message.slice(0, 200);
}
