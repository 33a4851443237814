import { createHash } from "node:crypto";
import aws4 from "aws4";
import type { Fields } from "../http/headers.ts";

/** What a client says of its own signature. @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
export interface SigV4Scope {
  readonly keyId: string;
  readonly region: string;
  readonly service: string;
}

export interface SigV4Keys {
  readonly keyId: string;
  readonly secret: string;
  /** Of temporary credentials. */
  readonly token: string | undefined;
}

export interface RequestToSign {
  readonly method: string;
  readonly authority: string;
  /** As it is sent. */
  readonly target: string;
  /** As they are sent; an old signature, date and token are replaced. */
  readonly fields: Fields;
  /** What the signature says of the body: 64 hexadecimal digits, or one of {@link UNSIGNED}. */
  readonly bodySha256: string;
}

const AUTHORIZATION =
  /^\s*AWS4-HMAC-SHA256\s+Credential=([^/,\s]+)\/\d{8}\/([a-z0-9-]{1,64})\/([a-z0-9-]{1,64})\/aws4_request\s*,\s*SignedHeaders=[a-z0-9;_-]+\s*,\s*Signature=[0-9a-f]{64}\s*$/;

/** Undefined for whatever is no signature of this kind. */
export function readScope(authorization: string): SigV4Scope | undefined {
  const [, keyId, region, service] = AUTHORIZATION.exec(authorization) ?? [];
  return keyId === undefined || region === undefined || service === undefined ? undefined : { keyId, region, service };
}

/** TLS vouches for these bodies; their pieces carry no signatures. */
const UNSIGNED: ReadonlySet<string> = new Set(["UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"]);
const SHA256 = /^[0-9a-f]{64}$/;

/** What a request says of its body. `unknown`: nothing. `pieces`: each piece is signed, with a key that the client does not have. */
export function statedDigest(
  fields: Fields,
): { readonly stated: string } | { readonly stated: undefined; readonly why: "unknown" | "pieces" } {
  const said = fields
    .filter(([name]) => name.toLowerCase() === "x-amz-content-sha256")
    .map(([, value]) => value.trim());
  const [value] = said;
  if (value === undefined) return { stated: undefined, why: "unknown" };
  return said.length === 1 && (SHA256.test(value) || UNSIGNED.has(value))
    ? { stated: value }
    : { stated: undefined, why: "pieces" };
}

export function digestOf(body: Buffer): string {
  return createHash("sha256").update(body).digest("hex");
}

/** Both sides must agree on them; what others add or change on the way is left out. */
function isSigned(name: string): boolean {
  return name === "content-type" || name === "content-md5" || name.startsWith("x-amz-");
}

/** Not the client's word: whoever has a signature for a later time could use it then. */
const REPLACED: ReadonlySet<string> = new Set(["authorization", "date", "x-amz-date", "x-amz-security-token"]);

/** The fields with a signature of these keys, made now. A field that stands there twice is signed as the list of its values. */
export function signRequest(
  request: RequestToSign,
  { region, service }: Pick<SigV4Scope, "region" | "service">,
  keys: SigV4Keys,
): Fields {
  const { method, authority, target, bodySha256 } = request;
  const kept = request.fields.filter(([name]) => !REPLACED.has(name.toLowerCase()));
  const headers: Record<string, string> = { host: authority };
  for (const [name, value] of kept) {
    const lower = name.toLowerCase();
    if (isSigned(lower)) headers[lower] = headers[lower] === undefined ? value : `${headers[lower]},${value}`;
  }
  // Where the client leaves it out, the service may not know it.
  const hadDigest = headers["x-amz-content-sha256"] !== undefined;
  headers["x-amz-content-sha256"] = bodySha256;
  headers["x-amz-date"] = new Date().toISOString().replaceAll(/[:-]|\.\d{3}/g, "");
  if (keys.token !== undefined) headers["x-amz-security-token"] = keys.token;
  const made = ["x-amz-date", "x-amz-security-token", ...(hadDigest ? [] : ["x-amz-content-sha256"])];
  const added = made.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]] as const]));
  return [
    ...kept,
    ...added,
    ["authorization", authorizationOf({ method, target, headers }, { region, service }, keys)],
  ];
}

/**
 * The value of `Authorization` for a request all of whose headers given are signed, `host` and `x-amz-date` among them.
 * @param request.headers names in lower case; without `x-amz-content-sha256` the body is empty
 */
export function authorizationOf(
  request: { readonly method: string; readonly target: string; readonly headers: Readonly<Record<string, string>> },
  { region, service }: Pick<SigV4Scope, "region" | "service">,
  { keyId, secret }: Pick<SigV4Keys, "keyId" | "secret">,
): string {
  const { method, target, headers } = request;
  const { headers: signed } = aws4.sign(
    // S3 and its kin take a path as it was encoded once; all others encode what they get once more.
    { method, path: target, headers, region, service, doNotEncodePath: isOfS3(service) },
    { accessKeyId: keyId, secretAccessKey: secret },
  );
  const authorization = signed?.["Authorization"];
  if (typeof authorization !== "string") throw new Error("no signature was made");
  return authorization;
}

function isOfS3(service: string): boolean {
  return service === "s3" || service.startsWith("s3-") || service === "s3express";
}
