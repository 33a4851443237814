import { createHash } from "node:crypto";
import type { Profile } from "../profile-types.ts";
import { mergeRecord } from "./merge-record.ts";
import type { ProfileSource } from "./source.ts";
import { STANDARD } from "./standard.ts";

/** Memory for /tmp where no profile says how much. */
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
    },
    environment: {
      pass: join(environment.map(({ pass }) => pass)),
      set: joinMaps(environment.map(({ set }) => set)),
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
    record: mergeRecord(record),
  });
}

/** Gives a profile its digest: over its content in one fixed order, whatever order and files it came from; not over its name. */
export function withDigest(content: Omit<Profile, "digest">): Profile {
  const { filesystem, network, environment, home, limits, record } = content;
  const canonical = JSON.stringify([
    [filesystem.read.toSorted(), filesystem.write.toSorted(), filesystem.mask, filesystem.protect.toSorted()],
    [network.allow.toSorted(), Object.entries(network.hosts).sort(byKey), network.publish.toSorted((a, b) => a - b)],
    [environment.pass.toSorted(), Object.entries(environment.set).sort(byKey)],
    [home.seed.toSorted(), home.mode],
    [limits.processes, limits.wallMs, limits.fileSizeBytes, limits.openFiles, limits.memoryBytes, limits.tmpBytes].map(
      (limit) => limit ?? null,
    ),
    [record.witnesses.toSorted(), record.quorum, record.require],
  ]);
  return { ...content, digest: `sha256:${createHash("sha256").update(canonical).digest("hex")}` };
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
