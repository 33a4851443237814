/** What a task's agent spends at a model: heard by its host's gateway, told with the task on a command line and in a page; and budgets that end it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { findPostgres, startPostgres, type Postgres } from "../../packages/control-plane/test/postgres.ts";
import { skipWithoutChromium, startChromium } from "../support/chromium.ts";
import { startFleet, type Fleet, type Task } from "../support/fleet.ts";
import { bailiwick, type Place } from "../support/governed.ts";
import { makeAuthority, type TestAuthority } from "../support/https-server.ts";
import type { ScriptSet } from "../support/scripted-model/script.ts";
import { startScriptedModel, type ScriptedModel } from "../support/scripted-model/server.ts";

const HOST = "model.test";
const KEY = "sk-the-real-key-of-the-model-0123456789";
const AGENT = join(import.meta.dirname, "../support/small-agent");
/** Each answer is of 100 tokens in and 20 out. */
const script: ScriptSet = {
  scripts: {
    works: { turns: [{ sh: "echo four >> src/main.txt" }, { sh: "ls" }], final: "Done." },
    spends: { turns: [{ sh: "echo x > x" }, { sh: "ls" }, { sh: "sleep 600" }] },
  },
};

const found = findPostgres();
let postgres: Postgres | undefined;
let authority: TestAuthority;
let model: ScriptedModel;
let fleet: Fleet;
before(async () => {
  if ("programs" in found) postgres = await startPostgres(found.programs);
  authority = makeAuthority();
  model = await startScriptedModel({ script, identity: authority.identityOf(HOST) });
  fleet = await startFleet(await postgres?.makeDatabase());
  const host = await fleet.host();
  installAgent(host);
  await fleet.pool({ profiles: ["standard", "agents"] });
  await fleet.runner(host);
});
after(async () => {
  await fleet.stop();
  await postgres?.stop();
  await model.close();
  authority.remove();
});

/** Called as Claude Code is; its profile and its key are the host's. */
function installAgent(host: Place): void {
  const program = join(AGENT, "small-agent.ts");
  host.write("bin/claude", `#!/bin/sh\nexec "${process.execPath}" "${program}" "$2"\n`, 0o755);
  const key = host.write("keys/model", `${KEY}\n`, 0o600);
  const port = String(model.port);
  host.write(
    "home/.config/bailiwick/profiles/agents.toml",
    `extends = "standard"
[filesystem]
read = ${JSON.stringify([AGENT, process.execPath])}
[network]
allow = ["${HOST}:${port}"]
trust = ["${authority.file}"]
[network.hosts]
"${HOST}" = "127.0.0.1"
[environment]
set = { ANTHROPIC_BASE_URL = "https://${HOST}:${port}" }
[credentials.model]
hosts = ["${HOST}"]
kind = "header"
header = "x-api-key"
source = { file = "${key}" }
variable = "ANTHROPIC_API_KEY"
[models]
currency = "EUR"
[models.prices]
"small" = { in = 3.0, out = 15.0 }
`,
  );
}

const isDone = ({ state }: Task): boolean => state === "done";
const done = async (prompt: string, ...options: readonly string[]): Promise<Task> =>
  await fleet.until(await fleet.submit(prompt, "--profile", "agents", ...options), isDone);
const shown = async (id: string): Promise<string> => (await bailiwick(fleet.owner.place, ["tasks", "show", id])).stdout;

describe("what a task's agent spends at a model", () => {
  test("is told with the task, in words and as data, and in its page", async () => {
    const before = model.requests.length;
    const task = await done("[[works]] Please do the work.");
    assert.deepEqual([task.outcome, task.reason], ["succeeded", undefined]);
    assert.deepEqual(task.cost, { tokens: 360, money: 0.0018, currency: "EUR" });
    assert.match(await shown(task.id), /^cost +360 tokens, 0\.0018 EUR$/m);
    assert.match(await fleet.patchOf(task.id), /^\+four$/m);
    // The key was added on the way out: it was the model's, and nobody's inside.
    assert.deepEqual(
      model.requests.slice(before).map(({ headers }) => headers["x-api-key"]),
      [KEY, KEY, KEY],
    );
    if (skipWithoutChromium === false) assert.match(await costInPage(task.id), /360 tokens, 0\.0018 EUR/);
  });

  test("is nothing where the agent spoke to none", async () => {
    const { outcome, cost, id } = await fleet.until(await fleet.submit("[[works]]"), isDone);
    // Its own profile reaches no model.
    assert.deepEqual([outcome, cost], ["failed", undefined]);
    assert.doesNotMatch(await shown(id), /^cost/m);
  });
});

describe("a task's budget", () => {
  const cases = [
    ["tokens=250", 360],
    ["money=0.0005", 120],
  ] as const;
  for (const [budget, tokens] of cases) {
    test(`${budget} ends it when it is spent, and the task says so`, async () => {
      const { outcome, reason, cost, run, id } = await done("[[spends]] Go on.", "--budget", budget);
      assert.equal(outcome, "failed", reason);
      assert.match(reason ?? "", /^budget/);
      assert.equal(cost?.tokens, tokens);
      assert.match(await shown(id), new RegExp(`^reason +budget[^]*^cost +${String(tokens)} tokens`, "m"));
      const ended = await fleet.owner.call("showRun", { params: { run } });
      assert.equal(ended["reason"], "budget");
    });
  }

  test("that is not spent ends nothing", async () => {
    const { outcome, cost } = await done("[[works]] Again.", "--budget", "tokens=360", "--budget", "money=0.002");
    assert.deepEqual([outcome, cost?.tokens], ["succeeded", 360]);
  });
});

async function costInPage(task: string): Promise<string> {
  const session = readFileSync(join(fleet.owner.place.home, ".config/bailiwick/server.json"), "utf8");
  const { token } = JSON.parse(session) as { token: string };
  const browser = await startChromium();
  try {
    const context = await browser.newContext({ extraHTTPHeaders: { authorization: `Bearer ${token}` } });
    const page = await context.newPage();
    await page.goto(`${fleet.server.url}/tasks/${task}`);
    const article = page.getByRole("article", { name: "Task" });
    await article.getByText("tokens").waitFor({ timeout: 30_000 });
    return (await article.textContent()) ?? "";
  } finally {
    await browser.close();
  }
}
