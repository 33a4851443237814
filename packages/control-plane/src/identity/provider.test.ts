/** ID tokens that a provider must not give: each is refused, and beside it the one that is right is taken. */
import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { providerSchema } from "./provider-config.ts";
import { Provider } from "./provider.ts";

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const stranger = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;

let issuer: string;
let idToken = "";
let userInfo: object = {};
const server = createServer((request, response) => {
  const answers: Readonly<Record<string, object>> = {
    "/.well-known/openid-configuration": {
      issuer,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/keys`,
      userinfo_endpoint: `${issuer}/me`,
    },
    "/keys": { keys: [{ ...publicKey.export({ format: "jwk" }), alg: "RS256", use: "sig" }] },
    "/token": { access_token: "a", token_type: "Bearer", ...(idToken !== "" && { id_token: idToken }) },
    "/me": userInfo,
  };
  response.setHeader("content-type", "application/json").end(JSON.stringify(answers[request.url ?? ""]));
});
before(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  issuer = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
});
after(() => {
  server.close();
  server.closeAllConnections();
});

function makeToken(changes: object = {}, { key = privateKey, alg = "RS256" } = {}): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: issuer, aud: "us", sub: "robin", iat: now, exp: now + 60, groups: ["audit"], ...changes };
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${encode({ alg })}.${encode(claims)}`;
  const signature = alg === "none" ? "" : sign("sha256", Buffer.from(signed), key).toString("base64url");
  return `${signed}.${signature}`;
}

async function finish(token: string, more: object = {}) {
  idToken = token;
  const config = {
    ...more,
    issuer,
    "client-id": "us",
    "client-secret": { env: "NONE" },
    groups: [{ group: "audit", roles: ["auditor"] }],
  };
  return await new Provider(providerSchema.parse(config), "secret").finishDevice("code");
}

const seconds = (offset: number): number => Math.floor(Date.now() / 1000) + offset;

describe("ID tokens", () => {
  test("one that is right says who it is", async () => {
    const vouched = await finish(makeToken({ name: "Robin", email: "robin@company.example" }));
    assert.deepEqual(vouched, {
      issuer,
      subject: "robin",
      name: "Robin",
      email: "robin@company.example",
      groups: ["audit"],
    });
  });

  test("clocks that differ by less than the tolerance do not matter", async () => {
    for (const changes of [{ exp: seconds(-15) }, { iat: seconds(15), nbf: seconds(15) }]) {
      assert.equal(typeof (await finish(makeToken(changes))), "object");
    }
  });

  for (const [name, make] of Object.entries<() => string>({
    "has expired": (): string => makeToken({ exp: seconds(-120) }),
    "is not valid yet": (): string => makeToken({ nbf: seconds(120) }),
    "is another issuer's": (): string => makeToken({ iss: "https://other.example" }),
    "is for another client": (): string => makeToken({ aud: "them" }),
    "is signed by another key": (): string => makeToken({}, { key: stranger }),
    "is not signed": (): string => makeToken({}, { alg: "none" }),
    "has no subject": (): string => makeToken({ sub: undefined }),
    "is missing": (): string => "",
  })) {
    test(`one that ${name} is refused`, async () => {
      await assert.rejects(finish(make()), { code: "SERVER_PROVIDER_FAILED" });
    });
  }

  test("another claim says who it is where the server's file has it so; without it nobody is vouched for", async () => {
    const more = { "subject-claim": "oid" };
    const vouched = await finish(makeToken({ oid: "5d1c" }), more);
    assert.equal(typeof vouched === "object" && vouched.subject, "5d1c");
    for (const oid of [undefined, "", 7]) {
      await assert.rejects(finish(makeToken({ oid }), more), { code: "SERVER_PROVIDER_FAILED" });
    }
    assert.equal(providerSchema.shape["subject-claim"].safeParse("email").success, false);
  });

  test("groups come from the userinfo endpoint only for the same subject", async () => {
    userInfo = { sub: "robin", groups: ["audit"] };
    const vouched = await finish(makeToken({ groups: undefined }));
    assert.deepEqual(typeof vouched === "object" && vouched.groups, ["audit"]);
    userInfo = { sub: "olivia", groups: ["audit"] };
    await assert.rejects(finish(makeToken({ groups: undefined })), { code: "SERVER_PROVIDER_FAILED" });
  });

  test("an address that the provider has not verified is not taken for theirs", async () => {
    const vouched = await finish(makeToken({ email: "olivia@company.example", email_verified: false }));
    assert.equal(typeof vouched === "object" && vouched.email, undefined);
  });
});
