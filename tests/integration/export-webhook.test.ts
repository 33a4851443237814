/** Exporting to webhooks and files by the shipped command: what arrives, how it is signed, and what happens when it can't be delivered. */
import assert from "node:assert/strict";
import { appendFileSync, chmodSync, cpSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { Webhook } from "standardwebhooks";
import {
  configure,
  recordedIds,
  startExporter,
  startHttpReceiver,
  until,
  type HttpRequest,
} from "../support/exporting.ts";
import { bailiwick, makePlace, runGoverned, type Place } from "../support/governed.ts";

const SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const env = { HOOK_SECRET: SECRET };

interface Payload {
  readonly type: string;
  readonly data: { id: string; class_uid: number; erased?: true; event: { type: string }; metadata: { uid: string } }[];
}
const payload = ({ body }: HttpRequest): Payload => JSON.parse(body.toString()) as Payload;
const idsOf = (requests: readonly HttpRequest[]): string[] =>
  requests.flatMap((request) => payload(request).data.map(({ id }) => id));

async function placeWithRun(context: TestContext): Promise<Place> {
  const place = makePlace();
  context.after(() => {
    place.remove();
  });
  assert.equal(
    (await runGoverned(place, { argv: ["bash", "-c", "echo a-word; /bin/true; cat ~/.ssh/id_rsa; true"] })).status,
    0,
  );
  return place;
}

async function receiver(context: TestContext, ...args: Parameters<typeof startHttpReceiver>) {
  const started = await startHttpReceiver(...args);
  context.after(async () => {
    await started.stop().catch(() => undefined);
  });
  return started;
}

const hook = (url: string, more = ""): string =>
  `[destinations.hook]\ntype = "webhook"\nurl = "${url}"\nsecret = { env = "HOOK_SECRET" }\n${more}\n`;

async function once(
  place: Place,
  ...args: string[]
): Promise<{ status: number | null; stderr: string; stdout: string }> {
  return await bailiwick(place, ["export", "once", ...args], { env });
}

describe("a webhook", () => {
  test("gets each event once, signed as Standard Webhooks has it, and only what is new the next time", async (context) => {
    const place = await placeWithRun(context);
    const { url, requests } = await receiver(context);
    configure(
      place,
      hook(url, 'format = "event"\nbatch = 3\nheaders = { authorization = { command = ["/bin/echo", "Bearer t"] } }'),
    );
    const { status, stderr } = await once(place, "hook");
    assert.equal(status, 0, stderr);
    assert.deepEqual(idsOf(requests), await recordedIds(place));
    for (const { body, headers } of requests) {
      assert.equal(headers["authorization"], "Bearer t");
      new Webhook(SECRET).verify(body.toString(), headers as Record<string, string>);
      assert.throws(() => new Webhook(SECRET).verify(`${body.toString()} `, headers as Record<string, string>));
      assert.ok(payload({ body, headers, path: "" }).data.length <= 3);
    }
    const before = requests.length;
    assert.equal((await once(place, "hook")).status, 0);
    assert.equal(requests.length, before);
    await runGoverned(place, { argv: ["true"] });
    await once(place, "hook");
    assert.deepEqual(idsOf(requests), await recordedIds(place));
    assert.equal(statSync(join(place.state, "exports/hook.json")).mode & 0o777, 0o600);
  });

  test("that fails gets the same batch again, under the same id, not before it asked for it", async (context) => {
    const place = await placeWithRun(context);
    const times: number[] = [];
    const answers = [503, 429, 302];
    const { url, requests } = await receiver(context, (_, response) => {
      times.push(performance.now());
      const status = answers.shift() ?? 200;
      response
        .writeHead(status, status === 429 ? { "retry-after": "2" } : { location: "http://127.0.0.1:9/" })
        .end("no");
    });
    configure(place, hook(url));
    assert.equal((await once(place, "hook")).status, 0);
    assert.equal(requests.length, 4);
    assert.equal(new Set(requests.map(({ headers }) => headers["webhook-id"])).size, 1);
    assert.ok((times[2] ?? 0) - (times[1] ?? 0) >= 1990);
    assert.equal(payload(requests[3] ?? assert.fail()).type, "bailiwick.ocsf");
  });

  test("that takes no more than so much at once gets it in parts", async (context) => {
    const place = await placeWithRun(context);
    const taken: string[] = [];
    const { url } = await receiver(context, (request, response) => {
      const ids = idsOf([request]);
      if (ids.length > 2) response.writeHead(413).end();
      else {
        taken.push(...ids);
        response.writeHead(204).end();
      }
    });
    configure(place, hook(url, 'format = "event"'));
    assert.equal((await once(place, "hook")).status, 0);
    assert.deepEqual(taken, await recordedIds(place));
  });

  test("that is down loses nothing: `once` says so and fails, `run` waits, and both go on where they were", async (context) => {
    const place = await placeWithRun(context);
    const first = await receiver(context);
    configure(place, hook(first.url, 'format = "event"'));
    await first.stop();
    const { status, stderr } = await once(place, "hook");
    assert.equal(status, 125);
    assert.match(stderr, /entries 0 to \d+ could not be delivered: ECONNREFUSED\n {2}nothing is lost/);
    const failing = await bailiwick(place, ["export", "status", "hook"]);
    assert.deepEqual(
      [failing.status, /behind; failing since .*: ECONNREFUSED/.test(failing.stdout)],
      [1, true],
      failing.stdout,
    );

    const exporter = startExporter(place, "hook", env);
    await until(() => exporter.said() !== "");
    await runGoverned(place, { argv: ["echo", "meanwhile"] });
    const second = await receiver(context, undefined, first.port);
    const ids = await recordedIds(place);
    await until(() => idsOf(second.requests).length >= ids.length);
    assert.equal(await exporter.stop(), 0);
    assert.deepEqual(idsOf(second.requests), ids);
    assert.match(
      exporter.said(),
      /^bailiwick: hook: ECONNREFUSED; trying again, nothing is lost\nbailiwick: hook: delivered again, after \d+ s\n$/,
    );
    const well = await bailiwick(place, ["export", "status", "--json"]);
    assert.equal(well.status, 0, well.stdout);
    assert.partialDeepStrictEqual(JSON.parse(well.stdout), {
      name: "hook",
      behind: 0,
      delivered: ids.length,
      changed: false,
    });
  });

  test("that wants no more (410) ends the export, and the cursor stays until it is moved", async (context) => {
    const place = await placeWithRun(context);
    let status = 410;
    const { url, requests } = await receiver(context, (_, response) => void response.writeHead(status).end());
    configure(place, hook(url, 'format = "event"'));
    const refused = await once(place, "hook");
    assert.match(refused.stderr, /will not take entries 0 to \d+: answered 410[^]*leave them out by `--from \d+`/);
    status = 200;
    const ids = await recordedIds(place);
    assert.equal((await once(place, "hook", "--from", String(ids.length - 1))).status, 0);
    assert.deepEqual(idsOf(requests.slice(-1)), ids.slice(-1));
  });

  test("gets what it asked for alone", async (context) => {
    const place = await placeWithRun(context);
    const { url, requests } = await receiver(context);
    configure(place, hook(url, 'format = "event"\ntypes = ["run.*", "exec.*"]\nexcept = ["exec.ended"]'));
    await once(place);
    const types = new Set(requests.flatMap((request) => payload(request).data.map(({ event }) => event.type)));
    assert.deepEqual([...types].sort(), ["exec.allowed", "exec.refused", "run.ended", "run.started"]);
    configure(place, hook(url, 'from = "now"').replace("destinations.hook", "destinations.later"));
    const before = requests.length;
    assert.equal((await once(place)).status, 0);
    assert.equal(requests.length, before);
  });
});

test("what was erased leaves as erased, and that it was erased leaves too", async (context) => {
  const place = await placeWithRun(context);
  const { url, requests } = await receiver(context);
  configure(place, hook(url, 'format = "event"'));
  assert.equal((await bailiwick(place, ["audit", "erase", "last", "--reason", "asked for"])).status, 0);
  assert.equal((await once(place, "hook")).status, 0);
  const data = requests.flatMap((request) => payload(request).data);
  assert.ok(data.filter(({ erased }) => erased).length >= 4);
  assert.equal(data.at(-1)?.event.type, "run.erased");
  assert.ok(!JSON.stringify(data).includes("a-word"));
  for (const format of ["ocsf", "ocsf-1.9", "otlp", "syslog", "cef", "event"]) {
    const { status, stdout } = await bailiwick(place, ["export", "print", "--format", format, "all"]);
    assert.deepEqual([status, stdout.includes("a-word")], [0, false], format);
    assert.match(stdout, /erased/);
  }
});

describe("the record beneath", () => {
  test("that was put back or replaced is noticed, and said until somebody decides", async (context) => {
    const place = await placeWithRun(context);
    const older = join(place.root, "older");
    cpSync(join(place.state, "log"), older, { recursive: true });
    await runGoverned(place, { argv: ["true"] });
    const { url, requests } = await receiver(context);
    configure(place, hook(url, 'format = "event"'));
    const exporter = startExporter(place, "hook", env);
    const ids = await recordedIds(place);
    await until(() => idsOf(requests).length === ids.length);
    // A file's checkpoint is replaced by renaming: so is this one.
    cpSync(older, join(place.state, "log/older"), { recursive: true });
    for (const name of ["log", "private"]) {
      renameSync(join(place.state, "log", name), join(place.root, `newer-${name}`));
      renameSync(join(place.state, "log/older", name), join(place.state, "log", name));
    }
    assert.equal(await exporter.ended, 125);
    assert.match(
      exporter.said(),
      /the record had \d+ entries and now has \d+: it was cut, or an older state was put back|the record is not/,
    );
    assert.match((await once(place, "hook")).stderr, /had \d+ entries and now has \d+/);
    assert.match((await bailiwick(place, ["export", "status"])).stdout, /not the one that was exported from/);
    await runGoverned(place, { argv: ["echo", "another history"] });
    await runGoverned(place, { argv: ["echo", "and longer"] });
    assert.match((await once(place, "hook")).stderr, /does not begin any more as it did/);
    rmSync(join(place.state, "log"), { recursive: true });
    await runGoverned(place, { argv: ["true"] });
    assert.match((await once(place, "hook")).stderr, /the record is not `bailiwick\/.*`, which was exported from/);
    assert.equal((await once(place, "hook", "--from", "start")).status, 0);
    assert.deepEqual(idsOf(requests.slice(-1)), await recordedIds(place));
  });

  test("that is not there yet is waited for", async (context) => {
    const place = makePlace();
    context.after(() => {
      place.remove();
    });
    const { url, requests } = await receiver(context);
    configure(place, hook(url, 'format = "event"'));
    assert.equal((await once(place, "hook")).status, 0);
    const exporter = startExporter(place, "hook", env);
    await runGoverned(place, { argv: ["true"] });
    const ids = await recordedIds(place);
    await until(() => idsOf(requests).length === ids.length);
    assert.equal(await exporter.stop(), 0);
  });
});

test("a file gets whole lines: what a crash left of one is made good, what others wrote stays", async (context) => {
  const place = await placeWithRun(context);
  const path = join(place.root, "events.ndjson");
  configure(place, `[destinations.file]\ntype = "file"\npath = "${path}"\n`);
  assert.equal((await once(place)).status, 0);
  const whole = readFileSync(path, "utf8");
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const ids = await recordedIds(place);
  assert.deepEqual(
    linesOf(whole).map(({ id }) => id),
    ids,
  );
  // As if it had been killed in the middle of its first batch.
  for (const at of [whole.length - 5, whole.indexOf("\n") + 40, 3]) {
    writeFileSync(path, Buffer.from(whole).subarray(0, at));
    assert.equal((await once(place, "file", "--from", "start")).status, 0);
    assert.deepEqual(new Set(linesOf(readFileSync(path, "utf8")).map(({ id }) => id)), new Set(ids));
  }
  writeFileSync(path, "somebody else's");
  await once(place, "file", "--from", String(ids.length - 1));
  assert.match(readFileSync(path, "utf8"), /^somebody else's\n\{.*\}\n$/);
  const cef = `[destinations.cef]\ntype = "stdout"\nformat = "cef"\n`;
  configure(place, cef);
  const { stdout } = await once(place, "cef");
  assert.equal(stdout.match(/^CEF:0\|Bailiwick\|Bailiwick\|[^\n]*$/gm)?.length, ids.length);
});

function linesOf(text: string): { id: string }[] {
  assert.ok(text.endsWith("\n"));
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { id: string });
}

test("a destination that can't be used is said to be one, and why", async (context) => {
  const place = await placeWithRun(context);
  for (const [toml, message] of [
    ["[destinations", /exports\.toml`: line 1 is not TOML/],
    [hook("http://siem.example/"), /`destinations\.hook\.url`: must be https, or http to this host/],
    [hook("https://u:p@siem.example/"), /must name no user and no password/],
    [
      hook("https://siem.example/").replace("{ env = ", '"').replace('SECRET" }', 'SECRET"').replace('""', '"'),
      /destinations\.hook\.secret/,
    ],
    [hook("https://siem.example/", "typo = 1"), /destinations\.hook.*typo/],
    [hook("https://siem.example/").replace("HOOK_SECRET", "NOT_THERE"), /there is no `NOT_THERE` in the environment/],
    [
      hook("https://siem.example/").replace("env = ", "file = ").replace("HOOK_SECRET", "/etc/passwd"),
      /everybody can reach `\/etc\/passwd`/,
    ],
    [
      hook("https://siem.example/").replace('env = "HOOK_SECRET"', 'command = ["/bin/false"]'),
      /`\/bin\/false` ended with 1/,
    ],
    [
      hook("https://siem.example/").replace('env = "HOOK_SECRET"', 'command = ["/bin/echo", "short"]'),
      /is not `whsec_`/,
    ],
    ['[destinations.hook]\ntype = "file"\npath = "/dev/null"\n', /`\/dev\/null` is no regular file/],
    ['[destinations.hook]\ntype = "syslog"\nhost = "h"\nca = "/nowhere"\n', /`\/nowhere` can't be read: ENOENT/],
    ["", /has no destination `hook`/],
  ] as const) {
    configure(place, toml);
    const { status, stderr } = await once(place, "hook");
    assert.equal(status, 125, toml);
    assert.match(stderr, message, toml);
    assert.ok(!stderr.includes(SECRET));
  }
  configure(place, hook("https://siem.example/"));
  chmodSync(join(place.home, ".config/bailiwick/exports.toml"), 0o622);
  assert.match((await once(place, "hook")).stderr, /others can write to/);
  const { url } = await receiver(context);
  configure(place, hook(url));
  assert.equal((await once(place)).status, 0);
  appendFileSync(join(place.state, "exports/hook.json"), "x");
  assert.match((await once(place)).stderr, /the cursor .* can't be used/);
  assert.match((await once(place, "hook", "--from", "soon")).stderr, /`--from` is neither/);
  assert.equal(await startExporter(place, "hook", env).ended, 125);
});

test("one process exports to a destination at a time", async (context) => {
  const place = await placeWithRun(context);
  const { url, requests } = await receiver(context);
  configure(place, hook(url));
  const exporter = startExporter(place, "hook", env);
  await until(() => requests.length > 0);
  assert.match((await once(place, "hook")).stderr, /another process exports to `hook` already/);
  assert.equal(await exporter.stop(), 0);
});
