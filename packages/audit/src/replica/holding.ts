/** What a holder of copies needs, together: loaded by servers, and by nothing that a run waits for. */
import { isSha256, sha256 } from "../key.ts";
import type { Event } from "../events.ts";
import { decodeText, parseText } from "../json.ts";
import { formatVerifierKey, type VerifierKey } from "../note.ts";
import { isMembers, joinEvent } from "../personal.ts";
import { completeEvent, isRun, openEntry, type OpenEntry } from "../verify/parse-event.ts";
import { TextForms } from "../verify/text-form.ts";
import { readUsualEvent } from "../verify/usual-event.ts";
import { formatWitnessKey } from "../witness/cosignature.ts";

export { checkAhead, continueLog, emptyHeldLog, type SignedAhead } from "./held-log.ts";
export { cosignLine, KeptLog, openHolderKeys, type HolderKeys } from "./kept-log.ts";
export { proveGrowth, proveKept, sizeOfCheckpoint, type ReadTile } from "./prove-kept.ts";
export { packEntries, packRecords, unpackEntries, unpackRecords } from "./entry-pack.ts";
export { parseCheckpoint } from "../checkpoint.ts";
export { parseNote, parseVerifierKey } from "../note.ts";
export { CompactRange, createTreeHasher, equalBytes, hashPerfect } from "../merkle.ts";
export { decodeBundle, decodeTile, TILE_WIDTH, tilePath, type TileName } from "../tiles.ts";
export { tileOf } from "../stored.ts";
export { readEntryHead } from "../read.ts";
export { countEntry, emptySummary, summarize } from "../run-summary.ts";
export { signStatementBy } from "../statement.ts";
export { sha256 };

/** The verifier keys of a holder in their text forms. */
export function formatHolderKeys(log: VerifierKey, witness: VerifierKey): { log: string; witness: string } {
  return { log: formatVerifierKey(log), witness: formatWitnessKey(witness) };
}

export interface HeldEvent {
  readonly run: string;
  readonly type: Event["type"];
  readonly event: Event;
  /** The event has personal members, and they did not come with it. */
  readonly erased: boolean;
}

/**
 * An entry with its record as an event. `unknown`: of a type or form that this version does not know, which a holder keeps all the
 * same; `record`: the record is not what the entry commits to.
 */
export function openHeldEvent(entry: Uint8Array, record: Uint8Array | undefined): HeldEvent | "unknown" | "record" {
  return openUsual(entry, record) ?? openAny(entry, record);
}

let forms: TextForms | undefined;

/** What the forms of the texts say is an event needs no schema: most are, and a server opens all that arrive. */
function openUsual(entry: Uint8Array, committed: Uint8Array | undefined): HeldEvent | undefined {
  const text = decodeText(entry);
  const usual =
    text === undefined ? undefined : readUsualEvent((forms ??= new TextForms()), { text, committed }, isSha256);
  // Personal members where there should be none, and none where there should be some, are for the long way.
  if (text === undefined || usual === undefined || (usual.digest === undefined) !== (committed === undefined))
    return undefined;
  const open = parseText(text);
  const personal = usual.personal === undefined ? undefined : parseText(usual.personal);
  if (!isMembers(open) || !isRun(open["run"])) return undefined;
  const { run } = open;
  delete open["private"];
  const event = personal === undefined ? open : joinEvent(open, personal);
  // INVARIANT(text-form): what matches the patterns satisfies the schema that they were made from.
  return { run, type: usual.form.type, event: event as Event, erased: false }; // eslint-disable-line @typescript-eslint/no-unsafe-type-assertion -- see above
}

function openAny(entry: Uint8Array, record: Uint8Array | undefined): HeldEvent | "unknown" | "record" {
  const open = openEntry(entry);
  if (record !== undefined && !isCommitted(open, record)) return "record";
  const event = open && completeEvent(open, record);
  if (open === undefined || event === undefined) return "unknown";
  return { run: open.run, type: open.type, event, erased: open.private !== undefined && record === undefined };
}

function isCommitted(open: OpenEntry | undefined, record: Uint8Array): boolean {
  return open?.private !== undefined && isSha256(record, open.private);
}
