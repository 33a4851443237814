/**
 * A thread that examines bundles of a record.
 *
 * SAFETY: reads files of the record that it was started for, and answers only its parent.
 */
import { parentPort, workerData } from "node:worker_threads";
import { openExamineJobs, type ExamineJob } from "./examine-job.ts";

const port = parentPort;
if (port === null) throw new Error("not a thread");
const examine = openExamineJobs(String(workerData));

/** One after the other: what is awaited in one job must not let the next begin. */
let last = Promise.resolve();
port.on("message", (job: ExamineJob) => {
  last = last.then(async () => {
    port.postMessage(await examine(job));
  });
});
