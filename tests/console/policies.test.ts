/** Policies in the console: written, looked at, reviewed by somebody else, rolled out, halted and put back; each by the API's own rights. */
import assert from "node:assert/strict";
import { after, before, describe, test, type TestContext } from "node:test";
import type { Page } from "playwright-core";
import { askAs } from "../../packages/control-plane/test/asking.ts";
import { makeHost } from "../../packages/control-plane/test/host.ts";
import { writeBundle, type BundleText } from "../../packages/policy/src/index.ts";
import { skipWithoutChromium } from "../support/chromium.ts";
import { axeFindings, PAYLOAD, startConsole, type Console } from "../support/console.ts";
import { enrol } from "../support/control-plane.ts";
import { bailiwick, runGoverned, type Place } from "../support/governed.ts";

const SEE = ["viewPolicy", "viewHost", "viewRun", "readRun"];
const AUTHOR = [...SEE, "editPolicy", "viewProposal"];
const APPROVER = [...SEE, "approvePolicy", "rollOutPolicy", "rollBackPolicy"];

let seen: Console;
/** By whom pages are opened. */
const tokens: Record<string, string> = {};

before(async () => {
  if (skipWithoutChromium !== false) return;
  seen = await startConsole(SEE);
  for (const [id, role, actions] of [
    ["ada", "policy-author", AUTHOR],
    ["bo", "policy-approver", APPROVER],
  ] as const) {
    await seen.owner.call("addPerson", { body: { id, name: id } });
    for (const each of [role, "auditor"]) {
      const scope = { type: "Company", id: "company" };
      await seen.owner.call("grantRole", { body: { to: { type: "Person", id }, role: each, scope } });
    }
    tokens[id] = await seen.tokenOf(id, actions);
  }
});
after(async () => {
  if (skipWithoutChromium !== false) return;
  await seen.close();
});

async function as(context: TestContext, id: "ada" | "bo", path: string, dark?: true) {
  return await seen.open(context, path, { token: tokens[id] ?? "", ...(dark && { dark }) });
}

async function shot(page: Page, name: string): Promise<void> {
  if (process.env["SHOTS"]) await page.screenshot({ path: `${process.env["SHOTS"]}/${name}.png`, fullPage: true });
}

const forbid = (program: string, reason = "not for agents"): string =>
  `@id("corp.${program}")\n@reason(${JSON.stringify(reason)})\nforbid (principal, action == Action::"exec", resource in ProgramGroup::"${program}");\n`;

type Scope = { readonly type: "Company" | "Team" | "Project" | "Person"; readonly id: string };
const LAYERS = { Company: "company", Team: "team", Project: "project", Person: "user" } as const;

/** A draft of Ada's, by the API. */
async function drafted(scope: Scope, policies: readonly BundleText[], why?: string) {
  const { Client } = await import("../../packages/control-plane/contract/index.ts");
  const ada = new Client({ url: seen.server.url, by: { token: tokens["ada"] ?? "" } });
  const named = { layer: LAYERS[scope.type], scope: scope.id } as const;
  const bundle = writeBundle({ ...named, policies, tests: [], profile: undefined, requiredWithinHours: undefined });
  return await ada.call("draftPolicy", { body: { scope, bundle, ...(why !== undefined && { why }) } });
}

async function enrolled(context: TestContext): Promise<Place> {
  const place = seen.place();
  await enrol(seen.owner, seen.server, place, "ada");
  context.after(() => undefined);
  return place;
}

/** What is in the editor is replaced, as a person would. */
async function write(page: Page, name: string, text: string): Promise<void> {
  const editor = page.getByRole("textbox", { name: `Text of ${name}` });
  await editor.click();
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.insertText(text);
}

const faults = (page: Page) => page.getByRole("list", { name: "Faults" });

describe("policies", { skip: skipWithoutChromium, concurrency: false }, () => {
  test("a change is written with its faults where they are, submitted, approved by another, rolled out, and governs a host's run", async (context) => {
    const host = await enrolled(context);
    const before = await runGoverned(host, { argv: ["sh", "-c", "seq 1"] });
    assert.equal(before.status, 0, before.stderr);
    await bailiwick(host, ["sync"]);
    const { page, refused } = await as(context, "ada", "/policies");
    await page.getByText("No policies that you may see").waitFor();
    await page.getByRole("button", { name: "Begin" }).click();
    await write(page, "policies.cedar", forbid("seq").replace("resource in", "resource at"));
    await faults(page).getByText("policies.cedar:3").waitFor();
    await page.getByText("it has faults").waitFor();
    assert.equal(await page.getByRole("button", { name: "Submit for review" }).isDisabled(), true);
    assert.ok((await page.locator(".cm-lint-marker-error").count()) > 0);
    await faults(page).getByRole("button", { name: "policies.cedar:3" }).click();
    await shot(page, "policy-fault");
    await write(page, "policies.cedar", forbid("seq"));
    await page.getByRole("list", { name: "Policies in words" }).getByText("starting a program (seq)").waitFor();
    await page.getByRole("textbox", { name: "Name of a file to add" }).fill("seq.test.toml");
    await page.getByRole("button", { name: "Add" }).click();
    await write(page, "seq.test.toml", '[[test]]\nname = "counting"\nargv = ["seq", "1"]\nexpect = "deny"\n');
    await page.getByRole("list", { name: "Tests" }).getByText("✓ passed").waitFor();
    await page.getByRole("textbox", { name: "Command" }).fill("seq 1");
    await page.getByRole("button", { name: "Ask", exact: true }).click();
    await page.getByText("It would be refused: not for agents").waitFor();
    assert.deepEqual(await axeFindings(page), []);
    await page.getByLabel("Why (for whoever reviews it)").fill("agents need not count");
    await page.getByRole("button", { name: "Submit for review" }).click();
    await page.waitForURL("**/policies/versions/p-*");
    const path = new URL(page.url()).pathname;
    await page.getByText("nobody approves what they wrote").first().waitFor();
    assert.equal(await page.getByRole("button", { name: "Approve …" }).isDisabled(), true);
    await page.getByRole("button", { name: "Look" }).click();
    const said = page.getByRole("status", { name: "What would have been decided" });
    await said.getByText(/allowed before, would be refused by corp\.seq/).waitFor();
    assert.match(await said.innerText(), /Questions: 0 before, 0 with it/);

    const { page: other } = await as(context, "bo", "/policies");
    await other.getByRole("link", { name: /of ada/ }).click();
    await other.waitForURL(`**${path}`);
    await other.getByLabel("Changes of policies.cedar").getByText('@id("corp.seq")').waitFor();
    await other.getByRole("list", { name: "Tests" }).getByText("counting").waitFor();
    await other.getByRole("button", { name: "Approve …" }).click();
    await other.getByRole("form", { name: "Approve" }).getByLabel("Why").fill("so be it");
    await other.getByRole("button", { name: "Approve", exact: true }).click();
    await other.getByText("approved by bo").first().waitFor();
    await other.getByRole("button", { name: "Roll out …" }).click();
    await other.getByLabel("Of 100 hosts").fill("100");
    await shot(other, "policy-roll-out");
    await other.getByRole("button", { name: "Roll out", exact: true }).click();
    await other.getByText("approved, holds for all hosts").waitFor();

    assert.equal((await bailiwick(host, ["sync"])).status, 0);
    const run = await runGoverned(host, { argv: ["sh", "-c", "seq 1"] });
    assert.equal(run.status, 126, run.stderr);
    assert.match(run.stderr, /not for agents/);
    await other.goto(`${seen.server.url}/policies`);
    await other.getByRole("table", { name: "Hosts" }).getByText("✓ current").waitFor();
    assert.deepEqual(refused, []);
  });

  test("a roll-out is promoted and halted, and what held before is put back, each by a second step with its reason", async (context) => {
    const scope = { type: "Team", id: "payments" } as const;
    await seen.owner.call("addTeam", { body: { id: "payments", name: "Payments" } });
    const made = [await drafted(scope, [{ name: "a.cedar", text: forbid("ls") }])];
    made.push(await drafted(scope, [{ name: "a.cedar", text: forbid("cat") }]));
    for (const { id, digest } of made) {
      await seen.client.call("approvePolicy", { params: { version: id }, body: { digest } });
    }
    const [first, second] = made.map(({ id }) => id);
    await seen.client.call("rollOutPolicy", { params: { version: first ?? "" }, body: {} });
    const { page } = await as(context, "bo", `/policies/versions/${second ?? ""}`);
    // Another version than what holds now is a diff against it; two can be compared.
    await page.getByLabel("Changes of a.cedar").getByText('@id("corp.ls")').waitFor();
    await page.getByRole("button", { name: "Roll out …" }).click();
    await page.getByLabel("and first these teams").fill("payments");
    await page.getByRole("button", { name: "Roll out", exact: true }).click();
    await page.getByText("being rolled out: team payments, 10 of 100 hosts").waitFor();
    await page.getByRole("link", { name: "Promote it, halt it, or roll it back" }).click();
    await page.getByRole("button", { name: "Promote …" }).click();
    await page.getByLabel("Of 100 hosts").fill("50");
    await page.getByRole("button", { name: "Promote", exact: true }).click();
    await page.getByText("for team payments, 50 of 100 hosts").first().waitFor();
    await page.getByRole("button", { name: "Halt the roll-out …" }).click();
    const halt = page.getByRole("form", { name: "Halt the roll-out" });
    // Nothing without a reason.
    assert.equal(await halt.getByRole("button", { name: "Halt" }).isDisabled(), true);
    await halt.getByLabel("Why").fill("builds fail");
    await shot(page, "policy-halt");
    await halt.getByRole("button", { name: "Halt" }).click();
    await page.getByText("50 of 100 hosts, halted").first().waitFor();
    assert.equal(await page.getByRole("button", { name: "Halt the roll-out …" }).isDisabled(), true);
    await page.getByRole("button", { name: "Roll back …" }).click();
    const back = page.getByRole("form", { name: "Roll back" });
    await back.getByText(first ?? "").waitFor();
    await back.getByLabel("Why").fill("builds fail");
    await back.getByRole("button", { name: "Roll back" }).click();
    await page.getByText("rolled back to all hosts by bo").waitFor();
    const { items } = await seen.client.call("listReleases", {});
    const newest = items.find((each) => each.scope.id === "payments");
    assert.deepEqual([newest?.version, newest?.kind, newest?.reason], [first, "rollback", "builds fail"]);
  });

  test("what is rejected says why; who lacks a right is told which; an unsent text is still there after a reload", async (context) => {
    const { id } = await drafted({ type: "Project", id: "shop" }, [{ name: "a.cedar", text: forbid("dd") }]);
    const { page } = await as(context, "bo", `/policies/versions/${id}`);
    await page.getByRole("button", { name: "Reject …" }).click();
    await page.getByRole("form", { name: "Reject" }).getByLabel("Why").fill("too wide");
    await page.getByRole("button", { name: "Reject", exact: true }).click();
    await page.getByText("too wide").first().waitFor();
    assert.equal(await page.getByRole("button", { name: "Roll out …" }).count(), 0);
    await page.goto(`${seen.server.url}/policies`);
    await page.getByText("that takes a role with editPolicy").waitFor();

    const { page: author } = await as(context, "ada", "/policies/edit/Project/shop");
    await write(author, "policies.cedar", forbid("tac"));
    await author.getByText("starting a program (tac)").waitFor();
    await author.reload();
    await author.getByText("starting a program (tac)").waitFor();

    const { page: nobody } = await seen.open(context, "/policies", {
      token: await seen.tokenOf("olivia", ["viewRun"]),
    });
    await nobody.getByRole("heading", { name: "Policies" }).waitFor();
    await nobody.getByText("No policies that you may see").waitFor();
    const path = `/policies/versions/${id}`;
    await nobody.goto(seen.server.url + path);
    await nobody.getByRole("alert").getByText("the token is not for this").waitFor();
  });

  test("who answers a question proposes that policies permit it; its author drafts from that, with what was wanted as a test", async (context) => {
    const host = await makeHost({ owner: seen.client, server: seen.server }, "ada", "proposing");
    context.after(() => {
      host.remove();
    });
    await askAs(host, { argv: ["git", "push", PAYLOAD], project: "shop", expiresInS: 600 });
    const token = await seen.tokenOf("olivia", ["viewQuestion", "answerQuestion", "viewRun"]);
    const { page: answering } = await seen.open(context, "/approvals", { token });
    await answering.getByRole("row").filter({ hasText: "git push" }).click();
    await answering.getByLabel("With a yes, propose that policies permit it").selectOption("in this project");
    await answering.getByLabel("Why (for the log)").fill("they all push to the mirror");
    await answering.clock.install();
    await answering.getByRole("button", { name: "yes, once y" }).click();
    await answering.getByText("is sent in five seconds").waitFor();
    await answering.clock.fastForward(5_000);
    await answering
      .getByText(/Sent: yes|olivia answered: yes/)
      .first()
      .waitFor();

    const { page, refused } = await as(context, "ada", "/policies");
    const proposals = page.getByRole("table", { name: "Proposals" });
    const row = proposals.getByRole("row").filter({ hasText: "they all push to the mirror" });
    await row.getByText("project shop").waitFor();
    assert.match(await row.innerText(), /olivia/);
    assert.deepEqual(await axeFindings(page), []);
    await shot(page, "proposals");
    await row.getByRole("link", { name: "Begin" }).click();
    await page.getByRole("button", { name: /^proposal-[0-9]+\.test\.toml$/ }).waitFor();
    await write(page, "policies.cedar", forbid("shuf"));
    await page
      .getByRole("list", { name: "Tests" })
      .getByText(/proposal [0-9]+ of olivia/)
      .first()
      .waitFor();
    await page.getByRole("button", { name: "Submit for review" }).click();
    await page.waitForURL("**/policies/versions/p-*");
    const version = page.url().split("/").at(-1) ?? "";
    await page.goto(new URL("/policies", page.url()).href);
    await row.getByRole("link", { name: version }).waitFor();
    assert.notEqual(await page.title(), "owned");
    assert.deepEqual(refused, []);
  });

  for (const dark of [undefined, true] as const) {
    test(`markup in every text is text, and axe finds nothing, in the ${dark ? "dark" : "light"} theme`, async (context) => {
      const scope = { type: "Project", id: `${PAYLOAD}${dark ? "" : "2"}` } as const;
      const text = `// ${PAYLOAD}\n${forbid("tee", PAYLOAD)}`;
      const { id } = await drafted(scope, [{ name: "a.cedar", text }], PAYLOAD);
      const { page, refused } = await as(context, "bo", "/policies", dark);
      await page.getByRole("table", { name: "Layers" }).getByText("onerror").first().waitFor();
      await page.getByRole("table", { name: "Hosts" }).or(page.getByText("No hosts that you may see")).waitFor();
      await shot(page, `policies-${dark ? "dark" : "light"}`);
      assert.deepEqual(await axeFindings(page), []);
      await page.goto(`${seen.server.url}/policies/versions/${id}`);
      await page.getByLabel("Changes of a.cedar").getByText("onerror").first().waitFor();
      await page.getByRole("list", { name: "Policies in words" }).getByText("onerror").waitFor();
      await page.getByRole("button", { name: "Look" }).click();
      await page.getByRole("status", { name: "What would have been decided" }).waitFor();
      await shot(page, `policy-version-${dark ? "dark" : "light"}`);
      assert.deepEqual(await axeFindings(page), []);
      await page.goto(`${seen.server.url}/policies/layers/Project/${encodeURIComponent(scope.id)}`);
      await page.getByRole("table", { name: "What was done" }).getByText("drafted by ada").waitFor();
      assert.deepEqual(await axeFindings(page), []);
      await page.goto(`${seen.server.url}/policies/edit/Project/${encodeURIComponent(scope.id)}?from=${id}`);
      await page.getByRole("textbox", { name: "Text of a.cedar" }).getByText("onerror").first().waitFor();
      await page.getByRole("list", { name: "Policies in words" }).getByText("onerror").waitFor();
      await shot(page, `policy-edit-${dark ? "dark" : "light"}`);
      assert.deepEqual(await axeFindings(page), []);
      assert.deepEqual([await page.title(), await page.locator("img").count(), refused], ["Bailiwick", 0, []]);
    });
  }
});
