/** Hosts in the console: what each can enforce, what is weaker than before, and revoking one. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { makeHost, type TestHost } from "../../packages/control-plane/test/host.ts";
import { skipWithoutChromium } from "../support/chromium.ts";
import { axeFindings, PAYLOAD, startConsole, type Console } from "../support/console.ts";

let seen: Console;
let host: TestHost;
let quiet: TestHost;
let runs: string[] = [];

const layer = (name: string, state: "enforced" | "unavailable", detail: string) => ({ layer: name, state, detail });

before(async () => {
  if (skipWithoutChromium !== false) return;
  seen = await startConsole(["viewHost", "viewOrder", "viewRun", "watchRun", "readRun"]);
  const served = { owner: seen.client, server: seen.server };
  host = await makeHost(served, "olivia");
  quiet = await makeHost(served, "olivia");
  const seccomp = layer("seccomp", "enforced", "212 instructions");
  const strong = [seccomp, layer("landlock:scopes", "enforced", "signals end at the sandbox")];
  const weak = [seccomp, layer("landlock:scopes", "unavailable", PAYLOAD)];
  runs = [
    await host.record({ kernel: "6.12.1", enforcement: strong }),
    await host.record({ kernel: PAYLOAD, enforcement: weak }),
  ];
  await host.send();
  await seen.client.call("setLease", {
    body: { scope: { type: "Host", id: host.id }, seconds: 300, reason: `why ${PAYLOAD}` },
  });
});
after(async () => {
  if (skipWithoutChromium !== false) return;
  for (const each of [host, quiet]) each.remove();
  await seen.close();
});

describe("hosts", { skip: skipWithoutChromium }, () => {
  test("the list says what is missing; words narrow it; it leads to the host, and that to the runs", async (context) => {
    const { page } = await seen.open(context, "/hosts");
    const row = page.getByRole("row").filter({ hasText: host.id });
    await row.getByText("1 of 2 missing").waitFor();
    await page.getByRole("row").filter({ hasText: quiet.id }).getByText("no run yet").waitFor();
    await row.getByText("not asked").waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("missing");
    await page.getByText("1 of 2", { exact: true }).waitFor();
    assert.equal(new URL(page.url()).search, "?q=missing");
    await page.getByRole("link", { name: host.id }).click();
    await page.waitForURL(`**/hosts/${host.id}`);
    await page.getByText("weaker than before").waitFor();
    await page.getByRole("link", { name: runs[0] ?? "" }).waitFor();
    await page.locator("pre").filter({ hasText: "— " }).waitFor();
    await page.getByText("Lease of 300 s").waitFor();
  });

  test("a host is revoked by a second step, with a reason; who has no role for it is told so", async (context) => {
    const { page: looker } = await seen.open(context, `/hosts/${quiet.id}`);
    await looker.getByText("That takes a role with revokeHost").waitFor();
    const token = await seen.tokenOf("olivia", ["viewHost", "revokeHost"]);
    const { page } = await seen.open(context, `/hosts/${quiet.id}`, { token });
    await page.getByRole("button", { name: "Revoke this host…" }).click();
    const send = page.getByRole("button", { name: `Revoke ${quiet.id}` });
    assert.equal(await send.isDisabled(), true);
    await page.keyboard.type("sold");
    await send.click();
    await page.getByText("nothing holds for it any more").waitFor();
    await page.goto(`${seen.server.url}/hosts?q=revoked`);
    await page.getByRole("row").filter({ hasText: quiet.id }).waitFor();
    const { items } = await seen.client.call("report", { query: { host: quiet.id } });
    assert.ok(items.some(({ type, note }) => type === "host.revoked" && note["reason"] === "sold"));
  });

  test("who may see none is told what to do; of a host that is not theirs, which right it takes", async (context) => {
    await seen.owner.call("addPerson", { body: { id: "robin", name: "robin" } });
    const token = await seen.tokenOf("robin", ["viewHost"]);
    const { page } = await seen.open(context, "/hosts", { token });
    await page.getByText("No hosts that you may see").waitFor();
    await page.goto(`${seen.server.url}/hosts/${host.id}`);
    await page.getByText("needs the right viewHost").waitFor();
  });

  for (const dark of [undefined, true] as const) {
    test(`what a host says is text, and axe finds nothing, in the ${dark ? "dark" : "light"} theme`, async (context) => {
      const { page, refused } = await seen.open(context, "/hosts", dark ? { dark } : {});
      const shot = async (name: string): Promise<void> => {
        const folder = process.env["SHOTS"];
        if (folder !== undefined) await page.screenshot({ path: `${folder}/${name}-${dark ? "dark" : "light"}.png` });
      };
      await page.getByRole("row").filter({ hasText: "onerror" }).waitFor();
      await shot("hosts");
      assert.deepEqual(await axeFindings(page), []);
      await page.getByRole("link", { name: host.id }).click();
      await page.getByText("weaker than before").waitFor();
      await page.getByText("why <img").waitFor();
      await shot("host");
      assert.deepEqual(await axeFindings(page), []);
      assert.deepEqual([await page.title(), await page.locator("img").count(), refused], ["Bailiwick", 0, []]);
    });
  }
});
