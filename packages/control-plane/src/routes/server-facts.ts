import type { Handlers } from "./handler.ts";

const MINUTE_MS = 60_000;

export const serverFacts = {
  showServer: ({ version, keys, holding, provider, sessions, authority }) => {
    const names = holding.formatHolderKeys(keys.signer.verifier, keys.cosigner.verifier);
    return Promise.resolve({
      ...{ version, logKey: names.log, witnessKey: names.witness },
      ...(sessions.origin !== undefined && { publicUrl: sessions.origin }),
      signIn: provider !== undefined ? "provider" : sessions.origin !== undefined ? "passkeys" : "tokens",
      ...(provider !== undefined && { issuer: provider.config.issuer }),
      idleMinutes: sessions.idleMs / MINUTE_MS,
      sessionHours: provider?.config["session-hours"] ?? sessions.hours,
      dualControl: authority.dualControl.map(({ action, on, people, minutes }) => ({
        ...{ action, people, minutes },
        ...(on !== undefined && { on }),
      })),
    });
  },
} as const satisfies Partial<Handlers>;
