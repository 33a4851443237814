/** A run's question whose policy wants a yes signed, answered in Debian's chromium by a passkey; the process waits in the kernel meanwhile. */
import assert from "node:assert/strict";
import { after, before, describe, test, type TestContext } from "node:test";
import type { Browser, Page } from "playwright-core";
import { addAuthenticator, type VirtualAuthenticator } from "../support/authenticator.ts";
import { skipWithoutChromium, startChromium } from "../support/chromium.ts";
import { startCompany, type Company } from "../support/company.ts";
import { enrol, type RunningServer, type SignedIn } from "../support/control-plane.ts";
import { eventually } from "../support/going.ts";
import { bailiwick, makePlace, type Place } from "../support/governed.ts";
import { confirmIn } from "../support/identity-provider.ts";
import { type Ongoing, startScript } from "../support/ongoing.ts";
import { readServerNotes } from "../support/server-log.ts";

let company: Company;
let host: Place;
let server: RunningServer;
let owner: SignedIn;
let browser: Browser;
let page: Page;
let authenticator: VirtualAuthenticator;

describe("a yes that is signed", { skip: skipWithoutChromium }, () => {
  before(async () => {
    company = await startCompany("approvers", "run-approver", "robin");
    ({ server, owner } = company);
    await owner.call("addPerson", { body: { id: "dana", name: "Dana" } });
    host = makePlace();
    await enrol(owner, server, host, "dana");
    browser = await startChromium();
    page = await (await browser.newContext()).newPage();
    page.setDefaultTimeout(20_000);
    authenticator = await addAuthenticator(page);
    await page.goto(`${server.url}/auth/start?fresh=true&to=/passkeys`);
    await confirmIn(page, "robin");
    await page.getByRole("button", { name: "Add a passkey" }).click();
    await page.getByText("Added: passkey.").waitFor();
  });
  after(async () => {
    await browser.close();
    await company.stop();
    host.remove();
  });

  function start(context: TestContext, word: string): Ongoing {
    const policy = host.write(
      "ask.cedar",
      `@id("test.ask") @reason("it prints") @ask("operator") @stepUp("15")
forbid (principal, action == Action::"exec", resource in ProgramGroup::"printf") unless { context.approved };`,
    );
    const script = `/usr/bin/printf '${word}'; echo status=$?`;
    const run = startScript(host, script, ["--policy", policy]);
    context.after(() => {
      run.child.kill("SIGKILL");
    });
    return run;
  }

  async function question(): Promise<string> {
    let id: string | undefined;
    await eventually(async () => {
      const { items } = (await owner.call("listQuestions", { query: {} })) as { items: { id: string }[] };
      return (id = items[0]?.id) !== undefined;
    }, "it is asked");
    return String(id);
  }

  test("is not said at the command line, which names the page; there it is, and the process goes on", async (context) => {
    const run = start(context, "<img src=x onerror=1>");
    const id = await question();
    const allowed = await bailiwick(owner.place, ["approvals", "allow", id]);
    assert.notEqual(allowed.status, 0);
    assert.ok(allowed.stderr.includes(`answer in a browser: ${server.url}/questions/${id}`), allowed.stderr);
    const shown = await bailiwick(owner.place, ["approvals", "show", id]);
    assert.match(shown.stdout, /step-up +a yes is signed by a passkey[^]*state +open/);

    await page.goto(`${server.url}/questions/${id}`);
    await page.getByText("<img src=x onerror=1>").waitFor();
    assert.match(await page.innerText("dl"), /because\s+it prints\s+policy\s+test\.ask/);
    // Not by whom the authenticator does not recognise.
    await authenticator.verifyUser(false);
    await page.getByRole("button", { name: "Yes, once" }).click();
    await page.getByRole("alert").waitFor();
    await authenticator.verifyUser(true);
    await page.getByRole("button", { name: "Yes, once" }).click();
    await page.getByText("You said yes, once.").waitFor();
    assert.match(await run.until(/status=0/), /img src=x/);
    assert.equal(await run.ended(), 0);
    const note = (await readServerNotes(owner)).find((each) => each["type"] === "question.answered");
    const [credential] = await authenticator.credentials();
    assert.equal(note?.["credential"], Buffer.from(credential?.id ?? "", "base64").toString("base64url"));
  });

  test("is for the question that was signed: its signature with another one does nothing", async (context) => {
    const run = start(context, "second");
    const id = await question();
    await page.goto(`${server.url}/questions/${id}`);
    // As if the page were made to send the signature elsewhere: for the rest of the run.
    await page.route(`**/questions/${id}/answer`, async (route) => {
      const body = route.request().postDataJSON() as object;
      await route.continue({ postData: JSON.stringify({ ...body, answer: "run" }) });
    });
    await page.getByRole("button", { name: "Yes, once" }).click();
    await page.getByRole("alert").getByText("not asked to sign it, or not for this").waitFor();
    const { items } = (await owner.call("listQuestions", { query: {} })) as { items: { id: string }[] };
    assert.deepEqual(
      items.map((each) => each.id),
      [id],
    );
    await page.unroute(`**/questions/${id}/answer`);
    await page.getByRole("button", { name: "No", exact: true }).click();
    await page.getByText("You said no.").waitFor();
    await run.until(/status=126/);
  });

  test("the way there leads through the sign-in and back", async () => {
    const other = await (await browser.newContext()).newPage();
    await other.goto(`${server.url}/questions/${"x".repeat(22)}`);
    await other.getByRole("link", { name: "Sign in" }).click();
    await confirmIn(other, "robin");
    await other.waitForURL(`${server.url}/questions/${"x".repeat(22)}`);
    await other.getByRole("alert").waitFor();
  });
});
