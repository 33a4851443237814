import assert from "node:assert/strict";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { escapeControls } from "@bailiwick/base";
import fc from "fast-check";
import { hostile, withStrings } from "../test/strings.ts";
import { record, sourcesOf, temporaryFolder } from "../test/story.ts";
import { ocsfRecords } from "./ocsf/ocsf.ts";
import { toStrictJson } from "./json.ts";
import { shortened } from "./shorten.ts";
import type { Source } from "./source.ts";
import { escapeParam, frame, syslogMessage } from "./syslog.ts";

/** The grammar of RFC 5424, section 6, with one SD-ELEMENT. */
const MESSAGE =
  /^<(\d{1,3})>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z) ([\x21-\x7e]{1,255}) ([\x21-\x7e]{1,48}) ([\x21-\x7e]{1,128}) ([\x21-\x7e]{1,32}) \[([^ =\]"]{1,32})((?: [^ =\]"]{1,32}="(?:[^"\\\]]|\\["\\\]])*")*)\] (.*)$/s;

function read(message: string) {
  const [, pri = "", time = "", host, app, process, id, sd, params = "", text] =
    MESSAGE.exec(message) ?? assert.fail(`not RFC 5424: ${message}`);
  const values = Object.fromEntries(
    [...params.matchAll(/ ([^ =]+)="((?:[^"\\\]]|\\["\\\]])*)"/g)].map(([, name = "", value = ""]) => [
      name,
      value.replaceAll(/\\(["\\\]])/g, "$1"),
    ]),
  );
  return { pri: Number(pri), time, host, app, process, id, sd, values, text };
}

async function story(context: TestContext): Promise<Source[]> {
  const directory = join(temporaryFolder(context), "log");
  await record(directory);
  return await sourcesOf(directory);
}

test("parameters are escaped as RFC 5424, section 6.3.3 says", () => {
  assert.equal(escapeParam('a"b\\c]d[e'), 'a\\"b\\\\c\\]d[e');
  assert.equal(escapeParam("a\nb"), "a\\\\nb");
});

test("a frame counts octets, not characters (RFC 5425, section 4.3.1)", () => {
  assert.equal(frame("é…").toString(), "5 é…");
});

test("a refusal is a warning of the log audit, with its microseconds", async (context) => {
  const [, , , refused] = await story(context);
  assert.ok(refused !== undefined);
  const message = read(syslogMessage(refused, { enterprise: 4711 }));
  assert.deepEqual([message.pri, message.time.slice(-8), message.host], [13 * 8 + 4, ".003250Z".slice(-8), "host"]);
  assert.deepEqual([message.sd, message.process, message.id], ["bailiwick@4711", "103", "exec.refused"]);
  assert.partialDeepStrictEqual(message.values, { decision: "deny", policies: "secrets.files other", exec: "3" });
});

test("whatever stands in an event, a message of the grammar comes out, of which a receiver gets it back", async (context) => {
  const sources = await story(context);
  fc.assert(
    fc.property(fc.constantFrom(...sources), hostile, (source, text) => {
      const message = syslogMessage(withStrings(source, text), { enterprise: 1 });
      const { values } = read(message);
      assert.ok(message.isWellFormed());
      assert.doesNotMatch(message, /[\u0000-\u001f\u007f-\u009f]/);
      assert.equal(values["id"], source.id);
      assert.equal(values["log"], source.log);
      if (source.event.type !== "run.started" && source.context.started && text !== "")
        assert.equal(values["user"], escapeControls(text.toWellFormed()));
    }),
    { numRuns: 1000 },
  );
});

test("what is too long is cut until it fits, in whole characters, and says so; what is not, is not", async (context) => {
  const sources = await story(context);
  const render = (source: Source): readonly string[] =>
    ocsfRecords(source, "1.9.0-dev").map((each) =>
      syslogMessage(source, { enterprise: 1, message: toStrictJson(each) }),
    );
  fc.assert(
    fc.property(fc.constantFrom(...sources), hostile, fc.integer({ min: 1, max: 3000 }), (source, text, times) => {
      const large = withStrings(source, `${text}x`.repeat(times).slice(0, 4000));
      const before = render(large);
      const after = shortened(large, 4096, render);
      for (const message of after) {
        assert.ok(Buffer.byteLength(message) <= 4096, String(Buffer.byteLength(message)));
        assert.doesNotMatch(message, /[\u0000-\u001f\u007f-\u009f\u2028]/);
        const { text: json = "", values } = read(message);
        assert.equal(values["id"], source.id);
        JSON.parse(json);
        assert.equal(values["cut"], before.some((each) => Buffer.byteLength(each) > 4096) ? "true" : undefined);
      }
    }),
    { numRuns: 60 },
  );
});
