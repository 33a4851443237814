import type { Source } from "./source.ts";

/** What is left of strings and lists, from the first try on. An event has about twenty members, so the last always fits in 2,048 bytes. */
const STEPS = [
  { characters: 1000, elements: 100 },
  { characters: 300, elements: 30 },
  { characters: 100, elements: 10 },
  { characters: 40, elements: 3 },
  { characters: 12, elements: 1 },
] as const;

/**
 * Messages of at most `maxBytes` bytes of UTF-8: where they would be longer, they are made of the event with its longest strings and
 * lists cut, which end in `…`. The whole is in the record.
 */
export function shortened(
  source: Source,
  maxBytes: number,
  render: (source: Source) => readonly string[],
): readonly string[] {
  let messages = render(source);
  for (const step of STEPS) {
    if (messages.every((message) => message.length * 3 <= maxBytes || Buffer.byteLength(message) <= maxBytes)) break;
    messages = render(cutSource(source, step));
  }
  return messages;
}

interface Step {
  readonly characters: number;
  readonly elements: number;
}

function cutSource(source: Source, step: Step): Source {
  const { context } = source;
  const cutEach = <K, V>(map: ReadonlyMap<K, V>): Map<K, V> =>
    new Map([...map].map(([key, value]) => [key, cut(value, step)]));
  return {
    ...source,
    cut: true,
    event: cut(source.event, step),
    context: {
      ...context,
      started: context.started && cut(context.started, step),
      execs: cutEach(context.execs),
      connections: cutEach(context.connections),
    },
  };
}

/** Ids, names of types and digests are short, and must stay what they are. */
const KEPT = new Set(["run", "type", "digest", "policyDigest", "bound", "whole"]);

function cut<T>(value: T, step: Step): T;
function cut(value: unknown, step: Step): unknown {
  if (typeof value === "string")
    return value.length <= step.characters ? value : `${value.slice(0, step.characters - 1).toWellFormed()}…`;
  if (Array.isArray(value)) {
    const kept = value.slice(0, step.elements).map((each: unknown) => cut(each, step));
    return value.length <= step.elements ? kept : [...kept, ...(typeof value[0] === "string" ? ["…"] : [])];
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]: [string, unknown]) => [
      name,
      KEPT.has(name) ? member : cut(member, step),
    ]),
  );
}
