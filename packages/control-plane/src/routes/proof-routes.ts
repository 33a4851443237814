import { ServerError } from "../../contract/errors.ts";
import { findRun } from "../access/resources.ts";
import { hostTiles } from "../proofs/host-tiles.ts";
import { headOf, readOwnEntry, withOwnLog } from "../proofs/own-log.ts";
import type { Handlers } from "./handler.ts";
import { notFound } from "./people.ts";

export const proofRoutes = {
  showLogHead: async (server, { query: { since } }) =>
    await withOwnLog(server, async (log) => await headOf(server, log, since)),

  proveNote: async (server, { params: { index }, query: { since } }) =>
    await withOwnLog(server, async (log) => {
      const entry = await readOwnEntry(server, log, index);
      if (entry === undefined) throw notFound(`the server's log has no entry ${String(index)}`);
      const proof = await server.holding.proveKept(log, { index, entry, committed: undefined });
      return { ...(await headOf(server, log, since)), proof: Buffer.from(proof).toString("utf8") };
    }),

  proveEvent: async ({ db, holding, keys }, { params: { run, seq }, query: { personal } }) => {
    const found = await findRun(db, run);
    const row = await db
      .selectFrom("event")
      .innerJoin("host", "host.number", "event.host")
      .select(["host.number", "host.id", "log_key", "checkpoint", "index", "entry", "record"])
      .where("seq", "=", seq)
      .where("run", "=", run)
      .where("event.host", "=", found?.host ?? 0)
      .executeTakeFirst();
    if (row === undefined) throw notFound(`the run \`${run}\` has no event ${String(seq)} here`);
    const { checkpoint, index, entry, record } = row;
    if (checkpoint === null || index >= holding.sizeOfCheckpoint(checkpoint)) throw notCovered();
    const read = hostTiles({ db, holding, onUnkept: () => undefined }, row.number);
    const committed = personal === "true" ? (record ?? undefined) : undefined;
    const proof = await holding.proveKept({ checkpoint, read }, { index, entry, committed });
    const { witness } = holding.formatHolderKeys(keys.signer.verifier, keys.cosigner.verifier);
    return { host: row.id, logKey: row.log_key, witnessKey: witness, proof: Buffer.from(proof).toString("utf8") };
  },
} as const satisfies Partial<Handlers>;

function notCovered(): ServerError {
  return new ServerError("SERVER_CONFLICT", "no checkpoint that the server cosigned covers this event yet", {
    remedy: "wait until its host has sent the rest, which it does while it runs and by `bailiwick sync`",
  });
}
