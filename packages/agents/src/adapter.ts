/** A vendor's host that an agent talks to. */
export interface AgentHost {
  /** Lower case. */
  readonly name: string;
  /** 1..65535 */
  readonly port: number;
  /** What for, for the profile's comment: `model API`. */
  readonly why: string;
  /** `model`: without it the agent can't work. `login`: only to sign in with an account. */
  readonly need: "model" | "login";
}

/** What Bailiwick knows of one coding agent. It describes and never acts; it can't permit anything by itself. */
export interface Adapter {
  /** The run's agent in policies (`Agent::"claude-code"`), in the record, and in the path of its private home. */
  readonly name: string;
  /** As its vendor writes it. */
  readonly title: string;
  /** What it contacts of its own accord, for `init` and for hints. Nothing is reachable that the profile does not allow. */
  readonly hosts: readonly AgentHost[];
  /** Set inside, before the profile's own: the agent's own updater, telemetry and nested sandbox off. */
  readonly environment: Readonly<Record<string, string>>;
  /** Variables that hold its credentials: passed only if the profile says so. */
  readonly credentials: readonly string[];
  /** Files of the person's home, relative to it, that hold instructions to the agent and never a secret. */
  readonly seed: readonly string[];
  /** Arguments that turn its own questions and its own sandbox off, since both stand within the run's boundary. */
  readonly autonomy: readonly string[];
  /** The command line by which it does one thing without anybody there, and ends. Undefined where that is not known. */
  readonly headless: ((prompt: string) => readonly [string, ...string[]]) | undefined;
  /** The program that runs it when it is a script, to be found in PATH. */
  readonly interpreter: string | undefined;
  /**
   * The command texts that a call of one of its tools may run in a shell, as the model wrote them.
   * @param input JSON, or the text of a tool that takes text
   */
  commandsOf(tool: string, input: string): readonly string[];
  /** The command text within the way in which it starts a shell for a tool; undefined where a command line is no such thing. */
  unwrap(argv: readonly string[]): string | undefined;
  /**
   * What must be readable inside for it to start: absolute paths, each with its reason being the agent's own installation.
   * Some may not exist (a platform's package); those are left out by the caller.
   * @param realPath the program's file, symbolic links resolved
   */
  installation(realPath: string): readonly string[];
}
