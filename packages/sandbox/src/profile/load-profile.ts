import { createHash } from "node:crypto";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { SandboxError } from "../errors.ts";
import type { Profile } from "../profile-types.ts";
import { ProfileProblem } from "./form.ts";
import { composeLayers } from "./layers.ts";
import { mergeSources, withDigest } from "./merge.ts";
import { lowerBudgets } from "./merge-models.ts";
import { narrow } from "./narrow.ts";
import { partition } from "./narrow-lists.ts";
import { readProfileFile } from "./profile-file.ts";
import type { LoadedProfile, ProfileCache, ProfileRequest, RunBudgets } from "./profile-request.ts";
import type { ProfileSource } from "./source.ts";
import { BUILT_IN } from "./standard.ts";
import { tighten } from "./tighten.ts";
import { allowedHost } from "./words.ts";

/** More profiles than this in a row take each other in. */
const MAX_DEPTH = 8;

/**
 * Where the person keeps what is theirs for one workspace: outside of it, since a run could change it there and the next would be
 * wider. The workspace's own path follows, so that no two share it and none can take another's place by its name.
 */
export function locateProject(configDirectory: string, workspace: string): { profile: string; policy: string } {
  const directory = join(configDirectory, "projects", workspace);
  return { profile: join(directory, "profile.toml"), policy: join(directory, "policy.cedar") };
}

/**
 * Loads the profile of a run: the named one, or the person's own for this workspace, or `standard`; what it extends; what the
 * command line adds; all that within the company's layers; and what the workspace's own `.bailiwick/profile.toml` tightens.
 * @throws SandboxError SANDBOX_PROFILE_NOT_FOUND, SANDBOX_PROFILE_INVALID
 */
export async function loadProfile(request: ProfileRequest): Promise<LoadedProfile> {
  const { cache, configDirectory, workspace } = request;
  const found = await findProfile(request);
  const chain = await readChain(found, configDirectory, cache);
  const bounded = boundProfile(found.name, chain, request);
  const { profile: added } = bounded;
  const ownPath = join(workspace, ".bailiwick/profile.toml");
  const own = await readProfileFile(ownPath, cache);
  const files = chain.flatMap(({ path }) => path ?? []);
  const homeKey = found.path === undefined ? found.name : `${found.name}-${shortDigest(found.path)}`;
  const lowered = (profile: Profile): Profile => requirePossible(lowerFor(profile, request.additions.budgets));
  if (own === undefined) return { profile: lowered(added), sources: files, homeKey, warnings: bounded.warnings };
  const tightened = tighten(added, own);
  const { ignored } = tightened;
  const profile = lowered(tightened.profile);
  return {
    profile,
    sources: [...files, ownPath],
    homeKey,
    warnings: [
      ...bounded.warnings,
      ...(ignored.length === 0
        ? []
        : [
            `\`${ownPath}\` can only tighten; left out: ${ignored.map((key) => `\`${key}\``).join(", ")} (put them into a profile of your own, see \`bailiwick init\`)`,
          ]),
    ],
  };
}

function lowerFor(profile: Profile, budgets: RunBudgets | undefined): Profile {
  if (budgets === undefined) return profile;
  const { digest: _, ...content } = profile; // eslint-disable-line @typescript-eslint/no-unused-vars -- it is of what follows
  return withDigest({ ...content, budgets: lowerBudgets(profile.budgets, budgets) });
}

function requirePossible(profile: Profile): Profile {
  const { budgets, models } = profile;
  if (budgets.moneyMicros !== undefined && models.prices.length === 0) {
    throw new SandboxError(
      "SANDBOX_PROFILE_INVALID",
      `profile \`${profile.name}\`: \`budgets.money\` is said, and no price of any model`,
      { remedy: 'write `[models.prices]`, as `"claude-*" = { in = 3.0, out = 15.0 }`' },
    );
  }
  return requirePossibleQuorum(profile);
}

/** A quorum that no one could ever meet is a mistake, found before a run is. */
function requirePossibleQuorum(profile: Profile): Profile {
  const { witnesses, quorum, require } = profile.record;
  if (quorum <= witnesses.length && (require === "never" || quorum > 0)) return profile;
  throw new SandboxError(
    "SANDBOX_PROFILE_INVALID",
    `profile \`${profile.name}\`: \`record\` requires ${String(quorum)} of ${String(witnesses.length)} witnesses`,
    { remedy: 'name as many `witnesses` as the `quorum` needs, at least one, or say `require = "never"`' },
  );
}

/** A profile that was found, and where; no path when it is built in. */
interface Found {
  readonly name: string;
  readonly path: string | undefined;
  readonly source: ProfileSource;
}

async function findProfile(request: ProfileRequest): Promise<Found> {
  const { nameOrFile, workspace, configDirectory, cache } = request;
  if (nameOrFile !== undefined) {
    return isFile(nameOrFile)
      ? await readNamedFile(resolve(nameOrFile), cache)
      : await findByName(nameOrFile, configDirectory, cache);
  }
  const path = locateProject(configDirectory, workspace).profile;
  const source = await readProfileFile(path, cache);
  if (source === undefined) return await findByName("standard", configDirectory, cache);
  return { name: safeName(basename(workspace)), path, source };
}

function isFile(nameOrFile: string): boolean {
  return nameOrFile.includes("/") || nameOrFile.endsWith(".toml");
}

async function readNamedFile(path: string, cache: ProfileCache | undefined): Promise<Found> {
  const source = await readProfileFile(path, cache);
  if (source !== undefined) return { name: safeName(basename(path, ".toml")), path, source };
  throw new SandboxError("SANDBOX_PROFILE_NOT_FOUND", `there is no profile \`${path}\``, {
    remedy: "name a TOML file, or a profile such as `standard`",
  });
}

async function findByName(name: string, configDirectory: string, cache: ProfileCache | undefined): Promise<Found> {
  if (!/^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/.test(name)) {
    throw new SandboxError("SANDBOX_PROFILE_NOT_FOUND", `\`${name}\` is not the name of a profile`, {
      remedy: "names are letters, digits, `.`, `_` and `-`; a file is named by a path with a slash",
    });
  }
  // What is built in has one meaning everywhere: a file can't take its name.
  const builtIn = BUILT_IN.get(name);
  if (builtIn !== undefined) return { name, path: undefined, source: builtIn };
  const path = join(configDirectory, "profiles", `${name}.toml`);
  const source = await readProfileFile(path, cache);
  if (source !== undefined) return { name, path, source };
  throw new SandboxError("SANDBOX_PROFILE_NOT_FOUND", `there is no profile \`${name}\``, {
    remedy: `write \`${path}\`, or name a file (\`./${name}.toml\`) or one that is built in: ${[...BUILT_IN.keys()].map((key) => `\`${key}\``).join(", ")}`,
  });
}

/** The profile and all that it extends, the outermost first. One that says nothing of it extends `standard`: absence never means allow. */
async function readChain(found: Found, configDirectory: string, cache: ProfileCache | undefined): Promise<Found[]> {
  const chain = [found];
  for (let inner = found; inner.path !== undefined;) {
    const reference = inner.source.extends ?? "standard";
    const outer = isFile(reference)
      ? await readNamedFile(isAbsolute(reference) ? reference : resolve(dirname(inner.path), reference), cache)
      : await findByName(reference, configDirectory, cache);
    if (chain.length > MAX_DEPTH || chain.some(({ path }) => path !== undefined && path === outer.path)) {
      throw new SandboxError(
        "SANDBOX_PROFILE_INVALID",
        `\`${found.path ?? found.name}\`: \`extends\` leads back to itself or too far`,
        {
          remedy: `let a profile extend \`standard\` in at most ${String(MAX_DEPTH)} steps`,
        },
      );
    }
    chain.unshift(outer);
    inner = outer;
  }
  return chain;
}

/** The person's own profile with what the command line adds; where a company has a say, so far as that lies within what it permits. */
function boundProfile(
  name: string,
  chain: readonly Found[],
  { layers: [base, ...others], additions }: ProfileRequest,
): { readonly profile: Profile; readonly warnings: readonly string[] } {
  const sources = chain.map(({ source }) => source);
  if (base === undefined) return { profile: addFromCommandLine(mergeSources(name, sources), additions), warnings: [] };
  const { profile: permitted } = composeLayers([base, ...others]);
  const own = narrow(
    { ...permitted, name },
    // What is built in is what the company's own layer begins with.
    chain.filter(({ path }) => path !== undefined).map(({ source }) => source),
    name,
  );
  const hosts = partition("network.allow", permitted, additions.allowHosts.map(readAllowHost));
  const ports = partition("network.publish", permitted, additions.publish.map(String));
  const home = permitted.home.mode === "ephemeral" ? "ephemeral" : additions.home;
  const within = { allowHosts: hosts.inside, publish: ports.inside.map(Number), home };
  const left = [
    ...own.wider,
    ...hosts.outside.map((host) => `--allow-host ${host}`),
    ...ports.outside.map((port) => `--publish ${port}`),
    ...(home === additions.home || additions.home === undefined ? [] : [`--home ${additions.home}`]),
  ];
  const what = `your company's policy permits less; left out: ${left.map((each) => `\`${each}\``).join(", ")}`;
  return { profile: addFromCommandLine(own.profile, within), warnings: left.length === 0 ? [] : [what] };
}

function addFromCommandLine(profile: Profile, additions: ProfileRequest["additions"]): Profile {
  if (additions.allowHosts.length === 0 && additions.publish.length === 0 && additions.home === undefined)
    return profile;
  return withDigest({
    ...profile,
    network: {
      ...profile.network,
      allow: [...new Set([...profile.network.allow, ...additions.allowHosts.map(readAllowHost)])],
      publish: [...new Set([...profile.network.publish, ...additions.publish])],
    },
    home: { ...profile.home, mode: additions.home ?? profile.home.mode },
  });
}

function readAllowHost(text: string): string {
  try {
    return allowedHost.read(text, []);
  } catch (error) {
    if (!(error instanceof ProfileProblem)) throw error;
    throw new SandboxError("SANDBOX_PROFILE_INVALID", `\`--allow-host ${text}\` ${error.message}`, {
      ...(error.remedy === undefined ? {} : { remedy: error.remedy }),
    });
  }
}

/** A name is an entity of policies and a part of paths: never that of a profile that is built in. */
function safeName(text: string): string {
  const name = text
    .replace(/[^A-Za-z0-9._-]/g, "-")
    .replace(/^[.-]+/, "")
    .slice(0, 64);
  return name === "" || BUILT_IN.has(name) ? `own-${name}` : name;
}

function shortDigest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}
