import { join } from "node:path";
import { recordingPath } from "@bailiwick/audit";
import type { Sandbox } from "@bailiwick/sandbox";
import { Approvals } from "./approvals.ts";
import type { Askable } from "./ask-outcomes.ts";
import type { ReadyRun } from "./ready-run.ts";
import type { Recorder } from "./recorder.ts";
import type { RunOptions } from "./run-types.ts";
import { TerminalRecording } from "./terminal-recording.ts";
import { TerminalTurn } from "./terminal-turn.ts";
import { Witnessing } from "./witnessing.ts";

type Say = (text: string) => void;

/** Who is asked, at the terminal and elsewhere. */
export function makeApprovals(approver: RunOptions["approver"], desk: RunOptions["desk"]): Askable {
  if (!("nobody" in approver)) return new Approvals(approver, desk);
  return desk === undefined ? approver : new Approvals(undefined, desk);
}

/** Undefined where the profile names no witness. */
export function makeWitnessing(ready: ReadyRun, recorder: Recorder, say: Say): Witnessing | undefined {
  const { witnesses, state, profile } = ready;
  if (witnesses.length === 0) return undefined;
  return new Witnessing({
    directory: state.log,
    witnesses,
    record: profile.record,
    append: (event) => recorder.appendNow(event),
    say,
    now: Date.now,
  });
}

export function makeRecording(ready: ReadyRun, recorder: Recorder, say: Say): TerminalRecording {
  const { run, spec, state, profile, masked, sandbox } = ready;
  const { environment } = spec.command;
  return new TerminalRecording({
    path: join(state.log, recordingPath(run)),
    terminal: environment.find((entry) => entry.startsWith("TERM="))?.slice("TERM=".length),
    maxBytes: profile.recording.maxBytes,
    send: profile.recording.send,
    environment,
    maskedFiles: masked,
    onTaken: (bytes) => {
      sandbox.takeOutput(bytes);
    },
    append: (event) => {
      recorder.note(event);
    },
    say,
    now: Date.now,
  });
}

/** Takes the terminal from the command while it asks, where they share one. */
export function makeApprover({ approver, terminal }: RunOptions, sandbox: Sandbox): RunOptions["approver"] {
  return "nobody" in approver ? approver : new TerminalTurn(approver, () => (terminal ? sandbox : undefined));
}
