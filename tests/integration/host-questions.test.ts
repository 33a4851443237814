/** A policy that asks about a host or a request is a question to the person: it waits, is shown, is answered, and judged by what the server outside got. */
import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { after, before, beforeEach, describe, test } from "node:test";
import { commandPath, makePlace, ofType, personEnvironment, readEvents, runGoverned } from "../support/governed.ts";
import { makeAuthority, serveHttp2, serveHttps } from "../support/https-server.ts";
import { inTerminal, type Step } from "../support/terminal.ts";

const TOKEN = `ghp_${"aB3dE6gH9jKlMnOpQrStUvWxYz0123456789"}`;
const place = makePlace();
const authority = makeAuthority();
const servers: { close(): unknown }[] = [];
let [port, port2] = [0, 0];
/** What the servers outside got, in order. */
const received: { what: string; body: string }[] = [];

function answer(request: IncomingMessage, response: ServerResponse): void {
  const entry = { what: `${request.method ?? ""} ${request.url ?? ""}`, body: "" };
  received.push(entry);
  request.on("error", () => undefined);
  request.on("data", (chunk: Buffer) => (entry.body += chunk.toString("latin1")));
  request.on("end", () => response.end("thank you\n"));
}

before(async () => {
  const identity = authority.identityOf("api.test", "model.test", "other.test");
  const [first, second] = [await serveHttps(identity, answer), await serveHttp2(identity, answer as never)];
  servers.push(first.server, second.server);
  [port, port2] = [first.port, second.port];
});
after(() => {
  for (const server of servers) server.close();
  authority.remove();
  place.remove();
});
beforeEach(() => {
  received.length = 0;
});

const profile = (): string => `extends = "standard"
[network]
allow = ["api.test:${String(port)}", "api.test:${String(port2)}", "model.test:${String(port)}", "other.test:${String(port)}"]
inspect = ["api.test", "model.test"]
trust = ["${authority.file}"]
[network.hosts]
"api.test" = "127.0.0.1"
"model.test" = "127.0.0.1"
"other.test" = "127.0.0.1"
[environment]
pass = ["SENT"]
[leaks]
models = ["model.test"]
`;
const SENDING = `@id("test.post") @reason("sending is delicate") @instead("read only") @ask("operator")
forbid (principal, action == Action::"httpRequest", resource) when { context.method == "POST" } unless { context.approved };`;
const LEAKING = `@id("test.leak") @reason("it is a token") @ask("operator")
forbid (principal, action == Action::"httpRequest", resource) when { context.leak.kinds.contains("github") } unless { context.approved };`;
const REACHING = `@id("test.reach") @reason("is it needed?") @ask("operator")
forbid (principal, action == Action::"connect", resource == Host::"other.test") unless { context.approved };`;

const KEYS = "once.*for this run.*no";
const key = (send: string, expect = KEYS): Step => ({ expect, send, wait: 700 });
/** Prints the status of each answer; 000 without one. */
const CURL = `c() { curl -sS -o /dev/null --max-time 15 -w '%{http_code} ' "$@"; }`;
const at = (which = port, host = "api.test"): string => `https://${host}:${String(which)}`;

async function ask(policy: string, script: string, steps: readonly Step[]) {
  const files = ["--profile", place.write("profile.toml", profile()), "--policy", place.write("ask.cedar", policy)];
  const result = await inTerminal({
    argv: [process.execPath, commandPath, "run", ...files, "--", "bash", "-c", `${CURL}; ${script}`],
    cwd: place.workspace,
    env: personEnvironment(place, { TERM: "xterm", NO_COLOR: "1", SENT: TOKEN }),
    steps,
    columns: 200,
    timeout: 60_000,
  });
  assert.equal(result.failed, null, result.output);
  const events = await readEvents(place);
  return { ...result, events, approvals: ofType(events, "approval") };
}

describe("a request that is asked about", () => {
  for (const version of ["1.1", "2"] as const) {
    const flag = version === "2" ? "--http2" : "--http1.1";
    const url = (): string => at(version === "2" ? port2 : port);

    test(`over HTTP/${version}: is shown with all that it is; each answer does what it says`, async () => {
      const script = [
        ...[`c ${flag} -d first=1 '${url()}/one?name=value'`, `c ${flag} -d second=2 ${url()}/two`],
        ...[`c ${flag} -d third=33 ${url()}/two`, `c ${flag} -d fourth=4 ${url()}/three`, `c ${flag} ${url()}/three`],
      ].join("; ");
      const { output, events, approvals } = await ask(SENDING, script, [key("o"), key("r"), key("n")]);
      assert.match(output, /bailiwick: may this be sent\?/);
      assert.match(output, new RegExp(`request +POST api\\.test:${url().split(":").at(-1) ?? ""}/one\\?name\\r\\n`));
      assert.match(output, /body +of 7 bytes, application\/x-www-form-urlencoded/);
      assert.match(output, /asked by +curl .* -d first=1 .* \(pid \d+\)/);
      assert.match(output, /because +sending is delicate\r\n +policy +test\.post\r\n +instead +read only/);
      assert.deepEqual(
        received.map(({ what, body }) => `${what} ${body}`),
        ["POST /one?name=value first=1", "POST /two second=2", "POST /two third=33", "GET /three "],
      );
      assert.deepEqual(
        approvals.map(({ answer: given, about }) => [given, about?.request?.path, about?.request?.query]),
        [
          ["once", "/one", ["name"]],
          ["run", "/two", []],
          ["run", "/two", []],
          ["no", "/three", []],
        ],
      );
      // Yes for the run covers another body of the same host, method and path, and says by whose answer.
      assert.equal(approvals[1]?.bound, approvals[2]?.bound);
      const sent = ofType(events, "request.sent").filter(({ method }) => method === "POST");
      assert.ok(sent.every(({ decision }) => decision.approver === "operator" && decision.outcome === "allow"));
      const [refused] = ofType(events, "request.refused");
      assert.match(refused?.decision.reason ?? "", /sending is delicate \(asked, and .* said no\)/);
      assert.equal(ofType(events, "run.ended")[0]?.counts.asked, 3);
    });
  }

  test("is taken back when its client is gone, and the record says so", async () => {
    const script = `curl -sS --max-time 2 -d a=1 ${at()}/late; echo over`;
    const { output, events, approvals } = await ask(SENDING, script, [{ expect: "no \\(unanswered\\).*over" }]);
    assert.match(output, /may this be sent/);
    assert.deepEqual(approvals.map(({ answer: given }) => given), ["unanswered"]); // prettier-ignore
    assert.match(ofType(events, "request.refused")[0]?.decision.reason ?? "", /asked, and whoever wanted it has gone/);
    assert.deepEqual(received, []);
  });

  test("many at once are answered by one yes for the run", async () => {
    const script = `for n in $(seq 20); do c -d n=$n ${at()}/many & done; wait`;
    const { approvals } = await ask(SENDING, script, [key("r")]);
    assert.equal(received.length, 20);
    assert.ok(approvals.every(({ answer: given }) => given === "run"));
  });

  test("with nobody to ask it is a refusal that says so", async () => {
    const governed = await runGoverned(place, {
      argv: ["bash", "-c", `curl -sS -d a=1 ${at()}/x; curl -sS ${at()}/x`],
      profile: profile(),
      policy: SENDING,
    });
    const reason = "sending is delicate (needs a person's yes, and there was nobody to ask: the run was started with";
    assert.ok(governed.stdout.includes(`bailiwick: refused: ${reason}`), governed.stdout);
    assert.deepEqual(received.map(({ what }) => what), ["GET /x"]); // prettier-ignore
  });
});

describe("a leak that is asked about", () => {
  test("waits with the piece that holds it; is shown by kind and sample, never as it is", async () => {
    const send = (path: string): string => `c -d "x=$SENT" ${at(port, "model.test")}/${path}`;
    const { output, events, approvals } = await ask(LEAKING, `${send("no")}; ${send("yes")}`, [key("n"), key("o")]);
    assert.match(output, /found +secret github ghp_… \(40 characters\)/);
    assert.ok(!output.includes(TOKEN.slice(8)), "the token is on the screen");
    assert.deepEqual(approvals.map(({ answer: given, about }) => [given, about?.leaks?.[0]?.what]), [["no", "github"], ["once", "github"]]); // prettier-ignore
    const whole = received.filter(({ body }) => body.includes(TOKEN));
    assert.deepEqual(whole.map(({ what }) => what), ["POST /yes"]); // prettier-ignore
    assert.deepEqual(ofType(events, "leak.found").map(({ decision }) => decision.outcome), ["deny", "allow"]); // prettier-ignore
  });

  test("yes for the run to a request without one does not cover it", async () => {
    const send = (what: string): string => `c -d "x=${what}" ${at(port, "model.test")}/same`;
    const script = [send("one"), send("two"), send("$SENT")].join("; ");
    const { approvals } = await ask(`${SENDING}\n${LEAKING}`, script, [key("r"), key("n", `found +secret.*${KEYS}`)]);
    assert.deepEqual(approvals.map(({ answer: given }) => given), ["run", "run", "run", "no"]); // prettier-ignore
    assert.ok(received.every(({ body }) => !body.includes(TOKEN)));
  });
});

describe("a host that is asked about", () => {
  test("waits as a connection does: yes reaches it, no does not, and its name alone asks nobody", async () => {
    const get = `c -k ${at(port, "other.test")}/`;
    const script = `getent hosts other.test > /dev/null; ${get}; ${get}`;
    const { output, events, approvals } = await ask(REACHING, script, [key("o"), key("n")]);
    assert.match(output, new RegExp(`may this be reached\\?\\r\\n +host +other\\.test:${String(port)}\\r\\n`));
    assert.deepEqual(received.map(({ what }) => what), ["GET /"]); // prettier-ignore
    assert.deepEqual(approvals.map(({ answer: given, about }) => [given, about?.host, about?.request]), [["once", "other.test", undefined], ["no", "other.test", undefined]]); // prettier-ignore
    assert.match(ofType(events, "host.refused")[0]?.decision.reason ?? "", /is it needed\? \(asked, and .* said no\)/);
  });

  test("with nobody to ask it does not even have an address", async () => {
    const argv = ["curl", "-sSk", `${at(port, "other.test")}/`];
    const governed = await runGoverned(place, { argv, profile: profile(), policy: REACHING });
    assert.match(governed.stderr, /Could not resolve host/);
    assert.match(ofType(governed.events, "host.refused")[0]?.decision.reason ?? "", /there was nobody to ask/);
    assert.deepEqual(received, []);
  });
});
