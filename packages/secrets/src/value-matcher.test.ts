import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isSecretName, valuesOfEnvironment, valuesOfFile } from "./known-values.ts";
import { spellings } from "./spellings.ts";
import { ValueMatcher } from "./value-matcher.ts";

/** Where values end in a text, and which. */
function findAll(matcher: ValueMatcher, text: string): string[] {
  const found: string[] = [];
  let state = 0;
  for (let index = 0; index < text.length; index++) {
    state = matcher.step(state, text.charCodeAt(index));
    const length = matcher.lengthOf(state);
    if (length > 0) found.push(`${matcher.kindOf(state)}: ${text.slice(index + 1 - length, index + 1)}`);
  }
  return found;
}

describe("known values", () => {
  test("are found wherever they begin, also where one is the beginning or the middle of another", () => {
    const matcher = new ValueMatcher([
      { value: "abababcd1", kind: "one" },
      { value: "ababcd1xyz", kind: "two" },
      { value: "babcd1xy", kind: "three" },
    ]);
    assert.deepEqual(findAll(matcher, "ab abababcd1xyz".replace(" ", "")), [
      "one: abababcd1",
      "three: babcd1xy",
      "two: ababcd1xyz",
    ]);
  });

  test("are found in base 64, whatever stands before them", () => {
    const value = "s3cret-value-of-some-length";
    for (const before of ["", "x", "xy", "xyz"]) {
      const encoded = Buffer.from(`${before}${value}:rest`).toString("base64");
      assert.ok(
        spellings(value)
          .slice(1)
          .some((spelling) => encoded.includes(spelling)),
        before,
      );
    }
  });

  test("of variables are those whose names say so", () => {
    for (const name of [
      "ANTHROPIC_API_KEY",
      "GITHUB_TOKEN",
      "token",
      "DB_PASSWORD",
      "NPM_AUTH",
      "MYTOKEN",
      "GH_PAT",
      "SENTRY_DSN",
    ])
      assert.ok(isSecretName(name), name);
    for (const name of [
      "PATH",
      "KEYBOARD",
      "SSH_AUTH_SOCK",
      "PWD",
      "OLDPWD",
      "AWS_ACCESS_KEY_ID",
      "GIT_ASKPASS",
      "XDG_SESSION_TYPE",
      "TOKENIZERS",
      "MONKEY",
    ])
      assert.ok(!isSecretName(name), name);
    assert.deepEqual(
      valuesOfEnvironment(["API_KEY=abcd1234efgh", "API_TOKEN=short", "OTHER_KEY=aaaaaaaaaaaa", "HOME=/home/person"]),
      [{ value: "abcd1234efgh", kind: "API_KEY" }],
    );
  });

  test("of files are values of assignments, strings and lines of keys, not words of any text", () => {
    const content = [
      "# settings of the service",
      'PASSWORD="korrekt pferd 7 batterie"',
      "export API=ab12cd34ef56",
      "PORT=8080",
      "machine example.org login me password tr0ub4dor&3",
      "postgres://user:p4ssw0rd-x@db.internal/base",
      "MIIEpAIBAAKCAQEA0123456789abcdefghijklmnop",
    ].join("\n");
    const values = valuesOfFile(".env", content).map(({ value }) => value);
    for (const value of [
      "korrekt pferd 7 batterie",
      "ab12cd34ef56",
      "tr0ub4dor&3",
      "p4ssw0rd-x",
      "MIIEpAIBAAKCAQEA0123456789abcdefghijklmnop",
    ])
      assert.ok(values.includes(value), value);
    for (const value of ["settings", "service", "password", "PASSWORD", "8080"])
      assert.ok(!values.includes(value), value);
  });
});
