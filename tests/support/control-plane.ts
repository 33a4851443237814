/** A server by the shipped command, people who are signed in there, and hosts that are enrolled. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { bailiwick, commandPath, makePlace, personEnvironment, type Place } from "./governed.ts";

export interface RunningServer {
  readonly url: string;
  readonly setUpToken: string | undefined;
  readonly logKey: string;
  /** As a power cut would end it. */
  kill(): Promise<void>;
  /** As its operator would end it. */
  stop(): Promise<void>;
  readonly process: ChildProcess;
}

/** @param place whose state directory has the server's keys @param port of one that was there before; 0: any */
export async function startServer(
  place: Place,
  {
    database,
    port = 0,
    options = [],
  }: { readonly database?: string; readonly port?: number; readonly options?: readonly string[] },
): Promise<RunningServer> {
  const where = ["--listen", `127.0.0.1:${String(port)}`, "--state", join(place.root, "control-plane")];
  const store = database === undefined ? [] : ["--database", database];
  const child = spawn(process.execPath, [commandPath, "serve", "--json", ...where, ...store, ...options], {
    cwd: place.root,
    // As the command's first line sets it, which is passed over here.
    env: personEnvironment(place, { MALLOC_ARENA_MAX: "2" }),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout });
  const [first] = (await Promise.race([once(lines, "line"), once(child, "exit").then(() => ["{}"])])) as [string];
  const { url, setUpToken, logKey } = JSON.parse(first) as { url?: string; setUpToken?: string; logKey?: string };
  if (url === undefined || logKey === undefined) throw new Error("the server did not start");
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, "exit");
  };
  return { url, setUpToken, logKey, process: child, kill: () => end("SIGKILL"), stop: () => end("SIGTERM") };
}

/** A person at a place of their own, signed in. */
export interface SignedIn {
  readonly place: Place;
  /** `bailiwick server call`, its answer parsed. @throws Error with what it said when it failed */
  call(route: string, given?: object): Promise<Record<string, unknown>>;
}

export async function signIn(server: RunningServer, token: string, options: readonly string[] = []): Promise<SignedIn> {
  const place = makePlace();
  const login = await bailiwick(place, ["login", server.url, ...options], { input: `${token}\n` });
  if (login.status !== 0) throw new Error(login.stderr);
  return {
    place,
    async call(route, given = {}) {
      const { status, stdout, stderr } = await bailiwick(place, ["server", "call", route, JSON.stringify(given)]);
      if (status !== 0) throw new Error(stderr);
      return stdout === "" ? {} : (JSON.parse(stdout) as Record<string, unknown>);
    },
  };
}

export async function setUp(server: RunningServer): Promise<SignedIn> {
  return await signIn(server, server.setUpToken ?? "", ["--set-up", "Olivia"]);
}

/** Enrols a place as a host of a person. @returns the host's name at the server */
export async function enrol(owner: SignedIn, server: RunningServer, place: Place, person = "olivia"): Promise<string> {
  const { secret } = (await owner.call("invite", { body: { person } })) as { secret: string };
  const enrolled = await bailiwick(place, ["enroll", server.url, secret, "--json"]);
  if (enrolled.status !== 0) throw new Error(enrolled.stderr);
  return (JSON.parse(enrolled.stdout) as { host: string }).host;
}

/** Somebody with roles for the company, signed in by a token for these actions alone. */
export async function addPerson(
  owner: SignedIn,
  server: RunningServer,
  id: string,
  { roles, actions }: { readonly roles: readonly string[]; readonly actions: readonly string[] },
): Promise<SignedIn> {
  await owner.call("addPerson", { body: { id, name: id } });
  const scope = { type: "Company", id: "company" };
  for (const role of roles) await owner.call("grantRole", { body: { to: { type: "Person", id }, role, scope } });
  const body = { name: "test", actions, expiresInS: 3_600 };
  const { secret } = await owner.call("issueToken", { params: { person: id }, body });
  return await signIn(server, String(secret));
}

export interface Held {
  readonly index: number;
  readonly event: unknown;
}

/** All that the server holds of a run, page by page. */
export async function heldOf(owner: SignedIn, run: string): Promise<Held[]> {
  const held: Held[] = [];
  for (let after: number | undefined = 0; after !== undefined;) {
    const given = { params: { run }, query: { after, limit: 1_000 } };
    const page = (await owner.call("readRun", given)) as { items: Held[]; next?: number };
    held.push(...page.items);
    after = page.next;
  }
  return held;
}
