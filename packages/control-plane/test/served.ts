/** Servers for tests: in this process, on PostgreSQL or on the embedded database, with a first owner. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "../contract/index.ts";
import { startServer, type RunningServer, type ServerOptions } from "../src/index.ts";

export interface Served {
  readonly server: RunningServer;
  readonly state: string;
  readonly owner: Client;
  readonly ownerToken: string;
  /** What the operator was told. */
  readonly said: readonly string[];
  as(token: string): Client;
  /** A person with roles, and a client that acts for them with all their rights. */
  person(id: string, ...roles: readonly GrantOf[]): Promise<Client>;
  stop(): Promise<void>;
}

type GrantOf = readonly [role: string, type: ScopeType, id: string];
type ScopeType = "Company" | "Team" | "Person" | "Project" | "Agent" | "Host" | "Run" | "Pool" | "Task";

export interface ServedOptions {
  readonly database?: string | undefined;
  readonly now?: () => number;
  readonly state?: string;
  readonly oidc?: ServerOptions["oidc"];
  readonly notify?: ServerOptions["notify"];
  readonly smtp?: ServerOptions["smtp"];
  readonly hosts?: ServerOptions["hosts"];
  readonly publicUrl?: string | undefined;
  readonly idleMinutes?: number | undefined;
  readonly sessionHours?: number | undefined;
  readonly dualControl?: ServerOptions["dualControl"];
  readonly trustedProxies?: ServerOptions["trustedProxies"];
  readonly listen?: ServerOptions["listen"];
  readonly leaversEndRuns?: boolean;
  readonly tasksReviewedBy?: ServerOptions["tasksReviewedBy"];
  readonly rebuildSearch?: boolean;
}

export async function startAlone({ database, now = Date.now, state, ...more }: ServedOptions = {}) {
  const directory = state ?? mkdtempSync(join(tmpdir(), "bailiwick-server-"));
  const said: string[] = [];
  const server = await startServer({
    state: directory,
    version: "0.0.0-test",
    database,
    listen: { host: "127.0.0.1", port: 0, tls: undefined },
    now,
    ...more,
    say: (text) => said.push(text),
  });
  return { server, state: directory, said, saidAtStart: said.splice(0) };
}

export async function serve(options: ServedOptions = {}): Promise<Served> {
  const { server, state, said } = await startAlone(options);
  const as = (token: string): Client => new Client({ url: server.url, by: { token } });
  const nobody = new Client({ url: server.url, by: { nobody: true } });
  const { secret } = await nobody.call("setUp", {
    body: { token: server.setUpToken ?? "", id: "olivia", name: "Olivia" },
  });
  const owner = as(secret);
  const everything = (await owner.call("listRoles", {})).items.flatMap(({ name, any }) =>
    name === "owner" || name === "break-glass" ? any : [],
  );
  return {
    server,
    state,
    owner,
    ownerToken: secret,
    said,
    as,
    async person(id, ...roles) {
      await owner.call("addPerson", { body: { id, name: id } });
      for (const [role, type, scope] of roles) {
        if (role === "owner") await owner.call("grantOwner", { body: { person: id } });
        else await owner.call("grantRole", { body: { to: { type: "Person", id }, role, scope: { type, id: scope } } });
      }
      const body = { name: "test", actions: everything, expiresInS: 3_600 };
      return as((await owner.call("issueToken", { params: { person: id }, body })).secret);
    },
    async stop() {
      await server.close();
      if (options.state === undefined) rmSync(state, { recursive: true, force: true });
    },
  };
}
