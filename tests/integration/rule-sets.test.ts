/** The rule sets of a profile, as people come to know them: tested and explained beforehand, and applied to a run. */
import assert from "node:assert/strict";
import type { Server } from "node:https";
import { after, before, describe, test } from "node:test";
import { bailiwick, makePlace, ofType, runGoverned } from "../support/governed.ts";
import { makeAuthority, serveHttps } from "../support/https-server.ts";

const place = makePlace();
const authority = makeAuthority();
const seen: string[] = [];
let server: Server;
let port = 0;
let profile = "";

before(async () => {
  ({ server, port } = await serveHttps(authority.identityOf("model.test"), (request, response) => {
    seen.push(`${request.method ?? ""} ${request.url ?? ""}`);
    request.resume();
    response.end("answered\n");
  }));
  profile = `extends = "standard"
[network]
allow = ["model.test:${String(port)}"]
trust = ["${authority.file}"]
[network.hosts]
"model.test" = "127.0.0.1"
[network.rules.anthropic]
hosts = ["model.test"]
`;
  place.write("home/project/own.toml", profile);
});
after(() => {
  server.close();
  server.closeAllConnections();
  authority.remove();
  place.remove();
});

describe("the rule set of a model's interface", () => {
  test("in a run: the model is asked, and no file is left with it", async () => {
    const curl = (method: string, path: string): string =>
      `curl -sS -o /dev/null -w '%{http_code} ' -X ${method} https://model.test:${String(port)}${path}`;
    const { stdout, events } = await runGoverned(place, {
      argv: [
        "sh",
        "-c",
        [
          curl("POST", "/v1/messages?beta=true"),
          curl("POST", "/v1/files"),
          curl("GET", "/v1/organizations/api_keys"),
        ].join("; "),
      ],
      profile,
    });
    assert.equal(stdout.trim(), "200 403 403");
    assert.deepEqual(seen, ["POST /v1/messages?beta=true"]);
    assert.deepEqual(
      ofType(events, "request.refused").map(({ path, decision }) => [path, decision.policies]),
      [
        ["/v1/files", ["rules.anthropic.ask"]],
        ["/v1/organizations/api_keys", ["rules.anthropic.ask"]],
      ],
    );
  });

  test("policy test: the profile's rule sets are part of what is tested", async () => {
    place.write(
      "home/project/model.test.toml",
      `[[test]]
name = "no file is left with the model"
host = "model.test"
method = "POST"
path = "/v1/files"
expect = "deny"
policy = "rules.anthropic.ask"
[[test]]
name = "what a run must not read goes nowhere"
host = "elsewhere.test"
method = "POST"
path = "/"
leaks = ["masked"]
expect = "deny"
`,
    );
    const with_ = await bailiwick(place, ["policy", "test", "--profile", "./own.toml", "model.test.toml"]);
    assert.deepEqual([with_.status, with_.stdout.split("\n").at(-2)], [0, "2 passed, 0 failed"], with_.stderr);
    // Negative control: without the profile nothing refuses it.
    const without = await bailiwick(place, ["policy", "test", "model.test.toml"]);
    assert.equal(without.status, 1);
    assert.match(
      without.stdout,
      /✗ no file is left with the model: expected deny by `rules\.anthropic\.ask`, got allow/,
    );
  });

  test("policy explain: which rule refuses a request", async () => {
    const explain = async (request: string, ...more: string[]) =>
      await bailiwick(place, ["policy", "explain", "--request", request, ...more]);
    const own = ["--profile", "./own.toml"];
    const refused = await explain("post https://model.test/v1/files", ...own);
    assert.equal(refused.status, 1);
    assert.match(
      refused.stdout,
      /^would be refused: post https:\/\/model\.test\/v1\/files\n {2}because {2}here a model/,
    );
    assert.match(refused.stdout, /rules\.anthropic\.ask forbids {2}rules:anthropic:\d+/);
    const sent = await explain("POST https://model.test/v1/messages", ...own);
    assert.deepEqual(
      [sent.status, sent.stdout.split("\n")[0]],
      [0, "would be sent: POST https://model.test/v1/messages"],
    );
    assert.equal((await explain("POST https://model.test/v1/files")).status, 0, "the standard set says nothing of it");
    const json = await explain("GET https://model.test/v1/files", ...own, "--json");
    assert.deepEqual((JSON.parse(json.stdout) as { decision: { policies: unknown } }).decision.policies, [
      "rules.anthropic.ask",
    ]);
  });

  for (const [what, words, message] of [
    [
      "what the gateway refuses itself",
      ["--request", "GET https://model.test/a/../b"],
      /has a dot segment: it is refused before/,
    ],
    ["no method", ["--request", "https://model.test/"], /is not a method and a URL/],
    [
      "a request and a command",
      ["--request", "GET https://model.test/", "--", "ls"],
      /either a command or `--request`/,
    ],
    ["neither", [], /either a command or `--request`/],
    ["a profile that is not there", ["--profile", "./none.toml", "--", "ls"], /there is no profile/],
  ] as const) {
    test(`policy explain: ${what} is said`, async () => {
      const { status, stderr } = await bailiwick(place, ["policy", "explain", ...words]);
      assert.equal(status, 125);
      assert.match(stderr, message);
    });
  }
});
