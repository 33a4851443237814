/** Every built-in role, for every kind of scope, against every route of the real API; what is expected is written down here, without Cedar. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { eraseRuns } from "@bailiwick/audit";
import { ACTIONS, BUILT_IN_ROLES, writeBundle, type AccessAction, type Role } from "@bailiwick/policy";
import {
  type Client,
  ROUTE_NAMES,
  ROUTES,
  ServerError,
  type InputOf,
  type Route,
  type RouteName,
} from "../contract/index.ts";
import { makeHost, type TestHost } from "../test/host.ts";
import { findPostgres, startPostgres, type Postgres } from "../test/postgres.ts";
import { scimCalls } from "../test/scim-calls.ts";
import { readServerLog } from "../test/server-log.ts";
import { OF_RUNNERS, POOL, submitOne, taskCalls } from "../test/one-task.ts";
import { serve, type Served } from "../test/served.ts";

const found = findPostgres();
let postgres: Postgres | undefined;
let served: Served;
let host: TestHost;
let run: string;
/** Without a label. */
let plain: string;
let task: string;
const LABELS = ["env=test", "team=payments"];
before(async () => {
  // Where there is none the embedded database serves as well, and takes longer.
  if ("programs" in found) postgres = await startPostgres(found.programs);
  served = await serve({ database: await postgres?.makeDatabase() });
  await served.person("robin");
  await served.owner.call("addTeam", { body: { id: "payments", name: "Payments" } });
  await served.owner.call("addTeam", { body: { id: "others", name: "Others" } });
  await served.owner.call("joinTeam", { params: { team: "payments", person: "robin" } });
  host = await makeHost(served, "robin");
  run = await host.record({ labels: LABELS });
  plain = await host.record();
  await host.send();
  // The index of the search is behind what arrives.
  while ((await served.owner.call("searchEvents", { query: { query: "ls" } })).items.length === 0) await pause(20);
  await host.client.call("askQuestion", { params: { host: host.id }, body: aQuestion() });
  // For `listOrders` to list.
  const draft = await served.owner.call("draftPolicy", { body: aDraft() });
  const params = { version: draft.id };
  const second = await served.person("second", ["policy-approver", "Company", "company"]);
  await second.call("approvePolicy", { params, body: { digest: draft.digest } });
  await second.call("rollOutPolicy", { params, body: {} });
  await served.owner.call("pauseRuns", { body: { scope: { type: "Run", id: run }, reason: "to be seen" } });
  // For `listEvidence` to list.
  await served.owner.call("makeEvidence", { body: { scope: { type: "Run", id: run }, reason: "to be seen" } });
  task = await submitOne(served, host);
});
after(async () => {
  host.remove();
  await served.stop();
  await postgres?.stop();
});

const company = { type: "Company", id: "company" } as const;
const version = "p-000000000000";
function aDraft() {
  const bundle = { layer: "company", scope: "company", policies: [], tests: [] } as const;
  return { scope: company, bundle: writeBundle({ ...bundle, profile: undefined, requiredWithinHours: undefined }) };
}

const question = "q".repeat(22);
function aQuestion() {
  const digest = `sha256:${"0".repeat(64)}`;
  return {
    ...{
      id: question,
      run,
      agent: "claude-code",
      project: "shop",
      labels: LABELS,
      exec: 1,
      bound: digest,
      policyDigest: digest,
    },
    ...{ argv: ["ls"], cwd: "/", files: [], reason: "", policies: [], expiresInS: 3_600 },
    terms: { classes: ["push"], links: true, approvals: 1, risk: "medium" as const },
  };
}

type Scope = readonly [type: "Company" | "Team" | "Person" | "Project" | "Agent" | "Host" | "Run" | "Pool", id: string];

/** Scopes, and which of Robin's things lie in each. */
function scopes(): readonly { readonly scope: Scope; readonly holds: readonly Kind[] }[] {
  return [
    { scope: ["Company", "company"], holds: ["Company", "Person", "Host", "Run", "Pool", "Task"] },
    { scope: ["Team", "payments"], holds: ["Person", "Host", "Run", "Task"] },
    { scope: ["Team", "others"], holds: [] },
    { scope: ["Person", "robin"], holds: ["Person", "Host", "Run"] },
    { scope: ["Person", "olivia"], holds: [] },
    { scope: ["Project", "shop"], holds: ["Run"] },
    { scope: ["Project", "bank"], holds: [] },
    { scope: ["Agent", "claude-code"], holds: ["Run"] },
    { scope: ["Host", host.id], holds: ["Host", "Run"] },
    { scope: ["Run", run], holds: ["Run"] },
    { scope: ["Pool", POOL], holds: ["Pool", "Task"] },
  ];
}
type Kind = "Company" | "Person" | "Host" | "Run" | "Pool" | "Task";

/**
 * A call of each route that needs a right, about something of Robin's, that changes nothing that a later one needs: what would end or
 * make something names what is not there, or has the form that its handler refuses after the right was looked at.
 */
function calls(): Readonly<Record<string, object>> {
  const missing = "not-there";
  return {
    listPeople: {},
    addPerson: { body: { id: "robin", name: "again" } },
    endPerson: { params: { person: missing } },
    removePasskeys: { params: { person: "robin" } },
    // A server without `public-url`: refused after the right was looked at.
    invitePerson: { params: { person: "robin" }, body: {} },
    endSessions: { params: { person: missing } },
    listTeams: {},
    addTeam: { body: { id: "payments", name: "again" } },
    joinTeam: { params: { team: missing, person: missing } },
    leaveTeam: { params: { team: missing, person: missing } },
    listRoles: {},
    defineRole: { params: { role: "owner" }, body: { actions: ["viewRun"] } },
    ...{ listGrants: {}, listNotify: {}, testNotify: { params: { notify: missing } } },
    grantRole: {
      body: { to: { type: "Person", id: missing }, role: "auditor", scope: { type: "Company", id: "company" } },
    },
    grantOwner: { body: { person: missing } },
    endGrant: { params: { grant: missing } },
    endOwner: { params: { person: missing } },
    listTokens: {},
    issueToken: { params: { person: "robin" }, body: { name: "x", actions: ["no-such-action"], expiresInS: 60 } },
    issueServiceToken: { body: { name: "x", actions: ["no-such-action"], expiresInS: 60 } },
    revokeToken: { params: { token: missing } },
    invite: { body: { person: "robin" } },
    listHosts: { query: {} },
    showHost: { params: { host: host.id } },
    revokeHost: { params: { host: host.id }, body: { reason: "x" } },
    logState: { params: { host: host.id } },
    appendLog: {
      params: { host: host.id },
      body: { from: 0, count: 1, entries: "AAE=", records: "", checkpoint: "", proof: [] },
    },
    listRuns: { query: {} },
    appendRecording: { params: { host: host.id, run }, body: { from: 0, bytes: "AAAA" } },
    ...{ wantedRecordings: { params: { host: host.id } }, showRecording: { params: { run } } },
    ...{ readRecording: { params: { run }, query: {} }, watchRecording: { params: { run } } },
    ...{ makeEvidence: { body: { scope: { type: "Run", id: run }, reason: "x" } }, listEvidence: { query: {} } },
    searchEvents: { query: { query: "ls" } },
    showRun: { params: { run } },
    readRun: { params: { run }, query: {} },
    watchRun: { params: { run } },
    watchRuns: {},
    // The run has ended: what is ordered changes nothing.
    pauseRuns: { body: { scope: { type: "Run", id: run }, reason: "x" } },
    resumeRuns: { body: { scope: { type: "Run", id: run }, reason: "x" } },
    killRuns: { body: { scope: { type: "Run", id: run }, reason: "x" } },
    liftKill: { body: { scope: { type: "Run", id: run }, reason: "x" } },
    setLease: { body: { scope: { type: "Host", id: host.id }, seconds: 0, reason: "x" } },
    listOrders: { query: { standing: "false" } },
    followOrders: {
      params: { host: host.id },
      body: { run, agent: "", project: "", nonce: "x".repeat(22), waitMs: 0 },
    },
    askQuestion: { params: { host: host.id }, body: { ...aQuestion(), id: "x".repeat(22) } },
    withdrawQuestion: { params: { host: host.id, question: "y".repeat(22) } },
    listQuestions: { query: { state: "all" } },
    showQuestion: { params: { question } },
    // Bound to something else: refused after the right was looked at.
    answerQuestion: { params: { question }, body: { answer: "no", bound: `sha256:${"f".repeat(64)}` } },
    startAnswer: { params: { question }, body: { answer: "once", bound: `sha256:${"f".repeat(64)}` } },
    listProposals: {},
    draftPolicy: { body: { ...aDraft(), bundle: "none" } },
    checkPolicy: { body: { ...aDraft(), bundle: "none" } },
    explainPolicy: { body: { ...aDraft(), bundle: "none", asked: { argv: ["ls"] } } },
    listPolicies: {},
    listReleases: {},
    showPolicy: { params: { version } },
    whatIfPolicy: { params: { version }, body: {} },
    approvePolicy: { params: { version }, body: { digest: `sha256:${"0".repeat(64)}` } },
    rejectPolicy: { params: { version }, body: { why: "x" } },
    rollOutPolicy: { params: { version }, body: {} },
    promotePolicy: { body: { scope: company, percent: 1 } },
    haltPolicy: { body: { scope: company, reason: "x" } },
    rollBackPolicy: { body: { scope: company, reason: "x" } },
    policyDrift: {},
    fetchPolicies: { params: { host: host.id }, body: { nonce: "x".repeat(22), has: [] } },
    // For a company that is not there: looked at, and not opened.
    breakGlass: { body: { scope: { type: "Company", id: "elsewhere" }, reason: "x" } },
    report: { query: {} },
    listBreakGlasses: { query: {} },
    showBreakGlass: { params: { opening: "b-000000000000" }, query: {} },
    ...scimCalls(missing),
    ...taskCalls(host.id, task),
    explainAccess: {
      body: { who: { type: "Person", id: missing }, action: "viewRun", resource: { type: "Run", id: run } },
    },
    ...{ showLogHead: { query: {} }, proveNote: { params: { index: 0 }, query: {} } },
    proveEvent: { params: { run, seq: 1 }, query: {} },
    serverLog: { params: { file: "checkpoint" } },
  };
}

/** Of a list whether Robin's thing is in it; of everything else whether it was refused for want of a right. */
async function isPermitted(client: Client, name: RouteName): Promise<boolean> {
  const given = calls()[name] ?? {};
  try {
    const stop = new AbortController();
    const response = await client.open(name, given as never, { signal: stop.signal });
    if (name === "watchRun" || name === "watchRuns") {
      stop.abort();
      return true;
    }
    const { needs }: Route = ROUTES[name];
    if (!("resource" in needs) || needs.resource !== "each") return true;
    interface Item {
      readonly id?: string;
      readonly run?: string;
      readonly scope?: { readonly id: string };
      readonly about?: { readonly id: string };
    }
    const { items } = (await response.json()) as { items: Item[] };
    return items.some(
      (item) =>
        [host.id, task, POOL].includes(item.id ?? "") ||
        item.run === run ||
        item.scope?.id === run ||
        item.scope?.id === "company" ||
        item.about?.id === run,
    );
  } catch (error) {
    if (error instanceof ServerError) return error.code !== "SERVER_FORBIDDEN";
    throw error;
  }
}

/** Asks for each at once: nothing that is asked changes anything, and the server writes down together what comes together. */
async function forEach(names: readonly RouteName[], ask: (name: RouteName) => Promise<void>): Promise<void> {
  for (let at = 0; at < names.length; at += AT_ONCE) await Promise.all(names.slice(at, at + AT_ONCE).map(ask));
}
const AT_ONCE = 24;

const GUARDED = ROUTE_NAMES.filter((name) => "action" in ROUTES[name].needs);
/** But the one that ends a host, which is asked last, by itself; and the one that says nothing by its answer. */
const HARMLESS = GUARDED.filter((name) => name !== "revokeHost" && name !== "watchRuns");

describe("rights at the API", () => {
  test("every route says what it needs, and this test knows every one that needs a right", () => {
    assert.deepEqual(Object.keys(calls()).sort(), [...GUARDED].sort());
    const open = ROUTE_NAMES.filter((name) => "open" in ROUTES[name].needs);
    assert.deepEqual(open.sort(), [
      "acceptInvitation",
      "answerLink",
      "devicePage",
      "enrolHost",
      "finishBrowserSignIn",
      "finishPasskeySignIn",
      "finishSignIn",
      "invitationPage",
      "linkPage",
      "passkeySignInPage",
      "passkeysPage",
      "questionPage",
      "setUp",
      "showLink",
      "signInPage",
      "startBrowserSignIn",
      "startInvitation",
      "startPasskeySignIn",
      "startSignIn",
    ]);
    // Whoever is known, about themselves; what they may of it is looked at by the handlers, whose tests are delegations.test.ts, dual-control.test.ts, break-glass.test.ts, sessions.test.ts and passkeys.test.ts.
    const known = ROUTE_NAMES.filter((name) => "known" in ROUTES[name].needs);
    assert.deepEqual(known.sort(), [
      ...["addPasskey", "confirmDevice", "confirmRequest", "delegate", "denyDevice", "endBreakGlass"],
      ...["endDelegation", "endSession", "listActions", "listDelegations", "listPasskeys", "listRequests"],
      ...["listSessions", "rejectRequest", "removePasskey", "renamePasskey", "session", "showServer"],
      ...["signOut", "startConfirming", "startPasskey", "startProof", "whoAmI"],
    ]);
    assert.equal(GUARDED.length + open.length + known.length, ROUTE_NAMES.length);
    for (const action of Object.keys(ACTIONS)) {
      assert.ok(
        GUARDED.some((name) => "action" in ROUTES[name].needs && ROUTES[name].needs.action === action),
        `no route needs ${action}`,
      );
    }
  });

  test("without a role nothing; with one exactly what its table says, within its scope and nowhere else", async () => {
    const asker = await served.person("asker");
    await forEach(HARMLESS, async (name) => {
      assert.equal(await isPermitted(asker, name), false, name);
    });
    let checked = 0;
    for (const [roleName, role] of Object.entries<Role>(BUILT_IN_ROLES)) {
      if (roleName === "host" || roleName === "owner") continue;
      for (const { scope, holds } of scopes()) {
        const { id } = await served.owner.call("grantRole", {
          body: { to: { type: "Person", id: "asker" }, role: roleName, scope: { type: scope[0], id: scope[1] } },
        });
        await forEach(HARMLESS, async (name) => {
          const { needs } = ROUTES[name];
          const action: AccessAction = "action" in needs ? needs.action : "viewRun";
          const { on } = ACTIONS[action];
          const expected = role.any.includes(action) && holds.some((each) => each === on);
          assert.equal(await isPermitted(asker, name), expected, `${roleName} for ${scope.join(" ")}: ${name}`);
          checked += 1;
        });
        await served.owner.call("endGrant", { params: { grant: id } });
      }
    }
    assert.ok(checked > 1_000);
    assert.equal(await isPermitted(asker, "showRun"), false);
  });

  test("a role is the same by a team, for a service, and as one of one's own", async () => {
    const member = await served.person("member");
    await served.owner.call("addTeam", { body: { id: "askers", name: "Askers" } });
    await served.owner.call("joinTeam", { params: { team: "askers", person: "member" } });
    const actions = Object.keys(ACTIONS);
    const { id: token, secret } = await served.owner.call("issueServiceToken", {
      body: { name: "service", actions, expiresInS: 3_600 },
    });
    const ownActions: AccessAction[] = ["viewRun", "viewQuestion", "viewServerLog"];
    await served.owner.call("defineRole", { params: { role: "looker" }, body: { actions: ownActions } });
    const scope = { type: "Company", id: "company" } as const;
    const holders = [
      [{ type: "Team", id: "askers" }, member],
      [{ type: "Token", id: token }, served.as(secret)],
    ] as const;
    const roles: readonly (readonly [string, readonly AccessAction[]])[] = [
      ["auditor", BUILT_IN_ROLES.auditor.any],
      ["run-approver", BUILT_IN_ROLES["run-approver"].any],
      ["looker", ownActions],
    ];
    for (const [to, client] of holders) {
      for (const [role, any] of roles) {
        const { id } = await served.owner.call("grantRole", { body: { to, role, scope } });
        await forEach(HARMLESS, async (name) => {
          const { needs } = ROUTES[name];
          const expected = "action" in needs && any.includes(needs.action);
          assert.equal(await isPermitted(client, name), expected, `${role} for ${to.type}: ${name}`);
        });
        await served.owner.call("endGrant", { params: { grant: id } });
      }
    }
  });

  test("a role under conditions permits what its table says where they hold, and nothing where they do not", async () => {
    const conditional = await served.person("conditional");
    const always = { days: [1, 2, 3, 4, 5, 6, 7], from: "00:00", to: "00:00", zone: "Asia/Kathmandu" };
    const minutes = new Date().getUTCHours() * 60 + new Date().getUTCMinutes();
    // Two hours that are as far away as can be: the test takes less.
    const away = (hours: number): string => `${String((Math.floor(minutes / 60) + hours) % 24).padStart(2, "0")}:00`;
    const never = { days: [1, 2, 3, 4, 5, 6, 7], from: away(11), to: away(13), zone: "UTC" };
    const ofQuestions: ReadonlySet<RouteName> = new Set([
      "listQuestions",
      "showQuestion",
      "startAnswer",
      "answerQuestion",
    ]);
    const all = (): boolean => true;
    const none = (): boolean => false;
    const questionsAlone = (name: RouteName): boolean => ofQuestions.has(name);
    const runsAlone = (name: RouteName): boolean => ACTIONS[actionOf(name)].on === "Run";
    const cases: readonly (readonly [InputOf<"grantRole">["body"]["when"] & object, (name: RouteName) => boolean])[] = [
      [{}, all],
      [{ hours: always }, all],
      [{ hours: never }, none],
      [{ classes: ["push"] }, questionsAlone],
      [{ classes: ["delete"] }, none],
      [{ risk: "medium" }, questionsAlone],
      [{ risk: "low" }, none],
      [{ classes: ["push", "delete"], risk: "medium", hours: always }, questionsAlone],
      [{ classes: ["push"], risk: "medium", hours: never }, none],
      [{ labels: ["team=payments"] }, runsAlone],
      [{ labels: ["team=payments"], classes: ["push"] }, questionsAlone],
      [{ labels: ["team=payments", "env=live"] }, none],
    ];
    for (const role of ["security-admin", "run-approver"] as const) {
      const any: readonly AccessAction[] = BUILT_IN_ROLES[role].any;
      for (const [when, holds] of cases) {
        const { id } = await served.owner.call("grantRole", {
          body: { to: { type: "Person", id: "conditional" }, role, scope: { type: "Team", id: "payments" }, when },
        });
        await forEach(HARMLESS, async (name) => {
          const action = actionOf(name);
          const expected = any.includes(action) && !["Company", "Pool"].includes(ACTIONS[action].on) && holds(name);
          assert.equal(await isPermitted(conditional, name), expected, `${role} ${JSON.stringify(when)}: ${name}`);
        });
        await served.owner.call("endGrant", { params: { grant: id } });
      }
    }
  });

  test("a role for labelled runs is for no other run, no scope as a whole and no host; it says so itself", async () => {
    const labelled = await served.person("labelled");
    const grant = {
      to: { type: "Person" as const, id: "labelled" },
      role: "security-admin",
      scope: company,
      when: { labels: ["team=payments"] },
    } satisfies InputOf<"grantRole">["body"];
    await served.owner.call("grantRole", { body: grant });
    const unlabelled = { id: "w".repeat(22), run: plain, labels: [] };
    await host.client.call("askQuestion", { params: { host: host.id }, body: { ...aQuestion(), ...unlabelled } });
    assert.deepEqual((await labelled.call("showRun", { params: { run } })).labels, LABELS);
    assert.deepEqual(
      (await labelled.call("listRuns", { query: {} })).items.map((item) => item.run),
      [run],
    );
    assert.deepEqual(
      (await labelled.call("listQuestions", { query: {} })).items.map((item) => item.run).filter((id) => id === plain),
      [],
    );
    const scopes: InputOf<"killRuns">["body"]["scope"][] = [
      company,
      { type: "Host", id: host.id },
      { type: "Person", id: "robin" },
      { type: "Run", id: plain },
    ];
    const refused = [
      () => labelled.call("showRun", { params: { run: plain } }),
      () => labelled.call("readRun", { params: { run: plain }, query: {} }),
      () => labelled.call("showQuestion", { params: { question: unlabelled.id } }),
      () => labelled.call("revokeHost", { params: { host: host.id }, body: { reason: "x" } }),
      ...scopes.map((scope) => () => labelled.call("killRuns", { body: { scope, reason: "x" } })),
    ];
    for (const call of refused) await assert.rejects(call, { code: "SERVER_FORBIDDEN" });
    const why = async (id: string) =>
      await served.owner.call("explainAccess", {
        body: { who: { type: "Person", id: "labelled" }, action: "viewRun", resource: { type: "Run", id } },
      });
    const permitted = await why(run);
    assert.deepEqual(
      [permitted.allowed, permitted.reason],
      [true, "role security-admin for Company company, only runs labelled team=payments"],
    );
    assert.deepEqual(permitted.grants[0]?.when, ["only runs labelled team=payments"]);
    assert.equal((await why(plain)).allowed, false);
    await assert.rejects(served.owner.call("grantRole", { body: { ...grant, when: { labels: [] } } }), {
      code: "SERVER_MALFORMED",
    });
    // What was erased is not labelled any more.
    const gone = await host.record({ labels: LABELS });
    await host.send();
    assert.equal((await labelled.call("showRun", { params: { run: gone } })).run, gone);
    await eraseRuns(host.log, { runs: [gone], by: "robin", reason: "x", at: Date.now(), isRunning: () => false });
    await host.send();
    await assert.rejects(labelled.call("showRun", { params: { run: gone } }), { code: "SERVER_FORBIDDEN" });
  });

  test("the list of runs by labels", async () => {
    const [one, other] = [
      await host.record({ labels: ["a=1", "b=x y"] }),
      await host.record({ labels: ["a=2", "ab=3"] }),
    ];
    await host.send();
    for (const [label, ...expected] of [
      [["a=1"], one],
      [["a"], one, other],
      [["a", "b"], one],
      [["a=1", "a=2"]],
      [["b=x y"], one],
      [["ab"], other],
      [["a=%"]],
      [["b=x"]],
    ] as const) {
      const { items } = await served.owner.call("listRuns", { query: { label: [...label] } });
      assert.deepEqual(items.map((item) => item.run).sort(), expected.toSorted(), label.join(" "));
    }
    const wrong = served.owner.call("listRuns", { query: { label: ["A=1"] } });
    await assert.rejects(wrong, { code: "SERVER_MALFORMED" });
    const twice = served.owner.call("listRuns", { query: { limit: [1, 2] as unknown as number } });
    await assert.rejects(twice, { code: "SERVER_MALFORMED" });
  });

  test("an owner may do everything but write a record, and break no glass; a host nothing but write its own", async () => {
    for (const name of GUARDED.filter((each) => each !== "revokeHost")) {
      const writes = BY_HOSTS.has(name) || OF_RUNNERS.has(name);
      assert.equal(await isPermitted(served.owner, name), !writes && name !== "breakGlass", `owner: ${name}`);
      if (name !== "watchRuns") assert.equal(await isPermitted(host.client, name), writes, `host: ${name}`);
    }
  });

  test("a developer sees and ends what is their own, and nothing of anybody else's", async () => {
    const grant = { role: "developer", scope: { type: "Company", id: "company" } } as const;
    await served.owner.call("grantRole", { body: { to: { type: "Person", id: "robin" }, ...grant } });
    await served.owner.call("grantRole", { body: { to: { type: "Person", id: "asker" }, ...grant } });
    const tokenFor = async (person: string) => {
      const actions = Object.keys(ACTIONS);
      const body = { name: "t", actions, expiresInS: 600 };
      return served.as((await served.owner.call("issueToken", { params: { person }, body })).secret);
    };
    const [robin, asker] = [await tokenFor("robin"), await tokenFor("asker")];
    for (const name of ["showRun", "readRun", "watchRun", "listHosts", "listRuns", "invite", "issueToken"] as const) {
      assert.equal(await isPermitted(robin, name), true, name);
      assert.equal(await isPermitted(asker, name), false, name);
    }
    assert.equal(await isPermitted(asker, "revokeHost"), false);
    await robin.call("revokeHost", { params: { host: host.id }, body: { reason: "x" } });
    await assert.rejects(host.send(0), { code: "SERVER_UNKNOWN_CALLER" });
  });

  test("every use of a right is in the server's log, and so is every refusal", async () => {
    const log = await readServerLog(served.owner);
    const notes = log.map((entry) => JSON.parse(Buffer.from(entry).toString()) as Record<string, unknown>);
    const refused = notes.filter(({ type, route }) => type === "right.refused" && route === "readRun");
    const used = notes.filter(({ type, route }) => type === "right.used" && route === "readRun");
    assert.ok(refused.length >= 15 && used.length >= 15);
    assert.deepEqual(used.at(-1)?.["resource"], { type: "Run", id: run });
    assert.ok(notes.some(({ type, host: whose }) => type === "record.arrived" && whose === host.id));
  });
});

const OF_RECORDS = ["logState", "appendLog", "wantedRecordings", "appendRecording"] as const;
const BY_HOSTS = new Set<RouteName>([
  ...OF_RECORDS,
  "followOrders",
  "fetchPolicies",
  "askQuestion",
  "withdrawQuestion",
]);

function actionOf(name: RouteName): AccessAction {
  const { needs } = ROUTES[name];
  return "action" in needs ? needs.action : "viewRun";
}
