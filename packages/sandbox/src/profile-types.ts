import type { RuleSetChoice } from "@bailiwick/policy";

/**
 * A profile: the envelope that the kernel enforces. TOML; unknown keys are errors. `extends` takes in another profile first:
 * lists are joined, tables merged, single values replaced. Paths may hold `{workspace}` and `{home}`, and start with `~/`.
 */
/** What one profile or layer says may be given. */
export interface VariableBound {
  /** The profile or layer, for people. */
  readonly by: string;
  /** Names, or their beginnings and `*`. */
  readonly names: readonly string[];
}

export interface Profile {
  readonly name: string;
  /** Over the merged, normalised profile: `sha256:` and 64 hexadecimal digits. */
  readonly digest: string;
  readonly filesystem: {
    /** Parts of the host that can be read inside, beside the system's directories. */
    readonly read: readonly string[];
    readonly write: readonly string[];
    /** Names and patterns that read as empty, wherever in the workspace. */
    readonly mask: readonly string[];
    /** Paths in the workspace that are read-only, also where they do not exist yet; a trailing slash says directory. */
    readonly protect: readonly string[];
  };
  readonly network: {
    /** `name:port`, lower case. */
    readonly allow: readonly string[];
    readonly hosts: Readonly<Record<string, string>>;
    /** Ports inside that may be published to the host's loopback. */
    readonly publish: readonly number[];
    /** Hosts whose connections are looked into: names, and `*.` and a domain. Policies and credentials add theirs. */
    readonly inspect: readonly string[];
    /** Rule sets that are shipped, sorted by name. */
    readonly rules: readonly RuleSetChoice[];
    /** Files of root certificates (PEM) that are trusted beside the host's own. */
    readonly trust: readonly string[];
  };
  /** Hosts whose SSH ends in the gateway, sorted by name. */
  readonly ssh: readonly ProfileSshHost[];
  /** Sorted by name. */
  readonly credentials: readonly ProfileCredential[];
  readonly environment: {
    readonly pass: readonly string[];
    readonly set: Readonly<Record<string, string>>;
    /** What may be given beside that lies within each of these; none: any variable. */
    readonly only: readonly VariableBound[];
  };
  readonly home: { readonly seed: readonly string[]; readonly mode: "kept" | "ephemeral" };
  readonly limits: {
    readonly processes: number | undefined;
    readonly wallMs: number | undefined;
    readonly fileSizeBytes: number | undefined;
    readonly openFiles: number | undefined;
    readonly memoryBytes: number | undefined;
    /** Size of /tmp and of /dev/shm, which are memory. */
    readonly tmpBytes: number;
  };
  readonly models: {
    /** Whether texts are recorded beside their digests. */
    readonly content: boolean;
    /** Three letters. */
    readonly currency: string;
    /** For a million tokens each, sorted by name; a name may end in `*`. */
    readonly prices: readonly ModelPrice[];
  };
  /** What the run may use up; undefined: as much as it wants. */
  readonly budgets: {
    readonly tokens: number | undefined;
    /** Millionths of the currency of {@link Profile.models}. */
    readonly moneyMicros: number | undefined;
    readonly requests: number | undefined;
    readonly bytes: number | undefined;
    readonly wallMs: number | undefined;
    /** The same call of a tool, failing so often in a row. */
    readonly repeats: number;
    readonly whenSpent: "end" | "pause";
    readonly whenRepeating: "tell" | "end" | "pause";
  };
  readonly recording: {
    /** Whether what the command's terminal shows is recorded, where it has one. */
    readonly terminal: boolean;
    /** A recording is never longer. */
    readonly maxBytes: number;
    /** Whether it may leave the host, for the server at which that is enrolled. */
    readonly send: boolean;
  };
  readonly leaks: {
    /** Hosts of models beside those of the agent: they may be sent whatever the agent reads. */
    readonly models: readonly string[];
    /** Characters of the workspace's code that may go to a host that is none of these. */
    readonly codeCharacters: number;
    /** Any amount of it may. */
    readonly codeHosts: readonly string[];
  };
  readonly record: {
    /** Witnesses of the run's record, by the names this host gives them. */
    readonly witnesses: readonly string[];
    /** How many of them must cosign; 0 to their number. */
    readonly quorum: number;
    /** `start`: nothing runs before the quorum has cosigned the run's beginning. `end`: a quorum that is missing is told. `never`: nobody waits for it. */
    readonly require: "start" | "end" | "never";
  };
}

export interface ProfileSshHost {
  readonly host: string;
  readonly port: number;
  /** `TYPE BASE64`. */
  readonly hostKeys: readonly string[];
  /** Where the private key comes from. */
  readonly source: ProfileCredential["source"];
  readonly user: string | undefined;
  readonly fetch: readonly string[];
  readonly push: readonly string[];
}

export interface ModelPrice {
  readonly model: string;
  readonly in: number;
  readonly out: number;
  readonly cached: number;
  readonly written: number;
}

/** A credential that the run uses and never holds. */
export interface ProfileCredential {
  readonly name: string;
  /** Names, and `*.` and a domain. */
  readonly hosts: readonly string[];
  readonly methods: readonly string[] | undefined;
  /** `*` is one segment, `**` at the end any number. */
  readonly paths: readonly string[] | undefined;
  readonly form:
    | { readonly kind: "bearer" }
    | { readonly kind: "basic"; readonly username: string }
    | { readonly kind: "header"; readonly header: string }
    | { readonly kind: "query"; readonly parameter: string }
    /** Variables, here and inside, are three by one name: `…_SECRET_ACCESS_KEY`, and beside it `…_ACCESS_KEY_ID` and `…_SESSION_TOKEN`. */
    | { readonly kind: "sigv4" };
  readonly source:
    | { readonly kind: "env"; readonly variable: string }
    | { readonly kind: "file"; readonly path: string }
    | { readonly kind: "command"; readonly command: readonly [string, ...string[]] }
    | { readonly kind: "secret-service"; readonly attributes: Readonly<Record<string, string>> };
  /** That holds the placeholder inside. */
  readonly variable: string | undefined;
  readonly always: boolean;
  /** Headers by name in lower case. */
  readonly account: Readonly<Record<string, string>>;
}
