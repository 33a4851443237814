import { POLICY_STATEMENT, type HeldLayer, type PolicyStanding } from "../../contract/policies.ts";
import type { Handlers, Server } from "../routes/handler.ts";
import { notFound } from "../routes/people.ts";
import { storable } from "../store/text.ts";
import { signStanding } from "../live/sign-standing.ts";
import { layersFor, newestSequence, targetsOf } from "./releases.ts";

type Asked = Parameters<Handlers["fetchPolicies"]>[1];

/** Tells a host which layers hold for it, and keeps what it was told and what it says of what it has. */
export async function tellPolicies(server: Server, { params, body }: Asked) {
  const { db, now } = server;
  const at = now();
  const { layers, sequence } = await db.transaction().execute(async (transaction) => {
    // Before the layers are read: a release that comes meanwhile has a higher number than what is told.
    const newest = await newestSequence(transaction);
    const [host] = await targetsOf(transaction, [params.host]);
    if (host === undefined) throw notFound(`there is no host \`${params.host}\``);
    const found = await layersFor(transaction, host);
    await keep(transaction, { host, layers: found, sequence: newest, at, body });
    if (body.refused !== undefined && host.refused !== storable(body.refused.why)) {
      await server.notifier.enqueueNotice(transaction, "hosts", { type: "policy.refused", host: host.number });
    }
    return { layers: found, sequence: newest };
  });
  const standing: PolicyStanding = { host: params.host, nonce: body.nonce, at, sequence, layers };
  const statement = await signStanding(server, POLICY_STATEMENT, standing);
  return { statement, bundles: await bundlesFor(server, layers, body.has) };
}

interface Keeping {
  readonly host: Awaited<ReturnType<typeof targetsOf>>[number];
  readonly layers: readonly HeldLayer[];
  readonly sequence: number;
  readonly at: number;
  readonly body: Asked["body"];
}

async function keep(db: Server["db"], { host, layers, sequence, at, body }: Keeping): Promise<void> {
  const told = JSON.stringify(layers);
  const { using, refused, beyond = [] } = body;
  // Behind what it was told before: what it is told now it can't have yet.
  const behind = host.told_sequence !== null && using !== host.told_sequence;
  const values = {
    told,
    told_sequence: sequence,
    heard_at: at,
    using_sequence: using ?? null,
    behind_since: behind ? (host.behind_since ?? host.heard_at ?? at) : null,
    refused: refused === undefined ? null : storable(refused.why),
    beyond: JSON.stringify(beyond.map(storable)),
  };
  await db
    .insertInto("host_policy")
    .values({ host: host.number, ...values })
    .onConflict((conflict) => conflict.column("host").doUpdateSet(values))
    .execute();
}

async function bundlesFor({ db }: Server, layers: readonly HeldLayer[], has: readonly string[]): Promise<string[]> {
  const missing = [...new Set(layers.map(({ digest }) => digest))].filter((digest) => !has.includes(digest));
  if (missing.length === 0) return [];
  const rows = await db
    .selectFrom("policy_version")
    .select(["digest", "bundle"])
    .distinct()
    .where("digest", "in", missing)
    .execute();
  return rows.map(({ bundle }) => bundle);
}
