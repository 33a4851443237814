/** An emergency through the shipped command: the role is opened for a reason, told, used, over by itself, and looked at afterwards. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { addPerson, setUp, startServer, type RunningServer, type SignedIn } from "../support/control-plane.ts";
import { bailiwick, makePlace, type Place } from "../support/governed.ts";
import { startHttpReceiver, type HttpReceiver } from "../support/exporting.ts";
import { readServerNotes } from "../support/server-log.ts";

let place: Place;
let server: RunningServer;
let owner: SignedIn;
let bea: SignedIn;
const { promise: alarm, resolve: tell } = Promise.withResolvers<string>();
let receiver: HttpReceiver;

before(async () => {
  receiver = await startHttpReceiver(({ body }, response) => {
    tell(body.toString());
    response.writeHead(200).end();
  });
  place = makePlace();
  const config = join(place.root, "server.toml");
  const url = `${receiver.url}/alarms`;
  writeFileSync(config, `[[notify]]\nname = "chat"\nformat = "slack"\nurl = "${url}"\n`, { mode: 0o600 });
  server = await startServer(place, { options: ["--config", config] });
  owner = await setUp(server);
  const actions = ["breakGlass", "killRun", "viewBreakGlass"];
  bea = await addPerson(owner, server, "bea", { roles: ["break-glass"], actions });
});
after(async () => {
  await server.stop();
  for (const each of [place, owner.place, bea.place]) each.remove();
  await receiver.stop();
});

const command = (by: SignedIn, ...words: string[]) => bailiwick(by.place, ["server", ...words]);
const kill = (by: SignedIn) => command(by, "kill", "--all", "--reason", "broken into");

test("the role break-glass is opened for a reason and a time, told to the owners, and looked at afterwards", async () => {
  assert.match((await kill(bea)).stderr, /no role permits killRun/);
  assert.match((await command(bea, "break-glass")).stderr, /--reason/);
  assert.match((await command(bea, "break-glass", "--reason", "x", "--for", "5h")).stderr, /no time from 1m to 4h/);
  const opened = await command(bea, "break-glass", "--reason", "nobody else is awake", "--for", "10m");
  assert.equal(opened.status, 0, opened.stderr);
  const [id = ""] = /b-[0-9a-f]{12}/.exec(opened.stdout) ?? [];
  assert.match(opened.stdout, /^open as b-[0-9a-f]{12} for the company, until .*; the owners are told/);
  assert.match(
    await alarm,
    new RegExp(`ALARM: bea opened the role break-glass[^]*nobody else is awake[^]*Olivia[^]*${id}`),
  );
  const overview = JSON.parse((await command(owner, "whoami")).stdout) as { alarms: { id: string; person: string }[] };
  assert.deepEqual(
    overview.alarms.map((each) => [each.id, each.person]),
    [[id, "bea"]],
  );
  assert.equal((await kill(bea)).status, 0);
  assert.match((await command(bea, "break-glass", "--reason", "again")).stderr, /it is open already/);
  assert.equal((await command(bea, "break-glass", "end", id)).stdout, `${id}: ended\n`);
  assert.match((await kill(bea)).stderr, /no role permits killRun/);
  const list = await command(owner, "break-glass", "list");
  assert.match(
    list.stdout,
    new RegExp(`${id}  bea for the company, ended .* by bea  \\d+ used, 0 refused  nobody else is awake\n$`),
  );
  const shown = await command(owner, "break-glass", "show", id);
  const lines = shown.stdout.split("\n");
  assert.match(lines[0] ?? "", /break-glass\.opened {2}bea {2}on Company company .*reason nobody else is awake/);
  assert.ok(lines.some((line) => /right\.used {2}bea {2}killRuns {2}on Company company/.test(line)));
  const jsons = (await command(owner, "break-glass", "show", id, "--json")).stdout.trim().split("\n");
  assert.equal(jsons.length, lines.length - 1);
  // Who may not look at it is told nothing of it.
  assert.match((await command(bea, "break-glass", "list")).stderr, /no role permits viewBreakGlass/);
  const marked = (await readServerNotes(owner)).filter(({ breakGlass }) => breakGlass === id);
  assert.ok(marked.some(({ type, route }) => type === "right.used" && route === "killRuns"));
});
