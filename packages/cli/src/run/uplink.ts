import { existsSync } from "node:fs";
import { join } from "node:path";
import { BailiwickError } from "@bailiwick/base";
import {
  locateStateDirectory,
  type Answered,
  type HostQuestion,
  type QuestionDesk,
  type RunControl,
  type RunOptions,
} from "@bailiwick/run";
import type { AskTerms } from "@bailiwick/policy";
import type { RunSender } from "@bailiwick/uplink";

/** What an enrolled host's run does for the server, beside everything else. */
export interface RunUplink {
  /** Before the run: what holds for it is asked for, unless that was just done; a server that is away is not waited for long. */
  prepare(say: (text: string) => void): Promise<void>;
  /** The run's options, with which it starts to send, to hear what the server wants of it, and to ask people there. */
  watch(options: RunOptions): RunOptions;
  /** After the run: what has been recorded last may still arrive, if that is quick. */
  finish(): Promise<void>;
}

/** What the server does not have after this time gets the next run's, or `bailiwick sync`'s. */
const PATIENCE_MS = 250;

/** So long a run waits for its server's policies; then those that it has count. */
const POLICIES_MS = 3_000;

const NONE: RunUplink = {
  prepare: () => Promise.resolve(),
  watch: (options) => options,
  finish: () => Promise.resolve(),
};

/**
 * On hosts that are enrolled nowhere it looks for one file, and loads nothing.
 * @param answerMs how long people at the server are waited for; undefined: they are not asked
 */
export function uplinkFor(environment: NodeJS.ProcessEnv, answerMs: number | undefined): RunUplink {
  const state = locateStateDirectory(environment);
  if (!existsSync(join(state.server, "enrolment.json"))) return NONE;
  let sending: Promise<RunSender> | undefined;
  const desk: QuestionDesk | undefined =
    answerMs === undefined ? undefined : { put: (...asked) => ask(sending, answerMs, asked) };
  return {
    prepare: (say) => fetchForRun(state.server, say),
    watch: (options) => {
      const { observer } = options;
      const started: typeof observer.started = (run, control) => {
        sending = startSending(state, { run, control }, (text) => {
          observer.say(text);
        });
        observer.started(run, control);
      };
      return { ...options, desk, observer: { ...observer, started } };
    },
    finish: async () => {
      await (await sending)?.stop(PATIENCE_MS);
    },
  };
}

async function fetchForRun(directory: string, say: (text: string) => void): Promise<void> {
  const { fetchPolicies, isFresh } = await import("@bailiwick/uplink");
  if (isFresh(directory, Date.now())) return;
  try {
    await fetchPolicies({ directory, signal: AbortSignal.timeout(POLICIES_MS) });
  } catch (error) {
    if (!(error instanceof BailiwickError)) throw error;
    // What is kept counts, or the run says what is missing.
    if (error.code !== "SERVER_UNREACHABLE") say(`the server's policies could not be fetched: ${error.message}`);
  }
}

async function ask(
  sending: Promise<RunSender> | undefined,
  answerMs: number,
  [question, bound, signal]: Parameters<QuestionDesk["put"]>,
): Promise<Answered | undefined> {
  const { exec, argv, cwd, decision } = question;
  const files = question.kind === "exec" ? question.files : [];
  const asked = {
    exec: exec ?? 0,
    bound,
    argv: [...argv],
    cwd,
    files: files.map(({ path, digest }) => ({ path, digest })),
    ...(question.kind === "host" && { about: aboutOf(question) }),
    reason: decision.reason,
    policies: [...decision.policies],
    policyDigest: decision.policyDigest,
    expiresInS: Math.ceil(answerMs / 1000),
    ...(decision.instead !== undefined && { instead: decision.instead }),
    ...(decision.approver !== undefined && { role: decision.approver }),
    ...(decision.terms !== undefined && { terms: termsFor(decision.terms) }),
  };
  const given = await (await sending)?.ask(asked, signal);
  return given && { answer: given.answer, by: `${given.by} (at the server)` };
}

function termsFor({ classes, links, approvals, risk, stepUpMinutes }: AskTerms) {
  return { classes: [...classes], links, approvals, risk, ...(stepUpMinutes !== undefined && { stepUpMinutes }) };
}

function aboutOf({ about: { host, port, request, leaks } }: HostQuestion) {
  return {
    host,
    port,
    ...(request !== undefined && { request: { ...request, query: [...request.query] } }),
    ...(leaks !== undefined && { leaks: leaks.map((leak) => ({ ...leak })) }),
  };
}

async function startSending(
  { server, log }: ReturnType<typeof locateStateDirectory>,
  { run, control }: { readonly run: string; readonly control: RunControl },
  say: (text: string) => void,
): Promise<RunSender> {
  const { startRunSender } = await import("@bailiwick/uplink");
  const { agent, project, labels } = control;
  return startRunSender({
    places: { directory: server, log, run: { run, agent, project, labels } },
    run: control,
    say,
  });
}
