/** Reads members of JSON that somebody else wrote: what does not have the form that is looked for is not there. */

import { isJsonObject } from "@bailiwick/base";

export type Json = Readonly<Record<string, unknown>>;

export function objectOf(value: unknown): Json {
  return isJsonObject(value) ? value : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** A number of tokens; what is none counts as 0. */
export function countOf(value: unknown): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : 0;
}
