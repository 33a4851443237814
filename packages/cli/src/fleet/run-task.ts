import { adapters } from "@bailiwick/agents";
import { BailiwickError } from "@bailiwick/base";
import type { HandIn, HeldTask } from "@bailiwick/uplink";
import type { TaskOutcome } from "../run/starter.ts";
import { checkOut, type Checkout } from "./checkout.ts";
import { startGoverned } from "./governed.privileged.ts";

/** Why a task ends before its run does. `returned`: its host has to stop. */
export type Cut = "cancelled" | "timed-out" | "returned" | "lost";

export interface TaskPlace {
  /** An empty directory of its own. */
  readonly place: string;
  /** Aborted with nothing: the host has to stop, and gives back what it has. */
  readonly stop: AbortSignal;
}

/**
 * Runs one task: checks out, runs the agent governed, and hands in the patch, the run, its cost and how it ended. Whatever fails is handed in, too.
 * @returns what was handed in, and whether the server has it
 */
export async function runTask(
  held: HeldTask,
  { place, stop }: TaskPlace,
): Promise<{ readonly result: HandIn; readonly taken: boolean }> {
  const ending = new Ending(held, stop);
  held.keep();
  let result: HandIn;
  try {
    result = await attempt(held, place, ending);
  } catch (error) {
    // A defect of ours, too: the task must not stay with a host that does nothing about it.
    const reason = error instanceof Error ? error.message : String(error);
    result = { outcome: outcomeOf(ending.cut) ?? "failed", reason: reason.slice(0, 1_000) };
  } finally {
    ending.close();
  }
  const taken = ending.cut !== "lost" && (await held.handIn(result));
  return { result, taken };
}

async function attempt(held: HeldTask, place: string, ending: Ending): Promise<HandIn> {
  const { task } = held;
  const words = commandFor(task.agent, task.prompt);
  if (words === undefined) {
    return {
      outcome: "failed",
      reason: `this host does not know how the agent \`${task.agent}\` does a task by itself`,
    };
  }
  const checkout = await checkOut(place, { repository: task.repository, revision: task.revision }, ending.signal);
  const may = ending.cut === undefined ? await held.begin() : undefined;
  if (ending.cut !== undefined || may !== "go-on") {
    // Where it could not be said in time that it begins, nothing of it ran: the server, if it still thinks that this host has it, may give it to another.
    return {
      outcome: outcomeOf(ending.cut) ?? (may === "cancel" ? "cancelled" : "returned"),
      reason: "it did not begin",
    };
  }
  const run = startGoverned([...optionsFor(held, checkout), "--", ...words], {
    cwd: checkout.workspace,
    onStarted: (id) => {
      held.setRun(id);
    },
  });
  ending.attach(run, task.timeoutS);
  const { outcome, said } = await run.ended;
  if (outcome === undefined) {
    const why = said.trim().split("\n").slice(-3).join("; ").slice(0, 900);
    return { outcome: outcomeOf(ending.cut) ?? "failed", reason: `the run could not be set up, or was killed: ${why}` };
  }
  return { ...(await withPatch(checkout, resultOf(outcome, ending.cut))), base: checkout.base };
}

/** The end of the run as the task's. */
function resultOf({ run, status, reason, detail, models }: TaskOutcome, cut: Cut | undefined): HandIn {
  const cost = models && costOf(models);
  const known = { run, status: Math.min(Math.max(status, 0), 255), ...(cost && { cost }) };
  const ended = outcomeOf(cut);
  if (ended !== undefined) return { ...known, outcome: ended };
  if (reason !== "exited")
    return {
      ...known,
      outcome: "failed",
      reason: `${reason}${detail === undefined ? "" : `: ${detail}`}`.slice(0, 1_000),
    };
  if (status !== 0) return { ...known, outcome: "failed", reason: `the agent ended with ${String(status)}` };
  return { ...known, outcome: "succeeded" };
}

function costOf({ tokens, cost }: NonNullable<TaskOutcome["models"]>): NonNullable<HandIn["cost"]> {
  const { in: fresh, cached, written, out } = tokens;
  return {
    tokens: fresh + cached + written + out,
    ...(cost && { money: cost.micros / 1e6, currency: cost.currency }),
  };
}

/** What did not succeed may have changed something that is worth looking at; a patch that can't be handed in is a failure. */
async function withPatch(checkout: Checkout, result: HandIn): Promise<HandIn> {
  if (result.outcome === "returned") return result;
  try {
    const patch = await checkout.diff();
    return patch.length === 0 ? result : { ...result, patch: patch.toString("base64") };
  } catch (error) {
    if (!(error instanceof BailiwickError)) throw error;
    if (result.outcome !== "succeeded") return result;
    return { ...result, outcome: "failed", reason: `its patch can't be handed in: ${error.message}`.slice(0, 1_000) };
  }
}

function commandFor(agent: string, prompt: string): readonly string[] | undefined {
  return adapters.find(({ name }) => name === agent)?.headless?.(prompt);
}

function optionsFor({ task }: HeldTask, { workspace }: Checkout): string[] {
  const { tokens, money } = task.budget;
  return [
    ...["--workspace", workspace, "--profile", task.profile, "--quiet"],
    ...["--label", `task=${task.id}`, "--label", `pool=${task.pool}`, "--label", `asked-by=${task.by}`],
    ...(tokens === undefined ? [] : ["--budget", `tokens=${String(tokens)}`]),
    ...(money === undefined ? [] : ["--budget", `money=${String(money)}`]),
  ];
}

function outcomeOf(cut: Cut | undefined): HandIn["outcome"] | undefined {
  return cut === "lost" ? "cancelled" : cut;
}

interface Endable {
  end(how: "soon" | "now"): void;
}

/** What may end a task early: whoever comes first says why. */
class Ending {
  readonly #abort = new AbortController();
  readonly #stop: AbortSignal;
  readonly #onStop = (): void => {
    this.#end("returned");
  };
  #cut: Cut | undefined;
  #run: Endable | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(held: HeldTask, stop: AbortSignal) {
    this.#stop = stop;
    stop.addEventListener("abort", this.#onStop);
    if (stop.aborted) this.#onStop();
    void held.wanted.then((wanted) => {
      this.#end(wanted === "cancel" ? "cancelled" : "lost");
    });
  }

  get cut(): Cut | undefined {
    return this.#cut;
  }

  /** Aborted as soon as there is a reason. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  attach(run: Endable, timeoutS: number): void {
    this.#run = run;
    this.#timer = setTimeout(() => {
      this.#end("timed-out");
    }, timeoutS * 1000);
    if (this.#cut !== undefined) run.end(this.#cut === "lost" ? "now" : "soon");
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#stop.removeEventListener("abort", this.#onStop);
  }

  #end(why: Cut): void {
    // What is lost may be run by another at once: that goes before every other reason.
    if (this.#cut !== undefined && why !== "lost") return;
    this.#cut = why;
    this.#abort.abort();
    this.#run?.end(why === "lost" ? "now" : "soon");
  }
}
