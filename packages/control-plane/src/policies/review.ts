/** What a text would be as a layer's policy, for whoever writes or reviews it. Nothing of it is kept, and only Cedar runs. */
import {
  bundleSources,
  connectRequestFor,
  execRequestFor,
  explain,
  layerName,
  PolicyError,
  reviewPolicySet,
  runPolicyTests,
  STANDARD_POLICIES,
  type PolicyBundle,
  type PolicySource,
  type Problem,
} from "@bailiwick/policy";
import { ServerError } from "../../contract/errors.ts";
import type { PolicyScope } from "../../contract/policies.ts";
import type { AnswerOf } from "../../contract/routes.ts";
import type { Handlers } from "../routes/handler.ts";
import type { Database } from "../store/tables.ts";
import { malformed, readAbove, readBundleFor, requireValidBelow, requireWithin } from "./check.ts";

type Checked = AnswerOf<"checkPolicy">;
type Found = Checked["problems"][number];
type Asked = Parameters<Handlers["explainPolicy"]>[1]["body"];

/** Each has a worker with Cedar, of some 45 MB, for as long as its text takes. */
const MOST_AT_ONCE = 4;
let going = 0;

/** What is wrong with a text, in words what is not, and how its tests come out. */
export async function reviewText(db: Database, scope: PolicyScope, text: string): Promise<Checked> {
  return await inTurn(async () => {
    const read = await collect(undefined, () => Promise.resolve(readBundleFor(scope, text)));
    if ("problem" in read) return { problems: [read.problem], policies: [], tests: [] };
    return await reviewBundle(db, scope, read.value);
  });
}

async function reviewBundle(db: Database, scope: PolicyScope, bundle: PolicyBundle): Promise<Checked> {
  const above = await readAbove(db, scope);
  const sources = [...STANDARD_POLICIES, ...above.flatMap(bundleSources), ...bundleSources(bundle)];
  const within = await collect("profile.toml", () => requireWithin(above, bundle));
  const { problems: ofSet, policies } = await reviewPolicySet(sources);
  const own = `${layerName(bundle)}/`;
  const problems = [...("problem" in within ? [within.problem] : []), ...ofSet.map((each) => foundOf(each, own))];
  if (problems.some(isError)) return { problems, policies: [], tests: [] };
  const below = scope.type === "Company" && (await collect(undefined, () => requireValidBelow(db, sources)));
  if (below && "problem" in below) problems.push(below.problem);
  const tests: Checked["tests"] = [];
  for (const { name, text } of bundle.tests) {
    const ran = await collect(name, () => runPolicyTests({ sources, cache: undefined }, text));
    if ("problem" in ran) problems.push(ran.problem);
    else tests.push(...ran.value.results.map((each) => ({ ...each, file: name })));
  }
  const said = policies.filter(({ source }) => source.startsWith(own));
  return {
    problems,
    policies: said.map(({ source, reason, instead, ask, ...each }) => ({
      ...each,
      file: source.slice(own.length),
      ...(reason !== undefined && { reason }),
      ...(instead !== undefined && { instead }),
      ...(ask !== undefined && { ask }),
    })),
    tests,
  };
}

/**
 * What would be decided under a text and what holds above it.
 * @throws ServerError SERVER_MALFORMED when the text is no policy
 */
export async function explainText(
  db: Database,
  { scope, bundle: text, asked }: Asked,
  timeMs: number,
): Promise<AnswerOf<"explainPolicy">> {
  return await inTurn(async () => {
    try {
      const bundle = readBundleFor(scope, text);
      const above = await readAbove(db, scope);
      const sources: PolicySource[] = [...STANDARD_POLICIES, ...above.flatMap(bundleSources), ...bundleSources(bundle)];
      const { decision, subjects, policyCount } = await explain(
        { sources, cache: undefined },
        requestOf(asked, timeMs),
      );
      const could = subjects.flatMap(({ policies }) => policies);
      const { outcome, reason, instead, approver, failure } = decision;
      return {
        ...{ outcome, reason, policyCount, couldApply: could.length },
        ...(instead !== undefined && { instead }),
        ...(approver !== undefined && { approver }),
        ...(failure !== undefined && { failure }),
        applied: could.flatMap(({ id, effect, source, line, result, facts }) =>
          result === "not satisfied" ? [] : [{ id, effect, source, line, result, facts: { ...facts } }],
        ),
      };
    } catch (error) {
      if (error instanceof PolicyError) throw malformed(error.message, error.remedy ?? "correct it");
      throw error;
    }
  });
}

/** As an agent at work in some workspace would ask it. */
function requestOf(asked: Asked["asked"], timeMs: number) {
  const project = "/workspace";
  const run = {
    ...{ runId: "explain", user: "somebody", agent: asked.agent ?? "claude-code", project, profile: "standard" },
    labels: [],
  };
  const request =
    "argv" in asked ? execRequestFor(run, asked.argv, project) : connectRequestFor(run, asked.host, asked.port);
  return { ...request, timeMs };
}

type Collected<T> = { readonly value: T } | { readonly problem: Found };

/** What is wrong with the text as a problem of a file; what is wrong with the server goes on. */
async function collect<T>(file: string | undefined, look: () => Promise<T>): Promise<Collected<T>> {
  try {
    return { value: await look() };
  } catch (error) {
    const isOfText =
      error instanceof PolicyError || (error instanceof ServerError && error.code === "SERVER_MALFORMED");
    if (!isOfText) throw error;
    const { message, remedy } = error;
    const line = Number(/^line ([0-9]{1,6}): /.exec(message)?.[1] ?? 0);
    const where = { line, column: line === 0 ? 0 : 1, ...(file !== undefined && { file }) };
    return { problem: { severity: "error", ...where, message, ...(remedy !== undefined && { remedy }) } };
  }
}

function foundOf({ severity, source, line, column, policy, message, remedy }: Problem, own: string): Found {
  const isOwn = source.startsWith(own);
  return {
    ...{ severity, line: isOwn ? line : 0, column: isOwn ? column : 0 },
    ...(isOwn && { file: source.slice(own.length) }),
    ...(policy !== undefined && { policy }),
    message: isOwn || source === "" ? message : `${source}: ${message}`,
    ...(remedy !== undefined && { remedy }),
  };
}

function isError({ severity }: Found): boolean {
  return severity === "error";
}

/** @throws ServerError SERVER_BUSY */
async function inTurn<T>(act: () => Promise<T>): Promise<T> {
  if (going >= MOST_AT_ONCE) {
    throw new ServerError("SERVER_BUSY", "too many policies are looked at already", {
      remedy: "try again in a moment",
    });
  }
  going += 1;
  try {
    return await act();
  } finally {
    going -= 1;
  }
}
