/** Simulated hosts against the shipped server: how much arrives, how late it is seen, and what of the machine that takes. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import pg from "pg";
import type { Client } from "../../packages/control-plane/contract/index.ts";
import type { Postgres } from "../../packages/control-plane/test/postgres.ts";
import type { RunningServer } from "../../tests/support/control-plane.ts";
import { residentMb } from "../../tests/support/held-connections.ts";
import { quantile } from "../measure.ts";
import { cpuMsOf, cpuMsOfFamily } from "./cpu.ts";
import type { HostReport, Load, Order, Report } from "./fleet.ts";
import { Watcher } from "./watch.ts";

export interface Bench {
  readonly client: Client;
  readonly token: string;
  readonly database: string;
  readonly postgres: Postgres;
  /** The one that runs now: it may be killed meanwhile. */
  readonly server: () => RunningServer;
}

/** Hosts may take so much longer than they would without a queue before it is given up. */
const PATIENCE = 4;
/** The part of a measurement in which memory may still grow: caches fill, and code is compiled. */
const WARMING = 0.5;

/** What is told of arrivals and delays is of the time after all hosts have come. @param meanwhile what is done to server and database while the hosts send; processor time is not told then */
export async function measureThroughput(
  bench: Bench,
  load: Load,
  meanwhile?: () => Promise<void>,
): Promise<Record<string, number>> {
  const { client, token, postgres, server, database } = bench;
  const { comingSeconds, seconds } = load;
  const fleet = fork(join(import.meta.dirname, "fleet.ts"), { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const ended = once(fleet, "exit").then(() => {
    throw new Error("the process of the simulated hosts ended");
  });
  ended.catch(() => undefined);
  const order = async (given: Order): Promise<Report> => {
    const answered = once(fleet, "message");
    fleet.send(given);
    const [report] = (await Promise.race([answered, ended])) as [Report];
    return report;
  };
  try {
    const { url } = server();
    const prepared = await order({ order: "prepare", url, token, ...load });
    const startAt = Date.now() + 1_000;
    const window = { fromMs: comingSeconds * 1_000, toMs: (comingSeconds + seconds) * 1_000 };
    const stopAt = startAt + window.toMs * PATIENCE;
    const watching = new Watcher(client, prepared.hosts, window).watch(startAt, stopAt + 5_000);
    const { pid = 0 } = server().process;
    const before = { server: cpuMsOf(pid), postgres: cpuMsOfFamily(postgres.pid), resident: residentMb(pid) };
    const sizes: Sample[] = [];
    const sampling = setInterval(() => {
      if (meanwhile === undefined) sizes.push({ atMs: performance.now(), mb: residentMb(pid) });
    }, 500);
    const watchingFrom = process.cpuUsage();
    const [sent] = await Promise.all([order({ order: "send", startAt, stopAt }), meanwhile?.()]);
    clearInterval(sampling);
    const { delays, allDelays, seen, wrong } = await watching;
    const { user, system } = process.cpuUsage(watchingFrom);
    // Before anything else is asked of the database.
    const after = { server: cpuMsOf(pid), postgres: cpuMsOfFamily(postgres.pid) };
    if (sent.report !== "sent") throw new Error("the fleet did not send");
    const events = sent.hosts.reduce((sum, { size }) => sum + size, 0);
    const per = (ms: number): number => ms / (events / 1000);
    return {
      "events-per-second": seen / seconds,
      "stream-ms-p50": quantile(delays, 0.5),
      "stream-ms-p99": quantile(delays, 0.99),
      "stream-ms-p99-from-the-first-host": quantile(allDelays, 0.99),
      "stream-gaps": wrong,
      "lost-or-doubled": await countWrong(database, sent.hosts),
      "answer-ms-p50": sent.answeredMs.p50,
      "answer-ms-p99": sent.answeredMs.p99,
      "events-per-request": events / sent.requests,
      refusals: sent.refusals,
      ...(meanwhile === undefined && {
        "cpu-ms-per-1000-events/server": per(after.server - before.server),
        "cpu-ms-per-1000-events/postgres": per(after.postgres - before.postgres),
        "cpu-ms-per-1000-events/hosts": per(sent.cpuMs),
        "cpu-ms-per-1000-events/watcher": per((user + system) / 1000),
        "resident-mb-before": before.resident,
        "resident-mb-after": residentMb(pid),
        "resident-mb-per-minute": growthOf(sizes.slice(Math.ceil(sizes.length * WARMING))),
      }),
    };
  } finally {
    fleet.kill();
  }
}

interface Sample {
  readonly atMs: number;
  readonly mb: number;
}

/** Megabytes a minute, by the line with the least squares: what memory grows by once it has what it needs. */
function growthOf(samples: readonly Sample[]): number {
  const mean = (of: (sample: Sample) => number): number =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const [atMs, mb] = [mean((sample) => sample.atMs), mean((sample) => sample.mb)];
  const spread = mean((sample) => (sample.atMs - atMs) ** 2);
  return spread === 0 ? 0 : (mean((sample) => (sample.atMs - atMs) * (sample.mb - mb)) / spread) * 60_000;
}

/** Hosts whose own log is not, byte for byte and in its order, what the database has of it; asked past the server. */
async function countWrong(database: string, hosts: readonly HostReport[]): Promise<number> {
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  try {
    const { rows } = await client.query<{ id: string; digest: string }>(`
      select host.id, encode(sha256(string_agg(entry, ''::bytea order by index)), 'hex') as digest
      from event join host on host.number = event.host group by host.id`);
    const held = new Map(rows.map(({ id, digest }) => [id, digest]));
    return hosts.filter(({ id, digest, done }) => !done || held.get(id) !== digest).length;
  } finally {
    await client.end();
  }
}
