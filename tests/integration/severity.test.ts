/** How severe a refusal is, from the standard policy that says so to what leaves for those who watch; with the labels of the run. By the shipped command. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { bailiwick, makePlace, ofType, runGoverned } from "../support/governed.ts";

const place = makePlace();

before(async () => {
  const argv = ["sh", "-c", "cat ~/.ssh/id_rsa; su root; true"];
  const run = await runGoverned(place, { argv, options: ["--label", "team=payments"] });
  assert.equal(run.status, 0, run.stderr);
  // A shell goes on in the next directory of PATH, and is refused there again.
  const refused = ofType(run.events, "exec.refused").map(
    ({ decision }) => `${decision.policies.join()} ${String(decision.severity)}`,
  );
  assert.deepEqual([...new Set(refused)], ["secrets.files high", "system.privileges low"]);
  assert.ok(ofType(run.events, "exec.allowed").every(({ decision }) => decision.severity === undefined));
});
after(() => {
  place.remove();
});

async function printed(format: string): Promise<string[]> {
  const { status, stdout, stderr } = await bailiwick(place, ["export", "print", "--format", format, "last"]);
  assert.equal(status, 0, stderr);
  return stdout.split("\n").filter((line) => line !== "");
}

test("OCSF: the activity and the finding are high, what works nowhere is low, and every record has the labels", async () => {
  const records = (await printed("ocsf")).map(
    (line) =>
      JSON.parse(line) as { severity_id: number; message: string; metadata: { labels?: string[]; event_code: string } },
  );
  const refused = records.filter(({ metadata }) => metadata.event_code === "exec.refused");
  const of = (word: string) => refused.filter(({ message }) => message.includes(word));
  assert.deepEqual(new Set(of("id_rsa").map(({ severity_id }) => severity_id)), new Set([4]));
  assert.deepEqual(new Set(of("su root").map(({ severity_id }) => severity_id)), new Set([2]));
  assert.ok(records.every(({ metadata }) => metadata.labels?.join() === "team=payments"));
});

for (const [format, high, low, label] of [
  ["cef", "|exec.refused|Exec refused|8|", "|exec.refused|Exec refused|3|", "flexString1=team\\=payments"],
  ["syslog", ' severity="high"', ' severity="low"', 'labels="team=payments"'],
  ["otlp", '"severityNumber":17,', '"severityNumber":12,', '"bailiwick.labels"'],
] as const) {
  test(`${format} says the same`, async () => {
    const text = (await printed(format)).join("\n");
    for (const part of [high, low, label]) assert.ok(text.includes(part), part);
  });
}
