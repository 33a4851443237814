import { z } from "zod";

/**
 * The event schema, version 1. An event is what readers get. In the log it lies in two parts (personal.ts): an entry with
 * what nobody needs to forget and, where the event has more, a salted digest of the personal members that lie beside the log.
 * Strings that came from the kernel are as {@link decodeOsString} of `@bailiwick/base` gives them.
 */

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const runId = z.string().regex(/^[0-9a-hjkmnp-tv-z]{26}$/);
/** Milliseconds since 1970; the fraction holds microseconds where the clock gave them. */
const time = z.number().nonnegative();
/** A process of the run: 1 is the run's own root, then counted upwards by each exec. Unlike a pid it is never used twice. */
const execId = z.int().nonnegative();

/** Who decided what, on which grounds. */
const decision = z.strictObject({
  outcome: z.enum(["allow", "deny", "ask"]),
  policies: z.array(z.string()),
  reason: z.string(),
  instead: z.string().optional(),
  policyDigest: digest,
  failure: z.string().optional(),
});

/** A file that was executed. */
const program = z.strictObject({ path: z.string(), digest });

/** `whole`: what was cut out of this event, other than arguments, is in the event's own JSON, kept by this digest beside the log and as personal as the rest. */
const base = { v: z.literal(1), run: runId, at: time, whole: digest.optional() };

/** A list of strings that may have been too long to keep whole; `whole` is then the digest of the NUL-separated bytes. */
const argv = z.strictObject({ values: z.array(z.string()), whole: digest.optional() });

const exec = {
  exec: execId,
  /** The exec that started the process which asked; 0 for the command of the run itself. */
  parent: execId,
  pid: z.int().positive(),
  /** As the caller wrote it. */
  asked: z.string(),
  program,
  /** Interpreters of a script and the target of a dynamic loader, in the order of the kernel. */
  also: z.array(program).optional(),
  argv,
  cwd: z.string(),
  decision,
};

/** One thing that is enforced in this run, or is not and why. */
const enforcement = z.strictObject({
  /** `namespaces`, `landlock`, `seccomp`, `limit:processes`, … */
  layer: z.string(),
  state: z.enum(["enforced", "unavailable"]),
  detail: z.string(),
});

const host = { host: z.string(), port: z.int().min(0).max(65_535), exec: execId.optional(), decision };

export const eventSchema = z.discriminatedUnion("type", [
  z.strictObject({
    ...base,
    type: z.literal("run.started"),
    name: z.string().optional(),
    user: z.string(),
    hostname: z.string(),
    agent: z.string(),
    command: argv,
    workspace: z.string(),
    profile: z.strictObject({ name: z.string(), digest }),
    policyDigest: digest,
    enforcement: z.array(enforcement),
    /** Tree size and root hash of the last checkpoint this run saw before its own first entry. */
    follows: z.strictObject({ size: z.int().nonnegative(), root: z.string() }),
    version: z.string(),
  }),
  z.strictObject({ ...base, type: z.literal("exec.allowed"), ...exec }),
  z.strictObject({ ...base, type: z.literal("exec.refused"), ...exec }),
  z.strictObject({
    ...base,
    type: z.literal("exec.ended"),
    exec: execId,
    /** Exit status, or the signal that ended it. `replaced`: the process went on as another exec. `failed`: the kernel refused the exec. */
    status: z.int().optional(),
    signal: z.string().optional(),
    replacedBy: execId.optional(),
    failed: z.string().optional(),
    /** User and system time of the whole process; absent when the kernel no longer knew. */
    cpuMs: z.number().nonnegative().optional(),
    wallMs: z.number().nonnegative(),
  }),
  z.strictObject({
    ...base,
    type: z.literal("approval"),
    exec: execId,
    answer: z.enum(["once", "run", "no", "unanswered"]),
    by: z.string(),
    /** What the answer is bound to: SHA-256 over argv, cwd, file digests and policy digest. */
    bound: digest,
  }),
  z.strictObject({ ...base, type: z.literal("exec.tampered"), exec: execId, pid: z.int(), detail: z.string() }),
  z.strictObject({ ...base, type: z.literal("host.refused"), ...host }),
  z.strictObject({ ...base, type: z.literal("connection.opened"), connection: z.int(), ...host, address: z.string() }),
  z.strictObject({
    ...base,
    type: z.literal("connection.closed"),
    connection: z.int(),
    bytesSent: z.int().nonnegative(),
    bytesReceived: z.int().nonnegative(),
    wallMs: z.number().nonnegative(),
    error: z.string().optional(),
  }),
  z.strictObject({
    ...base,
    type: z.literal("files.changed"),
    paths: z.array(z.string()),
    count: z.int().nonnegative(),
  }),
  /** Somebody outside replaced what a protection lay over; it was unprotected for about a millisecond. `made`: an empty one was put there. */
  z.strictObject({ ...base, type: z.literal("protection.renewed"), path: z.string(), made: z.boolean() }),
  /** What came of giving the log's head to witnesses. Whether they really have is proven by their cosignatures, beside the log. */
  z.strictObject({
    ...base,
    type: z.literal("record.witnessed"),
    when: z.enum(["start", "end"]),
    by: z.array(z.strictObject({ witness: z.string(), size: z.int().nonnegative() })),
    missing: z.array(z.strictObject({ witness: z.string(), reason: z.string() })),
    quorum: z.int().nonnegative(),
    met: z.boolean(),
  }),
  z.strictObject({ ...base, type: z.literal("run.frozen"), reason: z.string() }),
  z.strictObject({
    ...base,
    type: z.literal("run.ended"),
    status: z.int().min(0).max(255),
    reason: z.enum(["exited", "killed", "wall-time", "tampering", "supervisor", "record"]),
    counts: z.strictObject({
      execs: z.int(),
      refused: z.int(),
      asked: z.int(),
      connections: z.int(),
      hostsRefused: z.int(),
    }),
    wallMs: z.number().nonnegative(),
  }),
  /** The personal members of all events of this run are gone from here on: somebody who may do so erased them. */
  z.strictObject({ ...base, type: z.literal("run.erased"), by: z.string(), reason: z.string() }),
  /** Of the log itself, under {@link LOG_ITSELF}: checkpoints are signed by another key from here on. Verifier keys, as in `log.vkey`. */
  z.strictObject({ ...base, type: z.literal("key.rotated"), from: z.string(), to: z.string(), by: z.string() }),
]);

export type Event = z.infer<typeof eventSchema>;
export type EventOf<T extends Event["type"]> = Extract<Event, { type: T }>;
