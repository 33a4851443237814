import type { AgentHost } from "@bailiwick/agents";
import {
  matchesHost,
  partsOf,
  type BrokeredCredential,
  type FoundLeak,
  type LeakBody,
  type LeakLook,
} from "@bailiwick/egress";
import type { LeakWatch } from "@bailiwick/leaks";
import type { Profile } from "@bailiwick/sandbox";

export interface RunLeaksOptions {
  readonly leaks: Profile["leaks"];
  /** Those that the agent contacts of its own accord: its models' are among them. */
  readonly agentHosts: readonly AgentHost[];
  readonly workspace: string;
}

/** What the run must not read or send as it is; known when the sandbox is prepared, before anything is sent. */
export interface RunSecrets {
  /** NAME=VALUE, as the run gets it. */
  readonly environment: readonly string[];
  /** Files and directories that read as empty inside. */
  readonly masked: readonly string[];
  /** Their placeholders stand in the run: worth nothing, and watched for by themselves. */
  readonly credentials: readonly BrokeredCredential[];
}

/** Looks at what a run sends. The rules are loaded and the workspace is read when the first request is there, and not before. */
export class RunLeaks implements LeakLook {
  readonly #options: RunLeaksOptions;
  readonly #models: readonly string[];
  #secrets: RunSecrets = { environment: [], masked: [], credentials: [] };
  #watch: Promise<LeakWatch> | undefined;

  constructor(options: RunLeaksOptions) {
    this.#options = options;
    const own = options.agentHosts.filter(({ need }) => need === "model").map(({ name }) => name);
    this.#models = [...own, ...options.leaks.models];
  }

  learn(secrets: RunSecrets): void {
    this.#secrets = secrets;
  }

  isModel(host: string): boolean {
    return matchesHost(this.#models, host);
  }

  async request(host: string, target: string, headers: readonly string[]): Promise<readonly FoundLeak[]> {
    const watch = await this.#open();
    const found = new Map<string, FoundLeak>();
    const note = (leaks: readonly FoundLeak[]): void => {
      for (const leak of leaks) found.set(`${leak.kind} ${leak.what}`, leak);
    };
    for (const text of [target, ...headers]) note(watch.scan(text));
    for (const piece of piecesOf(target)) note(await watch.join(host, piece));
    return [...found.values()];
  }

  async body(host: string, codings: readonly string[]): Promise<LeakBody> {
    return await (await this.#open()).body(host, codings);
  }

  /** What a name itself holds that is looked up by a pattern of the profile. */
  async name(host: string): Promise<readonly FoundLeak[]> {
    const watch = await this.#open();
    return [host, host.replaceAll(".", "")].flatMap((text) => watch.scan(text));
  }

  async #open(): Promise<LeakWatch> {
    this.#watch ??= this.#load();
    return await this.#watch;
  }

  async #load(): Promise<LeakWatch> {
    const { leaks, workspace } = this.#options;
    const [{ LeakWatch: Watch }, { loadSecretFinder }, { knownSecrets }] = await Promise.all([
      import("@bailiwick/leaks"),
      import("@bailiwick/secrets"),
      import("./known-secrets.ts"),
    ]);
    const { environment, masked, credentials } = this.#secrets;
    const placeholders = credentials.flatMap(partsOf).map(({ placeholder }) => placeholder);
    const values = knownSecrets(environment, masked).filter(({ value }) => !placeholders.includes(value));
    return new Watch({
      finder: await loadSecretFinder(),
      values,
      code: async () => await (await import("./workspace-code.ts")).readCode(workspace),
      budgetOf: (host) => (this.isModel(host) || matchesHost(leaks.codeHosts, host) ? undefined : leaks.codeCharacters),
    });
  }
}

/** What of a target can be a piece of something longer: values of its query, and the end of its path. */
function piecesOf(target: string): readonly string[] {
  const url = URL.parse(target, "http://host.invalid");
  if (url === null) return [];
  return [...url.searchParams.values(), url.pathname.split("/").at(-1) ?? ""];
}
