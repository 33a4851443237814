/** The terminal on the page of a run: on one timeline with what happened; live; and never more than text, whatever a program wrote. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { eraseRuns, type NewEvent } from "@bailiwick/audit";
import type { RunId } from "@bailiwick/base";
import { EVERY_EVENT } from "../../packages/audit/test/every-event.ts";
import { makeHost, type TestHost } from "../../packages/control-plane/test/host.ts";
import { skipWithoutChromium } from "../support/chromium.ts";
import { axeFindings, PAYLOAD, startConsole, type Console } from "../support/console.ts";

const ACTIONS = ["viewRun", "readRun", "watchRun", "replayRun", "watchTerminal"];
let seen: Console;
let host: TestHost;
before(async () => {
  if (skipWithoutChromium !== false) return;
  seen = await startConsole(ACTIONS);
  host = await makeHost({ owner: seen.client, server: seen.server }, "olivia");
});
after(async () => {
  if (skipWithoutChromium !== false) return;
  host.remove();
  await seen.close();
});

/** A minute in the past: all of what is recorded has happened. */
const START = Date.now() - 600_000;
const digest = `sha256:${"0".repeat(64)}`;

type Frame = readonly [atMs: number, code: "o" | "r" | "m" | "x", data: string];

function castOf(frames: readonly Frame[], columns = 80, rows = 24): string {
  let before = 0;
  const lines = frames.map(([at, code, data]) => {
    const line = JSON.stringify([(at - before) / 1000, code, data]);
    before = at;
    return line;
  });
  const term = { cols: columns, rows, type: "xterm-256color" };
  return `${[JSON.stringify({ version: 3, term, timestamp: Math.floor(START / 1000) }), ...lines].join("\n")}\n`;
}

const decision = (outcome: "allow" | "deny", reason = "") => ({ outcome, policies: [], reason, policyDigest: digest });

function execAt(afterMs: number, exec: number, command: string, refused?: string): NewEvent {
  return {
    ...{
      type: refused === undefined ? "exec.allowed" : "exec.refused",
      at: START + afterMs,
      exec,
      parent: 0,
      pid: 100,
    },
    ...{ asked: "sh", cwd: "/", program: { path: "/usr/bin/sh", digest }, argv: { values: [command] } },
    decision: decision(refused === undefined ? "allow" : "deny", refused),
  } as NewEvent;
}

const started = (): NewEvent => ({ type: "run.started", ...EVERY_EVENT["run.started"], at: START });
const ended = (afterMs: number): NewEvent => ({ type: "run.ended", ...EVERY_EVENT["run.ended"], at: START + afterMs });
const opened = (send = true): NewEvent => ({
  ...{ type: "recording.opened", at: START, columns: 80, rows: 24 },
  ...(send && { send }),
});
const closed = (cast: string): NewEvent => ({
  ...{ type: "recording.closed", at: START, bytes: Buffer.byteLength(cast), frames: 1, dropped: 0, redactions: 0 },
  ...{ digest: `sha256:${createHash("sha256").update(cast).digest("hex")}`, reason: "ended" },
});

async function tell(events: readonly NewEvent[], run?: RunId): Promise<RunId> {
  const written = await host.write(events, run);
  await host.send();
  return written;
}

async function record(run: string, from: number, text: string): Promise<number> {
  const body = { from, bytes: Buffer.from(text).toString("base64") };
  return (await host.client.call("appendRecording", { params: { host: host.id, run }, body })).bytes;
}

const FRAMES: readonly Frame[] = [
  [0, "o", "first line\r\n"],
  [10_000, "o", "\u001b[1;31mbefore the push\u001b[0m\r\n"],
  [20_000, "o", "after the push\r\n"],
  [30_000, "o", "\u001b[38;5;208m\u001b[4mthe end\u001b[0m 你好 ok\r\n"],
];

async function whole(frames = FRAMES, events: readonly NewEvent[] = STORY): Promise<RunId> {
  const cast = castOf(frames);
  const run = await tell([started(), opened(), ...events, closed(cast), ended(31_000)]);
  await record(run, 0, cast);
  return run;
}

const STORY: readonly NewEvent[] = [
  execAt(500, 1, "make build"),
  execAt(12_000, 2, "git push origin main", "pushing is for people"),
  execAt(14_000, 3, "make test"),
  execAt(25_000, 4, "git push --tags", "pushing is for people"),
];

const SCREEN = ".terminal-screen";

describe("the terminal of a run", { skip: skipWithoutChromium }, () => {
  test("is loaded when it is asked for, and is of the moment of the event that is looked at", async (context) => {
    const run = await whole();
    const { page, asked } = await seen.open(context, `/runs/${run}`);
    await page.getByText("✓ all of it").waitFor();
    assert.ok(!asked.some((url) => url.includes("terminal") || url.includes("recording")));
    await page.keyboard.press("t");
    const screen = page.locator(SCREEN);
    await screen.getByText("the end").waitFor();
    assert.ok(new URL(page.url()).searchParams.has("terminal"));
    // A refusal, by its key: tree and picture are at it.
    await page.keyboard.press("r");
    await page.locator('[aria-selected="true"]').filter({ hasText: "git push origin main" }).waitFor();
    await page.locator(".clock", { hasText: "0:12 / 0:30" }).waitFor();
    await screen.getByText("before the push").waitFor();
    assert.equal(await screen.getByText("after the push").count(), 0);
    await page.keyboard.press("r");
    await page.locator(".clock", { hasText: "0:25 / 0:30" }).waitFor();
    await screen.getByText("after the push").waitFor();
    assert.equal(await screen.getByText("the end").count(), 0);
    // Back, by a click in the tree.
    await page.getByRole("row").filter({ hasText: "make build" }).click();
    await page.locator(".clock", { hasText: "0:00 / 0:30" }).waitFor();
    await screen.getByText("first line").waitFor();
    assert.equal(await screen.getByText("before the push").count(), 0);
    // What is a link to a moment.
    const chosen = page.locator('[aria-selected="true"]').filter({ hasText: "make build" });
    const seq = (await chosen.getAttribute("id"))?.slice("event-".length) ?? "";
    await page.waitForURL(`**/events/${seq}?terminal*`);
    const { page: other } = await seen.open(context, page.url().slice(new URL(page.url()).origin.length));
    await other.locator(".clock", { hasText: "0:00 / 0:30" }).waitFor();
    await other.locator(SCREEN).getByText("first line").waitFor();
  });

  test("a mark on the timeline leads to its event and moment; elsewhere to that moment; arrows go on and back", async (context) => {
    const { page } = await seen.open(context, `/runs/${await whole()}?terminal`);
    await page.locator(SCREEN).getByText("the end").waitFor();
    await page.locator(".mark.refused").first().waitFor();
    assert.equal(await page.locator(".mark.refused").count(), 2);
    assert.equal(await page.locator(".mark.command").count(), 2);
    const line = page.getByRole("slider", { name: "Position in the recording" });
    const box = (await line.boundingBox()) ?? assert.fail();
    const at = async (part: number): Promise<void> => {
      await line.click({ position: { x: box.width * part, y: box.height / 2 } });
    };
    await at(12 / 30);
    await page.locator('[aria-selected="true"]').filter({ hasText: "git push origin main" }).waitFor();
    await page.locator(".clock", { hasText: "0:12 / 0:30" }).waitFor();
    await at(20.5 / 30);
    await page.locator(".clock", { hasText: "0:20 / 0:30" }).waitFor();
    await page.locator(SCREEN).getByText("after the push").waitFor();
    await page.keyboard.press("ArrowLeft");
    await page.locator(".clock", { hasText: "0:15 / 0:30" }).waitFor();
    assert.equal(await line.getAttribute("aria-valuetext"), "0:15 of 0:30");
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    await page.locator(".clock", { hasText: "0:25 / 0:30" }).waitFor();
  });

  test("plays and pauses by the space bar, faster and slower, and the tree follows", async (context) => {
    const { page } = await seen.open(context, `/runs/${await whole()}?terminal`);
    await page.locator(SCREEN).getByText("the end").waitFor();
    // Until all of it has come there may be more: its end is none to begin anew from.
    await page.locator(".clock[data-mode=paused]", { hasText: "0:30 / 0:30" }).waitFor();
    await page.keyboard.press(" ");
    const now = page.locator('[aria-current="time"]');
    await now.filter({ hasText: "make build" }).waitFor();
    await page.keyboard.press(" ");
    await page.locator(".clock[data-mode=paused]").waitFor();
    assert.ok(!(await page.locator(".clock").innerText()).startsWith("0:30"));
    const line = page.getByRole("slider", { name: "Position in the recording" });
    const box = (await line.boundingBox()) ?? assert.fail();
    await line.click({ position: { x: box.width * (22 / 30), y: box.height / 2 } });
    await page.locator(".clock", { hasText: "0:22 / 0:30" }).waitFor();
    await page.keyboard.press(" ");
    await now.filter({ hasText: "git push --tags" }).waitFor();
    for (const speed of ["2×", "4×"]) {
      await page.keyboard.press("+");
      await page.getByText(speed, { exact: true }).waitFor();
    }
    // It comes to its end by itself.
    await page.locator(".clock[data-mode=paused]", { hasText: "0:30 / 0:30" }).waitFor();
    assert.equal(await now.count(), 0);
    await page.keyboard.press("-");
    await page.getByText("2×", { exact: true }).waitFor();
  });

  test("is live while the run goes on, and stays at what is looked at until one goes back", async (context) => {
    const run = await tell([started(), opened(), execAt(1_000, 1, "git push", "no")]);
    const head = castOf([
      [0, "o", "begin\r\n"],
      [2_000, "o", "two\r\n"],
    ]);
    let at = await record(run, 0, head);
    const { page } = await seen.open(context, `/runs/${run}?terminal`);
    const screen = page.locator(SCREEN);
    await screen.getByText("two").waitFor();
    at = await record(run, at, '[1,"o","thr');
    at = await record(run, at, 'ee\\r\\n"]\n');
    await screen.getByText("three").waitFor();
    await page.locator(".clock[data-mode=live]", { hasText: "0:03 / 0:03" }).waitFor();
    await page.keyboard.press("r");
    await page.locator(".clock[data-mode=paused]", { hasText: "0:01 / 0:03" }).waitFor();
    assert.equal(await screen.getByText("two").count(), 0);
    at = await record(run, at, '[1,"o","four\\r\\n"]\n');
    await page.locator(".clock", { hasText: "0:01 / 0:04" }).waitFor();
    assert.equal(await screen.getByText("four").count(), 0);
    await page.getByRole("button", { name: "Live" }).click();
    await screen.getByText("four").waitFor();
    const cast = `${head}[1,"o","three\\r\\n"]\n[1,"o","four\\r\\n"]\n`;
    assert.equal(at, Buffer.byteLength(cast));
    await tell([closed(cast), ended(5_000)], run);
    await page.locator(".clock[data-mode=paused]", { hasText: "0:04 / 0:04" }).waitFor();
    assert.equal(await page.getByRole("alert").count(), 0);
  });

  test("what a program wrote is text, and does nothing to the page or whoever looks", async (context) => {
    const hostile = [
      PAYLOAD,
      "\u001b]52;c;ZWNobyBoYWNrZWQK\u0007",
      "\u001b]0;owned\u0007\u001b]2;owned\u001b\\",
      "\u001b]8;;javascript:document.title='owned'\u001b\\a link\u001b]8;;\u001b\\",
      "\u001b]8;;https://evil.test/\u001b\\web\u001b]8;;\u001b\\",
      "\u001bP+q544e\u001b\\\u001b[6n\u001b[c\u001b[21t\u001b[?1003h\u0007\u0005",
      "\u202egnp.exe\u202c",
      "\r\nstill here\r\n",
    ].join("");
    const run = await whole(
      [
        [0, "o", hostile],
        [1_000, "m", PAYLOAD],
        [2_000, "o", "done\r\n"],
      ],
      [execAt(500, 1, PAYLOAD, PAYLOAD)],
    );
    const { page, refused, asked } = await seen.open(context, `/runs/${run}?terminal`);
    const screen = page.locator(SCREEN);
    await screen.getByText("done").waitFor();
    await page.locator(".mark.refused").waitFor();
    const shown = await screen.innerText();
    assert.match(shown, /<img src=x onerror=/);
    assert.match(shown, /still here/);
    assert.doesNotMatch(shown, /[\u202a-\u202e\u001b\u0007]|ZWNobyBo/);
    assert.equal(await page.title(), "Bailiwick");
    assert.equal(await page.locator(`img, ${SCREEN} a, ${SCREEN} script`).count(), 0);
    assert.deepEqual(refused, []);
    assert.ok(!asked.some((url) => url.includes("evil.test")));
  });

  test("says why there is nothing, and that something is not what was recorded", async (context) => {
    const saying = async (run: string, text: string | RegExp, token?: string): Promise<void> => {
      const { page } = await seen.open(context, `/runs/${run}?terminal`, token === undefined ? {} : { token });
      await page.locator(".terminal").getByText(text).waitFor();
    };
    await saying(await tell([started(), ended(1)]), "No recording of a terminal is known of this run");
    await saying(await tell([started(), opened(false), ended(1)]), "the recording stays on its host");
    await saying(await tell([started(), opened()]), "Nothing of it has come here yet");
    const erased = await whole();
    await eraseRuns(host.log, { runs: [erased], by: "robin", reason: "x", at: Date.now(), isRunning: () => false });
    await host.send();
    await saying(erased, "The recording was erased");
    const run = await whole();
    await saying(run, "not its terminal", await seen.tokenOf("olivia", ["viewRun", "readRun", "watchRun"]));
    const going = await tell([started(), opened()]);
    await record(going, 0, castOf(FRAMES));
    await saying(going, "not watch it live", await seen.tokenOf("olivia", ["viewRun", "readRun", "replayRun"]));
    const cast = castOf(FRAMES);
    const forged = await tell([started(), opened(), closed(cast.replace("first", "other"))]);
    await record(forged, 0, cast);
    await saying(forged, "This is not what its host recorded");
  });

  for (const dark of [undefined, true] as const) {
    test(`axe finds nothing in the ${dark ? "dark" : "light"} theme`, async (context) => {
      const { page } = await seen.open(context, `/runs/${await whole()}?terminal`, dark ? { dark } : {});
      await page.locator(SCREEN).getByText("the end").waitFor();
      await page.locator(".mark.refused").first().waitFor();
      await page.keyboard.press("r");
      await page.getByRole("complementary", { name: "Event" }).getByText("In UTC").waitFor();
      await page.locator(".clock", { hasText: "0:12" }).waitFor();
      if (process.env["SHOTS"])
        await page.screenshot({ path: `${process.env["SHOTS"]}/terminal-${dark ? "dark" : "light"}.png` });
      assert.deepEqual(await axeFindings(page), []);
    });
  }
});
