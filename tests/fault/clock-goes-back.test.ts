/** The host's clock is put back in the middle of a run: what is recorded stays readable, whole and in order. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { bailiwick, makePlace, ofType, runGoverned } from "../support/governed.ts";

const HOUR = 3_600_000;

test("a run that ends before it began, by the clock", async (context) => {
  const place = makePlace();
  context.after(() => {
    place.remove();
  });
  // The clock of the command is an hour ahead until the run has begun; the launcher's never is.
  const flag = join(place.workspace, "put-back");
  const clock = place.write(
    "clock.mjs",
    `import { existsSync } from "node:fs";
     const now = Date.now.bind(Date);
     Date.now = () => now() + (existsSync(${JSON.stringify(flag)}) ? 0 : ${String(HOUR)});`,
  );
  writeFileSync(join(place.workspace, "before"), "");
  const before = Date.now();
  const { status, stderr, events } = await runGoverned(place, {
    argv: [
      "sh",
      "-c",
      "/bin/true; touch put-back; echo changed > written; /bin/false; curl -s http://absent.test; exit 0",
    ],
    env: { NODE_OPTIONS: `--import=${pathToFileURL(clock).href}` },
  });
  assert.equal(status, 0, stderr);
  const [started] = ofType(events, "run.started");
  const [ended] = ofType(events, "run.ended");
  assert.ok(started !== undefined && ended !== undefined);
  assert.ok(started.at > before + HOUR / 2 && ended.at < before + HOUR / 2, "the clock was not put back");
  assert.ok(ended.wallMs >= 0 && ended.wallMs < HOUR / 2, String(ended.wallMs));
  assert.ok(ofType(events, "exec.ended").every(({ wallMs }) => wallMs >= 0));
  // What was written after the clock went back was written during the run.
  assert.ok(ofType(events, "files.changed")[0]?.paths.includes("written"));

  const verified = await bailiwick(place, ["audit", "verify"]);
  assert.deepEqual([verified.status, verified.stdout.startsWith("verified")], [0, true], verified.stdout);
  // The run went on from the later time to the earlier one, and either is in it.
  const hour = (at: number): string => new Date(at).toISOString();
  for (const [from, to] of [
    [started.at - 1_000, started.at + 1_000],
    [ended.at - 1_000, ended.at + 1_000],
  ] as const) {
    const archive = join(place.root, `evidence-${String(from)}.zip`);
    const made = await bailiwick(place, ["evidence", "--from", hour(from), "--to", hour(to), "--out", archive]);
    assert.equal(made.status, 0, made.stderr);
  }
  const { stdout } = await bailiwick(place, ["export", "print", "--format", "otlp", "last"]);
  const spans = [...stdout.matchAll(/"startTimeUnixNano":"(\d+)","endTimeUnixNano":"(\d+)"/g)];
  assert.ok(spans.length > 3, stdout);
  for (const [span, start = "0", end = "0"] of spans) assert.ok(BigInt(start) <= BigInt(end), span);
});
