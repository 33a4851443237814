/** The server that these pages are from, by the API that everybody uses. */
import {
  startAuthentication,
  startRegistration,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
} from "@simplewebauthn/browser";
import { BrowserSession, type Session } from "../contract/browser-session.ts";
import { ServerError } from "../contract/errors.ts";
import type { AnswerOf } from "../contract/routes.ts";

const browser = new BrowserSession(location.origin);
export const { server } = browser;

/** Who is signed in; undefined: nobody. */
export async function readSession(): Promise<Session | undefined> {
  try {
    return await browser.read();
  } catch (error) {
    const isNobody =
      error instanceof ServerError && (error.code === "SERVER_UNKNOWN_CALLER" || error.code === "SERVER_SESSION_OVER");
    if (isNobody) return undefined;
    throw error;
  }
}

/** Has a passkey sign. @param options as the server gave them */
export async function sign(options: AnswerOf<"startProof">) {
  /* eslint-disable @typescript-eslint/no-unsafe-type-assertion -- the server made them by the same library */
  const optionsJSON = options as unknown as PublicKeyCredentialRequestOptionsJSON;
  return plain(await startAuthentication({ optionsJSON })) as Awaited<ReturnType<typeof startAuthentication>>;
}

/** Has a passkey made. @param options as the server gave them */
export async function make(options: AnswerOf<"startPasskey">) {
  const optionsJSON = options as unknown as PublicKeyCredentialCreationOptionsJSON;
  return plain(await startRegistration({ optionsJSON })) as Awaited<ReturnType<typeof startRegistration>>;
  /* eslint-enable @typescript-eslint/no-unsafe-type-assertion */
}

/** Without members that are undefined, as it goes over the wire. */
function plain(value: object): unknown {
  return JSON.parse(JSON.stringify(value));
}
