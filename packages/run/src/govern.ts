import { release } from "node:os";
import { basename } from "node:path";
import type { TreeHead } from "@bailiwick/audit";
import { removeMadeNames, type MainExit, type SupervisionHandlers } from "@bailiwick/sandbox";
import type { Askable } from "./ask-outcomes.ts";
import { findChangedFiles } from "./changed-files.ts";
import { ExecGate } from "./exec-gate.ts";
import { ExecInspector } from "./exec-inspector.ts";
import { Freezes } from "./freezes.ts";
import { HostEvents } from "./host-events.ts";
import { HostQuestions } from "./host-questions.ts";
import { announceRun } from "./live-runs.ts";
import { KnownPrograms } from "./known-programs.ts";
import { ModelWatch } from "./model-watch.ts";
import { type Network, openNetwork } from "./open-network.ts";
import type { ReadyRun } from "./ready-run.ts";
import { Recorder } from "./recorder.ts";
import type { Releases } from "./releases.ts";
import { makeControl, type RunControl } from "./run-control.ts";
import { recordedCounts, statusOf } from "./run-end.ts";
import { makeApprovals, makeApprover, makeRecording, makeWitnessing } from "./run-parts.ts";
import type { EndReason, RunOptions, RunOutcome } from "./run-types.ts";
import type { Signals } from "./signals.ts";
import type { TerminalRecording } from "./terminal-recording.ts";
import { notWitnessed, type Witnessing } from "./witnessing.ts";
import { writableDirectories } from "./writable.ts";

/** A failing disk is tried again so often, and for so long. */
const RETRY_MS = 1_000;
const PATIENCE_MS = 30_000;
/** Looking for changed files takes no longer than this. */
const CHANGES_MS = 500;
/** Budgets of bytes and time are looked at so often. */
const MEASURE_MS = 200;
/** The longest timer there is. */
const LONGEST_MS = 2 ** 31 - 1;

/** Governs one run from the moment its sandbox is complete until everything inside has ended and the record says so. */
export class GovernedRun {
  readonly #ready: ReadyRun;
  readonly #options: RunOptions;
  readonly #releases: Releases;
  readonly #recorder: Recorder;
  readonly #freezes: Freezes;
  readonly #hosts: HostEvents;
  readonly #programs = new KnownPrograms();
  readonly #approver: RunOptions["approver"];
  readonly #approvals: Askable;
  readonly #questions: HostQuestions;
  readonly #models: ModelWatch;
  /** Undefined where the profile names no witness. */
  readonly #witnessing: Witnessing | undefined;
  readonly gate: ExecGate;
  readonly #recording: TerminalRecording;
  /** Names under a protection that was laid anew, and those of them that had to be made. */
  readonly #renewed = new Set<string>();
  readonly #made: string[] = [];
  #end: { readonly reason: EndReason; readonly detail: string | undefined } | undefined;
  readonly #say = (text: string): void => {
    this.#options.observer.say(text);
  };

  constructor(ready: ReadyRun, options: RunOptions, releases: Releases) {
    this.#ready = ready;
    this.#options = options;
    this.#releases = releases;
    const { sandbox, log } = ready;
    let thaw: (() => void) | undefined;
    this.#recorder = new Recorder({
      log,
      hooks: {
        freeze: () => {
          thaw = this.#freezes.hold();
        },
        thaw: () => thaw?.(),
        giveUp: () => {
          this.endAs("record", "the record could not be written");
        },
        say: this.#say,
      },
      onEvent: (event) => {
        this.#witnessing?.noteGrowth();
        this.#programs.note(event);
        if (event.type === "exec.ended" && event.replacedBy === undefined) this.#questions.execEnded(event.exec);
        this.#models.note(event);
        options.observer.event(event);
      },
      now: Date.now,
      retryMs: RETRY_MS,
      patienceMs: PATIENCE_MS,
    });
    this.#witnessing = makeWitnessing(ready, this.#recorder, this.#say);
    this.#approver = makeApprover(options, sandbox);
    this.#approvals = makeApprovals(this.#approver, options.desk);
    this.#questions = new HostQuestions({
      ...{ decider: ready.decider, recorder: this.#recorder, programs: this.#programs },
      ...{ approvals: this.#approvals, now: Date.now },
    });
    this.#freezes = new Freezes([sandbox, this.#questions]);
    this.#models = this.#makeModels();
    this.#hosts = new HostEvents(this.#recorder, this.#models, this.#say);
    this.gate = this.#makeGate();
    this.#recording = makeRecording(ready, this.#recorder, this.#say);
  }

  /** Whom the launcher tells. */
  get handlers(): SupervisionHandlers {
    const { gate } = this;
    const recording = this.#recording;
    return {
      onExec: gate.onExec.bind(gate),
      onEnd: gate.onEnd.bind(gate),
      onTampered: gate.onTampered.bind(gate),
      onRenewed: gate.onRenewed.bind(gate),
      onOutput: recording.onOutput.bind(recording),
      onSize: recording.onSize.bind(recording),
    };
  }

  /** Ends the run for a reason of Bailiwick's own. The first reason counts. */
  endAs(reason: EndReason, detail?: string): void {
    this.#end ??= { reason, detail };
    if (reason !== "killed") this.#ready.sandbox.kill();
  }

  /** Records the start, starts the command, and resolves when all is over. @throws what fails before the command started: nothing ran */
  async run(signals: Signals): Promise<RunOutcome> {
    const { run, startedAt, sandbox, state, profile, facts } = this.#ready;
    const network = await openNetwork(this.#ready, {
      hosts: this.#hosts,
      questions: this.#questions,
      programs: this.#programs,
      releases: this.#releases,
    });
    await this.#recordStart();
    await this.#witnessStart();
    this.#releases.add(announceRun(state.runs, run, startedAt));
    this.#options.observer.started(run, this.#makeControl());
    signals.attach(sandbox);
    if (signals.early === undefined) sandbox.start();
    else this.#stopBeforeStart();
    const { wallMs } = profile.limits;
    const limit = (): void => {
      this.endAs("wall-time", `the run took longer than its profile allows`);
    };
    const timer = wallMs === undefined ? undefined : setTimeout(limit, Math.min(wallMs, LONGEST_MS));
    const unwatch = this.#watchBudgets(network);
    const exit = await this.#exited();
    clearTimeout(timer);
    unwatch();
    this.gate.close();
    this.#questions.freeze();
    await this.#releases.release();
    removeMadeNames(facts.project, this.#made);
    return await this.#conclude(exit);
  }

  #stopBeforeStart(): void {
    this.endAs("killed");
    this.#ready.sandbox.kill();
  }

  async #exited(): Promise<MainExit | undefined> {
    try {
      return await this.#ready.sandbox.exited;
    } catch (error) {
      this.endAs("supervisor", error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  async #recordStart(): Promise<void> {
    const { startedAt, facts, hostname, profile, decider, log, sandbox, policyLayers } = this.#ready;
    const { name, labels, command, version } = this.#options;
    const written = await this.#recorder.appendNow({
      type: "run.started",
      at: startedAt,
      ...(name !== undefined && { name }),
      user: facts.user,
      hostname,
      agent: facts.agent,
      ...(labels.length > 0 && { labels: [...labels] }),
      command: { values: [...command] },
      workspace: facts.project,
      profile: { name: profile.name, digest: profile.digest },
      policyDigest: decider.policyDigest,
      ...(policyLayers.length > 0 && { policyLayers: [...policyLayers] }),
      enforcement: sandbox.enforcement.map(({ layer, state, detail }) => ({ layer, state, detail })),
      kernel: release(),
      follows: { size: log.follows.size, root: log.follows.root },
      version,
    });
    if (!written) throw new Error("the start of the run could not be recorded");
  }

  /** @throws RunError RUN_NOT_WITNESSED, after recording that nothing ran */
  async #witnessStart(): Promise<void> {
    const report = await this.#witnessing?.atStart();
    if (report === undefined || report.met) return;
    const counts = recordedCounts({ ...this.gate.counts, ...this.#hosts.counts });
    const wallMs = performance.now() - this.#ready.begunAt;
    this.#recorder.note({ type: "run.ended", at: Date.now(), status: 125, reason: "record", counts, wallMs });
    this.#witnessing?.close();
    await this.#closeRecord();
    throw notWitnessed(report);
  }

  async #conclude(exit: MainExit | undefined): Promise<RunOutcome> {
    const { run, startedAt, begunAt, facts, state, sandbox, untold } = this.#ready;
    const { reason, detail } = this.#end ?? { reason: "exited", detail: undefined };
    // Where the clock was put back since, files of this run may be older than its beginning.
    const sinceMs = Math.min(startedAt, Date.now() - (performance.now() - begunAt));
    const changed = findChangedFiles(facts.project, { sinceMs, budgetMs: CHANGES_MS, untold });
    if (changed.count > 0) {
      this.#recorder.note({ type: "files.changed", at: Date.now(), paths: [...changed.paths], count: changed.count });
    }
    const counts = { ...this.gate.counts, ...this.#hosts.counts };
    await this.#witnessing?.beforeEnd();
    const status = statusOf(exit, reason, this.gate.counts);
    await this.#recording.close(status);
    const wallMs = performance.now() - begunAt;
    const recorded = recordedCounts(counts);
    const models = this.#models.totals;
    this.#recorder.note({
      type: "run.ended",
      at: Date.now(),
      status,
      reason,
      counts: recorded,
      ...(models !== undefined && { models }),
      wallMs,
    });
    const head = await this.#closeRecord();
    const witnessed = await this.#witnessing?.atEnd();
    const hosts = {
      hostsReached: [...this.#hosts.reached],
      hostsRefused: [...this.#hosts.refusedHosts],
      refusedRequests: this.#hosts.refusedRequests,
    };
    const record = { directory: state.log, head, range: head && this.#ready.log.range, witnessed };
    const { refusals } = this.gate;
    return {
      run,
      status,
      reason,
      detail,
      wallMs,
      counts,
      models,
      budgets: this.#models.budgets.spent,
      refusals,
      ...hosts,
      changed,
      enforcement: sandbox.enforcement,
      record,
    };
  }

  async #closeRecord(): Promise<TreeHead | undefined> {
    // What nobody waited for may have met a full disk, which is waited for here once more.
    await this.#ready.log.flush().catch(() => undefined);
    await this.#recorder.settled();
    return this.#recorder.mode === "lost" ? undefined : await this.#ready.log.close();
  }

  #makeControl(): RunControl {
    const { facts, sandbox } = this.#ready;
    return makeControl({
      agent: facts.agent,
      project: basename(facts.project),
      labels: facts.labels,
      hold: () => this.#freezes.hold(),
      record: (event) => {
        this.#recorder.note(event);
      },
      kill: (why) => {
        this.endAs("killed", why);
        sandbox.kill();
      },
      say: this.#say,
      now: Date.now,
    });
  }

  #makeModels(): ModelWatch {
    const { profile, shell } = this.#ready;
    return new ModelWatch({
      profile,
      shell,
      recorder: this.#recorder,
      approver: this.#approver,
      freeze: () => this.#freezes.hold(),
      say: this.#say,
      end: (detail) => {
        this.endAs("budget", detail);
      },
    });
  }

  /** What is measured while the run goes on, where the profile limits it. */
  #watchBudgets(network: Network): () => void {
    const { budgets } = this.#models;
    if (!budgets.has("bytes") && !budgets.has("wall")) return () => budgets.close();
    const { begunAt } = this.#ready;
    const timer = setInterval(() => {
      budgets.measured("bytes", network.bytesPassed());
      budgets.measured("wall", performance.now() - begunAt);
    }, MEASURE_MS);
    return () => {
      clearInterval(timer);
      budgets.close();
    };
  }

  #makeGate(): ExecGate {
    const { facts, decider, digests, names, spec, inspection } = this.#ready;
    const models = this.#models;
    const origins = inspection && {
      of: models.originOf.bind(models),
      settled: inspection.modelsSettled.bind(inspection),
    };
    return new ExecGate({
      inspector: new ExecInspector({ run: facts, digests, names, writable: writableDirectories(spec.mounts) }),
      decider,
      recorder: this.#recorder,
      approvals: this.#approvals,
      origins,
      now: Date.now,
      onRenewed: (path, made) => {
        if (made) this.#made.push(path);
        if (!this.#renewed.has(path)) this.#options.observer.say(renewedText(path, made));
        this.#renewed.add(path);
      },
      onBroken: (reason, detail) => {
        this.endAs(reason, detail);
      },
    });
  }
}

function renewedText(path: string, made: boolean): string {
  const what = made ? "removed" : "replaced";
  return `\`${path}\` was ${what} from outside; it is protected again, but for about a millisecond the run could have changed or read it`;
}
