/** A server by the shipped command whose people sign in, by browsers on this machine, at the tests' identity provider. */
import { setUp, startServer, type RunningServer, type SignedIn } from "./control-plane.ts";
import { freePort } from "./free-port.ts";
import { makePlace } from "./governed.ts";
import { startIdentityProvider, type IdentityProvider } from "./identity-provider.ts";
import { writeServerFile } from "./server-file.ts";

export interface Company {
  readonly provider: IdentityProvider;
  /** Its `url` is the one that browsers have to use. */
  readonly server: RunningServer;
  readonly owner: SignedIn;
  stop(): Promise<void>;
}

/** @param people who are in the group, which gives the role */
export async function startCompany(group: string, role: string, ...people: readonly string[]): Promise<Company> {
  const port = await freePort();
  const url = `http://localhost:${String(port)}`;
  const provider = await startIdentityProvider([`${url}/auth/callback`]);
  for (const name of people) provider.groups.set(name, [group]);
  const place = makePlace();
  const groups = `[[oidc.groups]]\ngroup = "${group}"\nroles = ["${role}"]\n`;
  const config = writeServerFile(place, provider, groups, `public-url = "${url}"`);
  const server = { ...(await startServer(place, { port, options: ["--config", config] })), url };
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
