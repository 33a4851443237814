/**
 * How fast events become records of each format, beside JSON.stringify of the same events; and how fast they are exported through a
 * whole delivery to a file and to a webhook on this host, beside a plain reading of the same record. With the memory that it takes.
 */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRunLog, readLog } from "@bailiwick/audit";
import { makeRunId } from "@bailiwick/base";
import { exportRecord, type Destination } from "@bailiwick/exports";
import { cefLine } from "../packages/exports/src/cef.ts";
import { destinationSchema } from "../packages/exports/src/config.ts";
import { toJsonLine, toStrictJson } from "../packages/exports/src/json.ts";
import { eventRecord } from "../packages/exports/src/ndjson.ts";
import { ocsfRecords } from "../packages/exports/src/ocsf/ocsf.ts";
import { logsRequest, otlpRecord, tracesRequest } from "../packages/exports/src/otlp/otlp.ts";
import type { Source } from "../packages/exports/src/source.ts";
import { frame, syslogMessage } from "../packages/exports/src/syslog.ts";
import { ended, exec, sourcesOf, started } from "../packages/exports/test/story.ts";
import { interleave, median } from "./measure.ts";

const EXECS = 15_000;
const SAMPLE = 5_000;

async function fill(log: string): Promise<void> {
  const writer = await openRunLog({ directory: log, run: makeRunId(Date.now(), randomBytes(10)) });
  await writer.append(started());
  for (let id = 1; id <= EXECS; id++) {
    const refused = id % 50 === 0;
    const written = writer.append(exec(refused ? "exec.refused" : "exec.allowed", id, 1));
    if (!refused) void writer.append(ended(id));
    if (id % 5_000 === 0) await written;
  }
  await writer.close();
}

async function formats(sources: readonly Source[]): Promise<Record<string, number>> {
  const time = (work: (source: Source) => unknown) => () => {
    const from = performance.now();
    for (const source of sources) work(source);
    return performance.now() - from;
  };
  const times = await interleave(
    {
      stringify: time(({ event }) => JSON.stringify(event)),
      event: time((source) => toJsonLine(eventRecord(source))),
      ocsf: time((source) => ocsfRecords(source, "1.8.0").map(toStrictJson)),
      cef: time(cefLine),
      syslog: time((source) => frame(syslogMessage(source, { enterprise: 1 }))),
      otlp: () => {
        const from = performance.now();
        for (let at = 0; at < sources.length; at += 500) {
          const records = sources.slice(at, at + 500).map(otlpRecord);
          logsRequest(records);
          tracesRequest(records);
        }
        return performance.now() - from;
      },
    },
    7,
  );
  const rate = (name: keyof typeof times): number => (sources.length * 1000) / median(times[name]);
  return Object.fromEntries(
    (["stringify", "event", "ocsf", "cef", "syslog", "otlp"] as const).map((name) => [
      `${name}-events-per-second`,
      rate(name),
    ]),
  );
}

export async function bench(): Promise<Record<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), "bailiwick-bench-"));
  const record = join(folder, "log");
  const server = createServer((request, response) => {
    request.resume().on("end", () => response.writeHead(200).end());
  });
  try {
    await fill(record);
    const sources = (await sourcesOf(record)).slice(0, SAMPLE);
    const figures = await formats(sources);
    let from = performance.now();
    let events = 0;
    for await (const { index } of readLog(record, 0)) events = index + 1;
    figures["reading-events-per-second"] = (events * 1000) / (performance.now() - from);

    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const environment = { S: `whsec_${randomBytes(32).toString("base64")}` };
    const run = async (name: string, config: object): Promise<void> => {
      const destination: Destination = { name, config: destinationSchema.parse(config) };
      from = performance.now();
      const surroundings = { environment, output: process.stdout };
      const signal = new AbortController().signal;
      const say = (line: string): void => void process.stderr.write(`${line}\n`);
      const options = {
        record,
        cursors: join(folder, "cursors"),
        destination,
        surroundings,
        follow: false,
        signal,
        say,
      };
      const { delivered } = await exportRecord(options);
      if (delivered !== events) throw new Error(`${name}: ${String(delivered)} of ${String(events)} were delivered`);
      figures[`${name}-events-per-second`] = (events * 1000) / (performance.now() - from);
    };
    await run("export-file", { type: "file", path: join(folder, "out"), format: "event" });
    const url = `http://127.0.0.1:${String(port)}/`;
    await run("export-webhook-ocsf", { type: "webhook", url, secret: { env: "S" } });
    await run("export-otlp", { type: "otlp", url });
    figures["resident-mb"] = process.memoryUsage.rss() / 1e6;
    return figures;
  } finally {
    server.close();
    server.closeAllConnections();
    rmSync(folder, { recursive: true, force: true });
  }
}
