/** People in the console: who has which role and why, given and taken by those who may, with the answer to who may do what as a link; and how somebody is out. */
import assert from "node:assert/strict";
import { after, before, describe, test, type TestContext } from "node:test";
import type { Page } from "playwright-core";
import { Client, ServerError } from "../../packages/control-plane/contract/index.ts";
import { skipWithoutChromium } from "../support/chromium.ts";
import { axeFindings, PAYLOAD, startConsole, type Console } from "../support/console.ts";
import { enrol } from "../support/control-plane.ts";
import { startGoing } from "../support/going.ts";

const SEE = ["viewPeople", "explainAccess", "viewHost", "viewRun", "readRun"];
const MANAGE = [...SEE, "managePeople", "grantRole", "grantOwner", "defineRole", "issueToken", "killRun", "watchRun"];

let seen: Console;
before(async () => {
  if (skipWithoutChromium !== false) return;
  seen = await startConsole(MANAGE);
  for (const id of ["robin", "norbert"]) await seen.owner.call("addPerson", { body: { id, name: id } });
  await seen.owner.call("addTeam", { body: { id: "payments", name: "Payments" } });
});
after(async () => {
  if (skipWithoutChromium !== false) return;
  await seen.close();
});

async function shot(page: Page, name: string): Promise<void> {
  if (process.env["SHOTS"]) await page.screenshot({ path: `${process.env["SHOTS"]}/${name}.png` });
}

/** Begins an action, fills what it needs, and does it. */
async function act(page: Page, label: string, fill: (form: ReturnType<Page["getByRole"]>) => Promise<void>) {
  await page
    .getByRole("button", { name: `${label} …` })
    .first()
    .click();
  const form = page.getByRole("form", { name: label });
  await fill(form);
  await form.getByRole("button", { name: label, exact: true }).click();
}

const nothing = (): Promise<void> => Promise.resolve();

async function personOf(context: TestContext, id: string) {
  const opened = await seen.open(context, `/people/${id}`);
  await opened.page.getByRole("heading", { name: "Roles" }).waitFor();
  return opened;
}

describe("people", { skip: skipWithoutChromium, concurrency: false }, () => {
  test("somebody is added, found, given a role with an end and a condition, and it is taken away", async (context) => {
    const { page, refused } = await seen.open(context, "/people");
    await page.getByRole("table", { name: "People" }).getByText("norbert").first().waitFor();
    await act(page, "Add a person", async (form) => {
      await form.getByLabel("Id").fill("ada");
      await form.getByLabel("Name").fill("Ada L");
    });
    await page.getByText("ada is there.").waitFor();
    await page.getByRole("searchbox").fill("ada");
    await page.getByText("1 of 4").waitFor();
    await page.getByRole("link", { name: "ada", exact: true }).click();
    await page.waitForURL("**/people/ada");
    await page.getByText("None: ada may do nothing").waitFor();
    await act(page, "Give a role", async (form) => {
      await form.getByLabel("Role").selectOption("auditor");
      await form.getByRole("combobox", { name: /^for/ }).selectOption("Team");
      await form.getByLabel("called").fill("payments");
      await form.getByLabel("until").fill("2036-05-01T12:00");
      await form.getByLabel("only runs with labels").fill("team=payments");
      for (const day of ["Fri", "Mon"]) await form.getByRole("checkbox", { name: day }).check();
      await form.getByLabel("begin").fill("22:00");
      await form.getByLabel("end").fill("06:30");
      await form.getByLabel("zone").fill("Europe/Berlin");
    });
    const roles = page.getByRole("list", { name: "Roles" });
    const hours = "only Mon Fri 22:00 to 06:30 (Europe/Berlin)";
    await roles.getByText(`auditor for Team payments, only runs with team=payments, ${hours}`).waitFor();
    const { items } = await seen.client.call("listGrants", {});
    const grant = items.find(({ to }) => to.id === "ada");
    assert.deepEqual([grant?.role, grant?.scope.id, grant?.when?.labels], ["auditor", "payments", ["team=payments"]]);
    assert.ok((grant?.expiresAt ?? 0) > Date.now());
    assert.deepEqual(grant?.when?.hours, { days: [1, 5], from: "22:00", to: "06:30", zone: "Europe/Berlin" });
    await act(page, "Put into a team", nothing);
    await page.getByRole("list", { name: "Teams" }).getByText("payments").waitFor();
    await act(page, "Take away", nothing);
    await page.getByText("None: ada may do nothing").waitFor();
    assert.deepEqual(refused, []);
  });

  test("a token is shown once, and works for what it was made for; it is ended", async (context) => {
    const { page } = await personOf(context, "norbert");
    await act(page, "Make a token", async (form) => {
      await form.getByLabel("For what").fill("report");
      await form.getByLabel("Actions").selectOption(["viewPeople"]);
    });
    const shown = page.getByLabel("Token, shown once");
    const token = await shown.inputValue();
    const client = new Client({ url: seen.server.url, by: { token } });
    assert.equal((await client.call("whoAmI", {})).id, "norbert");
    await page.getByRole("list", { name: "Tokens" }).getByText("report").waitFor();
    await page.reload();
    await page.getByRole("list", { name: "Tokens" }).getByText("report").waitFor();
    assert.equal(await shown.count(), 0);
    await act(page, "End", nothing);
    await page.getByText("None that counts").waitFor();
    await assert.rejects(client.call("whoAmI", {}), (error) => error instanceof ServerError);
  });

  test("nobody gives themselves a role, and who lacks a right is told which; the server says no whatever the page does", async (context) => {
    const { page } = await personOf(context, "olivia");
    await page.getByText("nobody gives themselves a role: somebody else has to").waitFor();
    assert.equal(await page.getByRole("button", { name: "Give a role …" }).isDisabled(), true);
    await page.getByText("take the role owner away first").waitFor();
    const { page: auditor } = await seen.open(context, "/people/robin", { token: await seen.tokenOf("olivia", SEE) });
    await auditor.getByText("that takes a role with managePeople").first().waitFor();
    assert.equal(await auditor.getByRole("button", { name: "End access …" }).isDisabled(), true);
    const { page: nobody } = await seen.open(context, "/people", { token: await seen.tokenOf("olivia", ["viewRun"]) });
    await nobody.getByText("You may not see people").waitFor();
    // Negative control: the last owner can't be ended by a page that believed otherwise.
    await assert.rejects(seen.client.call("endOwner", { params: { person: "olivia" } }), { code: "SERVER_CONFLICT" });
  });

  test("roles say in words what they permit; one's own is defined and can be given", async (context) => {
    const { page } = await seen.open(context, "/roles");
    const auditor = page.getByRole("region", { name: "auditor" });
    await auditor.getByText("For all that lies in its scope").click();
    await auditor.getByText("read a run's events").waitFor();
    await act(page, "Define a role", async (form) => {
      await form.getByLabel("Name").fill("looker");
      await form.getByLabel("Rights").selectOption(["viewRun"]);
    });
    await page.getByRole("region", { name: "looker" }).getByText("1 rights").waitFor();
  });

  test("who may do what is a link: yes or no, and why", async (context) => {
    const { page } = await seen.open(context, "/access");
    await page.getByLabel("Who", { exact: true }).fill("robin");
    await page.getByRole("combobox", { name: "may do" }).fill("viewPeople");
    await page.getByRole("button", { name: "Ask", exact: true }).click();
    const answer = page.getByRole("status", { name: "Answer" });
    await answer.getByText("✕ no").waitFor();
    assert.match(await answer.innerText(), /no role permits viewPeople on Company company/);
    assert.equal(new URL(page.url()).search, "?who=robin&action=viewPeople&what=company");
    await page.goto(`${seen.server.url}/access?who=olivia&action=viewPeople&what=company`);
    await answer.getByText("✓ yes").waitFor();
    assert.match(await answer.innerText(), /role owner for Company company/);
    await page.goto(`${seen.server.url}/access?who=nobody-here&action=viewPeople&what=company`);
    await page.getByRole("alert").getByText("there is no person `nobody-here`").waitFor();
  });

  test("somebody is revoked while their run goes on: the run is ended, they are out, and their host is told nothing more", async (context) => {
    const place = seen.place();
    const host = await enrol(seen.owner, seen.server, place, "robin");
    const robin = new Client({ url: seen.server.url, by: { token: await seen.tokenOf("robin", ["viewRun"]) } });
    assert.equal((await robin.call("whoAmI", {})).id, "robin");
    const going = await startGoing(place);
    context.after(() => {
      going.child.kill("SIGKILL");
    });
    const { page } = await seen.open(context, `/runs/${going.run}`);
    await page.getByText("● live").waitFor();
    await page.goto(`${seen.server.url}/people/robin`);
    await page.getByRole("list", { name: "Hosts" }).getByText(host).waitFor();
    await act(page, "End access", (form) =>
      form.getByRole("checkbox", { name: "end the runs of their hosts" }).check(),
    );
    await page.getByText("✕ ended").waitFor();
    assert.equal(await going.ended(), 137);
    await assert.rejects(robin.call("whoAmI", {}), (error) => error instanceof ServerError);
    const { items } = await seen.client.call("listHosts", { query: {} });
    assert.ok(items.find(({ id }) => id === host)?.revokedAt !== undefined);
  });

  test("what more than one person has to want is said to wait; another sees all of it and confirms it, and not who wanted it", async (context) => {
    const { page } = await personOf(context, "norbert");
    const error = { code: "SERVER_NEEDS_OTHERS", message: "2 people have to want this; it waits as `r-0123456789ab`" };
    await page.route("**/api/v1/grants", async (route) => {
      if (route.request().method() === "POST") await route.fulfill({ status: 403, json: { error } });
      else await route.continue();
    });
    await act(page, "Give a role", nothing);
    await page.getByRole("alert").getByText("it waits as `r-0123456789ab`").waitFor();
    const waiting = (id: string, by: string) => ({
      ...{ id, by, route: "grantRole", action: "grantRole", resource: { type: "Company", id: "company" } },
      ...{ given: { body: { role: PAYLOAD } }, at: 1, expiresAt: Date.now() + 60_000, needs: 2, confirmedBy: [] },
    });
    const items = [waiting("r-0123456789ab", "robin"), waiting("r-ba9876543210", "olivia")];
    await page.route("**/api/v1/requests", (route) => route.fulfill({ json: { items } }));
    const asked: string[] = [];
    await page.route("**/api/v1/requests/*/confirm", async (route) => {
      asked.push(new URL(route.request().url()).pathname);
      await route.fulfill({ json: { done: true, has: 2, needs: 2 } });
    });
    await page.goto(`${seen.server.url}/people`);
    const list = page.getByRole("region", { name: "Waiting for others" }).getByRole("listitem");
    await list.nth(1).getByText("somebody else has to: you wanted it").waitFor();
    assert.equal(await list.nth(1).getByRole("button", { name: "Confirm …" }).isDisabled(), true);
    await list.nth(0).getByText("onerror").waitFor();
    await list.nth(0).getByRole("button", { name: "Confirm …" }).click();
    // A second step, which shows it again.
    assert.deepEqual(asked, []);
    await list.nth(0).getByRole("button", { name: "Confirm", exact: true }).click();
    await list.nth(0).getByText("Done.").waitFor();
    assert.deepEqual(asked, ["/api/v1/requests/r-0123456789ab/confirm"]);
    assert.deepEqual([await page.title(), await page.locator("img").count()], ["Bailiwick", 0]);
  });

  for (const dark of [undefined, true] as const) {
    test(`markup in every text is text, and axe finds nothing, in the ${dark ? "dark" : "light"} theme`, async (context) => {
      const id = dark ? "dora" : "lena";
      await seen.client.call("addPerson", { body: { id, name: PAYLOAD } });
      await seen.client.call("addTeam", { body: { id: `team-${id}`, name: PAYLOAD } });
      const scope = { type: "Person", id } as const;
      const to = { type: "Person", id } as const;
      await seen.client.call("grantRole", { body: { to, role: "developer", scope } });
      const body = { name: PAYLOAD, actions: ["viewRun"], expiresInS: 3_600 };
      await seen.client.call("issueToken", { params: { person: id }, body });
      const { page, refused } = await seen.open(context, "/people", dark ? { dark } : {});
      await page.getByRole("table", { name: "People" }).getByText("onerror").first().waitFor();
      await shot(page, `people-${dark ? "dark" : "light"}`);
      assert.deepEqual(await axeFindings(page), []);
      await page.goto(`${seen.server.url}/people/${id}`);
      await page.getByRole("list", { name: "Tokens" }).getByText("onerror").waitFor();
      await page.getByRole("button", { name: "Give a role …" }).click();
      await page.getByRole("form", { name: "Give a role" }).waitFor();
      await shot(page, `person-${dark ? "dark" : "light"}`);
      assert.deepEqual(await axeFindings(page), []);
      for (const [path, text] of [
        ["/roles", "For all that lies in its scope"],
        [`/access?who=${id}&action=viewRun&what=${encodeURIComponent(`Team:${PAYLOAD}`)}`, "onerror"],
        [`/access?who=${id}&action=viewRun&what=Person:${id}`, "Roles that they have"],
      ] as const) {
        await page.goto(seen.server.url + path);
        await page.getByText(text).first().waitFor();
        await shot(page, `${path.slice(1, 6)}-${dark ? "dark" : "light"}`);
        assert.deepEqual(await axeFindings(page), []);
      }
      assert.deepEqual([await page.title(), await page.locator("img").count(), refused], ["Bailiwick", 0, []]);
    });
  }
});
