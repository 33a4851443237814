import { createHash, type Hash } from "node:crypto";
import type { Journal } from "../arrivals/journal.ts";
import type { Database } from "../store/tables.ts";
import { oneRow, readPieces, topicOf, type RecordingKey } from "./pieces.ts";

interface Reached {
  readonly hash: Hash;
  /** So many bytes are in it. */
  readonly at: number;
}

export interface Compared {
  readonly checked: number;
  readonly differs: boolean;
}

/** Recordings whose hashes go on where they were; of others the beginning is read again. */
const MOST_KNOWN = 500;

/**
 * Compares what is here of recordings with what the records of their hosts say of them: each byte once, as long as this instance remembers how far
 * it is. A host can't send another recording than it recorded without this being seen. What is changed in the database after it was compared is not
 * compared again.
 */
export class RecordingChecks {
  readonly #db: Database;
  readonly #journal: Journal;
  readonly #reached = new Map<string, Reached>();
  readonly #turns = new Map<string, Promise<void>>();

  constructor(db: Database, journal: Journal) {
    this.#db = db;
    this.#journal = journal;
  }

  /** Resolves when all that can be compared of a recording is. One at a time for each of them. @throws errors of the database */
  async catchUp(key: RecordingKey): Promise<void> {
    const topic = topicOf(key);
    const turn = (this.#turns.get(topic) ?? Promise.resolve()).catch(() => undefined).then(() => this.#compare(key));
    this.#turns.set(topic, turn);
    try {
      await turn;
    } finally {
      if (this.#turns.get(topic) === turn) this.#turns.delete(topic);
    }
  }

  /** What {@link catchUp} would come to, where the database takes nothing. Nothing of it is kept. */
  async compare(key: RecordingKey, { checked, differs }: Compared): Promise<Compared> {
    const found = { checked, differs };
    // By itself: what the turns of catchUp remember is not to be moved.
    const hash = createHash("sha256");
    let at = 0;
    for (const { bytes, digest } of await this.#claimsOf(key)) {
      if (found.differs) break;
      for await (const piece of readPieces(this.#db, key, at, bytes)) hash.update(piece);
      at = bytes;
      if (`sha256:${hash.copy().digest("hex")}` === digest) found.checked = Math.max(found.checked, bytes);
      else found.differs = true;
    }
    return found;
  }

  async #compare(key: RecordingKey): Promise<void> {
    for (const { bytes, digest, differs } of await this.#claimsOf(key)) {
      // What follows what differs differs too.
      const same = !differs && (await this.#digestOf(key, bytes)) === digest;
      if (!(await this.#settle(key, bytes, same))) return;
    }
  }

  async #claimsOf(key: RecordingKey) {
    return await this.#db
      .selectFrom("recording_claim")
      .innerJoin("recording", (join) =>
        join.onRef("recording.host", "=", "recording_claim.host").onRef("recording.run", "=", "recording_claim.run"),
      )
      .select(["recording_claim.bytes", "digest", "differs"])
      .where("recording_claim.host", "=", key.host)
      .where("recording_claim.run", "=", key.run)
      .whereRef("recording_claim.bytes", "<=", "recording.bytes")
      .orderBy("recording_claim.bytes")
      .execute();
  }

  async #digestOf(key: RecordingKey, bytes: number): Promise<string> {
    const topic = topicOf(key);
    const known = this.#reached.get(topic);
    const { hash, at } = known !== undefined && known.at <= bytes ? known : { hash: createHash("sha256"), at: 0 };
    this.#reached.delete(topic);
    for await (const piece of readPieces(this.#db, key, at, bytes)) hash.update(piece);
    this.#reached.set(topic, { hash, at: bytes });
    for (const oldest of this.#reached.keys()) {
      if (this.#reached.size <= MOST_KNOWN) break;
      this.#reached.delete(oldest);
    }
    return `sha256:${hash.copy().digest("hex")}`;
  }

  /** @returns whether there may be more to compare */
  async #settle(key: RecordingKey, bytes: number, same: boolean): Promise<boolean> {
    const settled = await this.#db.transaction().execute(async (transaction) => {
      const row = await oneRow(transaction, key).forUpdate().executeTakeFirst();
      // Erased while it was read: what it was compared with is no more.
      if (row === undefined || row.erased) return { erased: true, first: false };
      await transaction
        .updateTable("recording")
        .set(same ? { checked: Math.max(row.checked, bytes) } : { differs: true })
        .where("host", "=", key.host)
        .where("run", "=", key.run)
        .execute();
      await transaction
        .deleteFrom("recording_claim")
        .where("host", "=", key.host)
        .where("run", "=", key.run)
        .where("bytes", "=", bytes)
        .execute();
      return { erased: false, first: !same && !row.differs };
    });
    if (settled.first) await this.#accuse(key, bytes);
    return !settled.erased;
  }

  async #accuse({ host, run }: RecordingKey, bytes: number): Promise<void> {
    const { id } = await this.#db.selectFrom("host").select("id").where("number", "=", host).executeTakeFirstOrThrow();
    await this.#journal.note({ type: "recording.differs", host: id, run, bytes });
  }
}
