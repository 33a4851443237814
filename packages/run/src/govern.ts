import { constants } from "node:os";
import type { KnownWitness, RunLog, TreeHead } from "@bailiwick/audit";
import type { RunId } from "@bailiwick/base";
import { createGateway, publishPort, type NetworkRules } from "@bailiwick/egress";
import type { Decider, Decision, RunFacts } from "@bailiwick/policy";
import { removeMadeNames, type LaunchSpec, type MainExit, type Profile, type Sandbox } from "@bailiwick/sandbox";
import { Approvals } from "./approvals.ts";
import { findChangedFiles } from "./changed-files.ts";
import type { Digests } from "./digests.ts";
import { ExecGate } from "./exec-gate.ts";
import { ExecInspector } from "./exec-inspector.ts";
import { HostEvents } from "./host-events.ts";
import { announceRun } from "./live-runs.ts";
import { RunError } from "./errors.ts";
import type { ProgramNames } from "./program-names.ts";
import { Recorder } from "./recorder.ts";
import type { Releases } from "./releases.ts";
import type { EndReason, RunOptions, RunOutcome } from "./run-types.ts";
import type { Signals } from "./signals.ts";
import type { StateDirectory } from "./state-directory.ts";
import { TerminalTurn } from "./terminal-turn.ts";
import { failureText, Witnessing, type WitnessReport } from "./witnessing.ts";
import { writableDirectories } from "./writable.ts";

/** A run of which every part is there, and nothing has started yet. */
export interface ReadyRun {
  readonly run: RunId;
  readonly startedAt: number;
  readonly facts: RunFacts;
  readonly hostname: string;
  readonly state: StateDirectory;
  readonly profile: Profile;
  readonly spec: LaunchSpec;
  readonly rules: NetworkRules;
  readonly publish: readonly number[];
  readonly digests: Digests;
  readonly names: ProgramNames;
  readonly sandbox: Sandbox;
  readonly decider: Decider;
  readonly log: RunLog;
  /** Those that the profile names. */
  readonly witnesses: readonly KnownWitness[];
  /** Directories whose own change is Bailiwick's. */
  readonly untold: ReadonlySet<string>;
}

/** A failing disk is tried again so often, and for so long. */
const RETRY_MS = 1_000;
const PATIENCE_MS = 30_000;
/** Looking for changed files takes no longer than this. */
const CHANGES_MS = 500;
/** The longest timer there is. */
const LONGEST_MS = 2 ** 31 - 1;

/** Governs one run from the moment its sandbox is complete until everything inside has ended and the record says so. */
export class GovernedRun {
  readonly #ready: ReadyRun;
  readonly #options: RunOptions;
  readonly #releases: Releases;
  readonly #recorder: Recorder;
  readonly #hosts: HostEvents;
  /** Undefined where the profile names no witness. */
  readonly #witnessing: Witnessing | undefined;
  readonly gate: ExecGate;
  /** Names under a protection that was laid anew, and those of them that had to be made. */
  readonly #renewed = new Set<string>();
  readonly #made: string[] = [];
  #end: { readonly reason: EndReason; readonly detail: string | undefined } | undefined;

  constructor(ready: ReadyRun, options: RunOptions, releases: Releases) {
    this.#ready = ready;
    this.#options = options;
    this.#releases = releases;
    const { sandbox, log } = ready;
    this.#recorder = new Recorder({
      log,
      hooks: {
        freeze: () => {
          sandbox.freeze();
        },
        thaw: () => {
          sandbox.thaw();
        },
        giveUp: () => {
          this.endAs("record", "the record could not be written");
        },
        say: (text) => {
          options.observer.say(text);
        },
      },
      onEvent: (event) => {
        this.#witnessing?.noteGrowth();
        options.observer.event(event);
      },
      now: Date.now,
      retryMs: RETRY_MS,
      patienceMs: PATIENCE_MS,
    });
    this.#witnessing = this.#makeWitnessing();
    this.#hosts = new HostEvents(this.#recorder);
    this.gate = this.#makeGate();
  }

  /** Ends the run for a reason of Bailiwick's own. The first reason counts. */
  endAs(reason: EndReason, detail?: string): void {
    this.#end ??= { reason, detail };
    if (reason !== "killed") this.#ready.sandbox.kill();
  }

  /** Records the start, starts the command, and resolves when all is over. @throws what fails before the command started: nothing ran */
  async run(signals: Signals): Promise<RunOutcome> {
    const { run, startedAt, sandbox, state, profile, facts } = this.#ready;
    await this.#openNetwork();
    await this.#recordStart();
    await this.#witnessStart();
    this.#releases.add(announceRun(state.runs, run, startedAt));
    this.#options.observer.started(run);
    signals.attach(sandbox);
    if (signals.early === undefined) sandbox.start();
    else this.#stopBeforeStart();
    const { wallMs } = profile.limits;
    const limit = (): void => {
      this.endAs("wall-time", `the run took longer than its profile allows`);
    };
    const timer = wallMs === undefined ? undefined : setTimeout(limit, Math.min(wallMs, LONGEST_MS));
    const exit = await this.#exited();
    clearTimeout(timer);
    this.gate.close();
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

  async #openNetwork(): Promise<void> {
    const { sandbox, rules, decider, facts, profile, publish } = this.#ready;
    const gateway = createGateway({
      dns: sandbox.dns,
      listeners: sandbox.listeners,
      rules,
      decide: (host, port) => {
        const request = {
          action: "connect",
          run: facts,
          host,
          port,
          labels: [],
          timeMs: Date.now(),
          approved: false,
        } as const;
        const decision = decider.decide(request);
        return decision instanceof Promise ? decision.then(withoutQuestion) : withoutQuestion(decision);
      },
      profileDigest: profile.digest,
      findOwner: (ends) => sandbox.findOwner(ends),
      observer: this.#hosts,
    });
    this.#releases.add(async () => {
      await gateway.close();
    });
    for (const port of publish) {
      const publication = await publishPort({ port, connectInside: (inside) => sandbox.connectInside(inside) });
      this.#releases.add(async () => {
        await publication.close();
      });
    }
  }

  async #recordStart(): Promise<void> {
    const { startedAt, facts, hostname, profile, decider, log, sandbox } = this.#ready;
    const { name, command, version } = this.#options;
    const written = await this.#recorder.appendNow({
      type: "run.started",
      at: startedAt,
      ...(name !== undefined && { name }),
      user: facts.user,
      hostname,
      agent: facts.agent,
      command: { values: [...command] },
      workspace: facts.project,
      profile: { name: profile.name, digest: profile.digest },
      policyDigest: decider.policyDigest,
      enforcement: sandbox.enforcement.map(({ layer, state, detail }) => ({ layer, state, detail })),
      follows: { size: log.follows.size, root: log.follows.root },
      version,
    });
    if (!written) throw new Error("the start of the run could not be recorded");
  }

  /** @throws RunError RUN_NOT_WITNESSED, after recording that nothing ran */
  async #witnessStart(): Promise<void> {
    const report = await this.#witnessing?.atStart();
    if (report === undefined || report.met) return;
    const { startedAt } = this.#ready;
    const counts = { ...this.gate.counts, ...this.#hosts.counts };
    const wallMs = Date.now() - startedAt;
    this.#recorder.note({ type: "run.ended", at: Date.now(), status: 125, reason: "record", counts, wallMs });
    this.#witnessing?.close();
    await this.#closeRecord();
    throw notWitnessed(report);
  }

  async #conclude(exit: MainExit | undefined): Promise<RunOutcome> {
    const { run, startedAt, facts, state, sandbox, untold } = this.#ready;
    const { reason, detail } = this.#end ?? { reason: "exited", detail: undefined };
    const changed = findChangedFiles(facts.project, { sinceMs: startedAt, budgetMs: CHANGES_MS, untold });
    if (changed.count > 0) {
      this.#recorder.note({ type: "files.changed", at: Date.now(), paths: [...changed.paths], count: changed.count });
    }
    const counts = { ...this.gate.counts, ...this.#hosts.counts };
    await this.#witnessing?.beforeEnd();
    const wallMs = Date.now() - startedAt;
    const status = this.#statusOf(exit, reason);
    this.#recorder.note({ type: "run.ended", at: Date.now(), status, reason, counts, wallMs });
    const head = await this.#closeRecord();
    const witnessed = await this.#witnessing?.atEnd();
    const hosts = { hostsReached: [...this.#hosts.reached], hostsRefused: [...this.#hosts.refusedHosts] };
    const record = { directory: state.log, head, range: head && this.#ready.log.range, witnessed };
    const { refusals } = this.gate;
    return {
      run,
      status,
      reason,
      detail,
      wallMs,
      counts,
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

  #statusOf(exit: MainExit | undefined, reason: EndReason): number {
    const { execs, refused } = this.gate.counts;
    if (execs === 0 && refused > 0) return 126;
    const status = exit?.status ?? 128 + signalNumber(exit?.signal ?? "SIGKILL");
    // A run that was ended for a reason of its own has not succeeded, whatever its command said last.
    return reason !== "exited" && reason !== "killed" && status === 0 ? 128 + constants.signals.SIGKILL : status;
  }

  #makeWitnessing(): Witnessing | undefined {
    const { witnesses, state, profile } = this.#ready;
    if (witnesses.length === 0) return undefined;
    return new Witnessing({
      directory: state.log,
      witnesses,
      record: profile.record,
      append: (event) => this.#recorder.appendNow(event),
      say: (text) => {
        this.#options.observer.say(text);
      },
      now: Date.now,
    });
  }

  #makeGate(): ExecGate {
    const { facts, decider, digests, names, spec, sandbox } = this.#ready;
    const { approver, terminal } = this.#options;
    const turn = "nobody" in approver ? approver : new TerminalTurn(approver, () => (terminal ? sandbox : undefined));
    return new ExecGate({
      inspector: new ExecInspector({ run: facts, digests, names, writable: writableDirectories(spec.mounts) }),
      decider,
      recorder: this.#recorder,
      approvals: "nobody" in turn ? turn : new Approvals(turn),
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

/** A question about a host has nobody to answer it: the connection could not wait for a person. */
function withoutQuestion(decision: Decision): Decision {
  if (decision.outcome !== "ask") return decision;
  return {
    ...decision,
    outcome: "deny",
    reason: `${decision.reason} (hosts can't be asked about; permit it by a policy)`,
  };
}

function renewedText(path: string, made: boolean): string {
  const what = made ? "removed" : "replaced";
  return `\`${path}\` was ${what} from outside; it is protected again, but for about a millisecond the run could have changed or read it`;
}

function notWitnessed({ by, missing, quorum }: WitnessReport): RunError {
  const reasons = missing.map(({ witness, reason }) => `\`${witness}\` ${failureText(reason)}`).join(", ");
  const had = `${String(by.length)} of the ${String(quorum)} that are needed`;
  return new RunError("RUN_NOT_WITNESSED", `the start of the run could not be witnessed (${had}): ${reasons}`, {
    remedy: "nothing was run; see that the witnesses are reachable and know this log (`bailiwick audit key`)",
  });
}

function signalNumber(name: string): number {
  const found = Object.entries(constants.signals).find(([known]) => known === name);
  return found?.[1] ?? constants.signals.SIGKILL;
}
