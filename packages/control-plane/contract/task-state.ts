/** What a task is now, in words: the same on a command line and in a page. Browsers load it alone. */
import type { TaskOfServer } from "./tasks.ts";

type Told = Pick<TaskOfServer, "state" | "outcome" | "review" | "cancelledBy">;

/** `waits`, `runs`, `awaits review`, `accepted`, `failed`, … */
export function taskState({ state, outcome, review, cancelledBy }: Told): string {
  if (state === "done") {
    if (review === undefined) return outcome ?? "done";
    return review === "awaiting" ? "awaits review" : review;
  }
  if (cancelledBy !== undefined) return "is cancelled";
  return state === "queued" ? "waits" : state === "leased" ? "is made ready" : "runs";
}

/** `1200 tokens, 0.0200 USD`; empty where no model was heard. */
export function taskCost({ cost }: Pick<TaskOfServer, "cost">): string {
  if (cost === undefined) return "";
  const money = cost.money === undefined ? "" : `, ${cost.money.toFixed(4)} ${cost.currency ?? ""}`;
  return `${String(cost.tokens)} tokens${money}`;
}
