// SAFETY: an SSH server over sockets that it is given, never listening, and an SSH client over the connection that was dialled. Every request of a
// client inside passes `serveSession`; forwarding, agents, terminals and files have no handler, which refuses them.
import { Client, type Connection, Server, utils } from "ssh2";
import type { InspectedConnection } from "../inspection/inspection.ts";
import { describeError } from "../tcp/joined.ts";
import { algorithmsOf, isPinned, knownHostsLine, type SshHost } from "./ssh-host.ts";
import type { SshGateway } from "./ssh-gateway.ts";
import { serveSession } from "./ssh-session.privileged.ts";

declare module "ssh2" {
  interface Server {
    /** Serves a socket as if it had been accepted. Documented in the package's README, and not in its types. */
    injectSocket(socket: import("node:net").Socket): void;
  }
}

/** The server has to be there and verified in this time. */
const READY_MS = 20_000;

/** Makes this run's own host key, which is nowhere on disk. */
export function makeSshGateway(hosts: readonly SshHost[]): SshGateway {
  const key = utils.generateKeyPairSync("ed25519");
  const publicKey = key.public.split(" ").slice(0, 2).join(" ");
  const rulesOf = (host: string, port: number): SshHost | undefined =>
    hosts.find((each) => each.host === host && each.port === port);
  return {
    knownHosts: hosts.map((host) => knownHostsLine(host, publicKey)).join(""),
    covers: (host, port) => rulesOf(host, port) !== undefined,
    serve: async (connection) => {
      const rules = rulesOf(connection.host, connection.port);
      return rules === undefined ? "no rules for this host" : await serve(connection, rules, key.private);
    },
  };
}

async function serve(connection: InspectedConnection, rules: SshHost, hostKey: string): Promise<string | undefined> {
  const { client: inside, server: outside } = connection;
  inside.allowHalfOpen = false;
  outside.allowHalfOpen = false;
  let failure: string | undefined;
  const ended = new Promise<void>((resolve) => {
    const front = new Server({ hostKeys: [hostKey], ident: "bailiwick" }, (client) => {
      client.on("error", (error) => (failure ??= `client: ${describeError(error)}`));
      serveClient(client, connection, rules);
    });
    front.on("error", (error: Error) => (failure ??= describeError(error)));
    inside.once("close", () => resolve());
    if (inside.destroyed) resolve();
    else front.injectSocket(inside);
  });
  await ended;
  inside.destroy();
  outside.destroy();
  return failure;
}

function serveClient(client: Connection, connection: InspectedConnection, rules: SshHost): void {
  let user = "";
  let server: Promise<Client> | undefined;
  client.on("authentication", (context) => {
    // Who may come this far was decided when the connection was made; nobody inside has a key to show.
    user = context.username;
    context.accept();
  });
  client.on("session", (accept) => {
    serveSession(accept(), {
      connection,
      rules,
      server: () => (server ??= connect(connection, rules, user)),
    });
  });
}

async function connect(connection: InspectedConnection, rules: SshHost, user: string): Promise<Client> {
  const client = new Client();
  let unknown = false;
  const ready = new Promise<Client>((resolve, reject) => {
    client.once("ready", () => resolve(client));
    client.on("error", (error) => {
      reject(unknown ? new Error("its host key is none of those that the profile pins") : error);
    });
    client.once("close", () => reject(new Error("it closed the connection")));
  });
  client.connect({
    sock: connection.server,
    username: rules.user ?? user,
    privateKey: rules.privateKey,
    authHandler: ["publickey"],
    agentForward: false,
    readyTimeout: READY_MS,
    algorithms: { serverHostKey: algorithmsOf(rules.hostKeys) },
    hostVerifier: (key: Buffer) => {
      unknown = !isPinned(rules.hostKeys, key);
      return !unknown;
    },
  });
  return await ready;
}
