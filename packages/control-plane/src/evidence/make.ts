/** An archive of evidence of what hosts sent, while it is made. */
import { createHash } from "node:crypto";
import type { Order } from "@bailiwick/evidence";
import { ServerError } from "../../contract/errors.ts";
import type { NewEvidence } from "../../contract/evidence-routes.ts";
import { findRuns, type Resource } from "../access/resources.ts";
import { isStillKnown, type Caller } from "../identity/callers.ts";
import type { Server } from "../routes/handler.ts";
import type { Chosen } from "./choose.ts";
import { HostLog } from "./host-log.ts";

export interface Making {
  readonly caller: Caller;
  readonly wanted: NewEvidence;
  readonly resource: Resource;
  readonly chosen: Chosen;
}

/**
 * The archive, piece by piece. Its end, without which it is none, is given when the server's log has who made it of what, with its digest, and whoever
 * asked still may.
 * @throws ServerError SERVER_BUSY, SERVER_CONFLICT, SERVER_FORBIDDEN, SERVER_STORE_FAILED
 */
export async function* makeArchive(server: Server, making: Making): AsyncGenerator<Uint8Array, void> {
  const done = server.evidence.begin();
  try {
    const hash = createHash("sha256");
    let bytes = 0;
    let held: Uint8Array | undefined;
    for await (const piece of write(server, making)) {
      hash.update(piece);
      bytes += piece.length;
      if (held !== undefined) yield held;
      held = piece;
    }
    await requireStill(server, making);
    await note(server, making, { digest: `sha256:${hash.digest("hex")}`, bytes });
    if (held !== undefined) yield held;
  } finally {
    done();
  }
}

async function* write(server: Server, { caller, wanted, chosen }: Making): AsyncGenerator<Uint8Array> {
  const { db, holding, keys, now, version } = server;
  const { writeEvidence } = await import("@bailiwick/evidence");
  const names = holding.formatHolderKeys(keys.signer.verifier, keys.cosigner.verifier);
  const { logs, unsigned } = await openLogs({ db, holding }, chosen);
  const leftOut = unsigned === 0 ? chosen.leftOut : [...chosen.leftOut, unsignedText(unsigned)];
  const order: Order = { by: caller.id, reason: wanted.reason, witness: names.witness, leftOut };
  yield* writeEvidence({
    ...{ logs, order, period: chosen.period, unattributed: 0, now: now(), version, key: names.log },
    ...(wanted.scope.type === "Project" && { project: wanted.scope.id }),
    frameworks: wanted.frameworks,
    sign: (statement) => holding.signStatementBy(keys.signer, statement),
  });
}

function unsignedText(runs: number): string {
  return `Not in it: ${String(runs)} runs of hosts of which the server has cosigned no head yet.`;
}

/** @throws ServerError SERVER_CONFLICT */
async function openLogs(
  parts: Pick<Server, "db" | "holding">,
  { runs, period }: Chosen,
): Promise<{ readonly logs: readonly HostLog[]; readonly unsigned: number }> {
  const byHost = Map.groupBy(runs, ({ host }) => host);
  const hosts = await parts.db
    .selectFrom("host")
    .select(["number", "id", "log_key", "checkpoint"])
    .where("number", "in", [...byHost.keys()])
    .orderBy("id")
    .execute();
  const logs: HostLog[] = [];
  let unsigned = 0;
  for (const { checkpoint, ...host } of hosts) {
    const of = byHost.get(host.number) ?? [];
    if (checkpoint === null) {
      unsigned += of.length;
      continue;
    }
    const log = new HostLog(parts, { ...host, checkpoint }, { runs: of, period });
    await log.checkHead();
    logs.push(log);
  }
  if (logs.length > 0) return { logs, unsigned };
  throw new ServerError("SERVER_CONFLICT", "no head that the server cosigned covers any of these runs yet", {
    remedy: "wait until their hosts have sent the rest, which they do while runs go on and by `bailiwick sync`",
  });
}

/** What was erased, or taken away from whoever asked, while it was made is not given. @throws ServerError SERVER_CONFLICT, SERVER_FORBIDDEN */
async function requireStill(server: Server, { caller, resource, chosen }: Making): Promise<void> {
  const { db, authority, sessions, now } = server;
  const still =
    (await isStillKnown(db, caller, { now: now(), settings: sessions })) &&
    (await authority.decide(caller, "exportAudit", resource)).allowed;
  if (!still) throw new ServerError("SERVER_FORBIDDEN", "the right was taken away while the archive was made");
  const ids = chosen.runs.map(({ id }) => id);
  const runs = await findRuns(db, ids);
  if (chosen.runs.some(({ id, erased }) => runs.get(id)?.erased !== erased)) {
    throw new ServerError("SERVER_CONFLICT", "a run was erased while the archive was made", {
      remedy: "make it again",
    });
  }
}

async function note(
  server: Server,
  { caller, wanted: { scope, reason }, chosen: { runs, period } }: Making,
  made: { readonly digest: string; readonly bytes: number },
): Promise<void> {
  await server.journal.note({
    type: "evidence.made",
    by: caller.id,
    ...{ scope, reason, ...period },
    runs: runs.map(({ id }) => id),
    recordings: runs.flatMap(({ id, recording }) => (recording === undefined ? [] : [id])),
    ...made,
  });
}
