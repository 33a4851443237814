import type { AskTerms } from "./ask-terms.ts";
import type { Severity } from "./severity.ts";

export type { AskTerms, Severity };

/** What was decided. There is no fourth outcome, and none of them is a default: a decider that can't decide denies. */
export type Outcome = "allow" | "deny" | "ask";

/**
 * How widely a decision holds, so that an enforcement point may repeat it without asking again.
 * `program`: for every argv of this program (same file, same names), in any directory, until the policy set changes.
 * `exact`: for the same request only. `once`: never again without asking (it depends on time or on what the run has done).
 */
export type DecisionScope = "program" | "exact" | "once";

/** The answer to one request, as it stands in the record and in front of agent and person. */
export interface Decision {
  readonly outcome: Outcome;
  /** The `@id` of every policy that determined the outcome; empty when no policy permitted (`deny` by default) or when deciding failed. */
  readonly policies: readonly string[];
  /** One sentence for the agent and the person. Empty only for `allow`. */
  readonly reason: string;
  /** What to do instead (`@instead`). */
  readonly instead: string | undefined;
  /** Who may answer an `ask` (`@ask("role")`). */
  readonly approver: string | undefined;
  /** How an `ask` is answered; of nothing else. */
  readonly terms?: AskTerms;
  /** Digest of the whole policy set: `sha256:` and 64 hexadecimal digits. */
  readonly policyDigest: string;
  readonly scope: DecisionScope;
  /** Why deciding failed, when it did; the outcome is then `deny`. */
  readonly failure: string | undefined;
  /** How severe it is that it was tried (`@severity("high")`), where a policy that refuses or asks says so; the most severe of them. */
  readonly severity?: Severity;
}

/** The run that asks: the Cedar principal `Run::"<runId>"`, member of `User`, `Agent` and `Project`. */
export interface RunFacts {
  readonly runId: string;
  readonly user: string;
  /** The agent's adapter or the name of its program: `claude-code`, `codex`, `node`. */
  readonly agent: string;
  /** The workspace's directory as seen inside, absolute. */
  readonly project: string;
  readonly profile: string;
  /** `KEY=VALUE`, as whoever started it says. */
  readonly labels: readonly string[];
}

/**
 * One program of an exec: the Cedar resource `Program::"<path>"`, member of `ProgramGroup::"<name>"` for each of its names.
 * Names: the last component of the path asked for and of the path resolved, and those that its digest is known by, so that a
 * renamed copy of `git` is still in `ProgramGroup::"git"`. Beside them the groups `memfd` (an anonymous file) and `workspace`
 * (a file that the run itself may have written).
 */
export interface ProgramFacts {
  readonly path: string;
  readonly names: readonly string[];
  /** `sha256:` and 64 hexadecimal digits of the file's bytes. */
  readonly digest: string;
  readonly memfd: boolean;
  readonly inWorkspace: boolean;
}

/** One link of an exec: the program, a script's interpreter, or the program that a dynamic loader was told to run. */
export interface ExecLink {
  readonly program: ProgramFacts;
  /** The argument vector as this program sees it, `argv[0]` first. */
  readonly argv: readonly string[];
}

/** May this exec happen? Every link must be permitted; the strictest outcome wins. At least one link. */
export interface ExecRequest {
  readonly action: "exec";
  readonly run: RunFacts;
  readonly links: readonly ExecLink[];
  readonly cwd: string;
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  /** A person with the right role said yes to exactly this request under exactly this policy set. */
  readonly approved: boolean;
}

/** What was found in what is sent. */
export interface LeakFacts {
  /** Kinds, and what they are more closely: `secret`, `github`. Empty: nothing was found. */
  readonly kinds: readonly string[];
  /** The host is a model's: what an agent reads goes there. */
  readonly toModel: boolean;
}

/** May this run talk to this host? The profile has permitted the name already; Cedar decides within that. Resource `Host::"<name>"`, member of `HostGroup` for each of its parent domains (`*.example.com`) and of `HostGroup::"profile"`. */
export interface ConnectRequest {
  readonly action: "connect";
  readonly run: RunFacts;
  /** Lower case, no trailing dot. */
  readonly host: string;
  /** 1..65535; 0 while a name is only being resolved. */
  readonly port: number;
  readonly leak: LeakFacts;
  readonly timeMs: number;
  readonly approved: boolean;
}

/**
 * May this request be sent? Asked for each request of a connection that is looked into. Resource as for a connect.
 * Every text is what the client sent, checked to have one reading, or given in each (`paths`).
 */
export interface HttpRequest {
  readonly action: "httpRequest";
  readonly run: RunFacts;
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  /** Upper case. */
  readonly method: string;
  /** The path's decoded segments, in every way that a server could read them; at least one way. All must be permitted. */
  readonly paths: readonly (readonly string[])[];
  /** The names in the query, decoded. */
  readonly query: readonly string[];
  /** Names in lower case; without the values of those that hold credentials. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Declared length of the body; -1 when it is not declared. */
  readonly sizeBytes: number;
  /** The profile's name of the credential that it carries; "" for none. */
  readonly credential: string;
  /** Path of the program that sends it; "" when that is not known. */
  readonly program: string;
  readonly leak: LeakFacts;
  readonly timeMs: number;
  readonly approved: boolean;
}

export type DecisionRequest = ExecRequest | ConnectRequest | HttpRequest;

/**
 * Decides requests under one policy set. The answer comes at once where only unconditional policies can apply or an equal
 * request was decided before; otherwise it comes from Cedar. Never rejects and never throws: a failure is a `deny` that says so.
 */
export interface Decider {
  readonly policyDigest: string;
  decide(request: DecisionRequest): Decision | Promise<Decision>;
  close(): Promise<void>;
}
