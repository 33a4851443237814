/** Which runs an archive is made of: those of a scope and a time, of which whoever asks may read them. */
import { count } from "@bailiwick/base";
import { sql } from "kysely";
import { ServerError } from "../../contract/errors.ts";
import { MOST_EVIDENCE_RUNS, type NewEvidence } from "../../contract/evidence-routes.ts";
import { findRun, runsOnHosts, type RunOnHost } from "../access/resources.ts";
import { permittedRuns } from "../access/run-rights.ts";
import type { Caller } from "../identity/callers.ts";
import { oneRow } from "../recordings/pieces.ts";
import type { Server } from "../routes/handler.ts";
import { notFound } from "../routes/people.ts";
import { runHasLabel } from "../store/labels.ts";
import type { Database, RecordingRow } from "../store/tables.ts";

/** What whoever opens an archive has to unpack. */
const MOST_BYTES = 512 << 20;
const MOST_ENTRIES = 1_000_000;

export interface ChosenRun extends RunOnHost {
  /** What is to be in the archive of what its terminal showed. */
  readonly recording: RecordingRow | undefined;
}

export interface Chosen {
  /** In the order in which they came. */
  readonly runs: readonly ChosenRun[];
  readonly period: { readonly from: number; readonly to: number };
  /** What was asked for and is not in it, a sentence each. */
  readonly leftOut: readonly string[];
}

/** @throws ServerError SERVER_NOT_FOUND, SERVER_TOO_LARGE */
export async function chooseRuns(server: Server, caller: Caller, wanted: NewEvidence): Promise<Chosen> {
  const { db, authority } = server;
  const period = { from: wanted.from ?? 0, to: wanted.to ?? server.now() };
  const rows = await select(db, wanted, period);
  if (rows.length > MOST_EVIDENCE_RUNS) throw tooLarge(`more than ${String(MOST_EVIDENCE_RUNS)} runs`);
  const grants = await authority.grantsOf(caller);
  const ids = rows.map(({ id }) => id);
  const readable = await permittedRuns(server, { caller, grants, action: "readRun" }, ids);
  // Another host's of the same id is another.
  const runs = rows.filter(({ id, host }) => readable.get(id)?.host === host);
  if (runs.length === 0) {
    throw notFound("no run of this scope that you may read went on in this time");
  }
  const leftOut: string[] = [];
  const unreadable = rows.length - runs.length;
  if (unreadable > 0) leftOut.push(`Not in it: ${count(unreadable, "run")} that ${caller.id} may not read.`);
  if (wanted.scope.type === "Project" || wanted.scope.type === "Agent") {
    leftOut.push("Runs whose personal data was erased are of no project or agent any more: none of them is in it.");
  }
  await requireSmall(db, runs);
  const replayable = wanted.recordings
    ? await permittedRuns(server, { caller, grants, action: "replayRun" }, ids)
    : new Map<string, RunOnHost>();
  const chosen: ChosenRun[] = [];
  for (const run of runs) {
    chosen.push({ ...run, recording: replayable.has(run.id) ? await recordingOf(server, run) : undefined });
  }
  leftOut.push(...(wanted.recordings ? leftOutRecordings(caller, chosen, replayable) : [NOT_ASKED_FOR]));
  return { runs: chosen, period: periodOf(wanted, runs, period), leftOut };
}

const NOT_ASKED_FOR = "Recordings of terminals were not asked for.";

/** What was asked for; where no time was, from the first of them on, and of a single run its own. */
function periodOf(
  { scope, from }: NewEvidence,
  runs: readonly RunOnHost[],
  { to }: Chosen["period"],
): Chosen["period"] {
  const begin = from ?? Math.min(to, ...runs.map(({ started_at }) => started_at ?? to));
  const [only] = runs;
  if (scope.type !== "Run" || only === undefined) return { from: begin, to: Math.max(begin, to) };
  const started = only.started_at ?? to;
  return { from: started, to: Math.max(started, only.ended_at ?? to) };
}

async function select(
  db: Database,
  { scope, label }: NewEvidence,
  { from, to }: Chosen["period"],
): Promise<RunOnHost[]> {
  if (scope.type === "Run") {
    const run = await findRun(db, scope.id);
    return run === undefined ? [] : [run];
  }
  let rows = runsOnHosts(db)
    .where("started_at", "<=", to)
    .where((is) => is.or([is("ended_at", "is", null), is("ended_at", ">=", from)]));
  if (label !== undefined) rows = rows.where(runHasLabel(label, "run"));
  switch (scope.type) {
    case "Company":
      break;
    case "Team":
      rows = rows.where("host.person", "in", (inner) =>
        inner.selectFrom("team_member").select("person").where("team", "=", scope.id),
      );
      break;
    case "Person":
      rows = rows.where("host.person", "=", scope.id);
      break;
    case "Host":
      rows = rows.where("host.id", "=", scope.id);
      break;
    case "Project":
      rows = rows.where("run.project", "=", scope.id);
      break;
    case "Agent":
      rows = rows.where("run.agent", "=", scope.id);
      break;
  }
  return await rows
    .orderBy("first_seq")
    .limit(MOST_EVIDENCE_RUNS + 1)
    .execute();
}

/** Before anything is made: nobody waits for half of it. */
async function requireSmall(db: Database, runs: readonly RunOnHost[]): Promise<void> {
  const ids = runs.map(({ id }) => id);
  const { entries, bytes } = await db
    .selectFrom("event")
    .select((of) => [
      of.fn.countAll<string>().as("entries"),
      sql<string | null>`sum(length(entry) + coalesce(length(record), 0))`.as("bytes"),
    ])
    .where("run", "in", ids)
    .executeTakeFirstOrThrow();
  const recorded = await db
    .selectFrom("recording")
    .select((of) => of.fn.sum<string | null>("checked").as("bytes"))
    .where("run", "in", ids)
    .executeTakeFirstOrThrow();
  if (Number(entries) > MOST_ENTRIES) throw tooLarge(`more than ${String(MOST_ENTRIES)} entries`);
  if (Number(bytes ?? 0) + Number(recorded.bytes ?? 0) > MOST_BYTES) {
    throw tooLarge(`more than ${String(MOST_BYTES >> 20)} MiB`);
  }
}

/** As far as the host's record says that it is what it recorded; undefined: there is nothing of it here that may be in an archive. */
async function recordingOf(server: Server, { host, id }: RunOnHost): Promise<RecordingRow | undefined> {
  const key = { host, run: id };
  await server.recordings.checks.catchUp(key);
  const row = await oneRow(server.db, key).executeTakeFirst();
  return row === undefined || row.erased || row.differs || row.checked === 0 ? undefined : row;
}

function leftOutRecordings(
  caller: Caller,
  chosen: readonly ChosenRun[],
  replayable: ReadonlyMap<string, RunOnHost>,
): string[] {
  const forbidden = chosen.filter(({ id }) => !replayable.has(id)).length;
  const absent = chosen.filter(({ id, recording }) => replayable.has(id) && recording === undefined).length;
  const partial = chosen.filter(({ recording }) => recording && recording.checked !== recording.whole).length;
  const said: (readonly [number, string])[] = [
    [forbidden, `that ${caller.id} may not replay`],
    [
      absent,
      "that has none here: its terminal was not recorded, it stays on its host, is erased, or is not what was recorded",
    ],
    [partial, "from where on it has not come yet, or is not in the record of its host yet"],
  ];
  return said.flatMap(([runs, why]) =>
    runs === 0 ? [] : [`Not in it: the recording of ${count(runs, "run")} ${why}.`],
  );
}

function tooLarge(what: string): ServerError {
  return new ServerError("SERVER_TOO_LARGE", `one archive would have ${what}`, {
    remedy: "ask for a shorter time or a narrower scope, without recordings, or for several archives",
  });
}
