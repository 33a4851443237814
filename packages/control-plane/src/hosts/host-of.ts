import type { AnswerOf } from "../../contract/routes.ts";
import type { HostRow } from "../store/tables.ts";
import type { silenceOf } from "./heard.ts";
import type { Start } from "./starts.ts";

type Host = AnswerOf<"listHosts">["items"][number];

interface Known {
  readonly going: number;
  readonly start: Start | undefined;
  readonly silence: ReturnType<typeof silenceOf>;
}

/** @param start of its newest run @param silence where runs go on */
export function hostOf(row: HostRow, { going, start, silence }: Known): Host {
  const { id, name, person, origin, enrolled_at, seen_at, revoked_at, size, alarm } = row;
  return {
    id,
    name,
    person,
    origin,
    enrolledAt: enrolled_at,
    ...(seen_at !== null && { lastSeenAt: seen_at }),
    ...(revoked_at !== null && { revokedAt: revoked_at }),
    size,
    ...(alarm !== null && { alarm }),
    going,
    ...silence,
    ...(start && { lastRun: lastRunOf(start) }),
  };
}

function lastRunOf({ run, at, version, kernel, enforcement }: Start): NonNullable<Host["lastRun"]> {
  const missing = enforcement.filter(({ state }) => state !== "enforced").length;
  return { run, at, version, ...(kernel !== undefined && { kernel }), missing, layers: enforcement.length };
}
