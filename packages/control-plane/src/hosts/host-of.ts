import type { AnswerOf } from "../../contract/routes.ts";
import type { HostRow } from "../store/tables.ts";
import type { Start } from "./starts.ts";

type Host = AnswerOf<"listHosts">["items"][number];

/** @param start of its newest run */
export function hostOf(
  row: HostRow,
  { going, start }: { readonly going: number; readonly start: Start | undefined },
): Host {
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
    ...(start && { lastRun: lastRunOf(start) }),
  };
}

function lastRunOf({ run, at, version, kernel, enforcement }: Start): NonNullable<Host["lastRun"]> {
  const missing = enforcement.filter(({ state }) => state !== "enforced").length;
  return { run, at, version, ...(kernel !== undefined && { kernel }), missing, layers: enforcement.length };
}
