import { verify } from "node:crypto";
import { ServerError } from "../../contract/errors.ts";
import { enrolmentMessage, publicKeyOf } from "../../contract/signing.ts";
import { hostResource, teamsOf } from "../access/resources.ts";
import type { Holding } from "../arrivals/batch.ts";
import { heardOf, silenceOf } from "../hosts/heard.ts";
import { hostOf } from "../hosts/host-of.ts";
import { showHost } from "../hosts/show-host.ts";
import { goingOf, startsOf } from "../hosts/starts.ts";
import { makeId } from "../identity/secrets.ts";
import type { Handlers } from "./handler.ts";
import { listSeen } from "./listed.ts";
import { conflict, notFound } from "./people.ts";
import { useOnce } from "./tokens.ts";

export const hosts = {
  enrolHost: async ({ db, holding, journal, keys, now }, { body }) => {
    const { token, name, logKey } = body;
    const publicKey = Buffer.from(body.publicKey, "base64");
    const key = holding.parseVerifierKey(logKey, holding.sha256);
    if (key === undefined || publicKey.length !== 32 || !isProven(publicKey, body)) {
      throw new ServerError("SERVER_MALFORMED", "the host's keys or the proof that it has them are wrong");
    }
    const id = makeId(name);
    await db.transaction().execute(async (transaction) => {
      const { person } = await useOnce(transaction, token, { kind: "enrolment", now: now() });
      if (person === null) throw new Error("an enrolment token is somebody's");
      const known = await transaction.selectFrom("host").selectAll().where("origin", "=", key.name).executeTakeFirst();
      if (known === undefined) {
        const row = { id, name, person, public_key: publicKey, origin: key.name, log_key: logKey, enrolled_at: now() };
        await transaction.insertInto("host").values(row).execute();
        return;
      }
      throw conflict(
        `the record of this host is enrolled already, as \`${known.id}\``,
        "revoke that host, or use a state directory of its own",
      );
    });
    await journal.note({ type: "identity.changed", what: "host enrolled", whom: id });
    const { log, witness } = holding.formatHolderKeys(keys.signer.verifier, keys.cosigner.verifier);
    return { host: id, server: { logKey: log, witnessKey: witness } };
  },

  listHosts: async (server, { caller, query }) => {
    const { db, authority } = server;
    const grants = await authority.grantsOf(caller);
    return await listSeen(query, {
      read: async (after, most) => {
        const first = db.selectFrom("host").selectAll().orderBy("id").limit(most);
        return await (after === undefined ? first : first.where("id", ">", after)).execute();
      },
      placeOf: ({ id }) => id,
      show: async (rows) => {
        const teams = await teamsOf(db, [...new Set(rows.map(({ person }) => person))]);
        const numbers = rows.map(({ number }) => number);
        const [starts, going] = [await startsOf(server, numbers, 1), await goingOf(db, numbers)];
        const heard = await heardOf(db, [...going.keys()]);
        return async (row) => {
          const resource = hostResource(row, teams.get(row.person));
          const { allowed } = await authority.decideWith(grants, caller, { action: "viewHost", resource });
          const { number } = row;
          const silence = silenceOf(heard.get(number) ?? Infinity, server);
          const known = { going: going.get(number) ?? 0, start: starts.get(number)?.[0], silence };
          return allowed ? hostOf(row, known) : undefined;
        };
      },
    });
  },

  showHost: async (server, { caller, params: { host } }) => await showHost(server, caller, host),

  revokeHost: async ({ db, journal, now }, { caller, params: { host }, body: { reason } }) => {
    const known = await db.selectFrom("host").select("revoked_at").where("id", "=", host).executeTakeFirstOrThrow();
    if (known.revoked_at !== null) throw notFound(`the host \`${host}\` was revoked already`);
    await journal.note({ type: "host.revoked", host, by: caller.id, reason });
    await db.updateTable("host").set({ revoked_at: now() }).where("id", "=", host).execute();
    return undefined;
  },

  logState: async ({ db }, { params: { host } }) => {
    return await db.selectFrom("host").select("size").where("id", "=", host).executeTakeFirstOrThrow();
  },

  appendLog: async ({ holding, hosts, journal }, { params: { host }, body }) => {
    const { from, count, proof } = body;
    const { entries, records } = unpack(holding, body);
    if (entries.length !== count) throw malformed();
    const checkpoint = Buffer.from(body.checkpoint, "base64");
    // Not in the transaction, where everybody else would wait for it.
    const key = (await hosts.find(host))?.logKey;
    const ahead = key && (await holding.checkAhead(checkpoint, key));
    const hashes = proof.map((hash) => Buffer.from(hash, "base64"));
    return await journal.append({ host, from, entries, records, checkpoint, proof: hashes, ahead });
  },
} as const satisfies Partial<Handlers>;

function unpack(holding: Holding, { count, entries, records }: { count: number; entries: string; records: string }) {
  const unpacked = holding.unpackEntries(decode(entries), count);
  const recordsOf = unpacked && holding.unpackRecords(decode(records), count);
  if (unpacked === undefined || recordsOf === undefined) throw malformed();
  return { entries: unpacked, records: recordsOf };
}

/** Node passes over what is no base 64; then fewer bytes come out than that many letters are. */
function decode(text: string): Buffer {
  const bytes = Buffer.from(text, "base64");
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  if (text.length % 4 !== 0 || bytes.length !== (text.length / 4) * 3 - padding) throw malformed();
  return bytes;
}

function malformed(): ServerError {
  return new ServerError("SERVER_MALFORMED", "the entries or their records are not as many as there should be");
}

/** Whoever enrols a key has it: else somebody could enrol another's, and what that one signs would count as theirs. */
function isProven(
  publicKey: Buffer,
  { token, logKey, proof }: { readonly token: string; readonly logKey: string; readonly proof: string },
): boolean {
  return verify(null, enrolmentMessage(token, logKey), publicKeyOf(publicKey), Buffer.from(proof, "base64"));
}
