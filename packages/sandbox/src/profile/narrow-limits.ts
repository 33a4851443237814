import type { Profile } from "../profile-types.ts";
import { lowerBudgets } from "./merge-models.ts";
import type { Report } from "./narrow-lists.ts";
import type { ProfileSource } from "./source.ts";

/** What has an order: limits and budgets (the lower one counts), and what is recorded (the most counts). */

export function lowerLimits(
  outer: Profile["limits"],
  layer: readonly ProfileSource[],
  report: Report,
): Profile["limits"] {
  const limits = layer.map((source) => source.limits ?? {});
  const lowest = (key: string, above: number | undefined, said: readonly (number | undefined)[]): number | undefined =>
    said.reduce((sum, each) => (each === undefined ? sum : atMost(`limits.${key}`, sum, each, report)), above);
  return {
    processes: lowest(
      "processes",
      outer.processes,
      limits.map(({ processes }) => processes),
    ),
    wallMs: lowest(
      "wall",
      outer.wallMs,
      limits.map(({ wall }) => wall),
    ),
    fileSizeBytes: lowest(
      "file-size",
      outer.fileSizeBytes,
      limits.map((each) => each["file-size"]),
    ),
    openFiles: lowest(
      "open-files",
      outer.openFiles,
      limits.map((each) => each["open-files"]),
    ),
    memoryBytes: lowest(
      "memory",
      outer.memoryBytes,
      limits.map(({ memory }) => memory),
    ),
    tmpBytes:
      lowest(
        "tmp",
        outer.tmpBytes,
        limits.map(({ tmp }) => tmp),
      ) ?? outer.tmpBytes,
  };
}

/** @param above undefined: no limit */
export function atMost<T extends number | undefined>(key: string, above: T, said: number, report: Report): T | number {
  if (above === undefined || said <= above) return said;
  report(key, [said]);
  return above;
}

const STRICTER = { end: 2, pause: 1, tell: 0 } as const;

export function narrowBudgets(
  outer: Profile["budgets"],
  layer: readonly ProfileSource[],
  report: Report,
): Profile["budgets"] {
  return layer.reduce((above, { budgets = {} }) => {
    const lowered = lowerBudgets(above, budgets);
    const said = [
      ["tokens", above.tokens, budgets.tokens],
      ["money", above.moneyMicros, budgets.money === undefined ? undefined : Math.round(budgets.money * 1e6)],
      ["requests", above.requests, budgets.requests],
      ["bytes", above.bytes, budgets.bytes],
      ["wall", above.wallMs, budgets.wall],
      ["repeats", above.repeats, budgets.repeats],
    ] as const;
    for (const [key, limit, own] of said) if (own !== undefined) atMost(`budgets.${key}`, limit, own, report);
    const strictest = <T extends keyof typeof STRICTER>(key: string, one: T, other: T | undefined): T => {
      if (other === undefined || STRICTER[other] >= STRICTER[one]) return other ?? one;
      report(key, [other]);
      return one;
    };
    return {
      ...lowered,
      whenSpent: strictest("budgets.when-spent", above.whenSpent, budgets["when-spent"]),
      whenRepeating: strictest("budgets.when-repeating", above.whenRepeating, budgets["when-repeating"]),
    };
  }, outer);
}

/** More may be recorded. Where money is counted, prices are part of the budget: another price would be another limit. */
export function narrowModels(
  outer: Profile,
  own: Profile,
  layer: readonly ProfileSource[],
  report: Report,
): Profile["models"] {
  const models = layer.flatMap((source) => source.models ?? []);
  if (outer.models.content && models.some(({ content }) => content === false)) report("models.content", [false]);
  const content = outer.models.content || own.models.content;
  if (outer.budgets.moneyMicros === undefined) {
    const saidCurrency = models.some(({ currency }) => currency !== undefined);
    const saidPrices = models.some(({ prices }) => prices !== undefined);
    return {
      content,
      currency: saidCurrency ? own.models.currency : outer.models.currency,
      prices: saidPrices ? own.models.prices : outer.models.prices,
    };
  }
  if (models.some(({ currency }) => currency !== undefined && currency !== outer.models.currency))
    report("models.currency", [own.models.currency]);
  const known = new Set(outer.models.prices.map((price) => JSON.stringify(price)));
  report(
    "models.prices",
    own.models.prices.filter((price) => !known.has(JSON.stringify(price))).map(({ model }) => model),
  );
  return { ...outer.models, content };
}

/** Whoever is recorded does not end that, nor make it shorter; nor do they say whether a recording leaves the host. */
export function narrowRecording(
  outer: Profile["recording"],
  layer: readonly ProfileSource[],
  report: Report,
): Profile["recording"] {
  const said = layer.flatMap(({ recording }) => recording ?? []);
  if (outer.terminal)
    report(
      "recording.terminal",
      said.filter(({ terminal }) => terminal === false).map(() => false),
    );
  const sizes = said.flatMap((each) => each["max-size"] ?? []);
  report(
    "recording.max-size",
    sizes.filter((size) => size < outer.maxBytes),
  );
  report(
    "recording.send",
    said.flatMap(({ send }) => send ?? []).filter((send) => send !== outer.send),
  );
  return {
    terminal: outer.terminal || said.some(({ terminal }) => terminal === true),
    maxBytes: Math.max(outer.maxBytes, ...sizes),
    send: outer.send,
  };
}
