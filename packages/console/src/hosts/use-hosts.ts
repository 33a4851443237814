import { useEffect, useState } from "react";
import type { AnswerOf } from "@bailiwick/control-plane/contract";
import { hasWords } from "../rows/has-words.ts";
import { server } from "../server.ts";

export type Host = AnswerOf<"listHosts">["items"][number];
export type Drift = AnswerOf<"policyDrift">["items"][number];

export interface Hosts {
  /** Undefined until the first answer. */
  readonly items: readonly Host[] | undefined;
  /** Which policies each has, by its id, once they are known. */
  readonly drift: ReadonlyMap<string, Drift> | undefined;
  readonly error: unknown;
}

const PAGE = 1_000;
/** A host is heard of when it sends; nobody waits for that by the second. */
const AGAIN_MS = 15_000;

/** All hosts that the caller may see, looked at again now and then while the page is seen. */
export function useHosts(): Hosts {
  const [hosts, setHosts] = useState<Hosts>({ items: undefined, drift: undefined, error: undefined });
  useEffect(() => {
    const ending = new AbortController();
    const { signal } = ending;
    const show = (change: Partial<Hosts>): void => {
      if (!signal.aborted) setHosts((before) => ({ ...before, ...change }));
    };
    const fail = (error: unknown): void => show({ error });
    const load = async (): Promise<void> => {
      const items: Host[] = [];
      let after: string | undefined;
      do {
        const page = await server.call("listHosts", { query: { limit: PAGE, after } }, { signal });
        items.push(...page.items);
        after = page.next;
      } while (after !== undefined);
      show({ items: items.sort(byHeard), error: undefined });
      const { items: drift } = await server.call("policyDrift", {}, { signal });
      show({ drift: new Map(drift.map((each) => [each.id, each])) });
    };
    load().catch(fail);
    const again = window.setInterval(() => {
      if (document.visibilityState === "visible") load().catch(fail);
    }, AGAIN_MS);
    return () => {
      ending.abort();
      window.clearInterval(again);
    };
  }, []);
  return hosts;
}

/** What was heard of last comes first, and what is revoked last. */
function byHeard(a: Host, b: Host): number {
  if ((a.revokedAt === undefined) !== (b.revokedAt === undefined)) return a.revokedAt === undefined ? -1 : 1;
  return (b.lastSeenAt ?? 0) - (a.lastSeenAt ?? 0) || (a.id < b.id ? -1 : 1);
}

/** `alarm`: its record contradicts what the server holds. `silent`: runs go on there as far as it said, and nothing comes any more. */
export function stateOfHost(host: Host): "alarm" | "revoked" | "enrolled" | "silent" | "heard of" {
  const { alarm, revokedAt, lastSeenAt, silentSince } = host;
  if (alarm !== undefined) return "alarm";
  if (revokedAt !== undefined) return "revoked";
  if (silentSince !== undefined) return "silent";
  return lastSeenAt === undefined ? "enrolled" : "heard of";
}

/** Of its runs that have no end, as the list of runs has it. */
export function goingState({ silentSince }: Host): "running" | "silent" {
  return silentSince === undefined ? "running" : "silent";
}

/** Whether a host is meant by words, all of which have to be found in what the list shows of it. */
export function matchesHost(host: Host, filter: string): boolean {
  const { id, name, person, lastRun } = host;
  const missing = lastRun !== undefined && lastRun.missing > 0 ? "missing" : "";
  return hasWords([id, name, person, stateOfHost(host), lastRun?.version, lastRun?.kernel, missing].join(" "), filter);
}
