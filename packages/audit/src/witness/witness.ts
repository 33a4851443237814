import { hash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseCheckpoint, type Checkpoint } from "../checkpoint.ts";
import { AuditError } from "../errors.ts";
import { diskFiles, DurableWriter, listIfThere, readIfThere } from "../files.ts";
import { sha256, verifyEd25519 } from "../key.ts";
import { FileLock } from "../lock.ts";
import { createTreeHasher, equalBytes } from "../merkle.ts";
import { formatNote, isSignedBy, parseNote, type Note, type VerifierKey } from "../note.ts";
import { isConsistent } from "../proof.ts";
import { parseAddCheckpoint, type AddCheckpoint } from "./add-checkpoint.ts";
import { formatWitnessKey } from "./cosignature.ts";
import { openCosigner, type Cosigner } from "./witness-key.ts";

/** A log that the witness follows. */
export interface WatchedLog {
  readonly origin: string;
  /** Any of these may sign it: during a rotation there are two. */
  readonly keys: readonly VerifierKey[];
}

export interface WitnessOptions {
  /** The witness's own directory, made with mode 0700. Putting an older state of it back makes the witness forget. */
  readonly state: string;
  readonly logs: readonly WatchedLog[];
  /** Of a new key. */
  readonly name?: string | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** What is answered, as HTTP has it. */
export interface WitnessAnswer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422;
  readonly type: "text/plain; charset=utf-8" | "text/x.tlog.size";
  readonly body: string;
}

const LOCK_MS = 5_000;
/** Requests that prove a log's misbehaviour are kept, so many of them. */
const MOST_CONFLICTS = 100;

const tree = createTreeHasher(sha256);

/**
 * A witness: for each log it remembers the largest head it has cosigned, and cosigns only what that is a prefix of.
 * INVARIANT(remembered-first): a cosignature leaves only after its head is durable, and head and check are under one lock, so that
 * no two heads of one log are ever cosigned of which neither is a prefix of the other, whatever crashes and however many processes
 * share the state.
 * @see https://c2sp.org/tlog-witness
 */
export class Witness {
  readonly #options: WitnessOptions;
  readonly #cosigner: Cosigner;
  readonly #lock: FileLock;
  readonly #writer: DurableWriter;
  /** The lock excludes other processes; this, the requests of this one. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: WitnessOptions, cosigner: Cosigner, lock: FileLock, writer: DurableWriter) {
    this.#options = options;
    this.#cosigner = cosigner;
    this.#lock = lock;
    this.#writer = writer;
  }

  /** The verifier key of this witness, one line. */
  get key(): string {
    return formatWitnessKey(this.#cosigner.verifier);
  }

  close(): void {
    this.#lock.close();
  }

  /** @throws AuditError AUDIT_LOCKED, AUDIT_LOCK_FAILED, AUDIT_WITNESS_DAMAGED; errors of the disk: nothing was cosigned then */
  async addCheckpoint(body: Uint8Array): Promise<WitnessAnswer> {
    const request = parseAddCheckpoint(body);
    const note = request && parseNote(request.checkpoint);
    const checkpoint = note && parseCheckpoint(note.text);
    if (request === undefined || note === undefined || checkpoint === undefined) {
      return refusal(400, "this is not an add-checkpoint request of tlog-witness");
    }
    const log = this.#options.logs.find(({ origin }) => origin === checkpoint.origin);
    if (log === undefined) return refusal(404, "this log is not known here");
    if (!(await isSignedByAny(note, log.keys))) return refusal(403, "no key that is trusted for this log signed it");
    if (request.old > checkpoint.size) return refusal(400, "the old size is larger than the checkpoint's");
    return await this.#alone(() => this.#decide(request, note, checkpoint));
  }

  /** The newest checkpoint that was cosigned of the log whose origin has this SHA-256, in hexadecimal; undefined when none was. */
  latest(originHash: string): string | undefined {
    const bytes = /^[0-9a-f]{64}$/.test(originHash) ? readIfThere(diskFiles, this.#pathOf(originHash)) : undefined;
    return bytes && Buffer.from(bytes).toString("utf8");
  }

  async #decide(request: AddCheckpoint, note: Note, checkpoint: Checkpoint): Promise<WitnessAnswer> {
    const last = this.#read(checkpoint.origin);
    if (request.old !== (last?.size ?? 0)) {
      return { status: 409, type: "text/x.tlog.size", body: `${String(last?.size ?? 0)}\n` };
    }
    if (!follows(checkpoint, last, request.proof)) {
      if (last !== undefined) await this.#keepConflict(request, checkpoint);
      return refusal(422, "the checkpoint is not proven to continue the one that was cosigned last");
    }
    const { name, id } = this.#cosigner.verifier;
    const timeS = Math.floor(this.#options.now() / 1000);
    const line = { name, id, signature: this.#cosigner.cosign(note.text, timeS) };
    const kept = formatNote(note.text, [...note.signatures, line]);
    await this.#writer.replace(this.#pathOf(hashOf(checkpoint.origin)), Buffer.from(kept));
    return { status: 200, type: "text/plain; charset=utf-8", body: formatNote("", [line]).slice(1) };
  }

  /** What is there and cannot be read is never taken for nothing: the witness would cosign anything then. */
  #read(origin: string): Checkpoint | undefined {
    const path = this.#pathOf(hashOf(origin));
    const bytes = readIfThere(diskFiles, path);
    if (bytes === undefined) return undefined;
    const note = parseNote(bytes);
    const checkpoint = note && parseCheckpoint(note.text);
    if (checkpoint?.origin === origin) return checkpoint;
    throw new AuditError(
      "AUDIT_WITNESS_DAMAGED",
      `what the witness remembers of a log is damaged: \`${path}\`; look at it, and restore the newest copy you have`,
    );
  }

  /** Two heads signed by the log that exclude each other are proof against it. A failing disk does not change the answer. */
  async #keepConflict(request: AddCheckpoint, { origin, size, root }: Checkpoint): Promise<void> {
    const folder = join(this.#options.state, "conflicts");
    if (listIfThere(diskFiles, folder).length >= MOST_CONFLICTS) return;
    const what = `${hashOf(origin).slice(0, 16)}-${String(size)}-${Buffer.from(root).toString("hex").slice(0, 16)}`;
    await this.#writer.replace(join(folder, what), request.checkpoint);
  }

  #pathOf(originHash: string): string {
    return join(this.#options.state, "logs", originHash);
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(async () => {
      const held = await this.#lock.acquire(LOCK_MS);
      try {
        return await work();
      } finally {
        held.release();
      }
    });
    // The next one waits for this one, however it ends.
    this.#turn = mine.catch(() => undefined);
    return await mine;
  }
}

/** @throws AuditError AUDIT_KEY_UNUSABLE, AUDIT_LOCKED, AUDIT_LOCK_FAILED; errors of the disk */
export async function openWitness(options: WitnessOptions): Promise<Witness> {
  const { state, name } = options;
  mkdirSync(state, { recursive: true, mode: 0o700 });
  const lock = new FileLock(join(state, "lock"));
  const writer = new DurableWriter(diskFiles, state);
  try {
    const held = await lock.acquire(LOCK_MS);
    try {
      await writer.syncDirectory(dirname(state));
      return new Witness(options, await openCosigner(state, writer, name), lock, writer);
    } finally {
      held.release();
    }
  } catch (error) {
    lock.close();
    throw error;
  }
}

/** Whether a checkpoint continues the one before it; every log continues the empty one. */
function follows(newer: Checkpoint, last: Checkpoint | undefined, proof: readonly Uint8Array[]): boolean {
  if (newer.size === 0 && !equalBytes(newer.root, tree.empty())) return false;
  if (last === undefined || last.size === 0) return proof.length === 0;
  const claim = { older: last.size, olderRoot: last.root, newer: newer.size, newerRoot: newer.root };
  return isConsistent(tree, claim, proof);
}

async function isSignedByAny(note: Note, keys: readonly VerifierKey[]): Promise<boolean> {
  for (const key of keys) if (await isSignedBy(note, key, verifyEd25519)) return true;
  return false;
}

function hashOf(origin: string): string {
  return hash("sha256", origin, "hex");
}

function refusal(status: WitnessAnswer["status"], why: string): WitnessAnswer {
  return { status, type: "text/plain; charset=utf-8", body: `${why}\n` };
}
