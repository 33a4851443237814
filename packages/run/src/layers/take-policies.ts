import { escapeControls, isJsonObject, parseJson } from "@bailiwick/base";
import {
  bundleSources,
  checkPolicySet,
  digestBundle,
  formatProblem,
  layerName,
  PolicyError,
  readBundle,
  STANDARD_POLICIES,
  type PolicyBundle,
} from "@bailiwick/policy";
import {
  composeLayers,
  readProfileLayers,
  SandboxError,
  type ProfileCache,
  type ProfileLayer,
} from "@bailiwick/sandbox";
import { openStanding, type Enrolled, type HeldPolicies, type PolicyReport, type Standing } from "./held-policies.ts";

/** Why what was fetched is not taken. */
class Refused extends Error {}

/**
 * Looks at what was fetched last, once, and takes it or keeps what there is: what is not signed by the server's key, is older than what this host was
 * told, lacks a bundle, or can't be used whole, is refused, and the server is told so.
 * @returns what the person should know; undefined when it was taken or there was nothing
 */
export async function takeFetched(
  held: HeldPolicies,
  enrolled: Enrolled,
  cache: ProfileCache | undefined,
): Promise<string | undefined> {
  const fetched = held.read("next.json");
  if (fetched === undefined) return undefined;
  const report = held.report();
  let sequence = 0;
  try {
    const { note, bundles } = readFetched(fetched);
    const standing = await openStanding(note, enrolled);
    if (standing === undefined) throw new Refused("it is not signed by the server's key for this host");
    ({ sequence } = standing);
    const current = held.read("current.note");
    const before = current === undefined ? undefined : await openStanding(current, enrolled);
    requireNotOlder(held, standing, before);
    if (before !== undefined && JSON.stringify(before.layers) === JSON.stringify(standing.layers)) {
      // Looked at when it was taken: nothing has to be compiled to hear that nothing has changed.
      const { has, beyond } = report;
      keep(held, note, { has, using: sequence, beyond });
      return undefined;
    }
    const opened = standing.layers.map((layer) => openBundle(held, bundles, layer));
    const beyond = await requireUsable(
      opened.map(({ bundle }) => bundle),
      cache,
    );
    for (const { digest, text } of opened) held.writeBundle(digest, text);
    const seen = held.seen();
    for (const { layer, scope, sequence: number } of standing.layers) seen.set(`${layer} ${scope}`, number);
    held.write("seen.json", JSON.stringify(Object.fromEntries(seen)));
    keep(held, note, { has: [...new Set(opened.map(({ digest }) => digest))], using: sequence, beyond });
    return undefined;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const why = escapeControls(error.message);
    held.write("report.json", JSON.stringify({ ...report, refused: { sequence, why: why.slice(0, 1_000) } }));
    held.forgetNext();
    return `the policies that the server sent are refused, and those before stay: ${why}`;
  }
}

/** Last: what it names is there, and nothing older is taken from then on. */
function keep(held: HeldPolicies, note: string, report: PolicyReport): void {
  held.write("current.note", note);
  held.write("report.json", JSON.stringify(report));
  held.forgetNext();
}

function readFetched(text: string): { readonly note: string; readonly bundles: readonly string[] } {
  const json = parseJson(text);
  const { note, bundles }: { readonly note?: unknown; readonly bundles?: unknown } = isJsonObject(json) ? json : {};
  if (typeof note === "string" && Array.isArray(bundles) && bundles.every((each) => typeof each === "string"))
    return { note, bundles };
  throw new Refused("what was fetched is damaged");
}

function requireNotOlder(held: HeldPolicies, standing: Standing, before: Standing | undefined): void {
  if (before !== undefined && standing.sequence < before.sequence) {
    throw new Refused(`it is older (${String(standing.sequence)}) than what is held (${String(before.sequence)})`);
  }
  const seen = held.seen();
  for (const layer of standing.layers) {
    const highest = seen.get(`${layer.layer} ${layer.scope}`) ?? 0;
    if (layer.sequence < highest) {
      throw new Refused(
        `${layerName(layer)} is older (${String(layer.sequence)}) than what was held (${String(highest)})`,
      );
    }
  }
}

interface Opened {
  readonly digest: string;
  readonly text: string;
  readonly bundle: PolicyBundle;
}

function openBundle(held: HeldPolicies, bundles: readonly string[], layer: Standing["layers"][number]): Opened {
  const { digest } = layer;
  const text = bundles.find((each) => digestBundle(each) === digest) ?? held.readBundle(digest);
  if (text === undefined || digestBundle(text) !== digest) {
    throw new Refused(`the bundle of ${layerName(layer)} is missing, or is not the one that was signed`);
  }
  try {
    const bundle = readBundle(text);
    if (bundle.layer === layer.layer && bundle.scope === layer.scope) return { digest, text, bundle };
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    throw new Refused(`${layerName(layer)}: ${error.message}`);
  }
  throw new Refused(`the bundle of ${layerName(layer)} is for another layer or scope`);
}

/** @returns what layers say beyond those above them */
async function requireUsable(
  bundles: readonly PolicyBundle[],
  cache: ProfileCache | undefined,
): Promise<readonly string[]> {
  const projects = bundles.filter(({ layer }) => layer === "project");
  const others = bundles.filter(({ layer }) => layer !== "project");
  const beyond: string[] = [];
  // Runs are in one project each: two may use the same names.
  for (const project of projects.length === 0 ? [undefined] : projects) {
    const together = bundles.filter((each) => each === project || others.includes(each));
    const sources = [...STANDARD_POLICIES, ...together.flatMap(bundleSources)];
    const problem = (await checkPolicySet(sources)).find(({ severity }) => severity === "error");
    if (problem !== undefined) throw new Refused(formatProblem(problem));
    const [base, ...below] = await readProfiles(together, cache);
    if (base !== undefined) beyond.push(...composeLayers([base, ...below]).wider);
  }
  return [...new Set(beyond)].slice(0, 50).map((each) => each.slice(0, 300));
}

/** The profile parts, the company's first. @throws Refused for one that can't be read, or that there is none of the company's above it */
async function readProfiles(
  bundles: readonly PolicyBundle[],
  cache: ProfileCache | undefined,
): Promise<ProfileLayer[]> {
  try {
    const layers = await readProfileLayers(bundles, cache);
    if (layers[0] === undefined || layers[0].level === "company") return layers;
    throw new Refused(`${layers[0].name} has a profile, and the company's layer has none that it could tighten`);
  } catch (error) {
    if (error instanceof SandboxError) throw new Refused(error.message);
    throw error;
  }
}
