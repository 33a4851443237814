import type { Profile } from "../profile-types.ts";
import { mergeRecord } from "./merge-record.ts";
import { mergeSources, withDigest } from "./merge.ts";
import { atMost, lowerLimits, narrowBudgets, narrowModels, narrowRecording } from "./narrow-limits.ts";
import { boundOf, narrowLists, type Report } from "./narrow-lists.ts";
import type { ProfileSource } from "./source.ts";

/** What a layer says beyond the one above it: `network.allow: evil.example:443`. None of it counts. */
export type Wider = readonly string[];

/**
 * Applies a layer below another: what it says has to lie within what stands above, key by key, and what can't be compared does not. What it leaves
 * out stays as it is above.
 * @param layer what one layer says; of several sources the outermost first, as `extends` takes them in
 * @param by what the layer is called
 */
export function narrow(
  outer: Profile,
  layer: readonly ProfileSource[],
  by: string,
): { profile: Profile; wider: Wider } {
  const wider: string[] = [];
  const report: Report = (key, entries) => {
    for (const entry of entries) wider.push(`${key}: ${String(entry)}`);
  };
  const own = mergeSources(by, layer);
  const lists = narrowLists(outer, own, layer, report);
  const ephemeral = layer.some(({ home }) => home?.mode === "ephemeral");
  const profile = withDigest({
    ...outer,
    filesystem: { read: lists["filesystem.read"], write: lists["filesystem.write"], ...closed(outer, layer, report) },
    network: {
      ...outer.network,
      allow: lists["network.allow"],
      publish: lists["network.publish"].map(Number),
      trust: lists["network.trust"],
      // Looked into is narrower than not.
      inspect: [...new Set([...outer.network.inspect, ...own.network.inspect])],
      rules: narrowRules(outer.network.rules, own.network.rules, report),
    },
    environment: {
      pass: lists["environment.pass"],
      // A run can set any variable for what it starts: only what is set above has to stay.
      set: { ...givable(outer, own.environment.set), ...outer.environment.set },
      // One bound more is narrower, whatever it names.
      only: [...outer.environment.only, ...own.environment.only],
    },
    home: { seed: lists["home.seed"], mode: ephemeral ? "ephemeral" : outer.home.mode },
    limits: lowerLimits(outer.limits, layer, report),
    budgets: narrowBudgets(outer.budgets, layer, report),
    leaks: {
      models: lists["leaks.models"],
      codeHosts: lists["leaks.code-hosts"],
      codeCharacters: layer.reduce(
        (most, { leaks }) => (leaks?.code === undefined ? most : atMost("leaks.code", most, leaks.code, report)),
        outer.leaks.codeCharacters,
      ),
    },
    models: narrowModels(outer, own, layer, report),
    recording: narrowRecording(outer.recording, layer, report),
    record: mergeRecord([outer.record, ...layer.map(({ record = {} }) => record)]),
  });
  reportFixed(outer, own, layer, report);
  return { profile, wider };
}

/** Of these variables those that no bound above keeps out. */
function givable(outer: Profile, set: Profile["environment"]["set"]): Profile["environment"]["set"] {
  return Object.fromEntries(Object.entries(set).filter(([name]) => boundOf(outer, name) === undefined));
}

/** What may only be added to: an entry with `!` takes something out again. */
function closed(
  outer: Profile,
  layer: readonly ProfileSource[],
  report: Report,
): Pick<Profile["filesystem"], "mask" | "protect"> {
  const mask = layer.flatMap(({ filesystem }) => filesystem?.mask ?? []);
  const protect = layer.flatMap(({ filesystem }) => filesystem?.protect ?? []);
  const taking = (entry: string): boolean => entry.startsWith("!");
  report("filesystem.mask", mask.filter(taking));
  report("filesystem.protect", protect.filter(taking));
  const { filesystem } = outer;
  return {
    mask: [...filesystem.mask, ...mask.filter((entry) => !taking(entry))],
    protect: [...new Set([...filesystem.protect, ...protect.filter((entry) => !taking(entry))])],
  };
}

/** A rule set forbids: one more is narrower. Of one that is there fewer may be written to; other hosts can't be compared. */
function narrowRules(outer: Rules, own: Rules, report: Report): Rules {
  const found = new Map(outer.map((rule) => [rule.name, rule]));
  for (const rule of own) {
    const above = found.get(rule.name);
    const hosts = above !== undefined && rule.hosts.length > 0 && !sameEntries(rule.hosts, above.hosts);
    const owners = above === undefined ? [] : rule.owners.filter((owner) => !above.owners.includes(owner));
    if (hosts) report(`network.rules.${rule.name}.hosts`, rule.hosts);
    report(`network.rules.${rule.name}.owners`, owners);
    if (above === undefined) found.set(rule.name, rule);
    else found.set(rule.name, { ...above, owners: rule.owners.filter((owner) => above.owners.includes(owner)) });
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
type Rules = Profile["network"]["rules"];

/** What stays as it is above: a layer may repeat it, and no more. To take an SSH host out would leave its port open, unlooked into. */
function reportFixed(outer: Profile, own: Profile, layer: readonly ProfileSource[], report: Report): void {
  const differing = (above: object, below: object): string[] =>
    Object.entries(below)
      .filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(new Map(Object.entries(above)).get(name)))
      .map(([name]) => name);
  const byName = <T>(items: readonly T[], name: (item: T) => string) =>
    Object.fromEntries(items.map((item) => [name(item), item]));
  report("network.hosts", differing(outer.network.hosts, own.network.hosts));
  const ssh = ({ host, port }: Profile["ssh"][number]): string => `${host}:${String(port)}`;
  report("ssh", differing(byName(outer.ssh, ssh), byName(own.ssh, ssh)));
  const credential = ({ name }: Profile["credentials"][number]): string => name;
  report("credentials", differing(byName(outer.credentials, credential), byName(own.credentials, credential)));
  const set = Object.entries(own.environment.set).filter(([name, value]) =>
    Object.hasOwn(outer.environment.set, name)
      ? outer.environment.set[name] !== value
      : boundOf(outer, name) !== undefined,
  );
  report(
    "environment.set",
    set.map(([name]) => name),
  );
  if (outer.home.mode === "ephemeral" && layer.some(({ home }) => home?.mode === "kept")) report("home.mode", ["kept"]);
  const { require, quorum } = mergeRecord([outer.record, ...layer.map(({ record = {} }) => record)]);
  for (const { record } of layer) {
    if ((record?.require ?? require) !== require) report("record.require", [record?.require]);
    if ((record?.quorum ?? quorum) < outer.record.quorum) report("record.quorum", [record?.quorum]);
  }
}

function sameEntries(one: readonly string[], other: readonly string[]): boolean {
  return JSON.stringify(one.toSorted()) === JSON.stringify(other.toSorted());
}
