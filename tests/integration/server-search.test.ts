/** Searching the runs of a company through the shipped command. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { findPostgres, startPostgres, type Postgres } from "../../packages/control-plane/test/postgres.ts";
import { enrol, setUp, signIn, startServer, type RunningServer, type SignedIn } from "../support/control-plane.ts";
import { bailiwick, makePlace, runGoverned, type Place } from "../support/governed.ts";

const found = findPostgres();
let postgres: Postgres | undefined;
let database: string | undefined;
let server: RunningServer;
let owner: SignedIn;
const serverPlace = makePlace();
const place = makePlace();

before(async () => {
  if ("programs" in found) postgres = await startPostgres(found.programs);
  database = await postgres?.makeDatabase();
  server = await startServer(serverPlace, database === undefined ? {} : { database });
  owner = await setUp(server);
  await enrol(owner, server, place);
});
after(async () => {
  await server.stop();
  await postgres?.stop();
  for (const each of [serverPlace, place, owner.place]) each.remove();
});

async function search(from: Place, ...query: string[]): ReturnType<typeof bailiwick> {
  return await bailiwick(from, ["search", "--server", ...query]);
}

/** The index is behind what arrives. */
async function searchUntilFound(from: Place, ...query: string[]): ReturnType<typeof bailiwick> {
  for (;;) {
    const outcome = await search(from, ...query);
    if (outcome.status !== 1) return outcome;
    await pause(50);
  }
}

test("a command of another host is found with its place, its decision and why; and by a rebuilt index as well", async () => {
  const { status } = await runGoverned(place, { argv: ["sh", "-c", "ls --color=never /usr; exit 0"] });
  assert.equal(status, 0);
  assert.equal((await bailiwick(place, ["sync"])).status, 0);
  const listed = await searchUntilFound(owner.place, "program:ls", '"color never"');
  assert.equal(listed.status, 0, listed.stderr);
  assert.match(listed.stdout, /^\S+ \S+ {2}[0-9a-z]{8} {2}olivia@\S+ {2}✓ ls --color=never \/usr\n$/);
  const asJson = JSON.parse((await search(owner.place, "program:ls", "--json")).stdout) as Record<string, unknown>;
  assert.deepEqual([asJson["type"], asJson["person"], asJson["decision"]], ["exec.allowed", "olivia", "allowed"]);
  // The same query on the host that ran it.
  const local = await bailiwick(place, ["search", "program:ls", "--json"]);
  const { run, at, line } = JSON.parse(local.stdout) as Record<string, unknown>;
  assert.deepEqual([asJson["run"], asJson["at"], asJson["line"]], [run, at, line]);

  const port = Number(new URL(server.url).port);
  await server.stop();
  server = await startServer(serverPlace, {
    ...(database !== undefined && { database }),
    port,
    options: ["--rebuild-search"],
  });
  assert.equal((await searchUntilFound(owner.place, "program:ls", "--json")).stdout.trim(), JSON.stringify(asJson));
});

test("who may read nothing finds nothing; what can't be searched there is said", async () => {
  await owner.call("addPerson", { body: { id: "nora", name: "Nora" } });
  const body = { name: "t", actions: ["readRun", "viewRun"], expiresInS: 3_600 };
  const { secret } = (await owner.call("issueToken", { params: { person: "nora" }, body })) as { secret?: string };
  const nora = await signIn(server, secret ?? "");
  try {
    await searchUntilFound(owner.place, "program:ls");
    const nothing = await search(nora.place, "program:ls");
    assert.deepEqual([nothing.status, nothing.stdout], [1, ""]);
    assert.match(nothing.stderr, /nothing found in what you may read/);
  } finally {
    nora.place.remove();
  }
  const shown = await search(owner.place, "text:hello");
  assert.equal(shown.status, 125);
  assert.match(shown.stderr, /what terminals showed is not at the server.*\n.*search for it on the host/);
  assert.match((await search(owner.place, "ls", "--rebuild")).stderr, /bailiwick serve --rebuild-search/);
  assert.match((await search(place, "ls")).stderr, /signed in at no server/);
});
