/**
 * The thread that records a terminal.
 *
 * SAFETY: writes one file, whose path it was started with; opens no sockets and starts nothing.
 */
import { readlinkSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import { Courtesy } from "./courtesy.ts";
import type { FromRecorder, RecorderStart, ToRecorder } from "./messages.ts";
import { TerminalRecorder } from "./recorder.ts";

/** PID/task/TID. On Linux priorities are of threads (setpriority(2), notes). */
const thread = Number(readlinkSync("/proc/thread-self").split("/").at(-1));
setPriority(thread, constants.priority.PRIORITY_LOW);

const port = parentPort;
if (port === null) throw new Error("not a thread");
const say = (message: FromRecorder): void => {
  port.postMessage(message);
};
const courtesy = new Courtesy();
const recorder = new TerminalRecorder({
  ...(workerData as RecorderStart), // eslint-disable-line @typescript-eslint/no-unsafe-type-assertion -- as recorder-thread.privileged.ts gives it
  restMs: () => courtesy.restMs(),
  onTaken: (bytes) => {
    say({ kind: "taken", bytes });
  },
  onProven: (prefix) => {
    say({ kind: "proven", prefix });
  },
  say: (text) => {
    say({ kind: "said", text });
  },
});
port.on("message", (message: ToRecorder) => {
  switch (message.kind) {
    case "output":
      recorder.output(message.at, message.bytes, message.lost);
      return;
    case "size":
      recorder.resize(message.at, message.size);
      return;
    case "close":
      void recorder.close(message.at, message.status, message.lost).then((end) => {
        say({ kind: "closed", end });
      });
  }
});
