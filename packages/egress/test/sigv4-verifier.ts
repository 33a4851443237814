/** What a service does with a signature: computes it anew from what came. By AWS's own library, which shares nothing with the product's. */
import { createHash, createHmac } from "node:crypto";
import { SignatureV4 } from "@smithy/signature-v4";

export interface ReceivedRequest {
  readonly method: string;
  readonly target: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

/** SHA-256, or HMAC with it when there is a key. */
class Sha256 {
  readonly #hash;

  constructor(key?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = key === undefined ? createHash("sha256") : createHmac("sha256", bytesOf(key));
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytesOf(data));
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array(this.#hash.digest()));
  }

  reset(): void {
    throw new Error("never asked for");
  }
}

/** Undefined when the signature is right; else what is wrong. */
export async function problemOfSignature(
  request: ReceivedRequest,
  keys: { readonly accessKeyId: string; readonly secretAccessKey: string },
): Promise<string | undefined> {
  const { method, target, headers } = request;
  const sent = headers["authorization"] ?? "";
  const [, keyId, region = "", service = "", names = ""] =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d{8}\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([^,]+), Signature=/.exec(
      sent,
    ) ?? [];
  if (keyId !== keys.accessKeyId) return `signed with the key ${String(keyId)}`;
  const unsigned = Object.keys(headers).filter((name) => name.startsWith("x-amz-") && !names.split(";").includes(name));
  if (unsigned.length > 0) return `not signed: ${unsigned.join()}`;
  const signer = new SignatureV4({
    credentials: keys,
    region,
    service,
    sha256: Sha256,
    uriEscapePath: service !== "s3",
    applyChecksum: false,
  });
  const mark = target.indexOf("?");
  const query: Record<string, string[]> = Object.create(null) as Record<string, string[]>; // a parameter may be called `valueOf`
  for (const [name, value] of new URLSearchParams(mark < 0 ? "" : target.slice(mark + 1)))
    (query[name] ??= []).push(value);
  const again = await signer.sign(
    {
      method,
      protocol: "https:",
      hostname: headers["host"] ?? "",
      path: mark < 0 ? target : target.slice(0, mark),
      query,
      headers: Object.fromEntries(names.split(";").map((name) => [name, headers[name] ?? ""])),
    },
    { signingDate: dateOf(headers["x-amz-date"] ?? "") },
  );
  return again.headers["authorization"] === sent ? undefined : "the signature is another";
}

function dateOf(text: string): Date {
  return new Date(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): string | Uint8Array {
  if (typeof data === "string") return data;
  return data instanceof ArrayBuffer
    ? new Uint8Array(data)
    : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
