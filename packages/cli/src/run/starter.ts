import type { RunOptions, RunOutcome } from "@bailiwick/run";

/** What whoever started the command by a channel (Node's IPC) is told over it. */
export type ToStarter = { readonly started: string } | { readonly outcome: TaskOutcome };
export type TaskOutcome = Pick<RunOutcome, "run" | "status" | "reason" | "detail" | "models">;

type Process = Pick<NodeJS.Process, "connected" | "send" | "once" | "kill" | "pid">;

interface Starter {
  watch(options: RunOptions): RunOptions;
  tell(outcome: RunOutcome): Promise<void>;
}

/**
 * A runner of tasks starts the command by a channel, which nothing inside a run has: over it comes how the run went, where its standard error is the agent's,
 * too. When the runner is gone, its run ends: else the task would be given to another while it goes on here.
 */
export function starterOf(process: Process): Starter {
  if (!process.connected) return { watch: (options) => options, tell: () => Promise.resolve() };
  const send = (message: ToStarter): Promise<void> =>
    new Promise((resolve) => {
      if (!process.connected || process.send === undefined) resolve();
      else {
        process.send(message, undefined, undefined, () => {
          resolve();
        });
      }
    });
  process.once("disconnect", () => {
    process.kill(process.pid, "SIGTERM");
  });
  return {
    watch: (options) => {
      const { observer } = options;
      const started: typeof observer.started = (run, control) => {
        void send({ started: run });
        observer.started(run, control);
      };
      return { ...options, observer: { ...observer, started } };
    },
    tell: ({ run, status, reason, detail, models }) => send({ outcome: { run, status, reason, detail, models } }),
  };
}
