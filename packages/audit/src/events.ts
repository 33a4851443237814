import { LABEL, MOST_LABELS } from "@bailiwick/base";
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
  /** It was a question, to this role: `outcome` is what became of it, by an answer or because there was nobody to ask. */
  approver: z.string().optional(),
  policyDigest: digest,
  failure: z.string().optional(),
  /** How severe the refusal is, as the policies say that refuse (`@severity`); the most severe of them. */
  severity: z.enum(["low", "medium", "high", "critical"]).optional(),
});

/** A file that was executed. */
const program = z.strictObject({ path: z.string(), digest });

/** `whole`: what was cut out of this event, other than arguments, is in the event's own JSON, kept by this digest beside the log and as personal as the rest. */
const base = { v: z.literal(1), run: runId, at: time, whole: digest.optional() };

/** A list of strings that may have been too long to keep whole; `whole` is then the digest of the NUL-separated bytes. */
const argv = z.strictObject({ values: z.array(z.string()), whole: digest.optional() });

/**
 * Where a process comes from: `call`, a model's call of a tool, by its number in the run; `before`, no model had called a tool yet; `unexplained`,
 * no call explains it: the agent started it of its own accord, or something else did.
 */
const origin = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("call"), call: z.int().positive() }),
  z.strictObject({ kind: z.literal("before") }),
  z.strictObject({ kind: z.literal("unexplained") }),
]);

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
  /** Absent where no connection is looked into, so that no model can be heard. */
  origin: origin.optional(),
  decision,
};

/** Each token once: `in` holds neither what came from a cache nor what was written to one. */
const tokens = z.strictObject({
  in: z.int().nonnegative(),
  cached: z.int().nonnegative(),
  written: z.int().nonnegative(),
  out: z.int().nonnegative(),
});

/** Millionths of the currency, by the profile's prices. */
const cost = z.strictObject({ micros: z.int().nonnegative(), currency: z.string() });

/** A text by its SHA-256, which is as personal as the text; `text` only where the profile says so. */
const digested = z.strictObject({
  digest: digest.optional(),
  bytes: z.int().nonnegative(),
  text: z.string().optional(),
});

/** One thing that is enforced in this run, or is not and why. */
const enforcement = z.strictObject({
  /** `namespaces`, `landlock`, `seccomp`, `limit:processes`, … */
  layer: z.string(),
  state: z.enum(["enforced", "unavailable"]),
  detail: z.string(),
});

const host = { host: z.string(), port: z.int().min(0).max(65_535), exec: execId.optional(), decision };

/** A request within a connection that is looked into, as it was written inside. */
const request = {
  connection: z.int(),
  ...host,
  /** "" when it could not be read so far; so are path and query. */
  method: z.string(),
  path: z.string(),
  /** Names without their values. */
  query: z.array(z.string()),
};

/** A connection or request that people were asked about, as they were shown it. */
const askedHost = z.strictObject({
  host: z.string(),
  port: z.int().min(0).max(65_535),
  /** Absent: the connection itself was asked about. */
  request: z
    .strictObject({
      connection: z.int(),
      method: z.string(),
      path: z.string(),
      query: z.array(z.string()),
      /** As declared; -1 when it is not. */
      sizeBytes: z.int().min(-1),
      contentType: z.string(),
      credential: z.string().optional(),
    })
    .optional(),
  leaks: z.array(z.strictObject({ kind: z.string(), what: z.string(), sample: z.string() })).optional(),
});

/** Of a connection all bytes, of a request those of bodies. */
const transfer = {
  bytesSent: z.int().nonnegative(),
  bytesReceived: z.int().nonnegative(),
  wallMs: z.number().nonnegative(),
  error: z.string().optional(),
};

export const eventSchema = z.discriminatedUnion("type", [
  z.strictObject({
    ...base,
    type: z.literal("run.started"),
    name: z.string().optional(),
    user: z.string(),
    hostname: z.string(),
    agent: z.string(),
    /** Said by whoever started the run; one of a key. */
    labels: z.array(z.string().regex(LABEL)).max(MOST_LABELS).optional(),
    command: argv,
    workspace: z.string(),
    profile: z.strictObject({ name: z.string(), digest }),
    policyDigest: digest,
    /** Layers of policies that the host's server has it use, the outermost first: they are part of the set, and bound the profile. */
    policyLayers: z
      .array(
        z.strictObject({
          layer: z.enum(["company", "team", "project", "user"]),
          scope: z.string(),
          sequence: z.int().nonnegative(),
          digest,
        }),
      )
      .optional(),
    enforcement: z.array(enforcement),
    /** Release of the kernel that enforces it, as it says itself. */
    kernel: z.string().optional(),
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
    /** The one that would run, or that connected; absent when that is not known. */
    exec: execId.optional(),
    answer: z.enum(["once", "run", "no", "unanswered"]),
    by: z.string(),
    /** What the person was shown: SHA-256 over argv, cwd, file digests and policy digest, or over all of `about`, argv, cwd and policy digest. */
    bound: digest,
    /** What would go to a host; absent where a command was asked about. */
    about: askedHost.optional(),
  }),
  z.strictObject({ ...base, type: z.literal("exec.tampered"), exec: execId, pid: z.int(), detail: z.string() }),
  z.strictObject({ ...base, type: z.literal("host.refused"), ...host }),
  z.strictObject({ ...base, type: z.literal("connection.opened"), connection: z.int(), ...host, address: z.string() }),
  z.strictObject({
    ...base,
    type: z.literal("connection.closed"),
    connection: z.int(),
    ...transfer,
  }),
  /** Permitted, and on its way to the server. `credential`: the name of the one that was put in. */
  z.strictObject({
    ...base,
    type: z.literal("request.sent"),
    request: z.int().positive(),
    ...request,
    credential: z.string().optional(),
  }),
  z.strictObject({ ...base, type: z.literal("request.refused"), ...request }),
  z.strictObject({
    ...base,
    type: z.literal("request.ended"),
    request: z.int().positive(),
    /** Of the answer; absent when there was none. */
    status: z.int().optional(),
    ...transfer,
  }),
  /** A placeholder was sent where it does not belong, or a server sent the credential itself back. */
  z.strictObject({
    ...base,
    type: z.literal("credential.misused"),
    credential: z.string(),
    connection: z.int(),
    host: z.string(),
    port: z.int().min(0).max(65_535),
    exec: execId.optional(),
    /** `header authorization`, `path`, `query`, `body`, `answer`. */
    where: z.string(),
  }),
  /** A model called a tool: what its answer to a request says, recorded before the agent could act on it. */
  z.strictObject({
    ...base,
    type: z.literal("tool.called"),
    /** Counted in the run, from 1. */
    call: z.int().positive(),
    request: z.int().positive(),
    /** As the model's API names it; may be empty. */
    id: z.string(),
    tool: z.string(),
    /** JSON as the model wrote it, or plain text for a tool that takes text. */
    input: z.string(),
    /** Of the whole input. */
    digest: digest.optional(),
    bytes: z.int().nonnegative(),
  }),
  /** A model answered a request; its calls of tools stand before. */
  z.strictObject({
    ...base,
    type: z.literal("model.called"),
    request: z.int().positive(),
    exec: execId.optional(),
    /** `anthropic-messages`, `openai-responses`, `openai-chat`, `gemini` */
    api: z.string(),
    model: z.string().optional(),
    streamed: z.boolean(),
    tokens: tokens.optional(),
    /** Absent without a price for the model. */
    cost: cost.optional(),
    /** The newest that was said to the model. */
    prompt: digested.optional(),
    /** The text that it wrote. */
    output: digested,
    /** The whole bodies as they passed. */
    sent: digested,
    received: digested,
    /** How many tools it called. */
    calls: z.int().nonnegative(),
    /** Whether the answer came to its end. */
    complete: z.boolean(),
    /** What could not be read, and why. */
    unread: z.string().optional(),
  }),
  /** A budget of the profile is used up; `repeats`: the same call of a tool has failed so often in a row. */
  z.strictObject({
    ...base,
    type: z.literal("budget.spent"),
    budget: z.enum(["tokens", "money", "requests", "bytes", "wall", "repeats"]),
    /** Tokens, millionths of the currency, requests, bytes, milliseconds, failures. */
    limit: z.int().nonnegative(),
    used: z.int().nonnegative(),
    /** `told`: the run went on. `extended`: somebody was asked and let it go on for as much again. `ended`: the run was ended. */
    came: z.enum(["told", "extended", "ended"]),
    by: z.string().optional(),
    /** The call that was repeated last. */
    call: z.int().positive().optional(),
  }),
  /** Something was found in what is sent, and what was decided of it; each thing of a request once. */
  z.strictObject({
    ...base,
    type: z.literal("leak.found"),
    connection: z.int(),
    ...host,
    kind: z.enum(["secret", "masked", "code", "unreadable"]),
    /** `github`, `private key`; the name of a masked file or variable. */
    what: z.string(),
    /** What of it may be shown: a few characters, and how many there are. */
    sample: z.string(),
    where: z.enum(["request", "body"]),
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
  /** The terminal of the run is recorded from here on: times in the recording are counted from `at`. @see docs/recording.md */
  z.strictObject({
    ...base,
    type: z.literal("recording.opened"),
    columns: z.int().positive(),
    rows: z.int().positive(),
    /** It may leave the host for its server, as the run's profile says; absent: it stays there. */
    send: z.literal(true).optional(),
  }),
  /** The first `bytes` bytes of the recording are on the disk, and have this SHA-256. */
  z.strictObject({
    ...base,
    type: z.literal("recording.grown"),
    bytes: z.int().nonnegative(),
    digest: digest.optional(),
  }),
  /** The recording is complete: it has `bytes` bytes with this SHA-256; absent where what is in the file is not known to be on the disk. */
  z.strictObject({
    ...base,
    type: z.literal("recording.closed"),
    bytes: z.int().nonnegative().optional(),
    digest: digest.optional(),
    /** Events in the file. */
    frames: z.int().nonnegative(),
    /** Bytes of output that are not in it. */
    dropped: z.int().nonnegative(),
    /** Secrets that were taken out. */
    redactions: z.int().nonnegative(),
    /** `limit`: it reached its longest; `failed`: it could not be written. Either may be before the run ended. */
    reason: z.enum(["ended", "limit", "failed"]),
  }),
  z.strictObject({
    ...base,
    type: z.literal("run.ended"),
    status: z.int().min(0).max(255),
    reason: z.enum(["exited", "killed", "wall-time", "budget", "tampering", "supervisor", "record"]),
    counts: z.strictObject({
      execs: z.int(),
      refused: z.int(),
      asked: z.int(),
      connections: z.int(),
      hostsRefused: z.int(),
      /** Absent where nothing was looked into. */
      requests: z.int().optional(),
      requestsRefused: z.int().optional(),
      alarms: z.int().optional(),
    }),
    /** Absent where no model was heard. */
    models: z
      .strictObject({
        answers: z.int().nonnegative(),
        calls: z.int().nonnegative(),
        tokens,
        /** Of the answers that have a price. */
        cost: cost.optional(),
      })
      .optional(),
    wallMs: z.number().nonnegative(),
  }),
  /** The personal members of all events of this run are gone from here on: somebody who may do so erased them. */
  z.strictObject({ ...base, type: z.literal("run.erased"), by: z.string(), reason: z.string() }),
  /** Of the log itself, under {@link LOG_ITSELF}: checkpoints are signed by another key from here on. Verifier keys, as in `log.vkey`. */
  z.strictObject({ ...base, type: z.literal("key.rotated"), from: z.string(), to: z.string(), by: z.string() }),
]);

export type Event = z.infer<typeof eventSchema>;
export type EventOf<T extends Event["type"]> = Extract<Event, { type: T }>;
