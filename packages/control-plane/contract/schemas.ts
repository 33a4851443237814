import { LABEL, LABEL_OR_KEY, MOST_LABELS } from "@bailiwick/base";
import { z } from "zod";

/** The forms of what goes to and comes from the server. Times are milliseconds since 1970 unless they are named otherwise. */

export const id = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/);
export const runId = z.string().regex(/^[0-9a-hjkmnp-tv-z]{26}$/);
const text = z.string().min(1).max(200);
const base64 = z.string().regex(/^[A-Za-z0-9+/]*={0,2}$/);
/** `KEY=VALUE`. */
export const label = z.string().regex(LABEL);
/** Said of a run by whoever started it. */
export const labels = z.array(label).max(MOST_LABELS);

/** Megabytes, whose every letter is looked at when they are decoded, and not before as well. */
const longBase64 = z.string().max(6_000_000).meta({ contentEncoding: "base64" });
const time = z.number().nonnegative();

/** A page of a list: `after` is where the last one ended. */
export const page = z.object({
  after: z.coerce.number().int().nonnegative().optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
});

export const hostsPage = page.extend({ after: id.optional() });

/** A page of the list of runs; of each `label` the run has it: `KEY=VALUE`, or `KEY` with any value. */
export const runsPage = page.extend({ label: several(z.string().regex(LABEL_OR_KEY)).optional() });

/** A parameter that may be given again; given once it is a text. */
function several<T extends z.ZodType>(item: T) {
  return z.preprocess((value) => (typeof value === "string" ? [value] : value), z.array(item).max(MOST_LABELS));
}

export const problem = z.object({
  error: z.object({ code: z.string(), message: z.string(), remedy: z.string().optional() }),
});

export const person = z.object({
  id,
  name: text,
  email: z.string().optional(),
  active: z.boolean(),
  teams: z.array(id),
});
export const newPerson = z.strictObject({ id, name: text, email: z.email().max(200).optional() });
export const team = z.object({ id, name: text, members: z.array(id) });
export const newTeam = z.strictObject({ id, name: text });

export const scope = z.strictObject({
  type: z.enum(["Company", "Team", "Person", "Project", "Agent", "Host", "Run"]),
  id: z.string().min(1).max(400),
});
/** What a role may be given for: a pool or a task, too. */
export const grantScope = z.strictObject({
  type: z.enum([...scope.shape.type.options, "Pool", "Task"]),
  id: scope.shape.id,
});
export const role = z.object({ name: id, builtIn: z.boolean(), any: z.array(z.string()), own: z.array(z.string()) });
/** What a right lets its holder do, and what it can be had for. */
export const action = z.object({ name: z.string(), what: z.string(), on: z.array(z.string()) });
const clock = z.string().regex(/^([01][0-9]|2[0-3]):[0-5][0-9]$/);
/** Under which a role is had; all that are said have to hold. */
export const grantConditions = z.strictObject({
  /** Only for questions about these classes and no others; for nothing else. */
  classes: z
    .array(z.string().regex(/^[a-z][a-z0-9-]{0,39}$/))
    .min(1)
    .max(50)
    .optional(),
  /** Only for questions whose policy says that they risk no more (`@risk`); for nothing else. */
  risk: z.enum(["low", "medium"]).optional(),
  /** Only for runs that have all of these, and what they ask; for nothing else. */
  labels: labels.min(1).optional(),
  hours: z
    .strictObject({
      /** 1 (Monday) to 7. */
      days: z.array(z.int().min(1).max(7)).min(1).max(7),
      /** `HH:MM`; when `to` is not later it is of the next day. */
      from: clock,
      to: clock,
      /** Of the IANA time zone database. */
      zone: z.string().max(64).refine(isZone, "is no time zone, as `Europe/Berlin`"),
    })
    .optional(),
});

function isZone(text: string): boolean {
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: text }).resolvedOptions().timeZone !== "";
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

export const newGrant = z.strictObject({
  to: z.strictObject({ type: z.enum(["Person", "Team", "Token"]), id }),
  role: id,
  scope: grantScope,
  expiresAt: time.optional(),
  when: grantConditions.optional(),
});
export const grant = z.object({ ...newGrant.shape, id: z.string(), grantedBy: z.string(), at: time });

export const newToken = z.strictObject({
  name: text,
  /** Whom it acts for; without one it is a service token, which has the roles that are given to itself. */
  person: id.optional(),
  /** The actions it may be used for at most. */
  actions: z.array(z.string()).min(1).max(100),
  expiresInS: z
    .int()
    .min(60)
    .max(366 * 86_400),
});
export const token = z.object({
  id,
  name: z.string(),
  person: id.optional(),
  actions: z.array(z.string()).optional(),
  createdAt: time,
  expiresAt: time,
  lastUsedAt: time.optional(),
  revokedAt: time.optional(),
});
/** Shown once. */
export const secret = z.object({ id, secret: z.string(), expiresAt: time });

export const setUp = z.strictObject({ token: z.string().max(200), id, name: text });
export const newEnrolment = z.strictObject({
  person: id,
  expiresInS: z
    .int()
    .min(60)
    .max(30 * 86_400)
    .default(3_600),
});

export const enrolHost = z.strictObject({
  token: z.string().max(200),
  name: text,
  /** The host's own public key for this server: 32 bytes of Ed25519 in base 64. */
  publicKey: base64.length(44),
  /** Verifier key of its record. */
  logKey: z.string().max(400),
  /** Ed25519 by that public key over `bailiwick enrol\n`, the token, newline, the log key: whoever sends this has the key. */
  proof: base64.length(88),
});
export const enrolled = z.object({
  host: id,
  server: z.object({
    /** Verifier key of the server's own log. */
    logKey: z.string(),
    /** Verifier key of the server as a witness. */
    witnessKey: z.string(),
  }),
});
export const host = z.object({
  id,
  name: z.string(),
  person: id,
  origin: z.string(),
  enrolledAt: time,
  lastSeenAt: time.optional(),
  revokedAt: time.optional(),
  /** Entries of its record that the server holds. */
  size: z.int(),
  /** What the server found against its record, if anything. */
  alarm: z.string().optional(),
  /** Runs of which no end has arrived. */
  going: z.int(),
  /** Runs go on there as far as it said, and nothing came of it since then, for long. */
  silentSince: time.optional(),
  /** What its newest run said of it at its start. */
  lastRun: z
    .object({
      run: runId,
      at: time,
      /** Of Bailiwick. */
      version: z.string(),
      /** Release of the kernel; hosts of older versions do not say it. */
      kernel: z.string().optional(),
      /** Layers that were not available, of so many. */
      missing: z.int(),
      layers: z.int(),
    })
    .optional(),
});
export const revocation = z.strictObject({ reason: z.string().trim().min(1).max(500) });
export const hosts = z.object({ items: z.array(host), next: id.optional() });

export const logState = z.object({ size: z.int() });
export const append = z.strictObject({
  from: z.int().nonnegative(),
  count: z.int().min(1).max(5_000),
  /** The entries as a bundle of C2SP tlog-tiles; in base 64, as all of these. */
  entries: longBase64,
  /** For each entry the length (uint32, big-endian) and bytes of salt and personal members; 0: none. */
  records: longBase64,
  checkpoint: base64.max(100_000),
  proof: z.array(base64.length(44)).max(64),
});
export const appended = z.object({
  /** Entries that the server holds now. */
  size: z.int(),
  /** The server's cosignature on the checkpoint, when it holds exactly what that covers: a line of a signed note. */
  cosignature: z.string().optional(),
});

export const run = z.object({
  run: runId,
  host: id,
  person: id,
  startedAt: time.optional(),
  endedAt: time.optional(),
  /** It has no end, and nothing came of its host since then, for long (`silent-minutes` of the server's file). */
  silentSince: time.optional(),
  name: z.string().optional(),
  agent: z.string(),
  project: z.string(),
  profile: z.string(),
  /** Empty when it was erased. */
  command: z.array(z.string()),
  /** Empty when it was erased. */
  labels: z.array(z.string()),
  status: z.int().optional(),
  reason: z.string().optional(),
  entries: z.int(),
  erased: z.boolean(),
});
/** `seq`: its place in the order of arrival at this server; `index`: its place in the host's record. */
export const arrived = z.object({
  seq: z.int(),
  host: id,
  index: z.int(),
  erased: z.boolean(),
  event: z.record(z.string(), z.unknown()).optional(),
});

export const explain = z.strictObject({
  who: z.strictObject({ type: z.enum(["Person", "Token", "Host"]), id }),
  action: z.string(),
  /** `Question`: the run that asks it, with what the question is about. */
  resource: z.strictObject({
    type: z.enum([...grantScope.shape.type.options, "Question"]),
    id: z.string().min(1).max(400),
  }),
});
const held = z.object({
  id: z.string(),
  role: z.string(),
  scope: grantScope,
  when: z.array(z.string()).optional(),
  handedOnBy: z.string().optional(),
});
export const explained = z.object({
  allowed: z.boolean(),
  reason: z.string(),
  policies: z.array(z.string()),
  grants: z.array(held),
});
export const breakGlass = z.object({
  id: z.string(),
  person: id,
  scope,
  reason: z.string(),
  at: time,
  expiresAt: time,
  /** When it was ended before that, and by whom. */
  endedAt: time.optional(),
  endedBy: z.string().optional(),
});
export const me = z.object({
  type: z.enum(["Person", "Token", "Host"]),
  id: z.string(),
  grants: z.array(held),
  /** Who has the role break-glass open at this moment, for who may see that. */
  alarms: z.array(breakGlass).optional(),
});

export type Append = z.infer<typeof append>;
export type Appended = z.infer<typeof appended>;
export type Arrived = z.infer<typeof arrived>;
export type RunOfServer = z.infer<typeof run>;
