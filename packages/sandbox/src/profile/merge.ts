import { createHash } from "node:crypto";
import type { RuleSetName } from "@bailiwick/policy";
import type { Profile } from "../profile-types.ts";
import { mergeBudgets, mergeModels } from "./merge-models.ts";
import { mergeRecord } from "./merge-record.ts";
import { mergeRecording } from "./merge-recording.ts";
import type { ProfileSource } from "./source.ts";
import { STANDARD } from "./standard.ts";

/** Memory for /tmp where no profile says how much. */
/** A few functions: as much as a question to somebody shows. */
const DEFAULT_CODE = 4_096;
const DEFAULT_TMP_BYTES = 512 * 2 ** 20;

/** Merges sources, the outermost first: lists are joined, tables merged, single values replaced. */
export function mergeSources(name: string, sources: readonly ProfileSource[]): Profile {
  const filesystem = sources.map((source) => source.filesystem ?? {});
  const network = sources.map((source) => source.network ?? {});
  const environment = sources.map((source) => source.environment ?? {});
  const home = sources.map((source) => source.home ?? {});
  const limits = sources.map((source) => source.limits ?? {});
  const record = sources.map((source) => source.record ?? {});
  return withDigest({
    name,
    filesystem: {
      read: join(filesystem.map(({ read }) => read)),
      write: join(filesystem.map(({ write }) => write)),
      mask: joinInOrder(filesystem.map(({ mask }) => mask)),
      protect: withoutTakenOut(joinInOrder(filesystem.map(({ protect }) => protect))),
    },
    network: {
      allow: join(network.map(({ allow }) => allow)),
      hosts: joinMaps(network.map(({ hosts }) => hosts)),
      publish: join(network.map(({ publish }) => publish)),
      inspect: join(network.map(({ inspect }) => inspect)),
      rules: joinRules(network.map(({ rules }) => rules)),
      trust: join(network.map(({ trust }) => trust)),
    },
    ssh: joinSsh(sources),
    credentials: joinCredentials(sources),
    environment: {
      pass: join(environment.map(({ pass }) => pass)),
      set: joinMaps(environment.map(({ set }) => set)),
      only: environment.flatMap(({ only }) => (only === undefined ? [] : [{ by: name, names: only }])),
    },
    home: { seed: join(home.map(({ seed }) => seed)), mode: last(home.map(({ mode }) => mode)) ?? "kept" },
    limits: {
      processes: last(limits.map(({ processes }) => processes)),
      wallMs: last(limits.map(({ wall }) => wall)),
      fileSizeBytes: last(limits.map((each) => each["file-size"])),
      openFiles: last(limits.map((each) => each["open-files"])),
      memoryBytes: last(limits.map(({ memory }) => memory)),
      tmpBytes: last(limits.map(({ tmp }) => tmp)) ?? DEFAULT_TMP_BYTES,
    },
    models: mergeModels(sources.map((source) => source.models ?? {})),
    budgets: mergeBudgets(sources.map((source) => source.budgets ?? {})),
    recording: mergeRecording(sources.map((source) => source.recording ?? {})),
    leaks: {
      models: join(sources.map(({ leaks }) => leaks?.models)),
      codeCharacters: last(sources.map(({ leaks }) => leaks?.code)) ?? DEFAULT_CODE,
      codeHosts: join(sources.map(({ leaks }) => leaks?.["code-hosts"])),
    },
    record: mergeRecord(record),
  });
}

/** Gives a profile its digest: over its content in one fixed order, whatever order and files it came from; not over its name. */
export function withDigest(content: Omit<Profile, "digest">): Profile {
  const {
    filesystem,
    network,
    ssh,
    credentials,
    environment,
    home,
    limits,
    models,
    budgets,
    recording,
    leaks,
    record,
  } = content;
  const canonical = JSON.stringify([
    [filesystem.read.toSorted(), filesystem.write.toSorted(), filesystem.mask, filesystem.protect.toSorted()],
    [
      network.allow.toSorted(),
      Object.entries(network.hosts).sort(byKey),
      network.publish.toSorted((a, b) => a - b),
      network.inspect.toSorted(),
      network.rules.map(({ name, hosts, owners }) => [name, hosts.toSorted(), owners.toSorted()]),
      network.trust.toSorted(),
    ],
    [
      environment.pass.toSorted(),
      Object.entries(environment.set).sort(byKey),
      ...environment.only.map(({ names }) => names.toSorted()),
    ],
    [home.seed.toSorted(), home.mode],
    [limits.processes, limits.wallMs, limits.fileSizeBytes, limits.openFiles, limits.memoryBytes, limits.tmpBytes].map(
      (limit) => limit ?? null,
    ),
    sorted(models),
    sorted(budgets),
    [recording.terminal, recording.maxBytes, ...(recording.send ? ["send"] : [])],
    [leaks.models.toSorted(), leaks.codeCharacters, leaks.codeHosts.toSorted()],
    [record.witnesses.toSorted(), record.quorum, record.require],
    credentials.map((credential) => sorted(credential)),
    ssh.map((host) => sorted(host)),
  ]);
  return { ...content, digest: `sha256:${createHash("sha256").update(canonical).digest("hex")}` };
}

/** Hosts and owners of one rule set are joined. */
function joinRules(maps: readonly NonNullable<ProfileSource["network"]>["rules"][]): Profile["network"]["rules"] {
  const found = new Map<RuleSetName, { hosts: readonly string[]; owners: readonly string[] }>();
  for (const [name, { hosts, owners }] of maps.flatMap((rules) => [...(rules ?? [])])) {
    const known = found.get(name);
    found.set(name, { hosts: join([known?.hosts, hosts]), owners: join([known?.owners, owners]) });
  }
  return [...found].sort(byName).map(([name, choice]) => ({ name, ...choice }));
}

/** A later profile's credential replaces an earlier one's of the same name. */
function joinCredentials(sources: readonly ProfileSource[]): Profile["credentials"] {
  const found = new Map(sources.flatMap(({ credentials }) => [...(credentials ?? [])]));
  return [...found].sort(byName).map(([name, credential]) => ({ name, ...credential }));
}

/** A later profile's host replaces an earlier one's of the same name. */
function joinSsh(sources: readonly ProfileSource[]): Profile["ssh"] {
  const found = new Map(sources.flatMap(({ ssh }) => [...(ssh ?? [])]));
  return [...found].sort(byName).map(([name, rules]) => {
    const colon = name.lastIndexOf(":");
    return { host: name.slice(0, colon), port: Number(name.slice(colon + 1)), ...rules };
  });
}

/** The same content in one order, whatever order it was made in. */
function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value ?? null;
  return Object.entries(value)
    .sort(byName)
    .map(([key, inner]) => [key, sorted(inner)]);
}

function byName(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : 1;
}

function byKey(a: readonly [string, string], b: readonly [string, string]): number {
  return a[0] < b[0] ? -1 : 1;
}

function join<T>(lists: readonly (readonly T[] | undefined)[]): readonly T[] {
  return [...new Set(lists.flatMap((list) => list ?? []))];
}

/** For lists in which a later entry can take an earlier one out again: of equal entries the last counts. */
function joinInOrder(lists: readonly (readonly string[] | undefined)[]): readonly string[] {
  return [...new Set(lists.flatMap((list) => list ?? []).reverse())].reverse();
}

/** A name that is a directory in one profile, or in the standard one, is one however another spells it. */
function withoutTakenOut(paths: readonly string[]): readonly string[] {
  const directories = new Set([...paths, ...(STANDARD.filesystem?.protect ?? [])].filter((path) => path.endsWith("/")));
  const kept = new Map<string, string>();
  for (const path of paths) {
    const bare = path.replace(/^!/, "").replace(/\/$/, "");
    kept.delete(bare);
    if (!path.startsWith("!")) kept.set(bare, directories.has(`${bare}/`) ? `${bare}/` : bare);
  }
  return [...kept.values()];
}

function joinMaps(maps: readonly (ReadonlyMap<string, string> | undefined)[]): Readonly<Record<string, string>> {
  return Object.fromEntries(maps.flatMap((map) => [...(map ?? [])]));
}

function last<T>(values: readonly (T | undefined)[]): T | undefined {
  return values.findLast((value) => value !== undefined);
}
