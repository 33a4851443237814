/**
 * How a host signs its requests: HTTP message signatures (RFC 9421) with Ed25519 over method, path, and the digest of the content
 * (RFC 9530), with the time. What a host may ask can be asked again without doing anything, so a request that is repeated within
 * the minute in which its signature counts does nothing either. Not over the authority: servers stand behind proxies that change it, and a
 * host has a key of its own for each server, so that no request is worth anything at another.
 */
import { createHash, createPublicKey, sign, verify, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import { httpbis } from "http-message-signatures";

const FIELDS = ["@method", "@path", "content-digest"];
const PARAMS = ["created", "keyid", "alg", "tag"];
const TAG = "bailiwick-host";
/** How far a host's clock may be from the server's. */
export const CLOCK_TOLERANCE_S = 60;

export interface SignedRequest {
  readonly method: string;
  readonly url: string;
  readonly body: Uint8Array;
}

/** The headers that sign a request. @param nowMs by the server's clock, as far as the host knows it */
export async function signRequest(
  request: SignedRequest,
  key: { readonly host: string; readonly privateKey: KeyObject },
  nowMs: number,
): Promise<Record<string, string>> {
  const headers = { "content-digest": contentDigest(request.body) };
  const signed = await httpbis.signMessage(
    {
      key: {
        id: key.host,
        alg: "ed25519",
        sign: (data) => Promise.resolve(sign(null, data, key.privateKey)),
      },
      fields: FIELDS,
      params: PARAMS,
      paramValues: { created: new Date(nowMs), tag: TAG },
    },
    { method: request.method, url: request.url, headers },
  );
  return Object.fromEntries(Object.entries(signed.headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
}

/** A host as the caller of a client. */
export function signAs(host: string, privateKey: KeyObject) {
  return {
    sign: (request: SignedRequest, nowMs: number) => signRequest(request, { host, privateKey }, nowMs),
  } as const;
}

const verifyAside = promisify(verify);

export interface Verified {
  readonly host: string;
}

/** What became of checking a signature: whose it is, that its time is not now, or that it is none. */
export type Verification = Verified | "skewed" | "wrong";

type ReceivedRequest = SignedRequest & { readonly headers: Readonly<Record<string, string>> };
type FindKey = (host: string) => Promise<KeyObject | undefined>;

/** @param findKey the public key of a host; undefined when there is none, or it counts no longer */
export async function verifyRequest(request: ReceivedRequest, findKey: FindKey, nowMs: number): Promise<Verification> {
  // Checked by itself: the signature is over the header, and says nothing of the content.
  if (request.headers["content-digest"] !== contentDigest(request.body)) return "wrong";
  return (await verifyUsual(request, findKey, nowMs)) ?? (await verifyAny(request, findKey, nowMs));
}

const USUAL_INPUT =
  /^sig=(\("@method" "@path" "content-digest"\);created=([1-9][0-9]{0,11});keyid="([a-z0-9-]{1,200})";alg="ed25519";tag="bailiwick-host")$/;
const USUAL_SIGNATURE = /^sig=:([A-Za-z0-9+/]{86}==):$/;
/** No query, no host that is not plain, and nothing that a parser of addresses would write otherwise. */
const USUAL_URL = /^https?:\/\/[a-z0-9.-]+(?::[0-9]+)?(\/[A-Za-z0-9/_-]*)$/;

/**
 * A request whose headers are written just as {@link signRequest} writes them, which is how all hosts do: its base is a text with five gaps, and
 * nothing has to be parsed for it. Undefined where anything is otherwise: the library decides then.
 */
async function verifyUsual(
  { method, url, headers }: ReceivedRequest,
  findKey: FindKey,
  nowMs: number,
): Promise<Verification | undefined> {
  const [, params, created, host] = USUAL_INPUT.exec(headers["signature-input"] ?? "") ?? [];
  const [, signature] = USUAL_SIGNATURE.exec(headers["signature"] ?? "") ?? [];
  const [, path] = USUAL_URL.exec(url) ?? [];
  if (params === undefined || host === undefined || signature === undefined || path === undefined) return undefined;
  // The library signs `Post` as `POST`.
  if (!/^[A-Z]+$/.test(method)) return undefined;
  const key = await findKey(host);
  if (key === undefined) return "wrong";
  const digest = headers["content-digest"] ?? "";
  const base = `"@method": ${method}\n"@path": ${path}\n"content-digest": ${digest}\n"@signature-params": ${params}`;
  // Beside this thread: of all that a batch costs a server it is the most.
  if (!(await verifyAside(null, Buffer.from(base), key, Buffer.from(signature, "base64")))) return "wrong";
  return isNow(Number(created), nowMs) ? { host } : "skewed";
}

async function verifyAny(request: ReceivedRequest, findKey: FindKey, nowMs: number): Promise<Verification> {
  let found: Verified | "skewed" | undefined;
  try {
    const valid = await httpbis.verifyMessage(
      {
        requiredFields: FIELDS,
        requiredParams: PARAMS,
        keyLookup: async ({ keyid, created, tag, alg }) => {
          if (keyid === undefined || !created || tag !== TAG || alg !== "ed25519") return null;
          const publicKey = await findKey(keyid);
          if (publicKey === undefined) return null;
          const createdS = Math.floor(created.getTime() / 1000);
          return {
            id: keyid,
            algs: ["ed25519"],
            verify: (data, signature) => {
              const right = verify(null, data, publicKey, signature);
              if (right) found = isNow(createdS, nowMs) ? { host: keyid } : "skewed";
              return Promise.resolve(right);
            },
          };
        },
        // Looked at above, to tell a wrong clock from a wrong signature.
        notAfter: Number.MAX_SAFE_INTEGER,
      },
      { method: request.method, url: request.url, headers: { ...request.headers } },
    );
    return valid === true && found !== undefined ? found : "wrong";
  } catch (error) {
    // The library throws for every header that is not of the form.
    if (error instanceof Error) return "wrong";
    throw error;
  }
}

function isNow(createdS: number, nowMs: number): boolean {
  return Math.abs(createdS - nowMs / 1000) <= CLOCK_TOLERANCE_S;
}

export function contentDigest(body: Uint8Array): string {
  return `sha-256=:${createHash("sha256").update(body).digest("base64")}:`;
}

export function publicKeyOf(raw: Uint8Array): KeyObject {
  return createPublicKey({
    key: { kty: "OKP", crv: "Ed25519", x: Buffer.from(raw).toString("base64url") },
    format: "jwk",
  });
}

/** What the proof of an enrolment is over. */
export function enrolmentMessage(token: string, logKey: string): Uint8Array {
  return Buffer.from(`bailiwick enrol\n${token}\n${logKey}`);
}
