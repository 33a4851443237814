/** How severe a refusal is, as its policy says, in the scales of each format; and the labels of its run. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { exec, LABELS, record, sourcesOf, started, temporaryFolder } from "../test/story.ts";
import { cefLine } from "./cef.ts";
import { ocsfRecords } from "./ocsf/ocsf.ts";
import { otlpRecord } from "./otlp/otlp.ts";
import type { Source } from "./source.ts";
import { syslogMessage } from "./syslog.ts";
import { urgencyOf } from "./telling.ts";

/** The refusal of an exec by a policy that says this. */
async function refused(
  directory: string,
  severity: "low" | "medium" | "high" | "critical" | undefined,
): Promise<Source> {
  const event = exec("exec.refused", 3, 2);
  await record(directory, [started(), { ...event, decision: { ...event.decision, ...(severity && { severity }) } }]);
  const source = (await sourcesOf(directory)).at(-1);
  assert.ok(source !== undefined);
  return source;
}

for (const [severity, ocsf, cef, syslog, otlp] of [
  [undefined, 3, "6", 4, 13],
  ["low", 2, "3", 5, 12],
  ["medium", 3, "6", 4, 13],
  ["high", 4, "8", 3, 17],
  ["critical", 5, "10", 1, 21],
] as const) {
  test(`${severity ?? "what says nothing"} is ${String(ocsf)} in OCSF, ${cef} in CEF, ${String(syslog)} in syslog, ${String(otlp)} in OTLP`, async (context) => {
    const source = await refused(temporaryFolder(context), severity);
    for (const each of ocsfRecords(source, "1.8.0")) {
      assert.equal(each["severity_id"], ocsf);
      assert.deepEqual(Object(each["metadata"]).labels, LABELS);
    }
    const fields = cefLine(source).split("|");
    assert.equal(fields[6], cef);
    assert.ok(
      fields.slice(7).join("|").includes(" flexString1Label=labels flexString1=note\\=a b|c\\=d, team\\=payments "),
    );
    const message = syslogMessage(source, { enterprise: 1 });
    assert.ok(message.startsWith(`<${String(13 * 8 + syslog)}>1 `));
    assert.ok(message.includes(' labels="note=a b|c=d, team=payments"'));
    assert.equal(/ severity="(\w+)"/.exec(message)?.[1], severity);
    const { log } = otlpRecord(source);
    assert.ok(log.includes(`"severityNumber":${String(otlp)},`));
    assert.equal(log.split('"bailiwick.labels"').length, 2);
    assert.equal(/"bailiwick.severity","value":\{"stringValue":"(\w+)"/.exec(log)?.[1], severity);
  });
}

test("what was found and did not leave is as severe as its policy says, and high where it says nothing; what left is notable", async (context) => {
  const found = {
    ...({ type: "leak.found", kind: "code", where: "body" } as const),
    ...{ at: 0, connection: 1, host: "a.test", port: 443, what: "", sample: "" },
  };
  const { decision } = exec("exec.refused", 1, 0);
  const directory = temporaryFolder(context);
  await record(directory, [
    started(),
    { ...found, decision },
    { ...found, decision: { ...decision, severity: "critical" } },
    { ...found, decision: { ...decision, outcome: "allow" as const } },
  ]);
  assert.deepEqual(
    (await sourcesOf(directory)).slice(1).map(({ event }) => urgencyOf(event)),
    ["high", "critical", "notable"],
  );
});
