import { isLabel } from "@bailiwick/base";
import { PolicyError } from "../errors.ts";
import { openDecider, type DeciderOptions } from "../decide/decider.ts";
import { hostRemedy } from "../host-form.ts";
import { lastComponent } from "../request/arguments.ts";
import { httpRequestFor, NO_LEAK } from "../request/http-request.ts";
import type { ConnectRequest, Decision, DecisionRequest, ExecRequest, LeakFacts, Outcome, RunFacts } from "../types.ts";

/** One `[[test]]` of a `*.test.toml` file. */
export interface PolicyTest {
  readonly name: string;
  readonly expect: Outcome;
  /** The `@id` that has to be among those that determined the outcome. */
  readonly policy: string | undefined;
  readonly request: DecisionRequest;
}

export interface PolicyTestResult {
  readonly name: string;
  readonly passed: boolean;
  readonly decision: Decision;
  /** What was expected and what came instead; empty when it passed. */
  readonly message: string;
}

export interface TestReport {
  readonly passed: number;
  readonly failed: number;
  readonly results: readonly PolicyTestResult[];
}

/** The run of a test that names none; `cwd` is its workspace. */
const RUN: RunFacts = {
  ...{ runId: "test", user: "test", agent: "test", project: "/workspace", profile: "standard" },
  labels: [],
};

/**
 * Runs the tests that stand beside a policy set. The form of the text:
 * ```toml
 * [[test]]
 * name = "a force push is asked about"
 * argv = ["git", "push", "--force"]   # or: host = "example.com", port = 443; with method = "GET", path = "/a?b=c": a request to it
 * cwd = "/workspace"                  # default; also: agent, user, profile, labels, in_workspace, memfd, time (ms); leaks, to_model (what is found in what is sent); of a request: headers, size, credential, program, secure
 * expect = "ask"                      # allow, deny, ask
 * policy = "git.rewrite-remote"       # optional: this policy has to be why
 * ```
 * @throws PolicyError POLICY_TEST_INVALID for a text that is not of that form (unknown keys included), POLICY_INVALID
 */
export async function runPolicyTests(options: DeciderOptions, testText: string): Promise<TestReport> {
  const tests = await readPolicyTests(testText);
  const decider = await openDecider(options);
  try {
    const results: PolicyTestResult[] = [];
    for (const test of tests) results.push(judge(test, await decider.decide(test.request)));
    const passed = results.filter((result) => result.passed).length;
    return { passed, failed: results.length - passed, results };
  } finally {
    await decider.close();
  }
}

function judge(test: PolicyTest, decision: Decision): PolicyTestResult {
  const rightPolicy = test.policy === undefined || decision.policies.includes(test.policy);
  const passed = decision.outcome === test.expect && rightPolicy && decision.failure === undefined;
  const wanted = `${test.expect}${test.policy === undefined ? "" : ` by \`${test.policy}\``}`;
  const by = decision.policies.length === 0 ? "no policy" : decision.policies.map((id) => `\`${id}\``).join(", ");
  const got = decision.failure ?? `${decision.outcome} by ${by}`;
  return { name: test.name, passed, decision, message: passed ? "" : `expected ${wanted}, got ${got}` };
}

async function readPolicyTests(text: string): Promise<readonly PolicyTest[]> {
  const { parse, TomlError } = await import("smol-toml");
  let document: Readonly<Record<string, unknown>>;
  try {
    document = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const message = `line ${String(error.line)}: ${error.message.split("\n", 1)[0] ?? ""}`;
    throw new PolicyError("POLICY_TEST_INVALID", message, { cause: error });
  }
  for (const key of Object.keys(document))
    if (key !== "test") throw invalid(`unknown key \`${key}\``, "use `[[test]]`");
  const tests = document["test"];
  if (!Array.isArray(tests) || tests.length === 0) throw invalid("no tests", "write `[[test]]` tables");
  return tests.map((table: unknown, index) => new TestTable(table, index + 1).read());
}

const KEYS = new Set(
  "name argv host port method path headers size credential program secure leaks to_model cwd agent user profile labels in_workspace memfd time expect policy".split(
    " ",
  ),
);

/** Reads one table; every method says which test and key is wrong. */
class TestTable {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #where: string;

  constructor(table: unknown, number: number) {
    if (typeof table !== "object" || table === null)
      throw invalid(`test ${String(number)} is not a table`, "write `[[test]]`");
    this.#values = { ...table };
    const { name } = this.#values;
    this.#where = `test ${String(number)}${typeof name === "string" ? ` (${name})` : ""}`;
    const unknown = Object.keys(this.#values).find((key) => !KEYS.has(key));
    if (unknown !== undefined) throw this.#wrong(`unknown key \`${unknown}\``, `use ${[...KEYS].join(", ")}`);
  }

  read(): PolicyTest {
    const name = this.#string("name");
    if (name === undefined) throw this.#wrong("no `name`", "say what the test shows");
    const expect = this.#string("expect");
    if (expect !== "allow" && expect !== "deny" && expect !== "ask") {
      throw this.#wrong("no usable `expect`", 'write `expect = "allow"`, `"deny"` or `"ask"`');
    }
    return { name, expect, policy: this.#string("policy"), request: this.#request() };
  }

  #request(): DecisionRequest {
    const argv = this.#strings("argv");
    const host = this.#string("host");
    if ((argv === undefined) === (host === undefined))
      throw this.#wrong("needs either `argv` or `host`", "give one of them");
    const run: RunFacts = {
      ...RUN,
      agent: this.#string("agent") ?? RUN.agent,
      user: this.#string("user") ?? RUN.user,
      profile: this.#string("profile") ?? RUN.profile,
      labels: this.#labels(),
    };
    const moment = { timeMs: this.#number("time") ?? 0 };
    const remedy = host === undefined ? undefined : hostRemedy("Host", host);
    if (remedy !== undefined)
      throw this.#wrong(`\`host = ${JSON.stringify(host)}\` is none that policies are asked about`, remedy);
    if (host !== undefined) {
      const http = this.#values["path"] !== undefined || this.#values["method"] !== undefined;
      if (http) return { ...this.#httpRequest(run, host), ...moment };
      return { ...connectRequestFor(run, host, this.#number("port") ?? 443), leak: this.#leak(), ...moment };
    }
    const request = execRequestFor(run, argv ?? [], this.#string("cwd") ?? run.project);
    const changed = { inWorkspace: this.#flag("in_workspace"), memfd: this.#flag("memfd") };
    return {
      ...request,
      ...moment,
      links: request.links.map((link) => ({ ...link, program: { ...link.program, ...changed } })),
    };
  }

  #httpRequest(run: RunFacts, host: string): DecisionRequest {
    const sent = {
      host,
      port: this.#number("port") ?? 443,
      secure: this.#flag("secure", true),
      method: (this.#string("method") ?? "GET").toUpperCase(),
      target: this.#string("path") ?? "/",
      headers: (this.#strings("headers") ?? []).map((line) => splitHeader(line)),
      sizeBytes: this.#number("size") ?? -1,
      credential: this.#string("credential") ?? "",
      program: this.#string("program") ?? "",
      leak: this.#leak(),
    };
    const request = httpRequestFor(run, sent, 0);
    if ("unreadable" in request) {
      throw this.#wrong(`\`path\` ${request.unreadable}`, "such a request is refused before policies are asked");
    }
    return request;
  }

  #leak(): LeakFacts {
    return { kinds: this.#strings("leaks") ?? [], toModel: this.#flag("to_model") };
  }

  #labels(): readonly string[] {
    const labels = this.#strings("labels") ?? [];
    const wrong = labels.find((label) => !isLabel(label));
    if (wrong === undefined) return labels;
    throw this.#wrong(`\`${wrong}\` is no label`, "write `KEY=VALUE`");
  }

  #string(key: string): string | undefined {
    const value = this.#values[key];
    if (value === undefined || typeof value === "string") return value;
    throw this.#wrong(`\`${key}\` is not a string`, "quote it");
  }

  #strings(key: string): readonly string[] | undefined {
    const value = this.#values[key];
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
    throw this.#wrong(`\`${key}\` is not a list of strings`, 'write `["a", "b"]`');
  }

  #number(key: string): number | undefined {
    const value = this.#values[key];
    if (value === undefined || Number.isSafeInteger(value)) return value === undefined ? undefined : Number(value);
    throw this.#wrong(`\`${key}\` is not a whole number`, "write digits only");
  }

  #flag(key: string, absent = false): boolean {
    const value = this.#values[key] ?? absent;
    if (typeof value === "boolean") return value;
    throw this.#wrong(`\`${key}\` is neither true nor false`, "write `true` or `false`");
  }

  #wrong(what: string, remedy: string): PolicyError {
    return invalid(`${this.#where}: ${what}`, remedy);
  }
}

function splitHeader(line: string): readonly [string, string] {
  const colon = line.indexOf(":");
  return [
    line
      .slice(0, colon < 0 ? undefined : colon)
      .trim()
      .toLowerCase(),
    colon < 0 ? "" : line.slice(colon + 1).trim(),
  ];
}

/** A request as a program of this name would make it, with no file looked at: for tests and explanations. */
export function execRequestFor(run: RunFacts, argv: readonly string[], cwd: string): ExecRequest {
  const called = argv[0] ?? "";
  const path = called.includes("/") ? called : `/usr/bin/${called}`;
  const digest = `sha256:${"0".repeat(64)}`;
  const program = { path, names: [lastComponent(path)], digest, memfd: false, inWorkspace: false };
  return {
    action: "exec",
    run,
    links: [{ program, argv }],
    cwd,
    timeMs: 0,
    approved: false,
  };
}

export function connectRequestFor(run: RunFacts, host: string, port: number): ConnectRequest {
  return { action: "connect", run, host, port, timeMs: 0, leak: NO_LEAK, approved: false };
}

function invalid(message: string, remedy: string): PolicyError {
  return new PolicyError("POLICY_TEST_INVALID", `${message}; ${remedy}`, { remedy });
}
