/** Notifications of the shipped command: mail by a server's file, a test of them, what came of it, and a start that says what is missing. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  MAIL_PASSWORD,
  readMail,
  startMailServer,
  type MailServer,
} from "../../packages/control-plane/test/mail-server.ts";
import { addPerson, setUp, startServer, type RunningServer, type SignedIn } from "../support/control-plane.ts";
import { bailiwick, makePlace, type Place } from "../support/governed.ts";
import { makeAuthority } from "../support/https-server.ts";

const authority = makeAuthority();
let mails: MailServer;
let place: Place;
let server: RunningServer;
let owner: SignedIn;
let bea: SignedIn;

before(async () => {
  mails = await startMailServer(authority.identityOf("localhost"));
  place = makePlace();
  const password = join(place.root, "smtp-password");
  writeFileSync(password, MAIL_PASSWORD, { mode: 0o600 });
  const config = join(place.root, "server.toml");
  const toml = `
    [smtp]
    url = "smtp://localhost:${String(mails.port)}"
    starttls = true
    ca = "${authority.file}"
    from = "bailiwick@company.example"
    user = "bailiwick"
    password = { file = "${password}" }
    [[notify]]
    name = "on-call"
    format = "mail"
    to = ["on-call@company.example", "gone@company.example"]
    about = ["orders"]`;
  writeFileSync(config, toml, { mode: 0o600 });
  server = await startServer(place, { options: ["--config", config] });
  owner = await setUp(server);
  bea = await addPerson(owner, server, "bea", { roles: ["responder"], actions: ["manageNotify", "killRun"] });
});
after(async () => {
  await server.stop();
  await mails.stop();
  for (const each of [place, owner.place, bea.place]) each.remove();
  authority.remove();
});

const command = (by: SignedIn, ...words: string[]) => bailiwick(by.place, ["server", ...words]);

test("an order is mailed; a test, too, by who may; and what came of it is listed", async () => {
  mails.refuse.set("gone@company.example", [550, 550]);
  assert.equal((await command(owner, "kill", "--all", "--reason", "broken into")).status, 0);
  assert.match((await command(owner, "notify", "test", "on-call")).stdout, /^2 test messages on the way/);
  const listed = async (): Promise<Record<string, unknown>[]> =>
    (await command(owner, "notify", "list", "--json")).stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  let items = await listed();
  while (items.some(({ taken, givenUp }) => Number(taken) + Number(givenUp) < 2)) items = await listed();
  assert.deepEqual(
    items.map(({ to, taken, givenUp, failure, waiting }) => [to, taken, givenUp, failure, waiting]),
    [
      ["on-call@company.example", 2, 0, undefined, 0],
      ["gone@company.example", 0, 2, "the mail server answered 550", 0],
    ],
  );
  const texts = mails.received.map((mail) => readMail(mail).text).sort();
  assert.match(texts[0] ?? "", /^A test by olivia/);
  assert.match(texts[1] ?? "", /^olivia ended all runs\r\n\r\nbroken into/);
  const shown = await command(owner, "notify");
  assert.match(
    shown.stdout,
    /^on-call {2}mail to gone@company\.example {2}orders: 0 told; 2 failures, last .*: the mail server answered 550; 2 given up$/m,
  );
  assert.match((await command(bea, "notify")).stderr, /no role permits manageNotify/);
  assert.match((await command(bea, "notify", "test", "on-call")).stderr, /no role permits manageNotify/);
  assert.match((await command(owner, "notify", "test", "nowhere")).stderr, /no `\[\[notify\]\]` of the name `nowhere`/);
});

test("a server that can't tell by mail does not start, and says what is missing", async () => {
  const config = join(place.root, "wrong.toml");
  writeFileSync(config, '[[notify]]\nname = "m"\nformat = "mail"\nto = ["a@company.example"]\n', { mode: 0o600 });
  const { status, stderr } = await bailiwick(place, [
    "serve",
    "--config",
    config,
    "--state",
    join(place.root, "other"),
  ]);
  assert.equal(status, 125);
  assert.match(
    stderr,
    /`\[\[notify\]\]` m is told by mail, and `\[smtp\]` is missing[^]*say by which server: `\[smtp\]` with `url` and `from`/,
  );
});
