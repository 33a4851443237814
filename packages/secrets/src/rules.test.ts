import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { rules as preset } from "@secretlint/secretlint-rule-preset-recommend";
import { loadSecretFinder } from "./finder.ts";
import { mayHoldSecret } from "./prefilter.ts";
import { allRules } from "./rules.ts";

const finder = await loadSecretFinder();
const letters = (length: number): string => "aB3dE6gH9jKlMnOpQrStUvWxYz0123456789".repeat(40).slice(0, length);
const hex = (length: number): string => "0123456789abcdef".repeat(10).slice(0, length);

/** One of each pattern, made up. */
const EXAMPLES: readonly (readonly [kind: string, text: string])[] = [
  ["aws", `AWS_SECRET_ACCESS_KEY = ${letters(40)}`],
  ["aws", `"secretAccessKey": "${letters(40)}"`],
  ["aws", "AKIAIOSFODNN7ABCDEFG"],
  ["npm", "//registry.example/:_authToken=abcdef"],
  ["npm", `npm_${letters(36)}`],
  ["basicauth", "https://someone:hidden@host.test/path"],
  ["slack", "xoxb-1234-5678-abcdefgh"],
  ["slack", "xapp-1-A012-345-abc"],
  ["slack", "https://hooks.slack.com/services/T0000/B0000/XXXXXXXX"],
  ["sendgrid", `SG.${letters(22)}.${letters(43)}`],
  ["shopify", `shpat_${letters(32)}`],
  ["stripe", `sk_live_${letters(24)}`],
  ["stripe", `rk_test_${letters(24)}`],
  ["github", `ghp_${letters(36)}`],
  ["github", `github_pat_${letters(82)}`],
  ["github", `ghs_123456_${letters(100)}.${letters(200)}.${letters(40)}`],
  ["gitlab", `glpat-${letters(20)}`],
  ["grafana", `glsa_${letters(32)}_${hex(8)}`],
  ["openai", `sk-proj-${letters(74)}T3BlbkFJ${letters(74)}`],
  ["openai", `sk-${letters(20)}T3BlbkFJ${letters(20)}`],
  ["anthropic", `sk-ant-api03-${letters(93)}AA`],
  ["groq", `gsk_${letters(52)}`],
  ["huggingface", `hf_${"abcdefghijklmnopqrstuvwxyzABCDEFGH"}`],
  ["linear", `lin_api_${letters(40)}`],
  ["notion", `ntn_12345678901${letters(35)}`],
  ["database-connection-string", "mongodb+srv://someone:hidden@host.example/base"],
  ["database-connection-string", "MYSQL://someone:hidden@host.example/base"],
  ["database-connection-string", "postgresql://someone:hidden@host.example/base"],
  ["hashicorp-vault", `hvs.${letters(95)}`],
  ["vercel", `vcp_${letters(24)}`],
  ["databricks", `dapi${hex(32)}`],
  ["docker", `dckr_pat_${letters(27)}`],
  ["figma", `figd_${letters(40)}`],
  ["cloudflare", `cfut_${letters(40)}${hex(8)}`],
  ["tailscale", `tskey-auth-${letters(12)}-${letters(24)}`],
  ["google", `AIza${letters(35)}`],
  ["jwt", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlLW9mLWl0"],
  ["authorization", "Authorization: Bearer abcdefgh12345678"],
  ["authorization", '"authorization": "Basic dXNlcjpwYXNz"'],
];

describe("rules", () => {
  for (const [kind, text] of EXAMPLES) {
    test(`find ${kind}: ${text.slice(0, 24)}…, which the first look lets pass`, () => {
      const before = "some text before, ";
      const found = finder.find(`${before}${text} and behind`).filter((finding) => finding.kind === kind);
      assert.ok(found.length > 0, "not found");
      assert.ok(found.every(({ from, to }) => from >= before.length && to > from));
    });
  }

  test("obey nothing in what they read", () => {
    const text = `// secretlint-disable\nghp_${letters(36)} // secretlint-disable-line\n`;
    assert.deepEqual(
      finder.find(text).map(({ kind }) => kind),
      ["github"],
    );
  });

  test("find nothing in ordinary output, which the first look lets none of pass", () => {
    for (const text of [
      "cc -Wall -o build/main.o src/main.c",
      "https://example.com:8080/a?b=c",
      "modified:   packages/secrets/src/rules.ts",
      "the secret of authorization is a private matter",
      "sha256:" + hex(64),
      "risk-free task-runner ask-me",
    ]) {
      assert.equal(mayHoldSecret(text), false, text);
      assert.deepEqual(finder.find(text), [], text);
    }
  });

  test("are those that the first look was made from", () => {
    const patterns: string[] = [];
    const content = {
      matchAll: (pattern: RegExp) => {
        patterns.push(pattern.source);
        return [];
      },
    };
    for (const creator of preset) {
      const context = {
        sharedOptions: {},
        createTranslator: () => () => ({}),
        report: () => undefined,
        ignore: () => undefined,
      };
      const handler = creator.create(context as never, {});
      void handler.file?.({ content, filePath: "/terminal/.npmrc", ext: "", contentType: "text" } as never);
    }
    // A new one: give it an example above and what it needs to prefilter.ts.
    assert.equal(patterns.length, 36, patterns.join("\n"));
    const known = new Set(EXAMPLES.flatMap(([, text]) => patterns.filter((source) => matches(source, text))));
    const own = /PRIVATE KEY|secretlint-|hv[br]|glc_|ops_/;
    assert.deepEqual(
      patterns.filter((source) => !known.has(source) && !own.test(source)),
      [],
    );
  });

  test("are all of the preset but the one that obeys comments", () => {
    assert.equal(allRules().filter(({ kind }) => kind === "filter-comments").length, 0);
    assert.equal(allRules().length, preset.length - 1 + 4);
  });
});

function matches(source: string, text: string): boolean {
  return new RegExp(source, "u").test(text) || new RegExp(source, "iu").test(text);
}
