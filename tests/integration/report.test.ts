/** Who did what, through the shipped command: of a run that somebody ended, and of a role that was given. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { addPerson, setUp, startServer, type RunningServer, type SignedIn } from "../support/control-plane.ts";
import { bailiwick, makePlace, type Place } from "../support/governed.ts";

let place: Place;
let server: RunningServer;
let owner: SignedIn;
let rita: SignedIn;

before(async () => {
  place = makePlace();
  server = await startServer(place, {});
  owner = await setUp(server);
  rita = await addPerson(owner, server, "rita", { roles: ["responder"], actions: ["killRun", "viewUse", "viewRun"] });
});
after(async () => {
  await server.stop();
  for (const each of [place, owner.place, rita.place]) each.remove();
});

const command = (by: SignedIn, ...words: string[]) => bailiwick(by.place, ["server", ...words]);

test("the report says who did what, for who may see it, all of it and as JSON", async () => {
  assert.equal((await command(rita, "kill", "--person", "rita", "--reason", "broken into")).status, 0);
  assert.notEqual((await command(rita, "lease", "60", "--all", "--reason", "x")).status, 0);
  const report = await command(owner, "report", "--person", "rita", "--from", "1h");
  assert.equal(report.status, 0, report.stderr);
  const lines = report.stdout.split("\n");
  const at = (pattern: RegExp): number => lines.findIndex((line) => pattern.test(line));
  const order = [
    at(/role\.given {2}olivia {2}on Company company .*role responder/),
    at(/right\.used {2}rita {2}killRuns {2}on Person rita/),
    at(/order\.given {2}rita {2}on Person rita .*reason broken into/),
    at(/right\.refused {2}rita {2}setLease {2}on Company company/),
  ];
  assert.ok(!order.includes(-1), report.stdout);
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
  );
  const json = await command(owner, "report", "--person", "rita", "--from", "1h", "--json");
  const first = JSON.parse(json.stdout.split("\n")[0] ?? "") as { index: number; note: { type: string } };
  assert.equal(typeof first.index, "number");
  assert.equal(json.stdout.split("\n").length, lines.length);
  assert.equal((await command(owner, "report", "--person", "nobody")).stdout, "");
  // A role that does not let its holder see the use of rights shows none.
  assert.equal((await command(rita, "report")).stdout, "");
  const wrong = await command(owner, "report", "--from", "whenever");
  assert.match(wrong.stderr, /`--from` is no time/);
});
