import { ServerError } from "../../contract/errors.ts";
import { beginDevice, finishDevice } from "../accounts/device.ts";
import { requireLocal } from "../accounts/local.ts";
import { admit } from "../identity/admit.ts";
import type { Provider } from "../identity/provider.ts";
import { makeSecret } from "../identity/secrets.ts";
import type { Handlers, Server } from "./handler.ts";
import { insertToken } from "./tokens.ts";

/** Of a local account: the server itself is asked, and may be asked often. */
const INTERVAL_S = 2;

export const signIns = {
  startSignIn: async (server) => {
    const { provider, db, now } = server;
    if (provider !== undefined) return await provider.startDevice();
    const { origin } = requireLocal(server);
    const { userCode, ...begun } = await beginDevice(db, now());
    return { ...begun, userCode, verificationUrl: `${origin}/device?code=${userCode}`, intervalS: INTERVAL_S };
  },

  finishSignIn: async (server, { body: { deviceCode } }) => {
    const { db, journal, provider, sessions } = server;
    const now = server.now();
    const hours = provider?.config["session-hours"] ?? sessions.hours;
    const expiresAt = now + hours * 3_600_000;
    const who = await whoSignsIn(server, deviceCode, { now, until: expiresAt });
    if (typeof who === "string") return { state: who };
    const { person } = who;
    const { id, secret, hash } = makeSecret("personal");
    const token = { id, hash, kind: "personal", name: "sign-in", person, actions: null, now, expiresAt } as const;
    await insertToken(db, token);
    await journal.note({ type: "identity.changed", what: "signed in", whom: person });
    return { state: "done", token: { id, secret, expiresAt } };
  },
} as const satisfies Partial<Handlers>;

interface Signing {
  readonly now: number;
  /** When what groups give them ends. */
  readonly until: number;
}

/** @throws ServerError SERVER_TOKEN_INVALID, SERVER_PROVIDER_FAILED, SERVER_FORBIDDEN */
async function whoSignsIn(
  server: Server,
  deviceCode: string,
  { now, until }: Signing,
): Promise<{ readonly person: string } | "waiting" | "slower"> {
  const { db, provider } = server;
  if (provider === undefined) {
    requireLocal(server);
    return await finishDevice(db, deviceCode, now);
  }
  const vouched = await provider.finishDevice(deviceCode);
  if (typeof vouched === "string") return vouched;
  return { person: await admit(db, vouched, { groups: provider.config.groups, now, until }) };
}

export function requireProvider({ provider }: Server): Provider {
  if (provider !== undefined) return provider;
  throw new ServerError("SERVER_NOT_FOUND", "the server has no identity provider", {
    remedy: "sign in with a token on standard input; or add `[oidc]` to the file of `bailiwick serve --config`",
  });
}
