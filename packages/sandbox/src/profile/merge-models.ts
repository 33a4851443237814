import type { Profile } from "../profile-types.ts";
import type { ProfileSource } from "./source.ts";

type ModelsSource = NonNullable<ProfileSource["models"]>;
type BudgetsSource = NonNullable<ProfileSource["budgets"]>;

/** A call that fails so often in a row, the same each time, is a loop, where no profile says how often. */
const DEFAULT_REPEATS = 5;

/** Prices are joined, a later profile's replacing an earlier one's of the same name; what is one value is the last that was said. */
export function mergeModels(layers: readonly ModelsSource[]): Profile["models"] {
  const prices = new Map(layers.flatMap((layer) => [...(layer.prices ?? [])]));
  return {
    content: last(layers.map(({ content }) => content)) ?? false,
    currency: last(layers.map(({ currency }) => currency)) ?? "USD",
    prices: [...prices].sort(([a], [b]) => (a < b ? -1 : 1)).map(([model, price]) => ({ model, ...price })),
  };
}

export function mergeBudgets(layers: readonly BudgetsSource[]): Profile["budgets"] {
  const money = last(layers.map((layer) => layer.money));
  return {
    tokens: last(layers.map(({ tokens }) => tokens)),
    moneyMicros: money === undefined ? undefined : Math.round(money * 1e6),
    requests: last(layers.map(({ requests }) => requests)),
    bytes: last(layers.map(({ bytes }) => bytes)),
    wallMs: last(layers.map(({ wall }) => wall)),
    repeats: last(layers.map(({ repeats }) => repeats)) ?? DEFAULT_REPEATS,
    whenSpent: last(layers.map((layer) => layer["when-spent"])) ?? "end",
    whenRepeating: last(layers.map((layer) => layer["when-repeating"])) ?? "tell",
  };
}

/** The lower of both, each. How a run ends is the outer profile's to say. */
export function lowerBudgets(outer: Profile["budgets"], own: BudgetsSource): Profile["budgets"] {
  const money = own.money === undefined ? undefined : Math.round(own.money * 1e6);
  return {
    tokens: lower(outer.tokens, own.tokens),
    moneyMicros: lower(outer.moneyMicros, money),
    requests: lower(outer.requests, own.requests),
    bytes: lower(outer.bytes, own.bytes),
    wallMs: lower(outer.wallMs, own.wall),
    repeats: Math.min(outer.repeats, own.repeats ?? Infinity),
    whenSpent: outer.whenSpent,
    whenRepeating: outer.whenRepeating,
  };
}

function lower(outer: number | undefined, own: number | undefined): number | undefined {
  if (outer === undefined || own === undefined) return outer ?? own;
  return Math.min(outer, own);
}

function last<T>(values: readonly (T | undefined)[]): T | undefined {
  return values.findLast((value) => value !== undefined);
}
