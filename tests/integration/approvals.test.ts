/** Questions of runs of enrolled hosts are answered at the server, by those who may, once, for what was asked; the process waits in the kernel. */
import assert from "node:assert/strict";
import { after, before, describe, test, type TestContext } from "node:test";
import { findPostgres, startPostgres, type Postgres } from "../../packages/control-plane/test/postgres.ts";
import {
  addPerson,
  enrol,
  setUp,
  signIn,
  startServer,
  type RunningServer,
  type SignedIn,
} from "../support/control-plane.ts";
import { eventually } from "../support/going.ts";
import { bailiwick, makePlace, ofType, readEvents, type Place } from "../support/governed.ts";
import { makeAuthority, serveHttps } from "../support/https-server.ts";
import { type Ongoing, startCommand, startScript } from "../support/ongoing.ts";
import { readServerNotes } from "../support/server-log.ts";

const found = findPostgres();
let postgres: Postgres | undefined;
let serverPlace: Place;
let server: RunningServer;
let owner: SignedIn;
let norbert: SignedIn;
let sam: SignedIn;

before(async () => {
  if ("programs" in found) postgres = await startPostgres(found.programs);
  serverPlace = makePlace();
  const database = await postgres?.makeDatabase();
  server = await startServer(serverPlace, database === undefined ? {} : { database });
  owner = await setUp(server);
  await owner.call("defineRole", {
    params: { role: "security" },
    body: { actions: ["viewQuestion", "answerQuestion"] },
  });
  await owner.call("addPerson", { body: { id: "robin", name: "Robin" } });
  norbert = await person("norbert", "run-approver");
  sam = await person("sam", "security");
});
after(async () => {
  await server.stop();
  await postgres?.stop();
  for (const place of [serverPlace, owner.place, norbert.place, sam.place]) place.remove();
});

async function person(id: string, role: string): Promise<SignedIn> {
  return await addPerson(owner, server, id, { roles: [role], actions: ["viewQuestion", "answerQuestion", "viewRun"] });
}

interface Secret {
  readonly secret: string;
}

interface Asked {
  readonly id: string;
  readonly run: string;
  readonly bound: string;
  readonly state: string;
  readonly argv: readonly string[];
  readonly about?: unknown;
  readonly role?: string;
}

async function hostOf(context: TestContext, who: string): Promise<Place> {
  const place = makePlace();
  context.after(() => {
    place.remove();
  });
  await enrol(owner, server, place, who);
  return place;
}

/** A run whose `printf` a policy asks about. */
function start(
  context: TestContext,
  place: Place,
  script: string,
  { role = "operator", annotations = "", options = [] as string[] } = {},
): Ongoing {
  const policy = place.write(
    "ask.cedar",
    `@id("test.ask") @reason("it prints") @ask("${role}") ${annotations}
forbid (principal, action == Action::"exec", resource in ProgramGroup::"printf") unless { context.approved };`,
  );
  const run = startScript(place, script, ["--policy", policy, ...options]);
  context.after(() => {
    run.child.kill("SIGKILL");
  });
  return run;
}

const PRINT = "/usr/bin/printf asked-and-answered; echo status=$?";

async function open(by: SignedIn, state = "open"): Promise<readonly Asked[]> {
  return ((await by.call("listQuestions", { query: { state } })) as { items: readonly Asked[] }).items;
}

async function nextQuestion(by: SignedIn, count = 1): Promise<readonly [Asked, ...Asked[]]> {
  let items: readonly Asked[] = [];
  await eventually(async () => (items = await open(by)).length >= count, "it is asked");
  const [first, ...rest] = items;
  assert.ok(first !== undefined);
  return [first, ...rest];
}

async function approvals(
  by: SignedIn,
  ...words: string[]
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  return await bailiwick(by.place, ["approvals", ...words]);
}

describe("a question at the server", () => {
  test("yes lets the process go on, and the record says whose", async (context) => {
    const place = await hostOf(context, "robin");
    const run = start(context, place, PRINT);
    const [asked] = await nextQuestion(norbert);
    assert.deepEqual(asked.argv, ["/usr/bin/printf", "asked-and-answered"]);
    const shown = await approvals(norbert, "show", asked.id);
    assert.match(
      shown.stdout,
      /command +\/usr\/bin\/printf asked-and-answered[^]*because +it prints[^]*policy +test\.ask/,
    );
    const allowed = await approvals(norbert, "allow", asked.id.slice(0, 8), "--why", "harmless");
    assert.equal(allowed.status, 0, allowed.stderr);
    assert.match(await run.until(/status=0/), /asked-and-answered/);
    assert.equal(await run.ended(), 0);
    const [approval] = ofType(await readEvents(place), "approval");
    assert.deepEqual(
      [approval?.answer, approval?.by, approval?.bound],
      ["once", "norbert (at the server)", asked.bound],
    );
    const notes = await readServerNotes(owner);
    assert.ok(
      notes.some(({ type, question, by }) => type === "question.answered" && question === asked.id && by === "norbert"),
    );
    // Twice is once.
    const again = await approvals(norbert, "deny", asked.id);
    assert.equal(again.status, 125);
    assert.match(again.stderr, /was answered by norbert/);
  });

  test("no refuses it, and an answer for something else than was asked is none", async (context) => {
    const place = await hostOf(context, "robin");
    const run = start(context, place, PRINT);
    const [asked] = await nextQuestion(norbert);
    const forged = { params: { question: asked.id }, body: { answer: "once", bound: `sha256:${"0".repeat(64)}` } };
    await assert.rejects(norbert.call("answerQuestion", forged), /something else than the question is about/);
    assert.equal((await approvals(norbert, "deny", asked.id)).status, 0);
    assert.match(await run.until(/status=126/), /norbert \(at the server\) said no/);
    await run.ended();
  });

  test("nobody answers what their own run asks, nor for a role that they are not", async (context) => {
    await owner.call("grantRole", {
      body: { to: { type: "Person", id: "robin" }, role: "run-approver", scope: { type: "Company", id: "company" } },
    });
    const body = { name: "t", actions: ["viewQuestion", "answerQuestion"], expiresInS: 600 };
    const { secret } = (await owner.call("issueToken", { params: { person: "robin" }, body })) as unknown as Secret;
    const robin = await signIn(server, secret);
    context.after(() => {
      robin.place.remove();
    });
    const place = await hostOf(context, "robin");
    const run = start(context, place, PRINT, { role: "security" });
    const [asked] = await nextQuestion(norbert);
    assert.equal(asked.role, "security");
    const own = await approvals(robin, "allow", asked.id);
    assert.match(own.stderr, /nobody answers at the server what their own run asks/);
    const other = await approvals(norbert, "allow", asked.id);
    assert.match(other.stderr, /the policy asks for `security`/);
    // Negative control: who has the role.
    assert.equal((await approvals(sam, "allow", asked.id)).status, 0);
    await run.until(/status=0/);
    assert.equal(await run.ended(), 0);
  });

  test("yes for the run answers the same again; the same of other runs is answered with it where that is asked for", async (context) => {
    const place = await hostOf(context, "robin");
    const runs = [start(context, place, `${PRINT}; ${PRINT}`), start(context, place, `${PRINT}; ${PRINT}`)];
    const [first, second] = await nextQuestion(norbert, 2);
    assert.equal(first.bound, second?.bound);
    assert.notEqual(first.run, second?.run);
    const listed = await approvals(norbert, "list");
    assert.match(listed.stdout, /\(2 ask the same\)/);
    const both = await approvals(norbert, "allow", first.id, "--for-run", "--same", "--propose", "project", "--json");
    assert.equal((JSON.parse(both.stdout) as { answered: string[] }).answered.length, 2);
    for (const run of runs) {
      await run.until(/status=0[^]*status=0/);
      assert.equal(await run.ended(), 0);
    }
    const { items } = (await owner.call("listProposals")) as {
      items: { reach: string; by: string; question: Asked }[];
    };
    assert.deepEqual([items[0]?.reach, items[0]?.by, items[0]?.question.id], ["project", "norbert", first.id]);
  });

  test("who has no right sees no question", async (context) => {
    const place = await hostOf(context, "robin");
    const run = start(context, place, PRINT);
    const [asked] = await nextQuestion(norbert);
    await owner.call("addPerson", { body: { id: "nobody", name: "Nobody" } }).catch(() => undefined);
    const body = { name: "t", actions: ["viewQuestion", "answerQuestion"], expiresInS: 600 };
    const { secret } = (await owner.call("issueToken", { params: { person: "nobody" }, body })) as unknown as Secret;
    const nobody = await signIn(server, secret);
    context.after(() => {
      nobody.place.remove();
    });
    assert.deepEqual(await open(nobody), []);
    assert.match((await approvals(nobody, "allow", asked.id)).stderr, /no role permits viewQuestion/);
    const answer = nobody.call("answerQuestion", {
      params: { question: asked.id },
      body: { answer: "once", bound: asked.bound },
    });
    await assert.rejects(answer, /no role permits answerQuestion/);
    await approvals(norbert, "deny", asked.id);
    await run.until(/status=126/);
  });

  test("a question whose run is gone is taken back", async (context) => {
    const place = await hostOf(context, "robin");
    const run = start(context, place, PRINT);
    const [asked] = await nextQuestion(norbert);
    run.child.kill("SIGTERM");
    await run.ended();
    await eventually(async () => (await open(norbert)).every(({ id }) => id !== asked.id), "it is not open any more");
    const late = await approvals(norbert, "allow", asked.id);
    assert.match(late.stderr, /is over \(withdrawn\)/);
  });

  test("is answered by whom a right was handed on to, for its class alone, and the log says so", async (context) => {
    await owner.call("addPerson", { body: { id: "dana", name: "Dana" } });
    const body = { name: "t", actions: ["viewQuestion", "answerQuestion"], expiresInS: 600 };
    const { secret } = (await owner.call("issueToken", { params: { person: "dana" }, body })) as unknown as Secret;
    const dana = await signIn(server, secret);
    context.after(() => {
      dana.place.remove();
    });
    const words = ["delegate", "dana", "--for", "1h", "--class", "print", "--reason", "at lunch"];
    const made = await approvals(norbert, ...words);
    assert.match(
      made.stdout,
      /^d-[0-9a-f]{12} {2}dana answers questions about print for norbert, until .* at lunch\n$/,
    );
    const id = made.stdout.slice(0, 14);
    const place = await hostOf(context, "robin");
    const other = start(context, place, PRINT);
    const [unclassed] = await nextQuestion(norbert);
    assert.match((await approvals(dana, "allow", unclassed.id)).stderr, /no role permits/);
    await approvals(norbert, "deny", unclassed.id);
    await other.until(/status=126/);
    const run = start(context, place, PRINT, { annotations: '@class("print")' });
    const [asked] = await nextQuestion(norbert);
    const explained = await bailiwick(owner.place, [
      "access",
      "explain",
      "dana",
      "answerQuestion",
      `Question:${asked.id}`,
    ]);
    assert.match(explained.stdout, /^yes: role run-approver for Company company, only print, handed on by norbert/);
    assert.equal((await approvals(dana, "allow", asked.id)).status, 0);
    await run.until(/status=0/);
    assert.equal((await approvals(norbert, "undelegate", id)).status, 0);
    assert.equal((await approvals(norbert, "delegations")).stdout, "");
    const notes = await readServerNotes(owner);
    assert.deepEqual(
      notes.flatMap(({ type, id: whose }) => (whose === id ? [type] : [])),
      ["delegation.made", "delegation.ended"],
    );
  });

  test("with `--approvals deny` nobody is asked", async (context) => {
    const place = await hostOf(context, "robin");
    const run = start(context, place, PRINT, { options: ["--approvals", "deny"] });
    assert.match(await run.until(/status=126/), /there was nobody to ask: the run was started with `--approvals deny`/);
    await run.ended();
    assert.deepEqual(await open(norbert), []);
  });
});

describe("a request that is asked about at the server", () => {
  const authority = makeAuthority();
  const received: string[] = [];
  let outside: Awaited<ReturnType<typeof serveHttps>>;
  before(async () => {
    outside = await serveHttps(authority.identityOf("api.test"), (request, response) => {
      received.push(`${request.method ?? ""} ${request.url ?? ""}`);
      response.end("thank you");
    });
  });
  after(() => {
    outside.server.close();
    authority.remove();
  });

  /** A run that sends; its policy asks. */
  async function startSending(context: TestContext, script: string): Promise<{ place: Place; run: Ongoing }> {
    received.length = 0;
    const place = await hostOf(context, "robin");
    const profile = `extends = "standard"
[network]
allow = ["api.test:${String(outside.port)}"]
inspect = ["api.test"]
trust = ["${authority.file}"]
[network.hosts]
"api.test" = "127.0.0.1"
`;
    const policy = `@id("test.post") @reason("sending is delicate") @ask("operator")
forbid (principal, action == Action::"httpRequest", resource) when { context.method == "POST" } unless { context.approved };`;
    const files = ["--profile", place.write("profile.toml", profile), "--policy", place.write("post.cedar", policy)];
    const url = `https://api.test:${String(outside.port)}`;
    const run = startCommand(place, ["run", "--workspace", place.workspace, ...files, "--", "bash", "-c", script.replaceAll("URL", url)]); // prettier-ignore
    context.after(() => {
      run.child.kill("SIGKILL");
    });
    return { place, run };
  }

  test("is shown with all that it is, waits, and goes out with yes", async (context) => {
    const { place, run } = await startSending(context, "curl -sS -d a=1 'URL/drafts?notify=no'; echo status=$?");
    const [asked] = await nextQuestion(norbert);
    assert.deepEqual(received, []);
    const listed = await approvals(norbert, "list");
    assert.match(listed.stdout, /  POST api\.test:\d+\/drafts\?notify/);
    const shown = await approvals(norbert, "show", asked.id);
    assert.match(
      shown.stdout,
      /request +POST api\.test:\d+\/drafts\?notify\nbody +of 3 bytes, application\/x-www-form-urlencoded\nasked by +curl -sS -d a=1 [^\n]*\nin +\/[^\n]*\nbecause +sending is delicate\npolicy +test\.post/,
    );
    assert.doesNotMatch(shown.stdout, /would run/);
    const allowed = await approvals(norbert, "allow", asked.id, "--why", "harmless");
    assert.match(allowed.stdout, /^yes: POST api\.test:/);
    assert.match(await run.until(/status=0/), /thank you/);
    assert.equal(await run.ended(), 0);
    const [approval] = ofType(await readEvents(place), "approval");
    assert.deepEqual([approval?.by, approval?.bound, approval?.about?.request?.path], ["norbert (at the server)", asked.bound, "/drafts"]); // prettier-ignore
    // What was asked is found, and told to whoever gets the record.
    const search = await bailiwick(place, ["search", "--host", "api.test", "--json"]);
    assert.match(search.stdout, /"type":"approval"/);
    const shownRun = await bailiwick(place, ["runs", "show"]);
    assert.match(shownRun.stdout, /\? asked norbert \(at the server\) about POST api\.test:\d+\/drafts\?notify: once/);
  });

  test("is taken back when the process that sends is gone, whatever it has sent by then", async (context) => {
    const { place, run } = await startSending(
      context,
      "truncate -s 40M large; curl -sS --data-binary @large URL/large & until [ -e asked ]; do sleep 0.1; done; kill -KILL $!; wait; echo over; sleep 60",
    );
    // The command itself is asked about as well, for it uploads.
    const [upload] = await nextQuestion(norbert);
    assert.equal((await approvals(norbert, "allow", upload.id)).status, 0);
    await eventually(async () => (await open(norbert, "all")).some(({ about, run: of }) => about !== undefined && of === upload.run), "it is asked"); // prettier-ignore
    place.write("home/project/asked", "");
    await run.until(/over/);
    await eventually(async () => (await open(norbert)).length === 0, "it is not open any more");
    const events = await readEvents(place);
    assert.match(ofType(events, "request.refused")[0]?.decision.reason ?? "", /whoever wanted it has gone/);
    assert.deepEqual(received, []);
  });

  test("is taken back when the run is paused", async (context) => {
    const { run } = await startSending(context, "curl -sS -d a=1 URL/x; echo status=$?");
    const [asked] = await nextQuestion(norbert);
    const order = ["--person", "robin", "--reason", "look first"];
    const paused = await bailiwick(owner.place, ["server", "pause", ...order]);
    assert.equal(paused.status, 0, paused.stderr);
    await eventually(async () => (await open(norbert)).length === 0, "it is not open any more");
    assert.match((await approvals(norbert, "allow", asked.id)).stderr, /is over \(withdrawn\)/);
    assert.equal(
      (await bailiwick(owner.place, ["server", "resume", "--person", "robin", "--reason", "looked"])).status,
      0,
    );
    assert.match(await run.until(/status=0/), /asked, and the run was stopped/);
    assert.equal(await run.ended(), 0);
    assert.deepEqual(received, []);
  });
});
