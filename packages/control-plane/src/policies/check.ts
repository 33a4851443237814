/** What a draft has to be before anybody looks at it, and again before it is approved: what stands above it may have changed meanwhile. */
import {
  bundleSources,
  checkPolicySet,
  formatProblem,
  layerName,
  PolicyError,
  readBundle,
  runPolicyTests,
  STANDARD_POLICIES,
  type PolicyBundle,
  type PolicySource,
} from "@bailiwick/policy";
import { composeLayers, readProfileLayers, type ProfileLayer } from "@bailiwick/sandbox/profile";
import { ServerError } from "../../contract/errors.ts";
import type { PolicyScope, Tested } from "../../contract/policies.ts";
import { teamsOf } from "../access/resources.ts";
import type { Database } from "../store/tables.ts";
import { bundleInForce } from "./releases.ts";
import { bundleScopeOf } from "./versions.ts";

const SHOWN = 3;

/**
 * Reads a bundle and everything it says, within the layers that hold above it; runs its tests. No code runs but Cedar's.
 * @throws ServerError SERVER_MALFORMED with what is wrong, and where
 */
export async function checkBundle(db: Database, scope: PolicyScope, text: string): Promise<Tested> {
  try {
    const bundle = readBundleFor(scope, text);
    const above = await readAbove(db, scope);
    await requireWithin(above, bundle);
    const sources = [...STANDARD_POLICIES, ...above.flatMap(bundleSources), ...bundleSources(bundle)];
    await requireValid(sources);
    if (scope.type === "Company") await requireValidBelow(db, sources);
    return await runTests(sources, bundle);
  } catch (error) {
    if (error instanceof PolicyError) throw malformed(error.message, error.remedy ?? "correct it");
    throw error;
  }
}

/** @throws PolicyError POLICY_BUNDLE_INVALID @throws ServerError SERVER_MALFORMED when it is for another scope */
export function readBundleFor(scope: PolicyScope, text: string): PolicyBundle {
  const bundle = readBundle(text);
  const named = bundleScopeOf(scope);
  if (bundle.layer === named.layer && bundle.scope === named.scope) return bundle;
  throw malformed(`it is for ${layerName(bundle)}, and not for ${layerName(named)}`, "name the same scope");
}

/** The layers that hold for all above a scope, the outermost first. */
export async function readAbove(db: Database, scope: PolicyScope): Promise<PolicyBundle[]> {
  const scopes: PolicyScope[] = scope.type === "Company" ? [] : [{ type: "Company", id: "company" }];
  if (scope.type === "Person") {
    const teams = (await teamsOf(db, [scope.id])).get(scope.id) ?? [];
    scopes.push(...teams.map((id) => ({ type: "Team", id }) as const));
  }
  const texts = await Promise.all(scopes.map((each) => bundleInForce(db, each)));
  return texts.filter((text) => text !== undefined).map(readBundle);
}

async function requireValid(sources: readonly PolicySource[]): Promise<void> {
  const errors = (await checkPolicySet(sources)).filter(({ severity }) => severity === "error");
  if (errors.length === 0) return;
  const more = errors.length > SHOWN ? ` (and ${String(errors.length - SHOWN)} more)` : "";
  throw malformed(`${errors.slice(0, SHOWN).map(formatProblem).join(" | ")}${more}`, "see `bailiwick policy check`");
}

/** Hosts refuse a set in which two layers use one id: the company's must not take one that a layer below has. */
export async function requireValidBelow(db: Database, sources: readonly PolicySource[]): Promise<void> {
  const rows = await db
    .selectFrom("policy_release")
    .select(["scope_type", "scope_id"])
    .distinct()
    .where("scope_type", "in", ["Team", "Project", "Person"])
    .execute();
  for (const { scope_type, scope_id } of rows) {
    const type = (["Team", "Project", "Person"] as const).find((known) => known === scope_type);
    const text = type && (await bundleInForce(db, { type, id: scope_id }));
    if (text !== undefined) await requireValid([...sources, ...bundleSources(readBundle(text))]);
  }
}

/** @throws ServerError when the profile is none, or goes beyond what stands above */
export async function requireWithin(above: readonly PolicyBundle[], bundle: PolicyBundle): Promise<void> {
  const [base, ...others] = await readLayers([...above, bundle]);
  if (base === undefined || bundle.profile === undefined) return;
  if (base.level !== "company") {
    throw malformed(
      "it has a profile, and the company's layer has none that it could tighten",
      "begin with the company's",
    );
  }
  const own = composeLayers([base, ...others]).wider.filter((each) => each.startsWith(`${layerName(bundle)}: `));
  if (own.length === 0) return;
  throw malformed(
    `it goes beyond the layers above it: ${own.slice(0, 5).join(" | ")}`,
    "a layer can only tighten: leave it out",
  );
}

async function readLayers(bundles: readonly PolicyBundle[]): Promise<ProfileLayer[]> {
  try {
    return await readProfileLayers(bundles, undefined);
  } catch (error) {
    // What the profile's reader says is for its author.
    if (error instanceof Error && error.name === "SandboxError") throw malformed(error.message, "correct the profile");
    throw error;
  }
}

async function runTests(sources: readonly PolicySource[], { tests }: PolicyBundle): Promise<Tested> {
  const failed: string[] = [];
  let passed = 0;
  for (const { name, text } of tests) {
    const report = await runPolicyTests({ sources, cache: undefined }, text);
    passed += report.passed;
    failed.push(
      ...report.results.filter((each) => !each.passed).map((each) => `${name}: ${each.name}: ${each.message}`),
    );
  }
  return { passed, failed };
}

export function malformed(why: string, remedy: string): ServerError {
  return new ServerError("SERVER_MALFORMED", `the policy can't be taken: ${why}`, { remedy });
}
