/** The console's palette: to pages and runs, and to what may be done with a run, by the keyboard alone, with a reason and a second step. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { makeHost } from "../../packages/control-plane/test/host.ts";
import { skipWithoutChromium } from "../support/chromium.ts";
import { axeFindings, PAYLOAD, startConsole, type Console } from "../support/console.ts";
import { enrol } from "../support/control-plane.ts";
import { startGoing } from "../support/going.ts";
import { bailiwick, ofType, type Place } from "../support/governed.ts";

const SEEING = ["viewRun", "watchRun", "readRun"];

let seen: Console;
let place: Place;

before(async () => {
  if (skipWithoutChromium !== false) return;
  seen = await startConsole([...SEEING, "killRun", "pauseRun"]);
  place = seen.place();
  await enrol(seen.owner, seen.server, place);
});
after(async () => {
  if (skipWithoutChromium === false) await seen.close();
});

describe("the palette", { skip: skipWithoutChromium }, () => {
  test("leads to pages, runs and filters by words", async (context) => {
    const host = await makeHost({ owner: seen.client, server: seen.server }, "olivia");
    context.after(() => {
      host.remove();
    });
    const run = await host.record({ project: "greenhouse" });
    await host.send();
    const { page } = await seen.open(context, "/runs");
    await page.getByRole("button", { name: "Go or do" }).waitFor();
    await page.keyboard.press("ControlOrMeta+k");
    await page.keyboard.type("approv");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/approvals");
    await page.keyboard.press("ControlOrMeta+k");
    await page.keyboard.type("project:greenhouse");
    // Behind what has these words for a filter of the runs and for the search.
    const option = page.getByRole("option").filter({ hasText: "claude" });
    await option.waitFor();
    for (let times = 0; times < 2; times++) await page.keyboard.press("ArrowDown");
    assert.equal(await option.getAttribute("aria-selected"), "true");
    await page.keyboard.press("Enter");
    await page.waitForURL(`**/runs/${run}`);
    await page.keyboard.press("ControlOrMeta+k");
    await page.keyboard.type("greenhouse");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/runs?q=greenhouse");
    await page.keyboard.press("ControlOrMeta+k");
    await page.getByRole("dialog", { name: "Go or do" }).waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
  });

  test("pauses, lets go on and ends a run, each with a reason and a second step", async (context) => {
    const going = await startGoing(place);
    context.after(() => {
      going.child.kill("SIGKILL");
    });
    const { page } = await seen.open(context, `/runs/${going.run}`);
    await page.getByText("● live").waitFor();
    for (const [words, label] of [
      ["pause", "Pause this run"],
      ["go on", "Let this run go on"],
      ["end this", "End this run"],
    ] as const) {
      await page.keyboard.press("ControlOrMeta+k");
      await page.getByRole("option", { name: "Pause this run" }).waitFor();
      await page.keyboard.type(words);
      await page.keyboard.press("Enter");
      const form = page.getByRole("form", { name: label });
      // Without a reason nothing is ordered.
      assert.ok(await form.getByRole("button", { name: label }).isDisabled());
      await page.keyboard.type(`to be sure of ${words}`);
      await page.keyboard.press("Enter");
      await form.getByText("Ordered.").waitFor();
      await page.keyboard.press("Escape");
    }
    await going.ended();
    // What a run could not send before it ended, the next command of its host sends.
    assert.equal((await bailiwick(place, ["sync"])).status, 0);
    await page.locator("h1").getByText("failed").waitFor();
    const events = await going.events();
    assert.equal(ofType(events, "run.ended")[0]?.reason, "killed");
    assert.ok(ofType(events, "run.frozen").some(({ reason }) => reason.includes("to be sure of end this")));
    // It has ended: nothing can be ordered any more.
    await page.keyboard.press("ControlOrMeta+k");
    assert.match(await page.getByRole("option").filter({ hasText: "End this run" }).innerText(), /it has ended/);
  });

  test("says why what is not permitted is not, and what the server refuses", async (context) => {
    const going = await startGoing(place);
    context.after(() => {
      going.child.kill("SIGKILL");
    });
    const token = await seen.tokenOf("olivia", [...SEEING, "pauseRun"]);
    const { page } = await seen.open(context, `/runs/${going.run}`, { token });
    await page.getByText("● live").waitFor();
    await page.keyboard.press("ControlOrMeta+k");
    const kill = page.getByRole("option").filter({ hasText: "End this run" });
    await kill.getByText("that takes a role with killRun, and you have none").waitFor();
    assert.equal(await kill.getAttribute("aria-disabled"), "true");
    await page.keyboard.type("end this");
    await page.keyboard.press("Enter");
    assert.equal(await page.getByRole("form").count(), 0);
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.type("pause");
    await page.keyboard.press("Enter");
    await page.keyboard.type("look first");
    await page.route("**/orders/pause", (route) =>
      route.fulfill({
        status: 403,
        json: { error: { code: "SERVER_NEEDS_OTHERS", message: "2 people have to want this", remedy: "tell them" } },
      }),
    );
    await page.keyboard.press("Enter");
    await page.getByRole("alert").getByText("2 people have to want this").waitFor();
  });

  test("turns single keys off and on", async (context) => {
    const { page } = await seen.open(context, "/runs");
    const filter = page.getByRole("searchbox");
    const turn = async (): Promise<void> => {
      await page.keyboard.press("ControlOrMeta+k");
      await page.keyboard.type("single keys");
      await page.keyboard.press("Enter");
      await page.getByRole("dialog").waitFor({ state: "detached" });
    };
    await filter.waitFor();
    await turn();
    await page.keyboard.press("/");
    assert.equal(await page.locator("#filter:focus").count(), 0);
    await turn();
    await page.keyboard.press("/");
    assert.equal(await page.locator("#filter:focus").count(), 1);
  });

  for (const dark of [undefined, true] as const) {
    test(`markup in it is text, and axe finds nothing, in the ${dark ? "dark" : "light"} theme`, async (context) => {
      const host = await makeHost({ owner: seen.client, server: seen.server }, "olivia");
      context.after(() => {
        host.remove();
      });
      const run = await host.record({ project: PAYLOAD, agent: PAYLOAD });
      await host.send();
      const { page, refused } = await seen.open(context, `/runs/${run}`, dark ? { dark } : {});
      await page.locator("h1").getByText("claude").waitFor();
      await page.keyboard.press("ControlOrMeta+k");
      await page.getByRole("option", { name: "End this run" }).waitFor();
      if (process.env["SHOTS"])
        await page.screenshot({ path: `${process.env["SHOTS"]}/palette-${dark ? "dark" : "light"}.png` });
      assert.deepEqual(await axeFindings(page), []);
      await page.keyboard.type("end this");
      await page.keyboard.press("Enter");
      await page.getByRole("form", { name: "End this run" }).getByText("onerror").waitFor();
      assert.deepEqual(await axeFindings(page), []);
      assert.deepEqual([await page.title(), await page.locator("img").count(), refused], ["Bailiwick", 0, []]);
    });
  }
});
