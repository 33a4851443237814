import type { KeyObject } from "node:crypto";
import type { HeldLog } from "@bailiwick/audit";
import { publicKeyOf } from "../../contract/signing.ts";
import { hostResource, teamsOf, type Resource } from "../access/resources.ts";
import type { Holding } from "../arrivals/batch.ts";
import type { Database } from "../store/tables.ts";

export interface KnownHost {
  readonly publicKey: KeyObject;
  readonly person: string;
  readonly resource: Resource;
  /** Of its record, when this was remembered: it may be another by now. Undefined: it is none that this server writes. */
  readonly logKey: HeldLog["key"] | undefined;
}

const BELIEVED_MS = 30_000;
const MOST = 20_000;

/**
 * Hosts that send their records all the time, remembered for half a minute. Only for what they send: a key never changes, and that the
 * host was revoked or its person has no access any more is looked at anew in the transaction that writes (INVARIANT(standing-host)).
 */
export class KnownHosts {
  readonly #db: Database;
  readonly #holding: Holding;
  readonly #now: () => number;
  readonly #permitted = new WeakSet<Resource>();
  readonly #known = new Map<string, { readonly host: KnownHost; readonly until: number }>();

  #asked: { readonly ids: Set<string>; readonly answer: Promise<ReadonlyMap<string, KnownHost>> } | undefined;

  constructor(db: Database, holding: Holding, now: () => number) {
    this.#db = db;
    this.#holding = holding;
    this.#now = now;
  }

  /** Undefined when there is none, or it counts no longer: that is never remembered. */
  async find(id: string): Promise<KnownHost | undefined> {
    const known = this.#known.get(id);
    if (known !== undefined && known.until > this.#now()) return known.host;
    // A thousand that are asked about at once are one question: each by itself they would wait for the database's few connections.
    const asked = (this.#asked ??= { ids: new Set(), answer: this.#askSoon() });
    asked.ids.add(id);
    return (await asked.answer).get(id);
  }

  /**
   * Remembers, as long as the host itself, that it may send its record: this follows from its name and what it lies in, which are those of
   * the resource, and from the roles that are built in.
   */
  permit(resource: Resource): void {
    this.#permitted.add(resource);
  }

  isPermitted(resource: Resource): boolean {
    return this.#permitted.has(resource);
  }

  async #askSoon(): Promise<ReadonlyMap<string, KnownHost>> {
    await new Promise(setImmediate);
    const ids = [...(this.#asked?.ids ?? [])];
    this.#asked = undefined;
    const hosts = await readHosts(this.#db, this.#holding, ids);
    if (this.#known.size + hosts.size > MOST) this.#known.clear();
    for (const id of ids) {
      const host = hosts.get(id);
      if (host === undefined) this.#known.delete(id);
      else this.#known.set(id, { host, until: this.#now() + BELIEVED_MS });
    }
    return hosts;
  }
}

/** As the database has it now. */
export async function readHost(db: Database, holding: Holding, id: string): Promise<KnownHost | undefined> {
  return (await readHosts(db, holding, [id])).get(id);
}

/** One that counts, or whose runs are ended since it counts no longer: it may hear that, and nothing else. */
export async function readHostToTell(db: Database, holding: Holding, id: string): Promise<KnownHost | undefined> {
  return (await readHosts(db, holding, [id], true)).get(id);
}

async function readHosts(
  db: Database,
  holding: Holding,
  ids: readonly string[],
  orGone = false,
): Promise<Map<string, KnownHost>> {
  const rows = await db
    .selectFrom("host")
    .innerJoin("person", "person.id", "host.person")
    .select(["host.id", "public_key", "log_key", "host.person"])
    .where("host.id", "in", [...ids])
    .where(({ or, and, eb }) =>
      or([
        and([eb("revoked_at", "is", null), eb("active", "=", true)]),
        ...(orGone ? [eb("runs_ended", "is not", null)] : []),
      ]),
    )
    .execute();
  const teams = await teamsOf(db, [...new Set(rows.map(({ person }) => person))]);
  return new Map(
    rows.map(({ id, public_key, log_key, person }) => [
      id,
      {
        publicKey: publicKeyOf(public_key),
        person,
        resource: hostResource({ id, person }, teams.get(person)),
        logKey: holding.parseVerifierKey(log_key, holding.sha256),
      },
    ]),
  );
}
