/** What more than one person has to want, through the shipped command: it waits, another confirms it, and then it is done. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { addPerson, setUp, startServer, type RunningServer, type SignedIn } from "../support/control-plane.ts";
import { bailiwick, makePlace, type Place } from "../support/governed.ts";
import { readServerNotes } from "../support/server-log.ts";

let place: Place;
let server: RunningServer;
let owner: SignedIn;
let rita: SignedIn;

before(async () => {
  place = makePlace();
  const config = join(place.root, "server.toml");
  writeFileSync(config, '[[dual-control]]\naction = "killRun"\non = "Company"\n', { mode: 0o600 });
  server = await startServer(place, { options: ["--config", config] });
  owner = await setUp(server);
  rita = await addPerson(owner, server, "rita", { roles: ["responder"], actions: ["killRun", "viewOrder"] });
});
after(async () => {
  await server.stop();
  for (const each of [place, owner.place, rita.place]) each.remove();
});

const command = (by: SignedIn, ...words: string[]) => bailiwick(by.place, ["server", ...words]);

test("the kill switch of all runs waits for a second person", async () => {
  const wanted = await command(rita, "kill", "--all", "--reason", "broken into");
  assert.equal(wanted.status, 125);
  assert.match(wanted.stderr, /2 people have to want this[^]*bailiwick server confirm r-[0-9a-f]{12}/);
  const [id = ""] = /r-[0-9a-f]{12}/.exec(wanted.stderr) ?? [];
  assert.equal((await command(rita, "orders")).stdout, "");
  assert.match((await command(rita, "confirm", id)).stderr, /somebody else has to confirm it/);
  const pending = await command(owner, "pending");
  assert.match(pending.stdout, new RegExp(`^${id}  rita \\(1 of 2\\)  killRuns on Company company .*broken into`));
  assert.equal((await command(owner, "confirm", id)).stdout, `${id}: done\n`);
  assert.match((await command(rita, "orders")).stdout, /kill {2}all runs, until .* rita: broken into/);
  // Negative control: what the rule does not name is done at once.
  assert.equal((await command(rita, "kill", "--agent", "none", "--reason", "x")).status, 0);
  const other = await command(rita, "kill", "--all", "--lift", "--reason", "patched");
  const [second = ""] = /r-[0-9a-f]{12}/.exec(other.stderr) ?? [];
  assert.equal((await command(owner, "reject", second)).stdout, `${second}: rejected\n`);
  assert.match((await command(rita, "orders")).stdout, /all runs/);
  const notes = await readServerNotes(owner);
  const ofRequest = notes
    .filter(({ id: whose }) => whose === id)
    .map(({ type, by }) => `${String(type)} ${String(by)}`);
  assert.deepEqual(ofRequest, ["request.made rita", "request.confirmed olivia", "request.ended olivia"]);
});
