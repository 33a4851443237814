/** Questions of runs in the console: shown as they come with all that they are, answered by one key, which is sent five seconds later or never. */
import assert from "node:assert/strict";
import { after, before, describe, test, type TestContext } from "node:test";
import type { Page } from "playwright-core";
import type { QuestionOfServer } from "../../packages/control-plane/contract/index.ts";
import { makeHost, type TestHost } from "../../packages/control-plane/test/host.ts";
import { skipWithoutChromium } from "../support/chromium.ts";
import { axeFindings, PAYLOAD, startConsole, type Console } from "../support/console.ts";
import { enrol } from "../support/control-plane.ts";
import { startScript } from "../support/ongoing.ts";

const ACTIONS = ["viewQuestion", "answerQuestion", "viewRun"];
const digest = `sha256:${"0".repeat(64)}`;

let seen: Console;
/** Of Robin; olivia and norbert may answer. */
let host: TestHost;
let run = "";
let asked = 0;

before(async () => {
  if (skipWithoutChromium !== false) return;
  seen = await startConsole(ACTIONS);
  for (const id of ["robin", "norbert"]) await seen.owner.call("addPerson", { body: { id, name: id } });
  const body = {
    to: { type: "Person", id: "norbert" },
    role: "run-approver",
    scope: { type: "Company", id: "company" },
  };
  await seen.owner.call("grantRole", { body });
  host = await makeHost({ owner: seen.client, server: seen.server }, "robin");
  run = await host.record();
  await host.send();
});
after(async () => {
  if (skipWithoutChromium !== false) return;
  host.remove();
  await seen.close();
});

/** Asks as the run of a host would. @returns the question's id */
async function ask(context: TestContext, change: object = {}): Promise<string> {
  asked += 1;
  const question = {
    ...{
      id: `${"q".repeat(20)}${String(asked).padStart(2, "0")}`,
      run,
      agent: "claude-code",
      project: "shop",
      exec: 7,
    },
    ...{ bound: `sha256:${String(asked).padStart(64, "0")}`, policyDigest: digest, expiresInS: 3_600 },
    ...{
      argv: ["git", "push", `branch-${String(asked)}`],
      cwd: "/work/shop",
      files: [{ path: "/usr/bin/git", digest }],
    },
    ...{ reason: "pushing is for people", instead: "leave a branch", policies: ["ask-push"] },
    terms: { classes: ["push"], links: true, approvals: 1, risk: "medium" as const },
    ...change,
  };
  await host.client.call("askQuestion", { params: { host: host.id }, body: question });
  context.after(() => host.client.call("withdrawQuestion", { params: { host: host.id, question: question.id } }));
  return question.id;
}

async function find(question: string): Promise<QuestionOfServer> {
  return await seen.client.call("showQuestion", { params: { question } });
}

const questionOf = (page: Page) => page.getByRole("article", { name: "Question" });

/** Only then do keys answer: that one may is known a moment after the question is. */
async function answerable(page: Page): Promise<void> {
  await page.getByRole("button", { name: "yes, once y" }).waitFor();
}

describe("approvals", { skip: skipWithoutChromium }, () => {
  test("a question shows up by itself, says all that it is about; yes lets the process go on, and says whose it was", async (context) => {
    const place = seen.place();
    await enrol(seen.owner, seen.server, place, "robin");
    const { page } = await seen.open(context, "/approvals");
    await page.getByText("Nothing is asked").waitFor();
    await page.clock.install();
    const policy = place.write(
      "ask.cedar",
      `@id("test.ask") @reason("it prints") @ask("operator")
forbid (principal, action == Action::"exec", resource in ProgramGroup::"printf") unless { context.approved };`,
    );
    const going = startScript(place, "/usr/bin/printf asked-and-answered; echo status=$?", ["--policy", policy]);
    context.after(() => {
      going.child.kill("SIGKILL");
    });
    await page.getByRole("row").filter({ hasText: "printf asked-and-answered" }).waitFor();
    await page.keyboard.press("j");
    const text = await questionOf(page).innerText();
    for (const expected of [
      /May this run\?/,
      /it prints/,
      /test\.ask/,
      /\/usr\/bin\/printf \(sha256:/,
      /sha256:[0-9a-f]{64}\s+An answer/,
    ]) {
      assert.match(text, expected);
    }
    assert.match(text, /who may answer\s+whoever may answer questions of this run, other than robin/);
    await answerable(page);
    await page.keyboard.press("y");
    await page.getByText("“yes, once” is sent in five seconds").waitFor();
    await page.clock.fastForward(5_000);
    assert.match(await going.until(/status=0/), /asked-and-answered/);
    await page.getByText("olivia answered: yes, once").waitFor();
    assert.equal(await going.ended(), 0);
  });

  test("what is taken back within five seconds is never sent; each key sends its own answer", async (context) => {
    const ids = [await ask(context), await ask(context)];
    const [first = "", second = ""] = ids;
    const { page } = await seen.open(context, `/approvals/${first}`);
    await questionOf(page).getByText("branch-").first().waitFor();
    await page.clock.install();
    await answerable(page);
    await page.keyboard.press("y");
    await page.getByText("is sent in five seconds").waitFor();
    // A second key changes nothing: the first is to be taken back before.
    await page.keyboard.press("n");
    await page.keyboard.press("u");
    await page.getByText("is sent in five seconds").waitFor({ state: "detached" });
    await page.clock.fastForward(60_000);
    assert.equal((await find(first)).state, "open");
    await page.keyboard.press("a");
    await page.getByText("is sent in five seconds").waitFor();
    await page.clock.fastForward(5_000);
    await page.getByText("olivia answered: yes, for this run").waitFor();
    assert.equal((await find(first)).answer, "run");
    await page.keyboard.press("j");
    await page.waitForURL(`**/approvals/${second}`);
    await page.getByLabel("Why (for the log)").fill("not today");
    await page.keyboard.press("Tab");
    await page.keyboard.press("n");
    await page.getByText("is sent in five seconds").waitFor();
    await page.clock.fastForward(5_000);
    await page.getByText("olivia answered: no").waitFor();
    assert.equal((await find(second)).why, "not today");
  });

  test("leaving the page, or closing it, sends nothing, and says so", async (context) => {
    const id = await ask(context);
    const { page } = await seen.open(context, `/approvals/${id}`);
    await questionOf(page).waitFor();
    await page.clock.install();
    await answerable(page);
    await page.keyboard.press("y");
    await page.getByText("is sent in five seconds").waitFor();
    await page.getByRole("link", { name: "Runs" }).click();
    await page.getByText(/Not sent, because the page was left.*“yes, once” to git push/).waitFor();
    await page.clock.fastForward(60_000);
    await page.getByRole("button", { name: "Seen" }).click();
    await page.goBack();
    await questionOf(page).waitFor();
    await answerable(page);
    await page.keyboard.press("a");
    await page.getByText("is sent in five seconds").waitFor();
    const dialogs: string[] = [];
    page.on("dialog", (dialog) => {
      dialogs.push(dialog.type());
      dialog.accept().catch(() => undefined);
    });
    await page.reload();
    await page.getByText(/Not sent, because the page was left.*“yes, for this run”/).waitFor();
    assert.deepEqual(dialogs, ["beforeunload"]);
    assert.equal((await find(id)).state, "open");
  });

  test("who may not answer is told why, and their keys send nothing", async (context) => {
    const forSecurity = await ask(context, { role: "security-admin" });
    const token = await seen.tokenOf("norbert", ACTIONS);
    const { page } = await seen.open(context, `/approvals/${forSecurity}`, { token });
    await page.getByText("that takes the role security-admin for it").waitFor();
    await page.keyboard.press("y");
    assert.equal(await page.getByText("is sent in five seconds").count(), 0);
    assert.equal(await questionOf(page).getByRole("button").count(), 0);
    // Negative control: one that they may.
    const other = await ask(context);
    await page.goto(`${seen.server.url}/approvals/${other}`);
    await answerable(page);

    const own = await makeHost({ owner: seen.client, server: seen.server }, "olivia");
    context.after(() => {
      own.remove();
    });
    const question = { ...(await find(other)), id: `${"p".repeat(22)}`, run: await own.record() };
    const { argv, cwd, files, reason, policies, policyDigest, bound, agent, project } = question;
    const body = {
      id: question.id,
      run: question.run,
      argv,
      cwd,
      files,
      reason,
      policies,
      policyDigest,
      bound,
      agent,
      project,
    };
    await own.client.call("askQuestion", { params: { host: own.id }, body: { ...body, exec: 1, expiresInS: 600 } });
    const { page: olivia } = await seen.open(context, `/approvals/${question.id}`);
    await olivia.getByText("It is your own run that asks").waitFor();
  });

  test("several people's yes, and one that a passkey has to prove, are said before and after", async (context) => {
    const terms = { classes: [], links: false, approvals: 2, risk: "high" as const };
    const two = await ask(context, { terms });
    const { page } = await seen.open(context, `/approvals/${two}`);
    await page.getByText("2 different people have to say yes (nobody so far)").waitFor();
    await page.clock.install();
    await answerable(page);
    await page.keyboard.press("y");
    await page.getByText("is sent in five seconds").waitFor();
    await page.clock.fastForward(5_000);
    await page.getByText("You have said yes; somebody else has to, too.").waitFor();
    assert.deepEqual((await find(two)).saidYes, ["olivia"]);
    const proven = await ask(context, { terms: { ...terms, approvals: 1, stepUpMinutes: 15 } });
    await page.goto(`${seen.server.url}/approvals/${proven}`);
    const link = page.getByRole("link", { name: "Prove that it is you, and answer" });
    assert.equal(await link.getAttribute("href"), `/questions/${proven}`);
    await page.keyboard.press("y");
    await page.waitForURL(`**/questions/${proven}`);
    assert.equal((await find(proven)).state, "open");
  });

  test("an answer that the server refuses is said with what to do", async (context) => {
    const id = await ask(context);
    const { page } = await seen.open(context, `/approvals/${id}`);
    await questionOf(page).waitFor();
    await page.clock.install();
    await answerable(page);
    await page.keyboard.press("y");
    await page.getByText("is sent in five seconds").waitFor();
    await page.route("**/answer", (route) =>
      route.fulfill({
        status: 409,
        json: { error: { code: "SERVER_CONFLICT", message: "too late", remedy: "look again" } },
      }),
    );
    await page.clock.fastForward(5_000);
    await page.getByRole("alert").getByText("What to do: look again").waitFor();
  });

  test("markup in every text of a question is text, and runs nothing", async (context) => {
    const files = [{ path: PAYLOAD, digest }];
    const texts = {
      argv: [PAYLOAD],
      cwd: PAYLOAD,
      reason: PAYLOAD,
      instead: PAYLOAD,
      policies: [PAYLOAD],
      agent: PAYLOAD,
    };
    const id = await ask(context, { ...texts, files, project: PAYLOAD, role: PAYLOAD });
    const { page, refused } = await seen.open(context, `/approvals/${id}`);
    await questionOf(page).getByText("onerror").first().waitFor();
    const about = {
      ...{ host: PAYLOAD, port: 443, leaks: [{ kind: PAYLOAD, what: PAYLOAD, sample: PAYLOAD }] },
      request: {
        connection: 1,
        method: PAYLOAD,
        path: PAYLOAD,
        query: [PAYLOAD],
        sizeBytes: 1,
        contentType: PAYLOAD,
        credential: PAYLOAD,
      },
    };
    const other = await ask(context, { ...texts, files: [], about });
    await page.locator(`#question-${other}`).waitFor();
    await page.keyboard.press("j");
    await page.waitForURL(`**/approvals/${other}`);
    await questionOf(page).getByText("May this be sent?").waitFor();
    await questionOf(page).getByText("onerror").first().waitFor();
    assert.equal(await page.title(), "Bailiwick");
    assert.equal(await page.locator("img").count(), 0);
    assert.deepEqual(refused, []);
  });

  for (const dark of [undefined, true] as const) {
    test(`axe finds nothing in the ${dark ? "dark" : "light"} theme`, async (context) => {
      const id = await ask(context);
      await ask(context, { bound: (await find(id)).bound });
      const { page } = await seen.open(context, `/approvals/${id}`, dark ? { dark } : {});
      await page.getByText("1 more that ask the very same").waitFor();
      assert.deepEqual(await axeFindings(page), []);
      await answerable(page);
      await page.keyboard.press("y");
      await page.getByText("is sent in five seconds").waitFor();
      if (process.env["SHOTS"])
        await page.screenshot({ path: `${process.env["SHOTS"]}/approvals-${dark ? "dark" : "light"}.png` });
      assert.deepEqual(await axeFindings(page), []);
    });
  }
});
