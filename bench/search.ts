/** How fast an index over the record is made, and how long a query takes, beside a plain reading of the same record. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRunLog, readLog, type NewEvent } from "@bailiwick/audit";
import { makeRunId } from "@bailiwick/base";
import { parseQuery, SearchIndex } from "@bailiwick/search";
import { median, quantile } from "./measure.ts";

const EVENTS = 200_000;
const DIGEST = `sha256:${"ab".repeat(32)}`;

function event(exec: number): NewEvent {
  const name = `tool${String(exec % 97)}`;
  const refused = exec % 50 === 0;
  return {
    type: refused ? "exec.refused" : "exec.allowed",
    at: Date.now(),
    exec,
    parent: 0,
    pid: 7,
    asked: name,
    program: { path: `/usr/bin/${name}`, digest: DIGEST },
    argv: { values: [name, "--file", `src/module${String(exec % 5_000)}.ts`, `word${String(exec % 20_000)}`] },
    cwd: "/home/person/project",
    decision: {
      outcome: refused ? "deny" : "allow",
      policies: ["p"],
      reason: refused ? "not here" : "",
      policyDigest: DIGEST,
    },
  };
}

export async function bench(): Promise<Record<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), "bailiwick-bench-"));
  const log = join(folder, "log");
  try {
    const writer = await openRunLog({ directory: log, run: makeRunId(Date.now(), randomBytes(10)) });
    for (let exec = 1; exec <= EVENTS; exec++) {
      const written = writer.append(event(exec));
      if (exec % 10_000 === 0) await written;
    }
    await writer.close();
    let from = performance.now();
    for await (const { index } of readLog(log, 0)) if (index < 0) throw new Error("no place in the log");
    const reading = performance.now() - from;
    from = performance.now();
    const options = { log, index: join(folder, "search.sqlite"), rebuild: false, onProgress: () => undefined };
    const index = await SearchIndex.open(options);
    const making = performance.now() - from;
    const times: number[] = [];
    for (let round = 0; round < 200; round++) {
      const texts = [
        "word77",
        "tool5 module*",
        "decision:refused tool50",
        "program:tool3 since:1h",
        "file:src/module1.ts",
        "not here",
      ];
      from = performance.now();
      index.find(parseQuery(texts[round % texts.length] ?? "", Date.now()), 50);
      times.push(performance.now() - from);
    }
    index.close();
    times.sort((a, b) => a - b);
    return {
      "index-events-per-second": (EVENTS * 1000) / making,
      "reading-events-per-second": (EVENTS * 1000) / reading,
      "query-ms-p50": median(times),
      "query-ms-p99": quantile(times, 0.99),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
