/** People in browsers, with authenticators in software. */
import assert from "node:assert/strict";
import { Authenticator, type Wrong } from "./authenticator.ts";
import { TestBrowser, type Asked } from "./browser.ts";
import type { FakeProvider } from "./fake-provider.ts";
import type { Served } from "./served.ts";

export interface Somebody {
  readonly browser: TestBrowser;
  readonly authenticator: Authenticator;
  readonly login: string;
}

let people = 0;

/** Somebody who has just proven to the provider that it is them. */
export async function signIn(
  { server }: Served,
  provider: FakeProvider,
  login = `person${String((people += 1))}`,
): Promise<Somebody> {
  const browser = new TestBrowser(server.url, provider);
  const answer = await browser.signIn(login, "?fresh=true");
  assert.equal(answer.status, 303, await answer.text());
  return { browser, authenticator: new Authenticator(), login };
}

export async function makePasskey(
  { browser, authenticator }: Pick<Somebody, "browser" | "authenticator">,
  wrong: Wrong = {},
  proof?: object,
): Promise<Asked> {
  const started = await browser.ask("POST", "/api/v1/passkeys/start", proof === undefined ? {} : { proof });
  if (started.status !== 200) return started;
  const made = authenticator.make(started.answer, wrong);
  return await browser.ask("POST", "/api/v1/passkeys", { name: "laptop", made });
}

/** What the server's log says, but for what arrived. */
export async function readNotes({ owner }: Served): Promise<readonly Record<string, unknown>[]> {
  const { items } = await owner.call("report", { query: {} });
  return items.map(({ type, note }) => ({ ...note, type }));
}
