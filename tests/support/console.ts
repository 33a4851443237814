/** The web console in Debian's chromium, served by the shipped command. */
import type { TestContext } from "node:test";
import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { Client } from "../../packages/control-plane/contract/index.ts";
import { startChromium } from "./chromium.ts";
import { setUp, startServer, type RunningServer, type SignedIn } from "./control-plane.ts";
import { makePlace, type Place } from "./governed.ts";

/** What would be seen if a text of an agent's became markup, or ran. */
export const PAYLOAD = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;

export interface OpenedPage {
  readonly page: Page;
  /** What the pages' policy of content refused. */
  readonly refused: readonly string[];
  /** What was asked for, by its address. */
  readonly asked: readonly string[];
}

export interface OpenOptions {
  readonly signedIn?: false;
  readonly dark?: true;
  /** Of somebody else than the first owner. */
  readonly token?: string;
}

export interface Console {
  readonly serverPlace: Place;
  server: RunningServer;
  readonly owner: SignedIn;
  /** The owner, by a token for everything. */
  readonly client: Client;
  readonly browser: Browser;
  /** A place that is removed when all is over. */
  place(): Place;
  /** A token of somebody's for these actions. */
  tokenOf(person: string, actions: readonly string[]): Promise<string>;
  open(context: TestContext, path: string, options?: OpenOptions): Promise<OpenedPage>;
  close(): Promise<void>;
}

/** @param actions of the owner's token that pages are opened with, unless they say another */
export async function startConsole(
  actions: readonly string[],
  options: { readonly database?: string } = {},
): Promise<Console> {
  const closing: (() => void | Promise<void>)[] = [];
  // Also what there is when something of it did not come to be: a server that is left keeps the process of the test.
  const close = async (): Promise<void> => {
    for (const each of closing.reverse()) await each();
  };
  const place = (): Place => {
    const made = makePlace();
    closing.push(() => {
      made.remove();
    });
    return made;
  };
  try {
    const serverPlace = place();
    const started = { server: await startServer(serverPlace, options) };
    closing.push(() => started.server.stop());
    const owner = await setUp(started.server);
    closing.push(() => {
      owner.place.remove();
    });
    const tokenOf = async (person: string, of: readonly string[]): Promise<string> => {
      const body = { name: "console", actions: of, expiresInS: 3_600 };
      return ((await owner.call("issueToken", { params: { person }, body })) as { secret: string }).secret;
    };
    const token = await tokenOf("olivia", actions);
    const { items: roles } = (await owner.call("listRoles")) as { items: { name: string; any: string[] }[] };
    const all = roles.find(({ name }) => name === "owner")?.any ?? [];
    const { url } = started.server;
    const client = new Client({ url, by: { token: await tokenOf("olivia", all) } });
    const browser = await startChromium();
    closing.push(() => browser.close());
    const open: Console["open"] = (context, path, options = {}) =>
      openPage(context, { browser, url: url + path, token, ...options });
    return Object.assign(started, { serverPlace, owner, client, browser, place, tokenOf, open, close });
  } catch (error) {
    await close();
    throw error;
  }
}

interface Opening extends OpenOptions {
  readonly browser: Browser;
  readonly url: string;
  readonly token: string;
}

async function openPage(context: TestContext, { browser, url, token, signedIn, dark }: Opening): Promise<OpenedPage> {
  const seen = await browser.newContext({
    colorScheme: dark ? "dark" : "light",
    viewport: { width: 1280, height: 720 },
    ...(signedIn !== false && { extraHTTPHeaders: { authorization: `Bearer ${token}` } }),
  });
  context.after(() => seen.close());
  const page = await seen.newPage();
  page.setDefaultTimeout(20_000);
  const refused: string[] = [];
  const asked: string[] = [];
  page.on("console", (message) => {
    if (message.text().includes("Content Security Policy")) refused.push(message.text());
  });
  page.on("request", (request) => asked.push(request.url()));
  await page.goto(url);
  return { page, refused, asked };
}

/** What keeps people out, by WCAG 2.2 AA as far as a program can tell. */
export async function axeFindings(page: Page): Promise<string[]> {
  // By the debugger, which no policy of the page binds.
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate<{ violations: { id: string; nodes: { html: string }[] }[] }>(
    "axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })",
  );
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}
