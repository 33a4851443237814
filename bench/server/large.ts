/** What people ask of a server that holds ten million events: filled within the database, asked over the API. */
import { setTimeout as pause } from "node:timers/promises";
import pg from "pg";
import { quantile } from "../measure.ts";
import type { Bench } from "./throughput.ts";

const EVENTS = 10_000_000;
const PER_RUN = 1_000;
const ROUNDS = 60;
/** Much and little to find, by words, tags, patterns and decisions. */
const QUERIES = [
  "git",
  "rare77",
  "word5 git",
  "git -word7",
  "host:*.example.com",
  "program:git word9",
  "decision:refused",
  "file:p3.ts",
  "missing",
];

/** Asks for lists and pages of events, in turn. Runs and events are copies of one that a host has sent, under ids of their own. */
export async function measureLarge(bench: Pick<Bench, "client" | "database">): Promise<Record<string, number>> {
  const { client, database } = bench;
  const direct = new pg.Client({ connectionString: database });
  await direct.connect();
  try {
    const held = await fill(direct);
    await pause(1_000);
    const { items } = await client.call("listRuns", { query: { limit: 100 } });
    const times = {
      list: [] as number[],
      deep: [] as number[],
      read: [] as number[],
      hosts: [] as number[],
      search: [] as number[],
    };
    const time = async (into: number[], work: () => Promise<unknown>): Promise<void> => {
      const from = performance.now();
      await work();
      into.push(performance.now() - from);
    };
    for (let round = 0; round < ROUNDS; round++) {
      const run = items[round % items.length]?.run ?? "";
      const after = Math.floor((held * (round + 1)) / (ROUNDS + 1));
      await time(times.list, () => client.call("listRuns", { query: { limit: 100 } }));
      await time(times.deep, () => client.call("listRuns", { query: { limit: 100, after } }));
      await time(times.read, () => client.call("readRun", { params: { run }, query: { limit: 100, after: 0 } }));
      await time(times.hosts, () => client.call("listHosts", { query: {} }));
      const query = QUERIES[round % QUERIES.length] ?? "";
      await time(times.search, () => client.call("searchEvents", { query: { query } }));
    }
    const p99 = (list: number[]): number =>
      quantile(
        list.sort((a, b) => a - b),
        0.99,
      );
    return {
      "events-held": held,
      "list-ms-p99/10M": p99(times.list),
      "list-deep-ms-p99/10M": p99(times.deep),
      "read-ms-p99/10M": p99(times.read),
      "hosts-ms-p99/10M": p99(times.hosts),
      "search-ms-p99/10M": p99(times.search),
      "scans-without-index": await countScans(direct, items[0]?.run ?? ""),
    };
  } finally {
    await direct.end();
  }
}

async function fill(direct: pg.Client): Promise<number> {
  const { rows } = await direct.query<{ arrived: string; host: number }>(
    "select arrived, (select min(host) from event where run <> '' and index = 1) as host from server",
  );
  const arrived = Number(rows[0]?.arrived);
  const missing = Math.max(0, EVENTS - arrived);
  const runs = Math.ceil(missing / PER_RUN);
  const run = "'01' || lpad(n::text, 24, '0')";
  // The server's indexer has nothing to do with these.
  await direct.query("update search_state set indexed = $1", [arrived + runs * PER_RUN]);
  await direct.query("set synchronous_commit = off");
  await direct.query("set work_mem = '256MB'");
  await direct.query(
    `insert into run select host, ${run}, $1::bigint + n * $2::int + 1, $2, started_at, ended_at, name, agent, project, profile, command, status, reason, erased
     from (select * from run where host = $3 limit 1) as one, generate_series(0, $4::int - 1) as n`,
    [arrived, PER_RUN, rows[0]?.host, runs],
  );
  await direct.query(
    `insert into event select $1::bigint + i + 1, host, 1000000000 + i, '01' || lpad((i / $2::int)::text, 24, '0'), entry, record
     from (select * from event where host = $3 and index = 1) as one, generate_series(0, $4::bigint - 1) as i`,
    [arrived, PER_RUN, rows[0]?.host, runs * PER_RUN],
  );
  await fillIndex(direct, { arrived, runs, host: rows[0]?.host ?? 0 });
  await direct.query("update server set arrived = $1", [arrived + runs * PER_RUN]);
  await direct.query("analyze");
  return arrived + runs * PER_RUN;
}

/** Entries of the search for these events, of many words and tags. */
async function fillIndex(
  direct: pg.Client,
  { arrived, runs, host }: { readonly arrived: number; readonly runs: number; readonly host: number },
): Promise<void> {
  await direct.query("set maintenance_work_mem = '1GB'");
  await direct.query("drop index search_entry_words, search_entry_tags");
  await direct.query(
    `insert into search_entry
     select $1::bigint + i + 1, $4::int, '01' || lpad((i / $2::int)::text, 24, '0'),
       1.7e12 + i, 'exec.allowed', i % $2::int, case when i % 5000 = 0 then 'refused' else 'allowed' end, 'git word' || i % 1000, '', null, null,
       to_tsvector('simple', 'git status word' || i % 1000 || ' rare' || i % 100003),
       array['program:git', 'file:/home/robin/p' || i % 1000 || '.ts', 'host:h' || i % 500 || case when i % 100 = 0 then '.example.com' else '.test' end]
     from generate_series(0, $3::bigint - 1) as i`,
    [arrived, PER_RUN, runs * PER_RUN, host],
  );
  await direct.query("create index search_entry_words on search_entry using gin (words)");
  await direct.query("create index search_entry_tags on search_entry using gin (tags)");
  await direct.query(
    "insert into search_tag select distinct unnest(tags) from search_entry where seq > $1 on conflict do nothing",
    [arrived],
  );
}

/** How many of the queries that ask for events or runs would read a whole table. */
async function countScans(direct: pg.Client, run: string): Promise<number> {
  const queries = [
    ["select * from event where run = $1 and host = 1 and seq > 0 order by seq limit 100", [run]],
    ["select * from event where seq > $1 order by seq limit 2000", [EVENTS / 2]],
    ["select * from run order by first_seq desc limit 500", []],
    ["select * from run where id = $1 order by first_seq limit 1", [run]],
  ] as const;
  let scans = 0;
  for (const [text, values] of queries) {
    const { rows } = await direct.query<{ "QUERY PLAN": string }>(`explain ${text}`, [...values]);
    if (rows.some((row) => row["QUERY PLAN"].includes("Seq Scan"))) scans += 1;
  }
  return scans;
}
