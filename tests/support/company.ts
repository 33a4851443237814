/** A server by the shipped command whose people sign in, by browsers on this machine, at the tests' identity provider. */
import { setUp, startServer, type RunningServer, type SignedIn } from "./control-plane.ts";
import { freePort } from "./free-port.ts";
import { makePlace, type Place } from "./governed.ts";
import { startIdentityProvider, type IdentityProvider } from "./identity-provider.ts";
import { writeServerFile } from "./server-file.ts";

export interface Company {
  readonly provider: IdentityProvider;
  /** Its `url` is the one that browsers have to use. */
  readonly server: RunningServer;
  readonly owner: SignedIn;
  stop(): Promise<void>;
}

/** @param groups TOML, the entries of `[[oidc.groups]]` */
export async function startSignIn(place: Place, groups: string): Promise<Pick<Company, "provider" | "server">> {
  const port = await freePort();
  // Browsers keep the cookies of a session for `localhost`, where there is no TLS.
  const url = `http://localhost:${String(port)}`;
  const provider = await startIdentityProvider([`${url}/auth/callback`]);
  try {
    const config = writeServerFile(place, provider, groups, `public-url = "${url}"`);
    return { provider, server: { ...(await startServer(place, { port, options: ["--config", config] })), url } };
  } catch (error) {
    await provider.stop();
    throw error;
  }
}

/** @param people who are in the group, which gives the role */
export async function startCompany(group: string, role: string, ...people: readonly string[]): Promise<Company> {
  const place = makePlace();
  const { provider, server } = await startSignIn(place, `[[oidc.groups]]\ngroup = "${group}"\nroles = ["${role}"]\n`);
  for (const name of people) provider.groups.set(name, [group]);
  const owner = await setUp(server);
  return {
    provider,
    server,
    owner,
    async stop() {
      await server.stop();
      await provider.stop();
      for (const each of [place, owner.place]) each.remove();
    },
  };
}
