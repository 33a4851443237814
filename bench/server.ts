/**
 * The control plane as it is shipped, on PostgreSQL on the same machine, with simulated hosts over real connections and real runs. Its size is a
 * small machine's: the hosts, the server, the database and who watches share its cores, so this is a lower bound of what a server does.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Client } from "../packages/control-plane/contract/index.ts";
import { findPostgres, startPostgres } from "../packages/control-plane/test/postgres.ts";
import { enrol, setUp, signIn, startServer, type SignedIn } from "../tests/support/control-plane.ts";
import { makePlace } from "../tests/support/governed.ts";
import { measureLarge } from "./server/large.ts";
import { measureKillSwitch, measureQuestions } from "./server/live.ts";
import { measureThroughput } from "./server/throughput.ts";

/** What 10,000 sessions would send. */
const COMPANY_PER_SECOND = 50_000;
/** What is offered, whatever the number of hosts: each sends its share every 100 ms, or all that came meanwhile as soon as it is answered. */
const OFFERED = { eventsPerSecond: 15_000, comingSeconds: 10, seconds: 20 };
const HOSTS = [10, 100, 1_000] as const;

export async function bench(): Promise<Record<string, number>> {
  const found = findPostgres();
  if ("missing" in found) throw new Error(found.missing);
  const postgres = await startPostgres(found.programs);
  const place = makePlace();
  const database = await postgres.makeDatabase();
  let server = await startServer(place, { database });
  const port = Number(new URL(server.url).port);
  const figures: Record<string, number> = {};
  const owner = await setUp(server);
  const client = clientOf(owner);
  const bench = { client, token: tokenOf(owner), database, postgres, server: () => server };
  const add = (measured: Readonly<Record<string, number>>, after: string): void => {
    for (const [name, value] of Object.entries(measured)) figures[`${name}/${after}`] = value;
    // It takes minutes: what is known so far.
    console.error(`  ${after}: ${JSON.stringify(measured, (_, value: unknown) => (typeof value === "number" ? Number(value.toPrecision(3)) : value))}`); // prettier-ignore
  };
  const places = [makePlace(), makePlace(), makePlace()];
  let people: SignedIn | undefined;
  try {
    for (const hosts of HOSTS) add(await measureThroughput(bench, { hosts, ...OFFERED }), `${String(hosts)}-hosts`);
    const reached = figures[`events-per-second/${String(HOSTS[2])}-hosts`] ?? 0;
    figures["fraction-of-50000-per-second"] = reached / COMPANY_PER_SECOND;
    // Both of them killed in the middle, twice.
    const killing = async (): Promise<void> => {
      for (let times = 0; times < 2; times++) {
        await pause(4_000);
        await server.kill();
        server = await startServer(place, { database, port });
        await pause(3_000);
        await postgres.kill();
        await postgres.restart();
      }
    };
    add(await measureThroughput(bench, { hosts: HOSTS[2], ...OFFERED }, killing), "killed");
    Object.assign(figures, await measureLarge(bench));

    for (const each of places) await enrol(owner, server, each);
    await owner.call("addPerson", { body: { id: "norbert", name: "Norbert" } });
    const scope = { type: "Company", id: "company" };
    await owner.call("grantRole", { body: { to: { type: "Person", id: "norbert" }, role: "run-approver", scope } });
    const body = { name: "t", actions: ["viewQuestion", "answerQuestion"], expiresInS: 3_600 };
    const { secret } = (await owner.call("issueToken", { params: { person: "norbert" }, body })) as { secret?: string };
    people = await signIn(server, secret ?? "");
    const [first] = places;
    if (first !== undefined) Object.assign(figures, await measureQuestions(first, clientOf(people)));
    Object.assign(figures, await measureKillSwitch(places, client));
    return figures;
  } finally {
    await server.stop();
    await postgres.stop();
    for (const each of [place, owner.place, ...places, ...(people === undefined ? [] : [people.place])]) each.remove();
  }
}

function clientOf(person: SignedIn): Client {
  const { url, token } = signedIn(person);
  return new Client({ url, by: { token } });
}

function tokenOf(person: SignedIn): string {
  return signedIn(person).token;
}

function signedIn({ place }: SignedIn): { readonly url: string; readonly token: string } {
  const text = readFileSync(join(place.home, ".config/bailiwick/server.json"), "utf8");
  return JSON.parse(text) as { url: string; token: string };
}
