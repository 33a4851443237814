import { join } from "node:path";
import { loadHolding } from "@bailiwick/audit";
import { ServerError } from "../contract/errors.ts";
import { AlarmBoard } from "./access/alarms.ts";
import { Authority } from "./access/authority.ts";
import type { DualControl } from "./access/dual-control.ts";
import { EvidenceDesk } from "./evidence/desk.ts";
import { PostgresTaskQueue } from "./fleet/postgres-queue.ts";
import { Sweeper } from "./fleet/sweeper.ts";
import { noteEarlier } from "./arrivals/note-earlier.ts";
import { Journal } from "./arrivals/journal.ts";
import { KnownHosts } from "./identity/known-hosts.ts";
import { Provider } from "./identity/provider.ts";
import { readClientSecret, type ProviderConfig } from "./identity/provider-config.ts";
import { Notifier } from "./notify/notifier.ts";
import { readNotify, type NotifyConfig } from "./notify/config.ts";
import { Watch } from "./notify/watch.ts";
import { hostsSchema, type HostsConfig } from "./notify/watch-hosts.ts";
import { readSmtp, type SmtpConfig } from "./notify/smtp.ts";
import { makeSecret } from "./identity/secrets.ts";
import { LiveHub } from "./live/hub.ts";
import { OrderDesk } from "./live/orders.ts";
import { headersOfAll } from "./routes/answer-headers.ts";
import { RecordingChecks } from "./recordings/checks.ts";
import { RecordingWatch } from "./recordings/watch.ts";
import { makeApp } from "./routes/app.ts";
import { Edge } from "./routes/edge.ts";
import { Refusals } from "./routes/refusals.ts";
import { sayCalmly } from "./say-calmly.ts";
import type { Server } from "./routes/handler.ts";
import { insertToken } from "./routes/tokens.ts";
import { Indexer } from "./search/indexer.ts";
import { listen, proxiesOf, type ListenOptions } from "./serve.privileged.ts";
import { lockServer, openStore } from "./store/open-store.ts";
import type { Database } from "./store/tables.ts";

export interface ServerOptions {
  /** Its keys, and the embedded database where no other is named. */
  readonly state: string;
  readonly database: string | undefined;
  readonly listen: ListenOptions;
  /** Where people sign in; its client secret is where this says. */
  readonly oidc?: ProviderConfig | undefined;
  /** Where questions are told; their secrets are where these say. */
  readonly notify?: readonly NotifyConfig[] | undefined;
  /** From when on a host is silent. */
  readonly hosts?: HostsConfig | undefined;
  /** By which server mail goes; needed where something is told by mail. */
  readonly smtp?: SmtpConfig | undefined;
  /** What more than one person has to want. */
  readonly dualControl?: readonly DualControl[] | undefined;
  /** Who says whether the work of a task is good: whoever has the right, or nobody who asked for it. */
  /** Whether the runs of whoever the directory says has left are ended. */
  readonly leaversEndRuns?: boolean | undefined;
  readonly tasksReviewedBy?: "anybody" | "others" | undefined;
  /** Of the server, as people see it; needed where people get links. */
  readonly publicUrl?: string | undefined;
  /** Of Bailiwick. */
  readonly version: string;
  /** Minutes after which a browser that asks nothing is signed out; 60 when it is not said. */
  readonly idleMinutes?: number | undefined;
  /** Hours for which who signed in by a passkey stays so; 12 when it is not said. Not where there is a provider. */
  readonly sessionHours?: number | undefined;
  /** Addresses, or ranges of them, of what stands in front of the server: they say who calls, and may speak plain HTTP. */
  readonly trustedProxies?: readonly string[] | undefined;
  readonly now: () => number;
  /** For the operator: one line. */
  readonly say: (text: string) => void;
  /** Whether the index of searches is made anew from what hosts sent. */
  readonly rebuildSearch?: boolean | undefined;
}

export interface RunningServer {
  readonly url: string;
  /** Verifier keys of its own log and of it as a witness. */
  readonly keys: { readonly log: string; readonly witness: string };
  /** To make the first owner with; undefined when there is one. */
  readonly setUpToken: string | undefined;
  close(): Promise<void>;
}

const SET_UP_MS = 86_400_000;
const IDLE_MINUTES = 60;
const SESSION_HOURS = 12;

/** @throws ServerError SERVER_CANNOT_START; AuditError AUDIT_KEY_UNUSABLE; errors of the disk */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { state, now } = options;
  const say = sayCalmly(options.say, now);
  const provider = options.oidc && new Provider(options.oidc, readClientSecret(options.oidc, process.env));
  const notify = readNotify(options.notify ?? [], process.env);
  const smtp = readSmtp(options.smtp, notify, process.env);
  const proxies = options.trustedProxies && proxiesOf(options.trustedProxies);
  const holding = await loadHolding();
  const keys = await holding.openHolderKeys(join(state, "keys"));
  const names = holding.formatHolderKeys(keys.signer.verifier, keys.cosigner.verifier);
  const store = await openStore({ url: options.database, state });
  const ending = new AbortController();
  const authority = new Authority(store.db, now, {
    dualControl: options.dualControl ?? [],
    tasksReviewedBy: options.tasksReviewedBy ?? "anybody",
  });
  const hub = new LiveHub(store, holding);
  const journal = new Journal({ store, holding, keys, feed: hub, now });
  const desk = new OrderDesk({ store, holding, keys, now, signal: ending.signal });
  const recordings = { checks: new RecordingChecks(store.db, journal), watch: new RecordingWatch(store) };
  const notifier = new Notifier({
    ...{ store, authority, journal, holding, notify, smtp, now, say, signal: ending.signal },
    base: options.publicUrl === undefined ? undefined : new URL(options.publicUrl),
  });
  const watch = new Watch({ store, holding, notify, hosts: options.hosts, now, say, signal: ending.signal });
  const tasks = new PostgresTaskQueue(store.db);
  const sweeper = new Sweeper({ tasks, journal, now, say });
  const indexer = new Indexer({ store, holding, say, signal: ending.signal });
  const refusals = new Refusals(journal, now);
  const close = async (): Promise<void> => {
    ending.abort();
    for (const part of [refusals, watch, sweeper, notifier, indexer]) await part.close();
    await journal.idle();
    for (const part of [hub, desk, recordings.watch, authority, store]) await part.close();
  };
  try {
    await requireSameKeys(store.db, names);
    const setUpToken = await makeSetUpToken(store.db, now());
    const earlier = noteEarlier(store.db, holding, ending.signal).catch((error: unknown) => {
      say(`what is in the server's log from before can't be reported yet: ${String(error)}`);
    });
    for (const part of [hub, desk, recordings.watch, notifier, watch]) await part.start();
    await indexer.start(options.rebuildSearch ?? false);
    sweeper.start();
    const server: Server = {
      version: options.version,
      ...{ db: store.db, authority, journal, hub, desk, notifier, tasks },
      alarms: new AlarmBoard({ db: store.db, authority, now }),
      hosts: new KnownHosts(store.db, holding, now),
      silentMs: (options.hosts ?? hostsSchema.parse({}))["silent-minutes"] * 60_000,
      recordings,
      evidence: new EvidenceDesk(),
      ...{ holding, keys, provider },
      sessions: sessionsOf(options),
      leavers: { endRuns: options.leaversEndRuns ?? false },
      now,
      signal: ending.signal,
    };
    const edge = new Edge({ refusals, proxies: proxies ?? proxiesOf([]), now });
    const app = makeApp(server, edge, say);
    const headers = headersOfAll(server.sessions.origin);
    const listener = await listen(app.fetch, options.listen, { headers, proxies });
    return {
      url: listener.url,
      keys: names,
      setUpToken,
      close: async () => {
        ending.abort();
        await listener.close();
        await earlier;
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function sessionsOf({ publicUrl, idleMinutes, sessionHours }: ServerOptions): Server["sessions"] {
  return {
    origin: publicUrl === undefined ? undefined : new URL(publicUrl).origin,
    idleMs: (idleMinutes ?? IDLE_MINUTES) * 60_000,
    hours: sessionHours ?? SESSION_HOURS,
  };
}

/** Instances on one database are one server: with another's keys one would sign another log. */
async function requireSameKeys(db: Database, { log, witness }: { log: string; witness: string }): Promise<void> {
  await db
    .insertInto("server")
    .values({ log_key: log, witness_key: witness })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const row = await db.selectFrom("server").select(["log_key", "witness_key"]).executeTakeFirstOrThrow();
  if (row.log_key === log && row.witness_key === witness) return;
  throw new ServerError("SERVER_CANNOT_START", "the database belongs to a server with other keys", {
    remedy: "give this instance the same `keys` directory, by `--state`",
  });
}

/** No password is there by default: until there is somebody, each start makes a token anew, and the one before counts no more. */
async function makeSetUpToken(db: Database, now: number): Promise<string | undefined> {
  return await db.transaction().execute(async (transaction) => {
    await lockServer(transaction);
    const somebody = await transaction.selectFrom("person").select("id").limit(1).executeTakeFirst();
    await transaction.deleteFrom("token").where("kind", "=", "setup").execute();
    if (somebody !== undefined) return undefined;
    const made = makeSecret("setup");
    const expiresAt = now + SET_UP_MS;
    await insertToken(transaction, {
      ...made,
      kind: "setup",
      name: "set-up",
      person: null,
      actions: null,
      now,
      expiresAt,
    });
    return made.secret;
  });
}
