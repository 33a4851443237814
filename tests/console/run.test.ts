/** The page of a run: what it did as a tree, live; by keys; links to each event; and that nothing an agent wrote is ever more than text. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { NewEvent } from "@bailiwick/audit";
import { EVERY_EVENT } from "../../packages/audit/test/every-event.ts";
import { makeHost, type TestHost } from "../../packages/control-plane/test/host.ts";
import { skipWithoutChromium } from "../support/chromium.ts";
import { axeFindings, PAYLOAD, startConsole, type Console } from "../support/console.ts";
import { enrol } from "../support/control-plane.ts";
import { bailiwick, runGoverned, type Place } from "../support/governed.ts";

const POLICY = `@id("no-push") @reason("pushing is for people") @instead("leave a branch")
forbid (principal, action == Action::"exec", resource in ProgramGroup::"git");`;

let seen: Console;
let place: Place;
let host: TestHost;
/** A governed run with a refusal in it. */
let run = "";

before(async () => {
  if (skipWithoutChromium !== false) return;
  seen = await startConsole(["viewRun", "watchRun", "readRun"]);
  place = seen.place();
  await enrol(seen.owner, seen.server, place);
  host = await makeHost({ owner: seen.client, server: seen.server }, "olivia");
  const script =
    "ls / >/dev/null; sh -c '/usr/bin/git push origin main'; echo made > made.txt; sh -c '/usr/bin/git push --tags; exit 3'; exit 0";
  const {
    status: ended,
    events,
    stderr: said,
  } = await runGoverned(place, { argv: ["sh", "-c", script], policy: POLICY });
  assert.equal(ended, 0, said);
  run = events[0]?.run ?? "";
  const { status, stderr } = await bailiwick(place, ["sync", "--json"]);
  assert.equal(status, 0, stderr);
});
after(async () => {
  if (skipWithoutChromium !== false) return;
  host.remove();
  await seen.close();
});

const WHAT = "What happened";

describe("the page of a run", { skip: skipWithoutChromium }, () => {
  test("is where the list leads, and says who ran what, what is enforced, and what was decided and why", async (context) => {
    const { page } = await seen.open(context, "/runs");
    await page.getByRole("row").filter({ hasText: "git push" }).getByRole("link").click();
    await page.waitForURL(`**/runs/${run}`);
    await page.getByText("✓ all of it").waitFor();
    const head = await page.locator(".run-head").innerText();
    assert.match(head, /succeeded/);
    assert.match(head, /olivia@/);
    assert.match(head, /exited, status 0/);
    assert.match(head, /[0-9]+ layers enforced/);
    assert.match(head, /2 refused/);
    const rows = page.getByRole("treegrid", { name: WHAT }).getByRole("row");
    const refused = rows.filter({ hasText: "git push origin main" }).last();
    assert.match(await refused.innerText(), /pushing is for people[^]*refused/);
    // Below what started it.
    assert.equal(await refused.getAttribute("aria-level"), "3");
    assert.match(await rows.filter({ hasText: "git push --tags; exit 3" }).first().innerText(), /exit 3/);
    assert.match(await rows.filter({ hasText: "changed:" }).innerText(), /made\.txt/);
  });

  test("r goes from refusal to refusal, j and k row by row; a link to an event shows that event", async (context) => {
    const { page } = await seen.open(context, `/runs/${run}`);
    await page.getByText("✓ all of it").waitFor();
    const chosen = page.locator('[aria-selected="true"]');
    await page.keyboard.press("r");
    await chosen.filter({ hasText: "git push origin main" }).waitFor();
    const detail = page.getByRole("complementary", { name: "Event" });
    await detail.getByText("leave a branch", { exact: true }).waitFor();
    assert.match(await detail.innerText(), /no-push/);
    await page.waitForURL(`**/runs/${run}/events/*`);
    const link = new URL(page.url()).pathname;
    await page.keyboard.press("r");
    await chosen.filter({ hasText: "git push --tags" }).waitFor();
    await page.keyboard.press("r");
    await chosen.filter({ hasText: "git push origin main" }).waitFor();
    await page.keyboard.press("k");
    await page.keyboard.press("j");
    await chosen.filter({ hasText: "git push origin main" }).waitFor();
    await page.keyboard.press("Escape");
    await page.waitForURL(`**/runs/${run}`);
    assert.equal(await chosen.count(), 0);

    const { page: other } = await seen.open(context, link);
    await other.locator('[aria-selected="true"]').filter({ hasText: "git push origin main" }).waitFor();
    await other.getByText("leave a branch", { exact: true }).waitFor();
  });

  test("what is shown is in the address; a filter that nothing matches says what to do", async (context) => {
    const { page } = await seen.open(context, `/runs/${run}?show=refused`);
    await page.getByText("✓ all of it").waitFor();
    const rows = page.getByRole("treegrid", { name: WHAT }).getByRole("row");
    await rows.nth(2).waitFor();
    assert.equal(await rows.count(), 3);
    await page.keyboard.press("/");
    await page.keyboard.type("tags");
    await page.getByText("1 of").waitFor();
    assert.equal(new URL(page.url()).search, "?show=refused&q=tags");
    await page.keyboard.type("zzz");
    await page.getByText("Nothing of this run matches").waitFor();
  });

  test("follows what happens, and what is looked at stays where it is when rows come above it", async (context) => {
    const started = startedEvent();
    const going = await host.write([started, ...Array.from({ length: 60 }, (_, index) => execEvent(index + 1, 0))]);
    await host.send();
    const { page } = await seen.open(context, `/runs/${going}`);
    await page.getByText("● live").waitFor();
    await page.keyboard.press("End");
    const chosen = page.locator('[aria-selected="true"]');
    await chosen.getByText("echo 60").waitFor();
    await page.keyboard.press("k");
    await chosen.getByText("echo 59").waitFor();
    await page.locator(".events").evaluate((box) => (box.scrollTop -= 60));
    const top = async () => (await chosen.boundingBox())?.y;
    const before = await top();
    // Of the first command, so above what is looked at.
    await host.write(
      Array.from({ length: 20 }, (_, index) => execEvent(100 + index, 1)),
      going,
    );
    await host.send();
    await page.getByText("80 of 80").waitFor();
    assert.equal(await top(), before);
  });

  test("who may see a run and not read it is told so; who may read it and not watch it sees what there was; one that the server hears of later shows up", async (context) => {
    const token = await seen.tokenOf("olivia", ["viewRun"]);
    const { page } = await seen.open(context, `/runs/${run}`, { token });
    await page.getByText("You may see that this run is there").waitFor();
    assert.match(await page.locator("h1").innerText(), /git push/);
    const reading = await seen.tokenOf("olivia", ["viewRun", "readRun"]);
    const { page: read } = await seen.open(context, `/runs/${run}`, { token: reading });
    await read.getByRole("row").filter({ hasText: "git push" }).first().waitFor();
    await read.getByText("✓ all of it").waitFor();
    const soon = await host.write([startedEvent(), execEvent(1, 0)]);
    const { page: early } = await seen.open(context, `/runs/${soon}`);
    await early.getByRole("alert").getByText("there is no run").waitFor();
    await host.send();
    await early.getByRole("row").filter({ hasText: "echo 1" }).waitFor();
    assert.equal(await early.getByRole("alert").count(), 0);
  });

  test("markup in every text of every event is text, and runs nothing", async (context) => {
    const events = Object.entries(EVERY_EVENT)
      .filter(([type]) => type !== "key.rotated" && type !== "run.erased")
      .map(([type, body]) => ({ type, at: Date.now(), ...(armed(body) as object) }) as NewEvent);
    const hostile = await host.write(events);
    await host.send();
    const { page, refused } = await seen.open(context, `/runs/${hostile}`);
    await page.getByText("✓ all of it").waitFor();
    assert.match(await page.locator(".run-head").innerText(), /k=v/);
    const rows = page.getByRole("treegrid", { name: WHAT }).getByRole("row");
    await rows.filter({ hasText: "onerror" }).first().waitFor();
    const count = await rows.count();
    assert.ok(count > 15, String(count));
    await page.locator("summary").click();
    for (let index = 1; index < count; index++) {
      await page.keyboard.press("j");
      await page.locator(".detail pre").getByText("onerror").first().waitFor();
    }
    assert.equal(await page.title(), "Bailiwick");
    assert.equal(await page.locator("img").count(), 0);
    assert.deepEqual(refused, []);
  });

  for (const dark of [undefined, true] as const) {
    test(`axe finds nothing in the ${dark ? "dark" : "light"} theme`, async (context) => {
      const { page } = await seen.open(context, `/runs/${run}`, dark ? { dark } : {});
      await page.getByText("✓ all of it").waitFor();
      await page.keyboard.press("r");
      await page.locator("summary").click();
      await page.getByText("leave a branch", { exact: true }).waitFor();
      if (process.env["SHOTS"])
        await page.screenshot({ path: `${process.env["SHOTS"]}/run-${dark ? "dark" : "light"}.png` });
      assert.deepEqual(await axeFindings(page), []);
    });
  }
});

/** The same with markup in every text that may be any. */
function armed(value: unknown): unknown {
  if (typeof value === "string")
    return /^(sha256:|allow$|deny$|ask$)/.test(value) || CLOSED.has(value) ? value : PAYLOAD;
  if (Array.isArray(value)) return value.map(armed);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, armed(member)]));
}
/** Values of closed lists, and one of a form of its own (a label). */
const CLOSED = new Set([...["enforced", "call", "once", "secret", "body", "tokens", "ended", "end", "exited", "k=v"]]);

const digest = `sha256:${"0".repeat(64)}`;

function startedEvent(): NewEvent {
  return { type: "run.started", at: Date.now(), ...EVERY_EVENT["run.started"] };
}

function execEvent(exec: number, parent: number): NewEvent {
  return {
    ...{ type: "exec.allowed", at: Date.now(), exec, parent, pid: 100, asked: "echo", cwd: "/" },
    program: { path: "/usr/bin/echo", digest },
    argv: { values: ["echo", String(exec)] },
    decision: { outcome: "allow", policies: [], reason: "", policyDigest: digest },
  };
}
