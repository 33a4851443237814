import type { EventOf } from "@bailiwick/audit";
import { escapeControls } from "@bailiwick/base";
import { count, formatBytes, formatDuration } from "../format.ts";

/** `call 7: Bash {"command":"ls"}`. */
export function toolText({ call, tool, input }: EventOf<"tool.called">): string {
  const shown = input.length > 160 ? `${input.slice(0, 160)}…` : input;
  return escapeControls(`call ${String(call)}: ${tool === "" ? "(erased)" : tool} ${shown}`.trimEnd());
}

/** `model-1 answered: 35 tokens in (20 cached), 7 out, 0.0015 USD, 1 call`. */
export function modelText({ model, tokens, cost, calls, complete, unread }: EventOf<"model.called">): string {
  const parts = [
    tokens === undefined ? "tokens not known" : tokensText(tokens),
    ...(cost === undefined ? [] : [moneyText(cost)]),
    ...(calls === 0 ? [] : [count(calls, "call")]),
    ...(complete ? [] : ["broken off"]),
    ...(unread === undefined ? [] : [unread]),
  ];
  return escapeControls(`${model ?? "a model"} answered: ${parts.join(", ")}`);
}

export function tokensText({
  in: fresh,
  cached,
  written,
  out,
}: NonNullable<EventOf<"model.called">["tokens"]>): string {
  const all = fresh + cached + written;
  return `${String(all)} tokens in${cached === 0 ? "" : ` (${String(cached)} cached)`}, ${String(out)} out`;
}

/** Four places behind the point: one answer costs little. */
export function moneyText({ micros, currency }: { readonly micros: number; readonly currency: string }): string {
  return `${(micros / 1e6).toFixed(4)} ${currency}`;
}

const CAME = { told: "the run goes on", extended: "may be spent once more", ended: "the run is ended" } as const;

export interface SpentBudget extends Pick<EventOf<"budget.spent">, "budget" | "limit" | "used" | "came"> {
  readonly by?: string | undefined;
}

/** `budget spent: 1200 of 1000 tokens; the run is ended`. */
export function budgetText({ budget, limit, used, came, by }: SpentBudget): string {
  const said = by === undefined ? CAME[came] : `${CAME[came]} (${escapeControls(by)})`;
  if (budget === "repeats") return `the same call of a tool failed ${String(used)} times in a row: ${said}`;
  return `budget spent: ${amount(budget, used)} of ${amount(budget, limit)}; ${said}`;
}

function amount(budget: "tokens" | "money" | "requests" | "bytes" | "wall", value: number): string {
  switch (budget) {
    case "tokens":
    case "requests":
      return `${String(value)} ${budget}`;
    case "money":
      return (value / 1e6).toFixed(4);
    case "bytes":
      return formatBytes(value);
    case "wall":
      return formatDuration(value);
  }
}
