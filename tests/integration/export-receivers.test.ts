/** Exporting to receivers that others wrote: rsyslog over TLS, and OTLP by the protocol's own definitions. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { readOtlp } from "../../packages/exports/test/otlp-reference.ts";
import { configure, recordedIds, startExporter, startHttpReceiver, until } from "../support/exporting.ts";
import { bailiwick, makePlace, ofType, runGoverned, type Place } from "../support/governed.ts";
import { startRsyslog, type RunningRsyslog, type SyslogMessage } from "../support/rsyslog.ts";

function newPlace(context: TestContext): Place {
  const place = makePlace();
  context.after(() => {
    place.remove();
  });
  return place;
}

async function rsyslog(context: TestContext, place: Place, port = 0): Promise<RunningRsyslog> {
  const running = await startRsyslog(join(place.root, "rsyslog"), port);
  context.after(async () => {
    await running.stop();
    place.remove();
  });
  return running;
}

const syslog = ({ port, ca }: Pick<RunningRsyslog, "port" | "ca">, more = ""): string =>
  `[destinations.siem]\ntype = "syslog"\nhost = "127.0.0.1"\nport = ${String(port)}\nca = "${ca}"\n${more}\n`;

const once = async (place: Place) => await bailiwick(place, ["export", "once", "siem"]);
const idOf = ({ data }: SyslogMessage): string => / id="([^"]*)"/.exec(data)?.[1] ?? "";
const distinct = (ids: readonly string[]): string[] => [...new Set(ids)];

describe("rsyslog over TLS", () => {
  test("understands every message, whatever an agent puts into its arguments", async (context) => {
    const place = newPlace(context);
    const evil = 'a\nb\u001b[31m]"\\ <13>1 - - - - - - é';
    assert.equal((await runGoverned(place, { argv: ["/bin/echo", evil, "x".repeat(20_000)] })).status, 0);
    assert.equal((await runGoverned(place, { argv: ["bash", "-c", "cat ~/.ssh/id_rsa; true"] })).status, 0);
    const receiver = await rsyslog(context, place);
    const ids = await recordedIds(place);
    configure(place, syslog(receiver));
    const { status, stderr } = await once(place);
    assert.equal(status, 0, stderr);
    await until(() => receiver.messages().length >= ids.length);
    const messages = receiver.messages();
    assert.deepEqual(messages.map(idOf), ids);
    for (const { app, data, message } of messages) {
      assert.equal(app, "bailiwick");
      assert.match(data, /^\[bailiwick@32473 id="[^"]+" .*\]$/);
      assert.doesNotMatch(message, /[\u0000-\u001f]/);
    }
    const [ran] = messages.filter(({ id }) => id === "exec.allowed");
    assert.ok(ran?.message.includes('a\\nb\\x1b[31m]"\\'), ran?.message);
    const refused = messages.find(({ id }) => id === "exec.refused");
    // An error: its policy says that it is high.
    assert.equal(refused?.priority, String(13 * 8 + 3));
    assert.match(refused.message, /^ ?refused cat .*\/\.ssh\/id_rsa: this file holds keys/);
    assert.match(refused.data, / decision="deny" policies="secrets.files"/);
  });

  test("takes CEF and OCSF as messages; what is too long is cut and still whole JSON", async (context) => {
    const place = newPlace(context);
    await runGoverned(place, { argv: ["/bin/echo", "y".repeat(12_000)] });
    const receiver = await rsyslog(context, place);
    configure(place, syslog(receiver, 'format = "ocsf"\nmax-bytes = 2048'));
    assert.equal((await once(place)).status, 0);
    const ids = distinct(await recordedIds(place));
    await until(() => distinct(receiver.messages().map(idOf)).length >= ids.length);
    for (const { message } of receiver.messages()) assert.ok("class_uid" in (JSON.parse(message) as object));
    assert.ok(
      receiver
        .messages()
        .some(({ data, message }) => data.includes(' cut="true"') && message.includes('"is_truncated":true')),
    );
    const before = receiver.messages().length;
    configure(place, syslog(receiver, 'format = "cef"').replace("siem", "cef"));
    assert.equal((await bailiwick(place, ["export", "once", "cef"])).status, 0);
    await until(() => receiver.messages().length >= before + ids.length);
    for (const { message } of receiver.messages().slice(before)) assert.match(message, /^ ?CEF:0\|Bailiwick\|/);
  });

  test("whose certificate is not trusted gets nothing", async (context) => {
    const place = newPlace(context);
    await runGoverned(place, { argv: ["true"] });
    const receiver = await rsyslog(context, place);
    configure(place, syslog(receiver).replace(/^ca = .*$/m, ""));
    const { status, stderr } = await once(place);
    assert.deepEqual([status, /could not be delivered: DEPTH_ZERO_SELF_SIGNED_CERT/.test(stderr)], [125, true], stderr);
    configure(place, syslog(receiver).replace("127.0.0.1", "localhost"));
    assert.match((await once(place)).stderr, /ERR_TLS_CERT_ALTNAME_INVALID/);
    assert.equal(receiver.messages().length, 0);
  });

  test("that is down for a while misses nothing", async (context) => {
    const place = newPlace(context);
    await runGoverned(place, { argv: ["true"] });
    const first = await startRsyslog(join(place.root, "rsyslog"));
    configure(place, syslog(first));
    const exporter = startExporter(place, "siem");
    await until(() => first.messages().length > 0);
    await first.stop();
    await runGoverned(place, { argv: ["echo", "meanwhile"] });
    await until(() => exporter.said() !== "");
    const second = await rsyslog(context, place, first.port);
    const ids = await recordedIds(place);
    await until(() => distinct(second.messages().map(idOf)).length >= ids.length);
    assert.deepEqual(distinct(second.messages().map(idOf)), ids);
    assert.equal(await exporter.stop(), 0);
  });
});

test("an OTLP receiver gets logs, and a trace in which each process is a span in that of its parent", async (context) => {
  const place = newPlace(context);
  const { events } = await runGoverned(place, {
    argv: ["bash", "-c", "sh -c 'cat ~/.ssh/id_rsa; /bin/true'; /bin/false"],
  });
  const receiver = await startHttpReceiver((_, response) => {
    response.writeHead(200, { "content-type": "application/json" }).end('{"partialSuccess":{}}');
  });
  context.after(receiver.stop);
  place.write("token", "Bearer t", 0o600);
  configure(
    place,
    `[destinations.siem]\ntype = "otlp"\nurl = "${receiver.url}"\nheaders = { Authorization = { file = "${join(place.root, "token")}" } }\n`,
  );
  const { status, stderr } = await once(place);
  assert.equal(status, 0, stderr);
  assert.deepEqual(
    receiver.requests.map(({ path }) => path),
    ["/v1/logs", "/v1/traces"],
  );
  assert.equal(receiver.requests[0]?.headers["authorization"], "Bearer t");
  const [logs, traces] = receiver.requests.map(({ path, body }) =>
    readOtlp(path === "/v1/logs" ? "logs" : "traces", body.toString()),
  );
  assert.equal(
    (logs?.["resourceLogs"] as { scopeLogs: { logRecords: unknown[] }[] }[])[0]?.scopeLogs[0]?.logRecords.length,
    events.length,
  );
  const spans = (
    traces?.["resourceSpans"] as {
      scopeSpans: { spans: { name: string; spanId: string; parentSpanId?: string }[] }[];
    }[]
  )
    .flatMap(({ scopeSpans }) => scopeSpans)
    .flatMap((scope) => scope.spans);
  assert.equal(spans.length, ofType(events, "exec.allowed").length + 1);
  const parentOf = (name: string): string | undefined => {
    const parent = spans.find((span) => span.name === name)?.parentSpanId;
    return spans.find(({ spanId }) => spanId === parent)?.name;
  };
  assert.deepEqual([parentOf("/bin/true"), parentOf("sh"), parentOf("bash")], ["sh", "bash", "run bash"]);
});

test("what an OTLP receiver drops is said; what it can't read is not sent again", async (context) => {
  const place = newPlace(context);
  await runGoverned(place, { argv: ["true"] });
  let status = 200;
  const receiver = await startHttpReceiver((_, response) => {
    response.writeHead(status).end('{"partialSuccess":{"rejectedLogRecords":"2","errorMessage":"too old"}}');
  });
  context.after(receiver.stop);
  configure(place, `[destinations.siem]\ntype = "otlp"\nurl = "${receiver.url}/"\nsignals = ["logs"]\n`);
  assert.match((await once(place)).stderr, /siem: the receiver dropped 2 of the records/);
  await runGoverned(place, { argv: ["true"] });
  status = 400;
  const refused = await once(place);
  assert.deepEqual([refused.status, receiver.requests.length], [125, 2]);
  assert.match(refused.stderr, /answered 400: it can't read them/);
});
