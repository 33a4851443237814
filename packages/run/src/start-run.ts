import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { openRunLog, type RunLog } from "@bailiwick/audit";
import { isErrno, makeRunId } from "@bailiwick/base";
import { openDecider, type CedarDecider } from "@bailiwick/policy";
import { launch, type Sandbox, type SupervisionHandlers } from "@bailiwick/sandbox";
import { loadDigests, saveDigests } from "./digest-store.ts";
import type { ExecGate } from "./exec-gate.ts";
import { FileCache } from "./file-cache.ts";
import { GovernedRun } from "./govern.ts";
import { prepareRun, type PreparedRun } from "./prepare-run.ts";
import { namesInPolicies, ProgramNames } from "./program-names.ts";
import { Releases } from "./releases.ts";
import type { RunOptions, RunOutcome } from "./run-types.ts";
import { Signals } from "./signals.ts";
import { openStateDirectory } from "./state-directory.ts";

/** Longer than any pause of this process; then the launcher ends the run by itself. */
const ANSWER_TIMEOUT_MS = 30_000;
/** Writing and signing a batch takes a processor 1.5 ms, beside a build. What somebody waits for, a refusal, is written at once. */
const BATCH_MS = 100;
/** Cedar takes half a second of a processor to load: not beside a build, and few execs need it. */
const QUIET_MS = 500;
/** Loading what a long run needs is not for a short one to wait for. */
const SETTLED_MS = 150;

/**
 * Runs a command inside the boundary: prepares, launches, decides and records, and resolves when everything inside has ended and
 * the record says so. Everything that was taken is given back, however it ends.
 * @throws BailiwickError of the part that could not be set up: nothing ran then
 */
export async function startRun(options: RunOptions): Promise<RunOutcome> {
  const [startedAt, begunAt] = [Date.now(), performance.now()];
  const state = openStateDirectory(options.hostEnvironment);
  const run = makeRunId(startedAt, randomBytes(10));
  const releases = new Releases();
  const late = new LateHandlers();
  let governed: GovernedRun | undefined;
  const signals = new Signals(() => governed?.endAs("killed"));
  try {
    const cache = new FileCache(state.cache);
    const digests = loadDigests(cache);
    const prepared = await prepareRun(options, { state, cache, run, releases });
    const { sandbox, decider, log } = await openParts(prepared, late, {
      run,
      logDirectory: state.log,
      cache,
      releases,
    });
    const { searchPath } = prepared;
    const names = new ProgramNames(namesInPolicies(prepared.policies.map(({ text }) => text)), {
      searchPath,
      digests,
      cache,
    });
    const ready = {
      ...prepared,
      run,
      startedAt,
      begunAt,
      hostname: hostname(),
      state,
      digests,
      names,
      sandbox,
      decider,
      log,
    };
    governed = new GovernedRun(ready, options, releases);
    late.attach(governed.handlers);
    const warming = warmWhenQuiet(governed.gate, decider);
    const keeping = setTimeout(() => void keepHeapSmall(), SETTLED_MS);
    try {
      return await governed.run(signals);
    } finally {
      clearInterval(warming);
      clearTimeout(keeping);
      saveDigests(cache, digests);
    }
  } finally {
    signals.close();
    await releases.release();
  }
}

/**
 * V8 doubles its young generation whenever a collection finds survivors, up to some 64 MB resident; what a supervisor
 * allocates dies with its batch, so what it has after starting will do. Its old generation grows slowly, too.
 */
async function keepHeapSmall(): Promise<void> {
  const { setFlagsFromString } = await import("node:v8");
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString("--optimize-for-size");
}

/** Loads Cedar ahead when nothing has been started for a while: an agent waits for its model most of the time. */
function warmWhenQuiet(gate: ExecGate, decider: CedarDecider): NodeJS.Timeout {
  const timer = setInterval(() => {
    if (performance.now() - gate.lastExecAt < QUIET_MS) return;
    clearInterval(timer);
    void decider.warm().catch(() => undefined);
  }, QUIET_MS);
  return timer;
}

interface Parts {
  readonly sandbox: Sandbox;
  readonly decider: CedarDecider;
  readonly log: RunLog;
}

/** The sandbox, the policies and the record, beside one another; when one of them fails, the others are given up. */
async function openParts(
  { spec, policies }: PreparedRun,
  handlers: SupervisionHandlers,
  {
    run,
    logDirectory,
    cache,
    releases,
  }: { run: RunLogRun; logDirectory: string; cache: FileCache; releases: Releases },
): Promise<Parts> {
  const launching = launch({ spec, handlers, answerTimeoutMs: ANSWER_TIMEOUT_MS, stdio: [0, 1, 2] });
  const [sandbox, decider, log] = await Promise.allSettled([
    launching,
    openDecider({ sources: policies, cache }),
    openRunLog({ directory: logDirectory, run, batchMs: BATCH_MS }),
  ]);
  if (sandbox.status === "fulfilled") {
    releases.add(async () => {
      sandbox.value.kill();
      await sandbox.value.exited.catch(() => undefined);
      closeSockets(sandbox.value);
    });
  }
  if (decider.status === "fulfilled") releases.add(() => decider.value.close());
  // What the person wrote comes before what the host can't do.
  for (const part of [decider, sandbox, log]) if (part.status === "rejected") throw part.reason;
  if (sandbox.status === "rejected" || decider.status === "rejected" || log.status === "rejected") {
    throw new Error("unreachable: each rejection was thrown");
  }
  return { sandbox: sandbox.value, decider: decider.value, log: log.value };
}

/** Where no gateway has taken them over, the sockets of a sandbox would keep this process alive. */
function closeSockets({ dns, listeners }: Sandbox): void {
  for (const listener of listeners.values()) if (listener.listening) listener.close();
  try {
    dns.close();
  } catch (error) {
    if (!isErrno(error, "ERR_SOCKET_DGRAM_NOT_RUNNING")) throw error;
  }
}

type RunLogRun = Parameters<typeof openRunLog>[0]["run"];

/** Handlers that are known only when the sandbox is: nothing asks before the command starts, and then it is refused. */
class LateHandlers implements SupervisionHandlers {
  #gate: SupervisionHandlers | undefined;

  attach(gate: SupervisionHandlers): void {
    this.#gate = gate;
  }

  onExec(...args: Parameters<SupervisionHandlers["onExec"]>): ReturnType<SupervisionHandlers["onExec"]> {
    return this.#gate?.onExec(...args) ?? { allow: false, message: "bailiwick: refused: the run has not started" };
  }

  onEnd(...args: Parameters<SupervisionHandlers["onEnd"]>): void {
    this.#gate?.onEnd(...args);
  }

  onTampered(...args: Parameters<SupervisionHandlers["onTampered"]>): void {
    this.#gate?.onTampered(...args);
  }

  onOutput(...args: Parameters<SupervisionHandlers["onOutput"]>): void {
    this.#gate?.onOutput(...args);
  }

  onSize(...args: Parameters<SupervisionHandlers["onSize"]>): void {
    this.#gate?.onSize(...args);
  }

  onRenewed(...args: Parameters<SupervisionHandlers["onRenewed"]>): void {
    this.#gate?.onRenewed(...args);
  }
}
