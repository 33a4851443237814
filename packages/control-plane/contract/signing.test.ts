import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import { contentDigest, signRequest, verifyRequest, type Verification } from "./signing.ts";

const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const NOW = 1_760_000_000_000;
const REQUEST = { method: "POST", url: "http://127.0.0.1:7788/api/v1/hosts/laptop-1f00/log", body: Buffer.from("{}") };

type Received = typeof REQUEST & { readonly headers: Record<string, string> };

async function signed(change: Partial<typeof REQUEST> = {}, at = NOW): Promise<Received> {
  const request = { ...REQUEST, ...change };
  return { ...request, headers: await signRequest(request, { host: "laptop-1f00", privateKey }, at) };
}

async function verified(request: Received): Promise<Verification> {
  return await verifyRequest(request, (host) => Promise.resolve(host === "laptop-1f00" ? publicKey : undefined), NOW);
}

/** The same under another label, which is no part of what is signed: it is not what hosts write, so the library decides. */
function relabelled({ headers, ...request }: Received): Received {
  const { "signature-input": input = "", signature = "" } = headers;
  const renamed = { "signature-input": input.replace(/^sig=/, "s2="), signature: signature.replace(/^sig=/, "s2=") };
  return { ...request, headers: { ...headers, ...renamed } };
}

describe("a host's signature", () => {
  test("counts for its request alone, and for a minute", async () => {
    const right = await signed();
    assert.deepEqual(await verified(right), { host: "laptop-1f00" });
    assert.deepEqual(await verified(relabelled(right)), { host: "laptop-1f00" });
    assert.equal(await verified(await signed({}, NOW - 61_000)), "skewed");
    assert.equal(await verified({ ...right, method: "GET" }), "wrong");
    assert.equal(await verified({ ...right, url: `${right.url}s` }), "wrong");
    assert.equal(await verified({ ...right, body: Buffer.from("[]") }), "wrong");
    // The content goes with its digest, and not with the signature.
    const digest = { "content-digest": contentDigest(Buffer.from("[]")) };
    assert.equal(
      await verified({ ...right, body: Buffer.from("[]"), headers: { ...right.headers, ...digest } }),
      "wrong",
    );
  });

  test("over fewer fields, for another purpose or by another algorithm's name is none", async () => {
    for (const params of [
      `("@method" "content-digest");created=${String(NOW / 1000)};keyid="laptop-1f00";alg="ed25519";tag="bailiwick-host"`,
      `("@method" "@path" "content-digest");created=${String(NOW / 1000)};keyid="laptop-1f00";alg="ed25519";tag="other"`,
      `("@method" "@path" "content-digest");created=${String(NOW / 1000)};keyid="laptop-1f00";alg="hmac-sha256";tag="bailiwick-host"`,
      `("@method" "@path" "content-digest");keyid="laptop-1f00";alg="ed25519";tag="bailiwick-host"`,
    ]) {
      const path = new URL(REQUEST.url).pathname;
      const digest = contentDigest(REQUEST.body);
      const fields = { "@method": "POST", "@path": path, "content-digest": digest };
      const lines = Object.entries(fields).filter(([name]) => params.includes(`"${name}"`));
      const base = [...lines.map(([name, value]) => `"${name}": ${value}`), `"@signature-params": ${params}`].join(
        "\n",
      );
      const headers = {
        "content-digest": digest,
        "signature-input": `sig=${params}`,
        signature: `sig=:${sign(null, Buffer.from(base), privateKey).toString("base64")}:`,
      };
      assert.equal(await verified({ ...REQUEST, headers }), "wrong", params);
    }
  });

  test("is judged alike by the short way and by the library, whatever is changed about it", async () => {
    const right = await signed();
    const places = ["method", "url", "content-digest", "signature-input", "signature"] as const;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...places), fc.nat(), fc.string({ maxLength: 2 }), async (place, at, text) => {
        // Who is spoken to is not signed, and what no server can be asked by is for nobody to judge: of the address only the path is changed.
        const kept = place === "url" ? REQUEST.url.indexOf("/api") : 0;
        const change = (value: string): string => {
          const from = kept + (at % (value.length - kept));
          return value.slice(0, from) + text + value.slice(from + 1);
        };
        const changed =
          place === "method" || place === "url"
            ? { ...right, [place]: change(right[place]) }
            : { ...right, headers: { ...right.headers, [place]: change(right.headers[place] ?? "") } };
        assert.deepEqual(await verified(changed), await verified(relabelled(changed)));
      }),
      { numRuns: 500 },
    );
  });
});
