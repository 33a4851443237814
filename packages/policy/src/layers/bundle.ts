/**
 * A bundle: what one layer of a company's policy says, as one text, so that its digest names it wherever it is. Read without a schema library,
 * as profiles are: hosts read bundles at each start of a run.
 */
import { isJsonObject, parseJson } from "@bailiwick/base";
import { PolicyError } from "../errors.ts";
import { sha256, type PolicySource } from "../source.ts";

/** The outermost first. Each can only tighten what those before it say. */
export const LAYERS = ["company", "team", "project", "user"] as const;
export type Layer = (typeof LAYERS)[number];

/** A text of a bundle; its name stands in messages. */
export interface BundleText {
  /** Letters, digits, `.`, `_` and `-`. */
  readonly name: string;
  readonly text: string;
}

export interface PolicyBundle {
  readonly layer: Layer;
  /** Whom it is for: a team, a project, a person; `company`. */
  readonly scope: string;
  /** Cedar. */
  readonly policies: readonly BundleText[];
  /** Policy tests (TOML); the server runs them, hosts do not. */
  readonly tests: readonly BundleText[];
  /** A profile (TOML); undefined: it says nothing of the envelope. */
  readonly profile: string | undefined;
  /** Hosts that have not heard from the server for so many hours start no run; undefined: they do. */
  readonly requiredWithinHours: number | undefined;
}

/** UTF-16 units of a bundle's text. */
export const LONGEST_BUNDLE = 512 * 1024;
const MOST_TEXTS = 200;
const MOST_HOURS = 24 * 366;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const KEYS: readonly string[] = ["v", "layer", "scope", "policies", "tests", "profile", "requiredWithinHours"];

/** The one text of a bundle. */
export function writeBundle({ layer, scope, policies, tests, profile, requiredWithinHours }: PolicyBundle): string {
  const texts = (list: readonly BundleText[]) =>
    list.map(({ name, text }) => ({ name, text })).sort((a, b) => (a.name < b.name ? -1 : 1));
  return JSON.stringify({
    v: 1,
    layer,
    scope,
    policies: texts(policies),
    tests: texts(tests),
    profile,
    requiredWithinHours,
  });
}

/** `sha256:` and 64 hexadecimal digits of a bundle's text. */
export function digestBundle(text: string): string {
  return sha256(text);
}

/**
 * Reads a bundle, and nothing that this version does not know whole: what it would leave out could be what forbids.
 * @throws PolicyError POLICY_BUNDLE_INVALID
 */
export function readBundle(text: string): PolicyBundle {
  if (text.length > LONGEST_BUNDLE) throw invalid("it is larger than 512 Ki characters", "split it");
  if (!text.isWellFormed()) throw invalid("it is not well-formed Unicode", "save its files as UTF-8");
  const json = parseJson(text);
  if (!isJsonObject(json) || json["v"] !== 1)
    throw invalid("it is of no form that this version knows", "update Bailiwick");
  const unknown = Object.keys(json).find((key) => !KEYS.includes(key));
  if (unknown !== undefined)
    throw invalid(`it has a key that this version does not know: \`${unknown}\``, "update Bailiwick");
  const layer = LAYERS.find((known) => known === json["layer"]);
  const { scope, profile, requiredWithinHours: hours } = json;
  if (layer === undefined || typeof scope !== "string" || scope === "" || scope.length > 400)
    throw invalid("it names no layer and scope", "make it with `bailiwick policy draft`");
  if (profile !== undefined && typeof profile !== "string") throw invalid("its profile is no text", "give a TOML file");
  if (hours !== undefined && !(Number.isInteger(hours) && Number(hours) >= 1 && Number(hours) <= MOST_HOURS))
    throw invalid(`its hours are not 1 to ${String(MOST_HOURS)}`, "give a whole number of hours");
  return {
    layer,
    scope,
    policies: readTexts(json["policies"], "policies"),
    tests: readTexts(json["tests"], "tests"),
    profile,
    requiredWithinHours: hours === undefined ? undefined : Number(hours),
  };
}

function readTexts(value: unknown, what: string): BundleText[] {
  if (!Array.isArray(value) || value.length > MOST_TEXTS) throw invalid(`its ${what} are no list`, "give files");
  const texts = value.map((each: unknown): BundleText => {
    const { name, text }: { readonly name?: unknown; readonly text?: unknown } = isJsonObject(each) ? each : {};
    if (typeof name === "string" && NAME.test(name) && typeof text === "string") return { name, text };
    throw invalid(`one of its ${what} has no name and text`, "name files by letters, digits, `.`, `_` and `-`");
  });
  if (new Set(texts.map(({ name }) => name)).size < texts.length)
    throw invalid(`two of its ${what} have the same name`, "name each file once");
  return texts;
}

function invalid(why: string, remedy: string): PolicyError {
  return new PolicyError("POLICY_BUNDLE_INVALID", `the policy bundle can't be used: ${why}`, { remedy });
}

/** What messages call a layer: `company`, `team payments`. */
export function layerName({ layer, scope }: Pick<PolicyBundle, "layer" | "scope">): string {
  return layer === "company" ? "company" : `${layer} ${scope}`;
}

/** The policies of a bundle as part of a set: named by their layer, and permitting only where it is the company's. */
export function bundleSources(bundle: PolicyBundle): PolicySource[] {
  const tightens = bundle.layer !== "company";
  return bundle.policies.map(({ name, text }) => ({ name: `${layerName(bundle)}/${name}`, text, tightens }));
}
