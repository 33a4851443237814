import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ProfileProblem } from "./form.ts";
import { mergeSources } from "./merge.ts";
import { profileForm } from "./source.ts";

const complete = {
  hosts: ["api.example.com"],
  kind: "bearer",
  source: { env: "TOKEN" },
  variable: "TOKEN",
};

function read(credential: object): ReturnType<typeof profileForm.read> {
  return profileForm.read({ credentials: { service: credential } }, []);
}

describe("[credentials.NAME]", () => {
  test("is read into its normal form", () => {
    const [, found] =
      [...(read({ ...complete, methods: ["get"], account: { "X-Org": "acme" } }).credentials ?? [])][0] ?? [];
    assert.deepEqual(found, {
      hosts: ["api.example.com"],
      methods: ["GET"],
      paths: undefined,
      form: { kind: "bearer" },
      source: { kind: "env", variable: "TOKEN" },
      variable: "TOKEN",
      always: false,
      account: { "x-org": "acme" },
    });
  });

  const bad: readonly [what: string, credential: object, message: RegExp][] = [
    ["no hosts", { ...complete, hosts: [] }, /has no `hosts`/],
    ["no kind", { ...complete, kind: undefined }, /must be a string/],
    ["a header without its name", { ...complete, kind: "header" }, /has no `header`/],
    ["what belongs to another kind", { ...complete, parameter: "key" }, /does not belong/],
    ["no source", { ...complete, source: {} }, /must say one place/],
    ["two sources", { ...complete, source: { env: "A", file: "~/x" } }, /must say one place/],
    ["an empty command", { ...complete, source: { command: [] } }, /names no program/],
    [
      "nothing that would use it",
      { ...complete, variable: undefined, always: false },
      /string|nothing would ever use it/,
    ],
    ["a port", { ...complete, hosts: ["api.example.com:443"] }, /has a port/],
    ["a pattern within a segment", { ...complete, paths: ["/a*b"] }, /beside other characters/],
    ["`**` in the middle", { ...complete, paths: ["/**/b"] }, /beside other characters/],
    ["a path with a query", { ...complete, paths: ["/a?b"] }, /plain path/],
    ["a header with a line end", { ...complete, account: { x: "a\r\nb" } }, /not the value of a header/],
    [
      "a signature without a name for its three variables",
      { ...complete, kind: "sigv4" },
      /does not end with `_SECRET/,
    ],
    [
      "a signature that is always added",
      { ...complete, kind: "sigv4", variable: "AWS_SECRET_ACCESS_KEY", always: true },
      /does not belong to this `kind`/,
    ],
    [
      "a signature from one variable",
      { ...complete, kind: "sigv4", variable: "AWS_SECRET_ACCESS_KEY" },
      /names a variable that does not end with/,
    ],
    ["an unknown key", { ...complete, value: "secret" }, /unknown key/],
  ];
  for (const [what, credential, message] of bad) {
    test(`refuses ${what}`, () => {
      assert.throws(
        () => read(credential),
        (error) => error instanceof ProfileProblem && message.test(error.message),
      );
    });
  }

  test("changes the profile's digest, and a later profile's takes the place of an earlier one's", () => {
    const [none, one] = [mergeSources("p", []), mergeSources("p", [read(complete)])];
    const other = mergeSources("p", [read(complete), read({ ...complete, kind: "basic" })]);
    assert.equal(new Set([none.digest, one.digest, other.digest]).size, 3);
    assert.deepEqual(
      other.credentials.map(({ form }) => form.kind),
      ["basic"],
    );
    assert.equal(mergeSources("p", [read(complete)]).digest, one.digest);
  });
});

describe("[network.rules.NAME]", () => {
  test("hosts and owners of several profiles are joined; unknown names are errors", () => {
    const rules = (owners: readonly string[]): ReturnType<typeof profileForm.read> =>
      profileForm.read({ network: { rules: { github: { owners } } } }, []);
    assert.deepEqual(mergeSources("p", [rules(["acme"]), rules(["beta"])]).network.rules, [
      { name: "github", hosts: [], owners: ["acme", "beta"] },
    ]);
    assert.throws(() => profileForm.read({ network: { rules: { svn: {} } } }, []), /is no rule set/);
    assert.throws(() => rules(['a" || true || "']), /not the name of an owner/);
  });
});
