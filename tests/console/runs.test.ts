/** The web console in Debian's chromium, served by the shipped command: runs of an enrolled host, live, and what agents wrote in them. */
import assert from "node:assert/strict";
import { get } from "node:http";
import { after, before, describe, test } from "node:test";
import { skipWithoutChromium } from "../support/chromium.ts";
import { axeFindings, PAYLOAD, startConsole, type Console } from "../support/console.ts";
import { enrol, startServer } from "../support/control-plane.ts";
import { bailiwick, runGoverned, type Place } from "../support/governed.ts";

let seen: Console;
let host: Place;

before(async () => {
  if (skipWithoutChromium !== false) return;
  seen = await startConsole(["viewRun", "watchRun"]);
  host = seen.place();
  await enrol(seen.owner, seen.server, host);
});
after(async () => {
  if (skipWithoutChromium === false) await seen.close();
});

async function runOnHost(argv: string[]): Promise<void> {
  await runGoverned(host, { argv });
  const { status, stderr } = await bailiwick(host, ["sync", "--json"]);
  assert.equal(status, 0, stderr);
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly bytes: Buffer;
}

/** As it is sent: `fetch` would take the compression off. */
async function read(path: string, encoding = "br"): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    get(seen.server.url + path, { headers: { "accept-encoding": encoding } }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        resolve({ status: response.statusCode, headers: response.headers, bytes: Buffer.concat(chunks) });
      });
    }).on("error", reject);
  });
}

describe("the console", { skip: skipWithoutChromium }, () => {
  test("says how to begin while there are no runs, and shows one that starts without being asked again", async (context) => {
    const { page } = await seen.open(context, "/");
    await page.getByText("bailiwick enroll URL TOKEN").waitFor();
    assert.equal(new URL(page.url()).pathname, "/runs");
    await page.getByText("● live").waitFor();
    await runOnHost(["sh", "-c", "exit 3"]);
    const row = page.getByRole("row").filter({ hasText: "exit 3" });
    await row.getByText("failed").waitFor();
    assert.match(await row.innerText(), /olivia/);
  });

  test("a server that went away and came back: what happened meanwhile is there", async (context) => {
    const { page } = await seen.open(context, "/runs");
    await page.getByText("● live").waitFor();
    const { port } = new URL(seen.server.url);
    await seen.server.stop();
    await page.getByText("○ not connected").waitFor();
    await runGoverned(host, { argv: ["echo", "meanwhile"] });
    seen.server = await startServer(seen.serverPlace, { port: Number(port) });
    assert.equal((await bailiwick(host, ["sync", "--json"])).status, 0);
    await page.getByRole("row").filter({ hasText: "echo meanwhile" }).getByText("succeeded").waitFor();
  });

  test("markup in a command is text, and runs nothing", async (context) => {
    await runOnHost(["echo", PAYLOAD]);
    const { page, refused } = await seen.open(context, "/runs");
    await page.getByRole("row").filter({ hasText: "onerror" }).waitFor();
    assert.equal(await page.title(), "Bailiwick");
    assert.equal(await page.locator("img").count(), 0);
    assert.deepEqual(refused, []);
    // Negative control: even as markup it would do nothing, by the policy.
    await page.evaluate(`document.querySelector("main").insertAdjacentHTML("beforeend", ${JSON.stringify(PAYLOAD)})`);
    await page.locator("img").waitFor({ state: "attached" });
    await page.waitForFunction(`document.querySelector("img").complete`);
    assert.equal(await page.title(), "Bailiwick");
    assert.notDeepEqual(refused, []);
  });

  test("the filter is in the address, so that a link shows the same; `/` goes to it", async (context) => {
    await runOnHost(["echo", "needle"]);
    const { page } = await seen.open(context, "/runs?q=needle+state:succeeded");
    await page.getByRole("row").filter({ hasText: "echo needle" }).waitFor();
    assert.equal(await page.getByRole("row").count(), 2);
    await page.locator("main").click();
    await page.keyboard.press("/");
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.type("no-such-run");
    await page.getByText("No run matches this filter").waitFor();
    assert.equal(new URL(page.url()).searchParams.get("q"), "no-such-run");
  });

  test("nobody is told so, and sees nothing", async (context) => {
    const { page } = await seen.open(context, "/runs", { signedIn: false });
    await page.getByRole("heading", { name: "You are not signed in" }).waitFor();
    const link = await page.getByRole("link", { name: "Sign in" }).getAttribute("href");
    assert.equal(link, "/auth/start?to=%2Fruns");
    assert.equal(await page.getByRole("row").count(), 0);
  });

  for (const dark of [undefined, true] as const) {
    test(`axe finds nothing in the ${dark ? "dark" : "light"} theme`, async (context) => {
      const { page } = await seen.open(context, "/runs", dark ? { dark } : {});
      await page.getByRole("row").nth(1).waitFor();
      assert.deepEqual(await axeFindings(page), []);
      // Negative control: it would find a button without a name.
      await page.evaluate(`document.querySelector("main").append(document.createElement("button"))`);
      assert.match((await axeFindings(page)).join(), /button-name/);
    });
  }

  test("its first page is small, from this server alone, and cached by what it holds", async (context) => {
    const { page, asked } = await seen.open(context, "/runs");
    await page.getByRole("row").nth(1).waitFor();
    assert.deepEqual(
      asked.filter((url) => !url.startsWith(seen.server.url) && !url.startsWith("data:")),
      [],
    );
    let sizeBytes = 0;
    for (const url of asked.filter((each) => each.startsWith(`${seen.server.url}/assets/`))) {
      const { headers, bytes } = await read(url.slice(seen.server.url.length), "gzip");
      assert.equal(headers["content-encoding"], "gzip");
      assert.equal(headers["cache-control"], "public, max-age=31536000, immutable");
      sizeBytes += bytes.length;
    }
    assert.ok(sizeBytes > 10_000 && sizeBytes <= 300 * 1024, String(sizeBytes));
  });

  test("its pages have their policy; no path of the API or beyond the console is one of them", async () => {
    const { status, headers } = await read("/runs");
    assert.equal(status, 200);
    assert.equal(headers["content-encoding"], "br");
    assert.equal((await read("/runs", "br;q=0")).headers["content-encoding"], undefined);
    assert.match(
      String(headers["content-security-policy"]),
      /^default-src 'none'; script-src 'self'; style-src 'self';/,
    );
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.equal(headers["referrer-policy"], "no-referrer");
    for (const path of ["/api/v1/nowhere", "/nowhere", "/assets/nowhere.js", "/assets/..%2findex.html"]) {
      const beyond = await read(path);
      assert.deepEqual([beyond.status, beyond.headers["content-type"]], [404, "application/json"], path);
    }
  });
});
