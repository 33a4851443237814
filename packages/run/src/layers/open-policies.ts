import { digestBundle, bundleSources, readBundle, type PolicyBundle, type PolicySource } from "@bailiwick/policy";
import { readProfileLayers, type ProfileCache, type ProfileLayer } from "@bailiwick/sandbox";
import { readEnrolment, type ServerOfHost } from "../enrolled-server.ts";
import { RunError } from "../errors.ts";
import { HeldPolicies, openStanding, type HeldLayer, type Standing } from "./held-policies.ts";
import { takeFetched } from "./take-policies.ts";

/** What governs a run beside what its person says. */
export interface CompanyPolicies {
  readonly layers: readonly HeldLayer[];
  readonly sources: readonly PolicySource[];
  readonly profiles: readonly ProfileLayer[];
  readonly warnings: readonly string[];
}

export interface OpenPoliciesOptions {
  /** `server` in the state directory. */
  readonly server: string;
  /** Undefined where this host is enrolled nowhere. */
  readonly enrolment: ServerOfHost | undefined;
  /** The workspace's directory by its name; undefined: the layers of no project. */
  readonly project: string | undefined;
  readonly cache: ProfileCache | undefined;
  readonly now: number;
}

const HOUR_MS = 3_600_000;

type OpenHeldOptions = OpenPoliciesOptions & { readonly enrolment: ServerOfHost };

/** As `openCompanyPolicies`, of a host that is enrolled. What was fetched last is looked at first. */
export async function openHeldPolicies(options: OpenHeldOptions): Promise<CompanyPolicies> {
  const { server, enrolment, project, cache, now } = options;
  const held = new HeldPolicies(server);
  const refused = await takeFetched(held, enrolment, cache);
  const standing = await standingOf(held, enrolment);
  if (standing === undefined) {
    throw new RunError(
      "RUN_POLICY_MISSING",
      `this host is enrolled, and has no policies of its server yet${refused === undefined ? "" : `: ${refused}`}`,
      { remedy: "fetch them: `bailiwick sync`" },
    );
  }
  const layers = standing.layers.filter(({ layer, scope }) => layer !== "project" || scope === project);
  const bundles = layers.map((layer) => readHeld(held, layer));
  requireHeardOf(standing, bundles, now);
  return {
    layers,
    sources: bundles.flatMap(bundleSources),
    profiles: await readProfileLayers(bundles, cache),
    warnings: refused === undefined ? [] : [refused],
  };
}

/** Looks at what was fetched last, as a run would. @returns why it is refused; undefined when it is not */
export async function takeFetchedPolicies(server: string): Promise<string | undefined> {
  const enrolled = readEnrolment(server);
  return enrolled && (await takeFetched(new HeldPolicies(server), enrolled, undefined));
}

/** What the server said last that was taken. @throws RunError RUN_STATE_UNUSABLE when what is kept is not what it signed */
export async function readStanding(held: HeldPolicies, server: string): Promise<Standing | undefined> {
  const enrolment = readEnrolment(server);
  return enrolment && (await standingOf(held, enrolment));
}

async function standingOf(held: HeldPolicies, enrolment: ServerOfHost): Promise<Standing | undefined> {
  const note = held.read("current.note");
  if (note === undefined) return undefined;
  const standing = await openStanding(note, enrolment);
  if (standing !== undefined) return standing;
  throw damaged(`\`${held.directory}/current.note\` is not what the server signed`, held);
}

function readHeld(held: HeldPolicies, { digest }: HeldLayer): PolicyBundle {
  const text = held.readBundle(digest);
  if (text !== undefined && digestBundle(text) === digest) return readBundle(text);
  throw damaged(`the policy bundle \`${digest}\` is missing or was changed`, held);
}

function damaged(why: string, { directory }: HeldPolicies): RunError {
  return new RunError("RUN_STATE_UNUSABLE", why, { remedy: `remove \`${directory}\`, and run \`bailiwick sync\`` });
}

/** What lies between is counted by two clocks, the server's and this host's: it is hours. */
function requireHeardOf({ at }: Standing, bundles: readonly PolicyBundle[], now: number): void {
  const hours = Math.min(...bundles.map(({ requiredWithinHours }) => requiredWithinHours ?? Infinity));
  if (now - at <= hours * HOUR_MS) return;
  throw new RunError(
    "RUN_POLICY_OVERDUE",
    `the server was heard ${new Date(at).toISOString()}, and its policies require that within ${String(hours)} hours`,
    { remedy: "connect to the server, and run `bailiwick sync`" },
  );
}
