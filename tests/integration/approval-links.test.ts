/** A question of a run reaches people by a webhook, and is answered by the one-time link in it, through the shipped command. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test, type TestContext } from "node:test";
import type { Page } from "playwright-core";
import { Webhook } from "standardwebhooks";
import { skipWithoutChromium, startChromium } from "../support/chromium.ts";
import { enrol, setUp, startServer, type RunningServer, type SignedIn } from "../support/control-plane.ts";
import { startHttpReceiver, until, type HttpReceiver } from "../support/exporting.ts";
import { bailiwick, makePlace, ofType, readEvents, type Place } from "../support/governed.ts";
import { startCommand, type Ongoing } from "../support/ongoing.ts";
import { readServerNotes } from "../support/server-log.ts";

const SECRET = `whsec_${Buffer.alloc(32, 9).toString("base64")}`;
const BASE = "https://bailiwick.example";
let receiver: HttpReceiver;
let place: Place;
let server: RunningServer;
let owner: SignedIn;

before(async () => {
  receiver = await startHttpReceiver();
  place = makePlace();
  server = await startServer(place, { options: ["--config", writeConfig(place)] });
  owner = await setUp(server);
  await owner.call("addPerson", { body: { id: "robin", name: "Robin" } });
});
after(async () => {
  await server.stop();
  await receiver.stop();
  for (const each of [place, owner.place]) each.remove();
});

function writeConfig({ root }: Place, { more = "" } = {}): string {
  writeFileSync(join(root, "hook-secret"), `${SECRET}\n`, { mode: 0o600 });
  const path = join(root, "server.toml");
  const text = `public-url = "${BASE}"
[[notify]]
name = "mail"
url = "${receiver.url}/mail"
secret = { file = "${join(root, "hook-secret")}" }
people = "all"
${more}`;
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

function start(context: TestContext, host: Place, annotations: string): Ongoing {
  const policy = host.write(
    "ask.cedar",
    `@id("test.ask") @reason("it prints") @ask("operator") ${annotations}
forbid (principal, action == Action::"exec", resource in ProgramGroup::"printf") unless { context.approved };`,
  );
  const script = "/usr/bin/printf asked-and-answered; echo status=$?";
  const options = ["--workspace", host.workspace, "--policy", policy];
  const run = startCommand(host, ["run", ...options, "--", "sh", "-c", script]);
  context.after(() => {
    run.child.kill("SIGKILL");
  });
  return run;
}

async function hostOf(context: TestContext): Promise<Place> {
  const host = makePlace();
  context.after(() => {
    host.remove();
  });
  await enrol(owner, server, host, "robin");
  receiver.requests.length = 0;
  return host;
}

async function browserPage(context: TestContext): Promise<Page> {
  const browser = await startChromium();
  context.after(async () => {
    await browser.close();
  });
  const page = await browser.newPage();
  page.setDefaultTimeout(20_000);
  return page;
}

interface Message {
  readonly data: {
    readonly link?: string;
    readonly to: { readonly person: string };
    readonly question: { readonly id: string; readonly bound: string; readonly terms: { readonly classes: string[] } };
  };
}

async function told(): Promise<Message["data"]> {
  await until(() => receiver.requests.length > 0);
  const [{ body, headers } = { body: Buffer.alloc(0), headers: {} }] = receiver.requests;
  new Webhook(SECRET).verify(body.toString(), headers as Record<string, string>);
  return (JSON.parse(body.toString()) as Message).data;
}

describe("a link", () => {
  test(
    "lets the process go on after a press of its button, and not when it is only looked at",
    { skip: skipWithoutChromium },
    async (context) => {
      const host = await hostOf(context);
      const run = start(context, host, '@class("print")');
      const { link = "", to, question } = await told();
      assert.deepEqual([to.person, question.terms.classes], ["olivia", ["print"]]);
      assert.ok(link.startsWith(`${BASE}/answer#bwl_`));
      const page = await browserPage(context);
      const addresses: string[] = [];
      page.on("request", (request) => addresses.push(request.url()));
      const here = link.replace(BASE, server.url);
      await page.goto(here);
      for (const text of ["/usr/bin/printf asked-and-answered", "it prints", "test.ask", "You answer as olivia."]) {
        await page.getByText(text).first().waitFor();
      }
      const shown = await bailiwick(owner.place, ["approvals", "show", question.id]);
      assert.match(shown.stdout, /about +print[^]*state +open/);
      await page.getByRole("button", { name: "Yes, once" }).click();
      await page.getByText("You said yes, once.").waitFor();
      await page.getByText("Answered by olivia: yes.").waitFor();
      // In no address that anybody is sent, nor in the browser's history.
      assert.ok(addresses.length > 2 && !addresses.some((address) => address.includes("bwl_")), addresses.join(" "));
      assert.equal(page.url(), `${server.url}/answer`);
      await page.goto("about:blank");
      await page.goto(here);
      await page.getByRole("alert").getByText("this link was used, is over, or never was one").waitFor();
      assert.match(await run.until(/status=0/), /asked-and-answered/);
      assert.equal(await run.ended(), 0);
      const [approval] = ofType(await readEvents(host), "approval");
      assert.deepEqual([approval?.answer, approval?.by], ["once", "olivia (at the server)"]);
      const notes = await readServerNotes(owner);
      const made = notes.find(({ type, question: id }) => type === "link.made" && id === question.id);
      const answered = notes.find(({ type, question: id }) => type === "question.answered" && id === question.id);
      assert.deepEqual([answered?.["by"], answered?.["link"]], ["olivia", made?.["link"]]);
      assert.deepEqual([made?.["person"], made?.["notify"]], ["olivia", "mail"]);
      const uses = notes.filter(({ type, by }) => type === "right.used" && by === made?.["link"]);
      assert.deepEqual(
        uses.map(({ route }) => route),
        ["showLink", "answerLink"],
      );
      assert.ok(!JSON.stringify(notes).includes("bwl_"));
    },
  );

  test("is not sent where the policy says so; two people's yes are asked for by `approvals`", async (context) => {
    const host = await hostOf(context);
    const run = start(context, host, '@link("never") @approvals("2")');
    const { link, question } = await told();
    assert.equal(link, undefined);
    const first = await bailiwick(owner.place, ["approvals", "allow", question.id]);
    assert.match(first.stdout, /1 of 2 people: somebody else has to say yes, too/);
    const shown = await bailiwick(owner.place, ["approvals", "show", question.id]);
    assert.match(shown.stdout, /yes of +2 people; so far olivia\nlink +never[^]*state +open/);
    assert.match((await bailiwick(owner.place, ["approvals", "allow", question.id])).stderr, /said yes to it already/);
    assert.equal((await bailiwick(owner.place, ["approvals", "deny", question.id])).status, 0);
    await run.until(/status=126/);
  });
});

test("a server does not start with what would tell somebody else, or nobody", async (context) => {
  const other = makePlace();
  context.after(() => {
    other.remove();
  });
  const serve = async (toml: string, env: Readonly<Record<string, string>> = {}) => {
    const path = join(other.root, "server.toml");
    writeFileSync(path, toml, { mode: 0o600 });
    const options = ["serve", "--config", path, "--listen", "127.0.0.1:0", "--state", join(other.root, "state")];
    return (await bailiwick(other, options, { env })).stderr;
  };
  const hook = (more: string): string => `[[notify]]\nname = "x"\nurl = "https://hooks.example/x"\n${more}\n`;
  const secret = 'secret = { env = "S" }';
  assert.match(await serve(hook("")), /`notify\.0\.secret`: must be there for the format plain/);
  assert.match(await serve(hook('format = "slack"\npeople = "all"')), /must be one person/);
  assert.match(await serve(hook(`${secret}\npeople = ["robin"]`)), /`public-url` does not say where/);
  assert.match(await serve(hook(secret)), /`secret` of `\[\[notify\]\]` x is empty/);
  assert.match(await serve(hook(secret), { S: "whsec_short" }), /is not `whsec_` and base 64/);
  assert.match(await serve(`${hook(secret)}${hook(secret)}`, { S: SECRET }), /two `\[\[notify\]\]` have one name/);
  assert.match(await serve(hook(secret).replace("https://", "http://"), { S: SECRET }), /must be https/);
});
