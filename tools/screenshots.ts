/** `npm run screenshots`: the pictures of the console in docs/images, from a server by the built command with runs that are made up. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { NewEvent } from "@bailiwick/audit";
import { makeRunId, type RunId } from "@bailiwick/base";
import { makeHost, type TestHost } from "../packages/control-plane/test/host.ts";
import { startChromium } from "../tests/support/chromium.ts";
import { startConsole, type Console } from "../tests/support/console.ts";

const OUT = join(import.meta.dirname, "../docs/images");
const digest = `sha256:${"3f".repeat(32)}`;
const counts = { execs: 5, refused: 1, asked: 0, connections: 1, hostsRefused: 1 };
const seen = await startConsole([
  ...["viewRun", "watchRun", "readRun", "viewQuestion", "answerQuestion", "viewHost", "viewUse", "viewServerLog"],
]);
const hosts: TestHost[] = [];
let recorded = 0;
try {
  await takeAll(await makeUp(seen));
} finally {
  for (const host of hosts) host.remove();
  await seen.close();
}

interface MadeUp {
  readonly run: RunId;
  readonly entry: number;
}

async function makeUp({ owner, client, server }: Console): Promise<MadeUp> {
  for (const [id, name] of [
    ["robin", "Robin"],
    ["sam", "Sam"],
  ]) {
    await owner.call("addPerson", { body: { id, name } });
  }
  const served = { owner: client, server };
  const laptop = await makeHost(served, "robin", "robin-laptop");
  const builder = await makeHost(served, "sam", "build-2");
  hosts.push(laptop, builder);
  await record(builder, { agent: "codex", project: "payments", command: ["codex", "exec", "update the rates"] }, 0);
  await record(builder, { agent: "codex", project: "payments", command: ["codex", "exec", "run the migration"] }, 1);
  await record(laptop, { agent: "claude-code", project: "shop", command: ["claude", "-p", "add a test"] }, 0);
  const run = await record(laptop, {
    agent: "claude-code",
    project: "shop",
    command: ["claude", "-p", "fix the basket"],
  });
  await client.call("pauseRuns", {
    body: { scope: { type: "Host", id: builder.id }, reason: "look at the migration first" },
  });
  const asked = { id: "q".repeat(22), run, agent: "claude-code", project: "shop", labels: [], exec: 6, bound: digest };
  const push = {
    argv: ["git", "push", "origin", "main"],
    cwd: "/home/robin/shop",
    reason: "this pushes to a branch that others rely on",
  };
  const why = { instead: "push a branch of your own and open a pull request", policies: ["git.push-protected"] };
  const terms = { classes: ["push"], links: true, approvals: 1, risk: "medium" as const };
  const files = [{ path: "/usr/bin/git", digest }];
  await laptop.client.call("askQuestion", {
    params: { host: laptop.id },
    body: { ...asked, ...push, ...why, terms, files, policyDigest: digest, expiresInS: 3_600 },
  });
  const { items } = await client.call("report", { query: { action: "order.given" } });
  return { run, entry: items[0]?.index ?? 0 };
}

interface Shown {
  readonly agent: string;
  readonly project: string;
  readonly command: readonly string[];
}

/** @param status of its end; undefined: it goes on */
async function record(host: TestHost, { agent, project, command }: Shown, status?: number): Promise<RunId> {
  recorded += 1;
  const begun = Date.now() - 60_000 * (9 - recorded);
  const at = (seconds: number): number => begun + seconds * 1_000;
  const enforcement = ["namespaces", "mounts", "landlock", "seccomp", "network", "supervision"].map((layer) => ({
    ...{ layer, state: "enforced" as const, detail: "" },
  }));
  const decision = { outcome: "allow" as const, policies: [], reason: "", policyDigest: digest };
  const exec = (number: number, ...argv: string[]): NewEvent => ({
    ...{ type: "exec.allowed", at: at(number), exec: number, parent: number === 1 ? 0 : 1, pid: 100 + number },
    ...{ asked: argv[0] ?? "", program: { path: `/usr/bin/${argv[0] ?? ""}`, digest }, argv: { values: argv } },
    ...{ cwd: `/home/robin/${project}`, decision },
  });
  const refused = {
    ...decision,
    outcome: "deny" as const,
    policies: ["standard.remote"],
    reason: "not a host of this project",
  };
  const run = makeRunId(begun, Buffer.alloc(10, recorded));
  await host.write(
    [
      {
        ...{
          type: "run.started",
          at: at(0),
          user: "robin",
          hostname: "laptop",
          agent,
          command: { values: [...command] },
        },
        ...{ workspace: `/home/robin/${project}`, profile: { name: "standard", digest }, policyDigest: digest },
        ...{ enforcement, kernel: "6.12.9", follows: { size: 0, root: "" }, version: "0.1.0" },
      },
      exec(1, command[0] ?? "", ...command.slice(1)),
      exec(2, "git", "status"),
      exec(3, "npm", "test"),
      { ...exec(4, "curl", "https://paste.example/up"), type: "exec.refused", decision: refused } as NewEvent,
      { type: "host.refused", at: at(5), host: "paste.example", port: 443, exec: 3, decision: refused },
      exec(5, "git", "commit", "-m", "the basket keeps its order"),
      ...(status === undefined
        ? []
        : [{ type: "run.ended", at: at(40), status, reason: "exited", counts, wallMs: 40_000 } as NewEvent]),
    ],
    run,
  );
  while ((await host.send()) !== undefined);
  return run;
}

async function takeAll({ run, entry }: MadeUp): Promise<void> {
  mkdirSync(OUT, { recursive: true });
  const browser = await startChromium();
  const token = await seen.tokenOf("olivia", [
    "viewRun",
    "watchRun",
    "readRun",
    "viewQuestion",
    "answerQuestion",
    "viewUse",
    "viewServerLog",
  ]);
  const context = await browser.newContext({
    ...{ colorScheme: "light", viewport: { width: 1280, height: 800 } },
    extraHTTPHeaders: { authorization: `Bearer ${token}` },
  });
  const page = await context.newPage();
  const shots = [
    ["runs", "/runs", "● live"],
    ["run", `/runs/${run}`, "npm test"],
    ["approvals", `/approvals/${"q".repeat(22)}`, "yes, once"],
    ["audit", `/audit/${String(entry)}`, "proven: entry"],
  ] as const;
  for (const [name, path, shown] of shots) {
    await page.goto(seen.server.url + path);
    await page.getByText(shown).filter({ visible: true }).first().waitFor();
    await page.screenshot({ path: join(OUT, `${name}.png`) });
  }
  await browser.close();
}
