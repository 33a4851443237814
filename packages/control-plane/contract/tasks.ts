/** Tasks: what people have run by hosts of a pool, and what came of it. */
import { z } from "zod";
import { id, page, runId } from "./schemas.ts";

const time = z.number().nonnegative();
const name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/);
export const taskId = z.string().regex(/^task-[0-9a-f]{12}$/);
/** Made up by the runner for each task that it takes: 128 random bits. */
const lease = z.string().regex(/^[A-Za-z0-9_-]{22}$/);
export const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const commit = z.string().regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/);

/** Bytes of the largest patch that is handed in. */
export const MOST_PATCH_BYTES = 4_000_000;
/** What an agent is told, in UTF-16 code units: it is one argument of a command. */
export const MOST_PROMPT = 16_384;
/** A host is asked to be patient for so long at most before it is answered that there is nothing. */
export const LONGEST_TASK_WAIT_MS = 20_000;

/**
 * An address over HTTPS or SSH, or an absolute path, without anything that git or a path could read as something else: no options, no secrets, no `..`,
 * no transports that run programs.
 */
export const repository = z
  .string()
  .min(1)
  .max(500)
  .refine(isRepository, "is neither an https or ssh URL without a password nor an absolute path");

const PLAIN = /^[A-Za-z0-9._~%+@:/=,-]+$/;

function isRepository(text: string): boolean {
  if (!PLAIN.test(text) || text.split(/[/:]/).includes("..") || /%2e/i.test(text)) return false;
  if (text.startsWith("/")) return !text.includes("//");
  if (/^[a-z0-9_][a-z0-9_.-]*@[A-Za-z0-9][A-Za-z0-9.-]*:[^:-][^:]*$/.test(text)) return true;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.password !== "" || url.hostname.startsWith("-")) return false;
  // A name alone may be a token.
  return url.protocol === "ssh:" ? !url.username.startsWith("-") : url.protocol === "https:" && url.username === "";
}

/** That it is what the beginning names, or lies in it: `https://git.example/team` holds `https://git.example/team/shop.git`. */
export function isWithinRepositories(of: string, beginnings: readonly string[]): boolean {
  return beginnings.some(
    (beginning) => of === beginning || of.startsWith(beginning.endsWith("/") ? beginning : `${beginning}/`),
  );
}

const limit = z.int().min(1).max(10_000);
export const poolSettings = z.strictObject({
  /** Hosts that may take its tasks; none: nothing is run. */
  hosts: z.array(id).max(1_000),
  /** Beginnings of the repositories that tasks may be about; none: no task is taken in. */
  repositories: z.array(repository).max(1_000),
  /** Profiles of the hosts that tasks may name. */
  profiles: z.array(name).min(1).max(100).default(["standard"]),
  agents: z.array(name).min(1).max(100).default(["claude-code", "codex", "gemini-cli", "opencode"]),
  /** So long a host has a task without saying that it goes on with it. */
  leaseS: z.int().min(5).max(3_600).default(60),
  /** Tasks at a time of each team, or person without one. */
  running: limit.optional(),
  /** And tasks that wait. */
  queued: limit.optional(),
  /** Tasks at a time of teams for which it is another number. */
  teams: z.record(id, limit).default({}),
});
export const pool = poolSettings.extend({
  id,
  changedBy: z.string(),
  changedAt: time,
  waiting: z.int(),
  taken: z.int(),
});

/** Of one run; what the profile says counts where that is less. */
export const taskBudget = z.strictObject({
  tokens: z.int().positive().max(1e12).optional(),
  /** In the currency of the profile. */
  money: z.number().positive().max(1e6).optional(),
});

export const newTask = z.strictObject({
  agent: name,
  repository,
  /** A branch, a tag or a commit; the repository's own choice when it is not said. */
  revision: z
    .string()
    .max(200)
    .regex(/^[A-Za-z0-9][A-Za-z0-9._/-]*$/)
    .refine((text) => !text.includes(".."), "is not the name of one commit")
    .optional(),
  profile: name.default("standard"),
  /** What the agent is told. */
  prompt: z
    .string()
    .trim()
    .min(1)
    .max(MOST_PROMPT)
    .refine((text) => !text.startsWith("-") && !text.includes("\0"), "begins with `-`, or has a NUL"),
  /** Which of one's teams it counts for; one's first when it is not said. */
  team: id.optional(),
  budget: taskBudget.default({}),
  timeoutS: z.int().min(10).max(86_400).default(3_600),
  /** Of tasks of the same team: higher first. */
  priority: z.int().min(-10).max(10).default(0),
  /** How often it is run again when it failed. */
  retries: z.int().min(0).max(5).default(0),
  /** Whether it is run again when its runner was lost in the middle of it. */
  onLost: z.enum(["retry", "fail"]).default("retry"),
});

export const taskCost = z.strictObject({
  tokens: z.int().nonnegative(),
  money: z.number().nonnegative().optional(),
  currency: z.string().max(10).optional(),
});
const outcome = z.enum(["succeeded", "failed", "cancelled", "timed-out"]);

export const task = newTask.extend({
  id: taskId,
  pool: id,
  by: z.string(),
  person: id.optional(),
  /** `queued`: it waits; `leased`: a host makes ready; `running`; `done`. */
  state: z.enum(["queued", "leased", "running", "done"]),
  outcome: outcome.optional(),
  /** Of what succeeded. */
  review: z.enum(["awaiting", "accepted", "rejected"]).optional(),
  reviewedBy: z.string().optional(),
  reviewedAt: time.optional(),
  why: z.string().optional(),
  /** Why it came to that, or why it waits again. */
  reason: z.string().optional(),
  /** How often it was begun. */
  attempts: z.int(),
  submittedAt: time,
  startedAt: time.optional(),
  endedAt: time.optional(),
  cancelledBy: z.string().optional(),
  host: id.optional(),
  run: runId.optional(),
  /** The commit that the patch is against. */
  base: commit.optional(),
  status: z.int().optional(),
  cost: taskCost.optional(),
  patch: z.object({ digest, bytes: z.int() }).optional(),
  // As it was taken in.
  prompt: z.string(),
  repository: z.string(),
  revision: z.string().optional(),
});

export const tasksPage = page.extend({
  pool: id.optional(),
  /** `open`: not done; `review`: awaiting it. */
  state: z.enum(["open", "review", "done", "all"]).default("all"),
});

export const review = z.strictObject({
  verdict: z.enum(["accepted", "rejected"]),
  /** Of the patch that was looked at: another's is not what is accepted. */
  patch: digest,
  why: z.string().trim().max(500).optional(),
});

export const takeTask = z.strictObject({
  pool: id,
  /** Of the runner's making: asking again by the same is answered with the same task. */
  lease,
  waitMs: z.int().min(0).max(LONGEST_TASK_WAIT_MS).default(0),
});
export const taken = z.object({ task: task.optional(), leaseS: z.int() });

export const renewTask = z.strictObject({
  lease,
  state: z.enum(["leased", "running"]),
  run: runId.optional(),
  waitMs: z.int().min(0).max(LONGEST_TASK_WAIT_MS).default(0),
});
export const renewed = z.object({ wanted: z.enum(["go-on", "cancel"]), leaseS: z.int() });

export const handIn = z.strictObject({
  lease,
  /** `returned`: the host has to stop; the task waits for another. */
  outcome: z.enum(["succeeded", "failed", "timed-out", "cancelled", "returned"]),
  reason: z.string().max(1_000).optional(),
  run: runId.optional(),
  base: commit.optional(),
  status: z.int().min(0).max(255).optional(),
  cost: taskCost.optional(),
  /** In base 64; of `git diff --binary`. */
  patch: z
    .string()
    .regex(/^[A-Za-z0-9+/]*={0,2}$/)
    .max(Math.ceil(MOST_PATCH_BYTES / 3) * 4)
    .meta({ contentEncoding: "base64" })
    .optional(),
});

export type Pool = z.output<typeof pool>;
export type NewTask = z.output<typeof newTask>;
export type TaskOfServer = z.output<typeof task>;
export type HandIn = z.output<typeof handIn>;
export type TaskCost = z.output<typeof taskCost>;
