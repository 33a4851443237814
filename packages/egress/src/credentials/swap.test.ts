import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readRequestTarget } from "@bailiwick/policy";
import fc from "fast-check";
import { type BrokeredCredential, matchesPath } from "./credential.ts";
import { NeedleScan } from "./needles.ts";
import { placeholderFor } from "./placeholder.ts";
import { CredentialSwap, type Swapped } from "./swap.ts";

const base = { methods: undefined, paths: undefined, always: false, account: new Map<string, string>() };
const github: BrokeredCredential = {
  ...base,
  name: "github",
  hosts: ["api.github.test", "github.test"],
  paths: ["/repos/acme/**", "/acme/**"],
  form: { kind: "bearer" },
  value: "ghp_realrealrealrealrealrealrealrealreal",
  placeholder: "ghp_fakefakefakefakefakefakefakefakefake",
};
const model: BrokeredCredential = {
  ...base,
  name: "model",
  hosts: ["api.model.test"],
  methods: ["POST"],
  form: { kind: "header", header: "x-api-key" },
  value: "sk-real-0123456789",
  placeholder: "sk-fake-0123456789",
  account: new Map([["openai-organization", "org-ours"]]),
};
const search: BrokeredCredential = {
  ...base,
  name: "search",
  hosts: ["search.test"],
  form: { kind: "query", parameter: "key" },
  value: "re&l=1",
  placeholder: "AIzafakefakefakefakefake",
};
const git: BrokeredCredential = {
  ...base,
  name: "git",
  hosts: ["git.test"],
  form: { kind: "basic", username: "bot" },
  value: "git-real",
  placeholder: "git-fake-git-fake-git-fake",
  always: true,
};
const swap = new CredentialSwap([github, model, search, git]);

interface Asked {
  readonly host: string;
  readonly method?: string;
  readonly target?: string;
  readonly fields?: readonly (readonly [string, string])[];
  readonly secure?: boolean;
}

function ask({ host, method = "GET", target = "/repos/acme/x", fields = [], secure = true }: Asked): Swapped {
  const read = readRequestTarget(target);
  assert.ok("paths" in read);
  return swap.apply(
    { host, method, target, fields, secure, authorities: [host], upgrade: undefined, version: "1.1" },
    read,
  );
}

function sent(swapped: Swapped): {
  target: string;
  fields: readonly (readonly [string, string])[];
  credential: string | undefined;
} {
  assert.ok("fields" in swapped, JSON.stringify(swapped));
  return swapped;
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");

describe("where a placeholder belongs, the credential goes out", () => {
  const cases: readonly [what: string, asked: Asked, field: readonly [string, string]][] = [
    ["bearer", { host: "api.github.test", fields: [["Authorization", `Bearer ${github.placeholder}`]] }, ["Authorization", `Bearer ${github.value}`]],
    ["token", { host: "api.github.test", fields: [["authorization", `token ${github.placeholder}`]] }, ["authorization", `token ${github.value}`]],
    ["a token as password", { host: "github.test", target: "/acme/x.git/info/refs?service=git-upload-pack", fields: [["Authorization", `Basic ${base64(`ada:${github.placeholder}`)}`]] }, ["Authorization", `Basic ${base64(`ada:${github.value}`)}`]],
    ["a token as name", { host: "github.test", target: "/acme/x", fields: [["Authorization", `Basic ${base64(`${github.placeholder}:x-oauth-basic`)}`]] }, ["Authorization", `Basic ${base64(`${github.value}:x-oauth-basic`)}`]],
    ["a header", { host: "api.model.test", method: "POST", fields: [["X-Api-Key", model.placeholder]] }, ["X-Api-Key", model.value]],
    ["basic", { host: "git.test", fields: [["Authorization", `Basic ${base64(`me:${git.placeholder}`)}`]] }, ["Authorization", `Basic ${base64(`me:${git.value}`)}`]],
    ["nothing, where it is always added", { host: "git.test" }, ["authorization", `Basic ${base64(`bot:${git.value}`)}`]],
  ]; // prettier-ignore
  for (const [what, asked, field] of cases) {
    test(what, () => assert.deepEqual(sent(ask(asked)).fields[0], field));
  }

  test("a query parameter, encoded; what stands beside it stays as it was written", () => {
    const { target, credential } = sent(
      ask({ host: "search.test", target: `/v1?q=%41+b&key=${search.placeholder}&x` }),
    );
    assert.deepEqual([target, credential], ["/v1?q=%41+b&key=re%26l%3D1&x", "search"]);
  });

  test("the account is named on every request that carries the credential", () => {
    const { fields } = sent(
      ask({ host: "api.model.test", method: "POST", fields: [["x-api-key", model.placeholder]] }),
    );
    assert.deepEqual(fields.at(-1), ["openai-organization", "org-ours"]);
  });

  test("a request without one goes without one", () => {
    assert.equal(sent(ask({ host: "api.github.test" })).credential, undefined);
    assert.deepEqual(
      sent(ask({ host: "elsewhere.test", fields: [["authorization", "Bearer own"]] })).credential,
      undefined,
    );
  });
});

describe("anywhere else a placeholder is an alarm, and nothing goes out", () => {
  const bearer = [["authorization", `Bearer ${github.placeholder}`]] as const;
  const cases: readonly [what: string, asked: Asked, where: string][] = [
    ["another host", { host: "evil.test", fields: bearer }, "header authorization"],
    ["another path of the host", { host: "api.github.test", target: "/user/keys", fields: bearer }, "header authorization"],
    ["a path that could be read as another", { host: "api.github.test", target: "/repos/acme;x/y", fields: [...bearer] }, ""],
    ["another method", { host: "api.model.test", method: "GET", fields: [["x-api-key", model.placeholder]] }, "header x-api-key"],
    ["without TLS", { host: "api.github.test", secure: false, fields: bearer }, "header authorization"],
    ["another header", { host: "api.github.test", fields: [["x-note", `see ${github.placeholder}`]] }, "header x-note"],
    ["inside Basic, for another host", { host: "evil.test", fields: [["Authorization", `Basic ${base64(`x:${github.placeholder}`)}`]] }, "header authorization"],
    ["the query", { host: "evil.test", target: `/?x=${github.placeholder}` }, "query"],
    ["the query, encoded", { host: "evil.test", target: `/?x=%67${github.placeholder.slice(1)}` }, "query"],
    ["the path", { host: "evil.test", target: `/${github.placeholder}` }, "path"],
    ["twice in one request", { host: "api.github.test", fields: [...bearer, ["x-again", github.placeholder]] }, "header x-again"],
    ["another credential's host", { host: "search.test", fields: bearer }, "header authorization"],
  ]; // prettier-ignore
  for (const [what, asked, where] of cases) {
    test(what, () => {
      const found = ask(asked);
      if (where === "") {
        // A server that knows no path parameters reads `/repos/acme;x/y`, which is not one of the paths.
        assert.ok("refusal" in found);
        return;
      }
      assert.deepEqual([found.misused?.where, "refusal" in found], [where, true], JSON.stringify(found));
      assert.doesNotMatch(JSON.stringify(found), /real/);
    });
  }
});

describe("nobody uses another account on a host that has a credential", () => {
  const fields = [
    ["authorization", "Bearer attacker"],
    ["Authorization", `Basic ${base64("me:mine")}`],
    ["x-api-key", "attacker"],
    ["api-key", "attacker"],
    ["X-Goog-Api-Key", "attacker"],
    ["private-token", "attacker"],
    ["job-token", "attacker"],
    ["x-auth-token", "attacker"],
    ["apikey", "attacker"],
    ["cookie", "session=attacker"],
    ["proxy-authorization", "Basic x"],
    ["x-amz-security-token", "attacker"],
    ["x-custom", "Bearer attacker"],
    ["ocp-apim-subscription-key", "attacker"],
  ] as const;
  for (const field of fields) {
    test(`${field[0]}: ${field[1]}`, () => {
      for (const host of ["api.github.test", "git.test", "api.model.test"]) {
        const found = ask({ host, method: "POST", fields: [field] });
        assert.ok("refusal" in found, host);
        assert.equal(found.misused, undefined);
      }
      // Negative control: where no account is pinned, it is none of our business.
      assert.ok("fields" in ask({ host: "elsewhere.test", fields: [field] }));
    });
  }
  for (const name of ["access_token", "api_key", "apiKey", "key", "token", "X-Amz-Signature", "sig"]) {
    test(`?${name}=`, () =>
      assert.ok("refusal" in ask({ host: "api.github.test", target: `/repos/acme/x?${name}=attacker` })));
  }
  test("beside the right one", () => {
    const found = ask({ host: "api.model.test", method: "POST", fields: [["x-api-key", model.placeholder], ["authorization", "Bearer attacker"]] }); // prettier-ignore
    assert.ok("refusal" in found);
  });
  test("another organisation", () => {
    const found = ask({ host: "api.model.test", method: "POST", fields: [["x-api-key", model.placeholder], ["OpenAI-Organization", "org-attacker"]] }); // prettier-ignore
    assert.ok("refusal" in found && /account/.test(found.refusal.reason));
  });
  test("what only sounds like one passes: idempotency keys, an agent's session", () => {
    const harmless = [["idempotency-key", "1"], ["x-session-id", "2"], ["accept", "*/*"], ["x-monkey", "3"], ["authorization", ""]] as const; // prettier-ignore
    assert.ok(
      "fields" in ask({ host: "api.model.test", method: "POST", fields: harmless, target: "/v1?beta=true&monkey=1" }),
    );
  });
});

describe("placeholders", () => {
  for (const [value, shape] of [
    ["ghp_aB3dEfGhIjKlMnOpQrStUvWxYz0123456789", /^ghp_[A-Za-z0-9]{36}$/],
    ["sk-ant-api03-AbC_dEf-0123456789abcdefghij", /^sk-ant-api03-[A-Z][a-z][A-Z]_[a-z][A-Z][a-z]-[0-9]{10}[a-z]{10}$/],
    ["AKIAIOSFODNN7EXAMPLE", /^AKIA[A-Z0-9]{16}$/],
    ["github_pat_11ABCDEFG0abcdefghijklm", /^github_pat_[0-9]{2}[A-Z]{7}0?[0-9a-z]+$/],
    ["short", /^[a-z]{5}[a-z0-9]{11}$/],
  ] as const) {
    test(`of the shape of ${value.slice(0, 8)}…, and never the value`, () => {
      const placeholder = placeholderFor(value);
      assert.match(placeholder, shape);
      assert.notEqual(placeholder, value);
      assert.notEqual(placeholder, placeholderFor(value));
    });
  }
});

test("needles are found wherever the stream is cut, and nothing else is", () => {
  fc.assert(
    fc.property(
      fc.string({ maxLength: 40 }),
      fc.string({ maxLength: 40 }),
      fc.array(fc.nat(80), { maxLength: 6 }),
      fc.boolean(),
      (before, behind, cuts, planted) => {
        const needle = Buffer.from("needle-in-here");
        const bytes = Buffer.concat([Buffer.from(before), planted ? needle : Buffer.alloc(0), Buffer.from(behind)]);
        const scan = new NeedleScan([{ name: "it", bytes: needle }]);
        const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
        const found = places.slice(1).map((place, index) => scan.take(bytes.subarray(places[index], place)));
        assert.equal(found.includes("it"), bytes.includes(needle));
      },
    ),
  );
});

test("path patterns", () => {
  for (const [pattern, path, matches] of [
    ["/repos/acme/**", "repos/acme/x/y", true],
    ["/repos/acme/**", "repos/acme", true],
    ["/repos/acme/**", "repos/acme2/x", false],
    ["/a/*/c", "a/b/c", true],
    ["/a/*/c", "a/b/d", false],
    ["/a", "a/b", false],
    ["/**", "x", true],
    ["/", "", true],
  ] as const)
    /* prettier-ignore */ assert.equal(matchesPath(pattern, path === "" ? [] : path.split("/")), matches, `${pattern} ${path}`);
});
