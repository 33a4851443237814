/** Chromium's own virtual authenticator for a page, by the DevTools protocol (Web Authentication Level 3, 11). */
import type { CDPSession, Page } from "playwright-core";

export interface VirtualAuthenticator {
  /** Whether it finds, when it asks, that it is the right finger or PIN. */
  verifyUser(right: boolean): Promise<void>;
  /** As a copy of it that was made so many signatures ago. */
  setCounter(counter: number): Promise<void>;
  credentials(): Promise<readonly { readonly id: string; readonly counter: number }[]>;
}

/** Keeps passkeys itself, and asks who it is. It stays with the page while that goes elsewhere. */
export async function addAuthenticator(page: Page): Promise<VirtualAuthenticator> {
  const devtools: CDPSession = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      ...{ protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true },
      ...{ isUserVerified: true, automaticPresenceSimulation: true },
    },
  });
  const read = async () => (await devtools.send("WebAuthn.getCredentials", { authenticatorId })).credentials;
  return {
    async verifyUser(isUserVerified) {
      await devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified });
    },
    async setCounter(signCount) {
      for (const credential of await read()) {
        await devtools.send("WebAuthn.removeCredential", { authenticatorId, credentialId: credential.credentialId });
        await devtools.send("WebAuthn.addCredential", { authenticatorId, credential: { ...credential, signCount } });
      }
    },
    credentials: async () => (await read()).map(({ credentialId: id, signCount: counter }) => ({ id, counter })),
  };
}
