/** An approver's day: a run on another's host wants to push, and they let it. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { skipWithoutChromium } from "../../support/chromium.ts";
import { startConsole, type Console } from "../../support/console.ts";
import { enrol } from "../../support/control-plane.ts";
import type { Place } from "../../support/governed.ts";
import { startScript } from "../../support/ongoing.ts";

let seen: Console;
let place: Place;
let token = "";

const git = (...args: string[]): string =>
  execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@t.test", ...args], { encoding: "utf8" });
const remote = (): string => join(place.workspace, "remote.git");
const pushed = (): string => git("-C", remote(), "branch", "--list", "topic").trim();

before(async () => {
  if (skipWithoutChromium !== false) return;
  seen = await startConsole(["viewRun"]);
  for (const id of ["robin", "norbert"]) await seen.owner.call("addPerson", { body: { id, name: id } });
  const [to, scope] = [
    { type: "Person", id: "norbert" },
    { type: "Company", id: "company" },
  ];
  await seen.owner.call("grantRole", { body: { to, role: "run-approver", scope } });
  token = await seen.tokenOf("norbert", ["viewRun", "viewQuestion", "answerQuestion"]);
  place = seen.place();
  await enrol(seen.owner, seen.server, place, "robin");
  git("init", "-q", "--bare", remote());
  const work = join(place.workspace, "work");
  git("init", "-q", "-b", "topic", work);
  git("-C", work, "commit", "-q", "--allow-empty", "-m", "first");
});
after(async () => {
  if (skipWithoutChromium === false) await seen.close();
});

describe("an approver", { skip: skipWithoutChromium }, () => {
  test("sees that somebody's run wants to push, looks at what that would be, lets it, and sees it pushed", async (context) => {
    const { page } = await seen.open(context, "/approvals", { token });
    await page.getByText("Nothing is asked").waitFor();
    const policy = place.write(
      "push.cedar",
      `@id("ask.push") @reason("pushes are for people") @ask("operator")
forbid (principal, action == Action::"exec", resource in ProgramGroup::"git") when { context.verb == "push" } unless { context.approved };`,
    );
    const script = `cd work && git push ${remote()} topic; echo status=$?`;
    const going = startScript(place, script, ["--policy", policy]);
    context.after(() => {
      going.child.kill("SIGKILL");
    });
    await page.getByRole("row").filter({ hasText: "git push" }).click();
    const question = page.getByRole("article", { name: "Question" });
    for (const text of ["git push", "pushes are for people", "ask.push"])
      await question.getByText(text).first().waitFor();
    assert.equal(pushed(), "", "it waits");
    await page.getByRole("button", { name: "yes, once y" }).click();
    await going.until(/status=0/);
    assert.equal(await going.ended(), 0);
    assert.equal(pushed(), "topic");
    await page.getByText("norbert answered: yes, once").waitFor();
  });
});
