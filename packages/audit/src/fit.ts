import { hash } from "node:crypto";
import { encodeOsString } from "@bailiwick/base";
import type { NewEntry, NewEvent } from "./log-types.ts";
import { splitEvent, type Members } from "./personal.ts";
import { committedBytes, encodeRecord } from "./private-records.ts";
import { fillSalt } from "./salt.ts";

/**
 * The most that an event takes, its personal members included. The format would allow an entry 65,535; but a partial bundle is written
 * anew with each batch, so that a program which starts others with huge arguments could make the record write 16 MB a batch.
 */
export const MAX_EVENT_BYTES = 16_384;

const NONE: NewEntry["whole"] = [];

/** Longest string and longest list, from mild to drastic. The last always fits: digests and ids are shorter than its strings. */
const CUTS: readonly Limits[] = [
  { text: 4_096, items: 256 },
  { text: 1_024, items: 64 },
  { text: 256, items: 32 },
  { text: 128, items: 8 },
  { text: 80, items: 2 },
];

interface Limits {
  readonly text: number;
  readonly items: number;
}

/**
 * An event as what is logged: an entry, one JSON object with `v`, `run` and `type` first, and the record of its personal members.
 * What is too long is cut, and kept whole in a file that the event names: an argument vector by `whole` beside its values, anything
 * else by `whole` of the event.
 */
export function encodeEvent(run: string, event: NewEvent): NewEntry {
  const { type, at, ...rest } = event;
  const all = { v: 1, run, type, at, ...rest };
  const short = encodeParts(run, type, all, NONE);
  if (short !== undefined) return short;
  const whole: { digest: string; bytes: Uint8Array }[] = [];
  const keep = (bytes: Uint8Array): string => {
    const digest = `sha256:${hash("sha256", bytes, "hex")}`;
    whole.push({ digest, bytes });
    return digest;
  };
  const vectors = keepVectors(event, keep);
  for (const limits of CUTS) {
    const fitting = encodeParts(run, type, { ...all, ...cutVectors(vectors, limits) }, whole);
    if (fitting !== undefined) return fitting;
  }
  const digest = keep(Buffer.from(JSON.stringify(all)));
  for (const limits of CUTS) {
    const cut = { ...cutObject({ ...all, ...cutVectors(vectors, limits) }, limits), whole: digest };
    const fitting = encodeParts(run, type, cut, whole);
    if (fitting !== undefined) return fitting;
  }
  throw new RangeError(`an event of type ${type} does not fit into an entry`);
}

/** Undefined when entry and record together are too long. */
function encodeParts(
  run: string,
  type: NewEvent["type"],
  event: Members,
  whole: NewEntry["whole"],
): NewEntry | undefined {
  const { open, personal } = splitEvent(type, event);
  if (personal === undefined) {
    const data = Buffer.from(JSON.stringify(open));
    return data.length <= MAX_EVENT_BYTES ? { run, data, record: undefined, whole } : undefined;
  }
  const members = Buffer.from(JSON.stringify(personal));
  const text = JSON.stringify(open);
  if (members.length + text.length > MAX_EVENT_BYTES) return undefined;
  const record = encodeRecord(members, fillSalt);
  const digest = hash("sha256", committedBytes(record), "hex");
  const data = Buffer.from(`${text.slice(0, -1)},"private":"sha256:${digest}"}`);
  return data.length <= MAX_EVENT_BYTES ? { run, data, record, whole } : undefined;
}
interface Vector {
  readonly values: readonly string[];
  readonly whole: string;
}

/** The argument vectors of an event, whole in files of their own: the bytes of the arguments, separated by NUL. */
function keepVectors(event: NewEvent, keep: (bytes: Uint8Array) => string): ReadonlyMap<"argv" | "command", Vector> {
  const vectors = new Map<"argv" | "command", Vector>();
  const add = (name: "argv" | "command", values: readonly string[]): void => {
    vectors.set(name, {
      values,
      whole: keep(
        Buffer.concat(
          values.flatMap((value, index) =>
            index === 0 ? [encodeOsString(value)] : [Buffer.of(0), encodeOsString(value)],
          ),
        ),
      ),
    });
  };
  if ("argv" in event) add("argv", event.argv.values);
  if ("command" in event) add("command", event.command.values);
  return vectors;
}

function cutVectors(vectors: ReadonlyMap<string, Vector>, limits: Limits): Record<string, Vector> {
  const entries = [...vectors].map(([name, { values, whole }]): [string, Vector] => [
    name,
    { values: cutList(values, limits), whole },
  ]);
  return Object.fromEntries(entries);
}

function cutList(values: readonly string[], limits: Limits): string[] {
  return values.slice(0, limits.items).map((value) => cutText(value, limits.text));
}

function cutObject(object: object, limits: Limits): Members {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, cutValue(value, limits)]));
}

function cutValue(value: unknown, limits: Limits): unknown {
  if (typeof value === "string") return cutText(value, limits.text);
  if (Array.isArray(value)) return value.slice(0, limits.items).map((item) => cutValue(item, limits));
  if (typeof value === "object" && value !== null) return cutObject(value, limits);
  return value;
}

/** Ends in an ellipsis when cut, and never between the halves of a character. */
function cutText(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const last = text.charCodeAt(limit - 2);
  const end = last >= 0xd800 && last <= 0xdbff ? limit - 2 : limit - 1;
  return `${text.slice(0, end)}…`;
}
