import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { eraseRuns, rotateKey } from "@bailiwick/audit";
import fc from "fast-check";
import { formErrors } from "../../test/ocsf-forms.ts";
import { loadFacts, missingFacts, violations } from "../../test/ocsf-schema.ts";
import { hostile, withStrings } from "../../test/strings.ts";
import { AT, LABELS, record, sourcesOf, STORY, temporaryFolder } from "../../test/story.ts";
import { toStrictJson } from "../json.ts";
import type { Source } from "../source.ts";
import { ocsfRecords } from "./ocsf.ts";
import type { Members } from "./members.ts";
import { OCSF_VERSIONS } from "./record.ts";

async function story(context: TestContext, { erased = false } = {}): Promise<Source[]> {
  const directory = join(temporaryFolder(context), "log");
  const run = await record(directory);
  if (erased)
    await eraseRuns(directory, { runs: [run], reason: "asked for", by: "robin", at: AT, isRunning: () => false });
  await rotateKey(directory, { by: "robin", at: AT });
  return await sourcesOf(directory);
}

function parsed(source: Source, version: (typeof OCSF_VERSIONS)[number]): Members[] {
  return ocsfRecords(source, version).map((each) => JSON.parse(toStrictJson(each)) as Members);
}

/** The published schema in two forms: by hand, always; and in full, where a clone of it was at hand. */
for (const version of OCSF_VERSIONS) {
  suite(`OCSF ${version}`, version, false, (record) => formErrors(version, record));
  const skip = missingFacts(version);
  suite(`OCSF ${version}, by all that is published`, version, skip, (record) => violations(loadFacts(version), record));
}

function suite(
  name: string,
  version: (typeof OCSF_VERSIONS)[number],
  skip: string | false,
  errorsOf: (record: Members) => string[],
): void {
  describe(name, { skip }, () => {
    for (const erased of [false, true]) {
      test(`every event ${erased ? "that was erased " : ""}is valid`, async (context) => {
        const sources = await story(context, { erased });
        assert.equal(sources.length, STORY.length + (erased ? 2 : 1));
        const uids = new Set<unknown>();
        for (const source of sources) {
          for (const each of parsed(source, version)) {
            assert.deepEqual(errorsOf(each), [], JSON.stringify(each));
            const { uid, labels } = each["metadata"] as Members;
            assert.ok(!uids.has(uid));
            uids.add(uid);
            // Labels are personal: erased, they are nowhere.
            assert.deepEqual(
              labels,
              source.erased ? ["erased"] : erased || source.event.type === "key.rotated" ? undefined : LABELS,
            );
          }
        }
        if (erased) assert.ok(!JSON.stringify(sources.flatMap((each) => parsed(each, version))).includes("it's"));
      });
    }

    test("whatever bytes an agent puts into strings, it is valid", async (context) => {
      const sources = await story(context);
      fc.assert(
        fc.property(
          fc.constantFrom(...sources),
          hostile.filter((text) => text !== ""),
          (source, text) => {
            for (const each of parsed(withStrings(source, text), version)) assert.deepEqual(errorsOf(each), []);
          },
        ),
        { numRuns: 200 },
      );
    });

    test("negative control: what is wrong is found", async (context) => {
      const [first] = await story(context);
      assert.ok(first !== undefined);
      const [valid = {}] = parsed(first, version);
      assert.deepEqual(errorsOf(valid), []);
      for (const [wrong, message] of [
        [{ ...valid, severity_id: 7 }, /severity_id/],
        [{ ...valid, made_up: 1 }, /made_up/],
        [{ ...valid, time: "now" }, /time/],
        [{ ...valid, action_id: 1 }, /action_id.* is of the profile security_control/],
        [{ ...valid, device: { type_id: 0 } }, /device.* has none of/],
        [{ ...valid, type_uid: 1 }, /type_uid/],
        [{ ...valid, class_uid: 9999 }, /there is no class 9999/],
        [Object.fromEntries(Object.entries(valid).filter(([name]) => name !== "app")), /app/],
      ] as const) {
        assert.match(errorsOf(wrong).join("\n"), message);
      }
    });
  });
}

test("which event is which class", async (context) => {
  const classes: Record<string, Set<unknown>> = {};
  for (const source of await story(context, { erased: true })) {
    for (const each of parsed(source, "1.8.0")) (classes[source.event.type] ??= new Set()).add(each["class_uid"]);
  }
  assert.deepEqual(Object.fromEntries(Object.entries(classes).map(([type, uids]) => [type, [...uids]])), {
    "run.started": [6002],
    "exec.allowed": [1007],
    "exec.refused": [1007, 2004],
    approval: [6003],
    "host.refused": [4003, 2004, 4001],
    "connection.opened": [4001],
    "connection.closed": [4001],
    "request.sent": [4002],
    "request.ended": [4002],
    "request.refused": [4002, 2004],
    "credential.misused": [2004],
    "tool.called": [6003],
    "model.called": [6003],
    "budget.spent": [6002],
    "leak.found": [2004],
    "recording.opened": [1008],
    "recording.grown": [1008],
    "recording.closed": [1008],
    "exec.ended": [1007],
    "exec.tampered": [2004],
    "files.changed": [1001],
    "protection.renewed": [1001],
    "record.witnessed": [1008],
    "run.frozen": [6002],
    "run.ended": [6002],
    "run.erased": [1008],
    "key.rotated": [1008],
  });
});

test("a refusal says what was refused, to whom, why and by which policy; a finding names it", async (context) => {
  const [activity, finding] = parsed((await story(context))[3] ?? assert.fail(), "1.9.0-dev");
  assert.ok(activity && finding);
  assert.partialDeepStrictEqual(activity, {
    action_id: 2,
    disposition_id: 2,
    status_id: 2,
    status_detail: "this holds keys",
    policy: { name: "secrets.files, other" },
    process: { pid: 103, cmd_line: "tool 'it'\\''s' 'a=b|c\\d'", file: { name: "tool", path: "/usr/bin/tool" } },
    actor: { user: { name: "robin" }, process: { pid: 102 } },
    ai_agent: { name: "agent" },
  });
  const { uid } = activity["metadata"] as Members;
  assert.partialDeepStrictEqual(finding, {
    is_alert: true,
    finding_info: { related_events: [{ uid, type_uid: 100_701 }] },
    evidences: [{ process: { pid: 103 } }],
  });
});
