import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readRequestTarget } from "@bailiwick/policy";
import fc from "fast-check";
import { problemOfSignature } from "../../test/sigv4-verifier.ts";
import type { BrokeredCredential } from "./credential.ts";
import { digestOf, readScope, signRequest } from "./sigv4.ts";
import { CredentialSwap, type Swapped } from "./swap.ts";

const REAL = { accessKeyId: "AKIAREALREALREALREAL", secretAccessKey: "real/secret+real/secret+real/secret+real" };

/** As every client of S3 writes a name (RFC 3986). */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);
}

test("what is signed, AWS's own library signs in the same way", async () => {
  const name = fc.stringMatching(/^[A-Za-z0-9 ._~!*'()%&=+/:,@-]{1,12}$/);
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        service: fc.constantFrom("s3", "sts", "dynamodb", "execute-api"),
        path: fc.array(name, { maxLength: 4 }),
        // `__proto__`: see below.
        query: fc.uniqueArray(
          fc.tuple(
            name.filter((key) => key !== "__proto__"),
            name,
          ),
          { maxLength: 4, selector: ([key]) => key },
        ),
        value: fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/),
        token: fc.constantFrom(undefined, "token/of+a/session=="),
      }),
      async ({ service, path, query, value, token }) => {
        const segments = path
          .flatMap((part) => part.split("/"))
          .filter((part) => !["", ".", ".."].includes(part))
          .map(encode);
        const parameters = query.map(([key, text]) => `${encode(key)}=${encode(text)}`);
        const target = `/${segments.join("/")}${parameters.length === 0 ? "" : `?${parameters.join("&")}`}`;
        const fields = signRequest(
          {
            method: "PUT",
            authority: "bucket.example.test:8443",
            target,
            fields: [["X-Amz-Meta-Note", value], ["Content-Type", "text/plain"], ["User-Agent", "x"], ["X-Amz-Date", "20000101T000000Z"], ["Authorization", "old"]],
            bodySha256: digestOf(Buffer.from("body")),
          },
          { region: "eu-central-1", service },
          { keyId: REAL.accessKeyId, secret: REAL.secretAccessKey, token },
        ); // prettier-ignore
        const headers = Object.fromEntries(fields.map(([key, text]) => [key.toLowerCase(), text]));
        assert.equal(Object.keys(headers).length, fields.length, "nothing stands there twice");
        assert.equal(headers["x-amz-security-token"], token);
        const received = { method: "PUT", target, headers: { ...headers, host: "bucket.example.test:8443" } };
        assert.equal(await problemOfSignature(received, REAL), undefined);
        // Negative control: the verifier minds what is signed.
        const changed = { ...received, headers: { ...received.headers, "x-amz-meta-note": `${value}x` } };
        assert.equal(await problemOfSignature(changed, REAL), "the signature is another");
        assert.equal(await problemOfSignature({ ...received, method: "DELETE" }, REAL), "the signature is another");
      },
    ),
  );
});

test("a parameter called `__proto__` is left out by the library that signs: no service takes such a signature for right", async () => {
  const target = "/?__proto__=1";
  const fields = signRequest(
    { method: "GET", authority: "s3.test", target, fields: [], bodySha256: "UNSIGNED-PAYLOAD" },
    { region: "eu-central-1", service: "s3" },
    { keyId: REAL.accessKeyId, secret: REAL.secretAccessKey, token: undefined },
  );
  const received = { method: "GET", target, headers: { ...Object.fromEntries(fields), host: "s3.test" } };
  assert.equal(await problemOfSignature(received, REAL), "the signature is another");
});

describe("of a client's signature", () => {
  const credential: BrokeredCredential = {
    name: "cloud",
    hosts: ["*.cloud.test"],
    methods: undefined,
    paths: undefined,
    always: false,
    account: new Map([["x-amz-expected-bucket-owner", "111122223333"]]),
    form: {
      kind: "sigv4",
      keyId: { value: REAL.accessKeyId, placeholder: "AKIAFAKEFAKEFAKEFAKE" },
      token: { value: "real-token-real-token", placeholder: "fake-token-fake-token" },
    },
    value: REAL.secretAccessKey,
    placeholder: "fake/secret+fake/secret+fake/secret+fake",
  };
  const swap = new CredentialSwap([credential]);
  const signature = (keyId: string): string =>
    `AWS4-HMAC-SHA256 Credential=${keyId}/20260101/eu-central-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=${"0".repeat(64)}`;
  const own = ["Authorization", signature("AKIAFAKEFAKEFAKEFAKE")] as const;
  const token = ["X-Amz-Security-Token", "fake-token-fake-token"] as const;
  const unsigned = ["x-amz-content-sha256", "UNSIGNED-PAYLOAD"] as const;

  function ask(
    fields: readonly (readonly [string, string])[],
    host = "s3.cloud.test",
    target = "/bucket/key",
  ): Swapped {
    const read = readRequestTarget(target);
    assert.ok("paths" in read);
    return swap.apply(
      { host, method: "GET", target, fields, secure: true, authorities: [host], upgrade: undefined, version: "1.1" },
      read,
    );
  }

  test("the gateway's takes the place, with id, token and account; neither secret is in it", async () => {
    const found = ask([own, token, unsigned]);
    assert.ok("fields" in found, JSON.stringify(found));
    const headers = Object.fromEntries(found.fields.map(([name, value]) => [name.toLowerCase(), value]));
    const received = { method: "GET", target: "/bucket/key", headers: { ...headers, host: "s3.cloud.test" } };
    assert.equal(await problemOfSignature(received, REAL), undefined);
    assert.match(
      headers["authorization"] ?? "",
      /SignedHeaders=[a-z0-9;-]*x-amz-expected-bucket-owner;x-amz-security-token/,
    );
    assert.deepEqual(
      [headers["x-amz-security-token"], headers["x-amz-expected-bucket-owner"]],
      ["real-token-real-token", "111122223333"],
    );
    assert.doesNotMatch(JSON.stringify(found), /fake|FAKE|real\/secret/);
  });

  test("it waits for the body where nothing says what that is", () => {
    const found = ask([own, token]);
    assert.ok("sign" in found && found.sign !== undefined);
    const fields = found.sign(digestOf(Buffer.from("body")));
    assert.equal(fields.find(([name]) => name === "x-amz-content-sha256")?.[1], digestOf(Buffer.from("body")));
  });

  test("a list that goes on passes", () => {
    assert.ok("fields" in ask([own, token, unsigned], "s3.cloud.test", "/bucket?list-type=2&continuation-token=1%2Fx"));
  });

  const refused: readonly [what: string, fields: readonly (readonly [string, string])[], target?: string][] = [
    ["another key", [["authorization", signature("AKIAATTACKERATTACKER")], unsigned]],
    ["another token", [own, ["x-amz-security-token", "attacker"], unsigned]],
    ["two signatures", [own, ["authorization", signature("AKIAATTACKERATTACKER")], unsigned]],
    ["another account's bucket", [own, token, unsigned, ["x-amz-expected-bucket-owner", "999999999999"]]],
    ["a signature in the query", [], "/bucket/key?X-Amz-Signature=00&X-Amz-Credential=AKIAATTACKERATTACKER"],
    ["pieces that are signed", [own, token, ["x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"]]],
    ["two digests", [own, token, unsigned, unsigned]],
    ["the signature of another kind", [["authorization", signature("AKIAFAKEFAKEFAKEFAKE").replace("HMAC", "ECDSA-P256")], unsigned]],
    ["the old signature", [["authorization", "AWS AKIAATTACKER:signature"]]],
  ]; // prettier-ignore
  for (const [what, fields, target] of refused) {
    test(`refused: ${what}`, () => {
      const found = ask(fields, "s3.cloud.test", target);
      assert.ok("refusal" in found, JSON.stringify(found));
      assert.doesNotMatch(JSON.stringify(found), /REALREAL|real-token|real\/secret/);
    });
  }

  for (const [what, fields] of [
    ["the id", [own]],
    ["the token", [token]],
    ["the secret", [["x-note", credential.placeholder]]],
  ] as const) {
    test(`an alarm: ${what} at another host`, () => {
      assert.equal(ask(fields, "elsewhere.test").misused?.credential, "cloud");
    });
  }

  test("secret and token are looked for in answers, the id is not: services say it", () => {
    const found = (text: string): string | undefined => swap.scanAnswer("s3.cloud.test")?.take(Buffer.from(text));
    assert.deepEqual(
      [found(REAL.secretAccessKey), found("real-token-real-token"), found(REAL.accessKeyId)],
      ["cloud", "cloud", undefined],
    );
  });
});

test("a scope is read from nothing but a whole signature", () => {
  const whole = `AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-central-1/s3/aws4_request, SignedHeaders=host, Signature=${"0".repeat(64)}`;
  assert.deepEqual(readScope(whole), { keyId: "AKID", region: "eu-central-1", service: "s3" });
  assert.deepEqual(readScope(whole.replaceAll(", ", ",")), readScope(whole));
  for (const broken of [
    whole.slice(0, -1),
    whole.replace("AKID", "A/B"),
    `${whole}, x`,
    whole.replace("eu-", "eu\n"),
    "",
  ])
    assert.equal(readScope(broken), undefined, broken);
});
