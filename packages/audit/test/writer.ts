/** A process that records one run as fast as it may, and says on standard output what was acknowledged. Ends by being killed, or after `limit` events. */
import { writeSync } from "node:fs";
import { openRunLog } from "../src/run-log.ts";
import { allowed, ended, finished, newRun, started } from "./fixtures.ts";

const [, , directory = "", limit = "Infinity"] = process.argv;
const run = newRun();
const log = await openRunLog({ directory, run, batchMs: 2 });
const acknowledge = (what: number) => (index: number) => void writeSync(1, `${run} ${String(index)} ${String(what)}\n`);

await log.append(started(log.follows)).then(acknowledge(0));
for (let exec = 1; exec <= Number(limit); exec++) {
  const first = log.append(allowed(exec)).then(acknowledge(exec));
  const second = log.append(ended(exec)).then(acknowledge(exec));
  // Several batches under way, as in a run that does not wait for the end of each command to be recorded.
  if (exec % 20 === 0) await Promise.all([first, second]);
}
await Promise.all([log.append(finished(Number(limit))).then(acknowledge(0)), log.close()]);
