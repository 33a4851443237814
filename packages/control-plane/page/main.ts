/** The script of the server's pages that speak to passkeys, and of one-time links. Each page says by `data-kind` which it is. */
import { signInPath } from "../contract/browser-session.ts";
import { devicePage, invitationPage, signInPage } from "./accounts.ts";
import { made, place, sayProblem, show } from "./dom.ts";
import { linkPage } from "./link.ts";
import { passkeysPage } from "./passkeys.ts";
import { questionPage } from "./question.ts";
import { readSession } from "./server.ts";

/** Pages for whoever is signed in. @param person their id */
const SIGNED_IN: Readonly<Record<string, (person: string) => Promise<void>>> = {
  passkeys: passkeysPage,
  question: questionPage,
  device: devicePage,
};
const ANYBODY: Readonly<Record<string, () => Promise<void>>> = {
  invitation: invitationPage,
  link: linkPage,
  "sign-in": signInPage,
};

async function start(): Promise<void> {
  const { kind = "" } = place().dataset;
  show();
  const open = ANYBODY[kind];
  if (open !== undefined) {
    await open();
    return;
  }
  const page = SIGNED_IN[kind];
  if (page === undefined) throw new Error("there is no such page");
  const session = await readSession();
  if (session !== undefined) {
    await page(session.id);
    return;
  }
  show(made("p", {}, "You are not signed in. ", made("a", { href: signInPath(location) }, "Sign in")));
}

start().catch(sayProblem);
