import type { CompiledPolicy } from "../decide/compiled.ts";
import type { PolicySource, Problem } from "../source.ts";

/** What the worker that holds Cedar is asked. `id` pairs question and answer. */
export type Question = { readonly id: number } & Ask;

export type Ask =
  | { readonly kind: "warm" }
  | { readonly kind: "compile"; readonly sources: readonly PolicySource[] }
  | { readonly kind: "format"; readonly text: string }
  | {
      readonly kind: "evaluate";
      /** A prepared set can't be freed, only replaced under its name: so names are few and used again. */
      readonly slot: number;
      /** The set to put into the slot first, by `@id`; `undefined` when it is there already. */
      readonly prepare: Readonly<Record<string, string>> | undefined;
      readonly call: AuthorizationCall;
    };

export interface EntityUid {
  readonly type: string;
  readonly id: string;
}

type Simple = string | number | boolean | readonly string[];
export type ContextValue = Simple | Readonly<Record<string, Simple>>;

export interface AuthorizationCall {
  readonly principal: EntityUid;
  readonly action: EntityUid;
  readonly resource: EntityUid;
  readonly entities: readonly { readonly uid: EntityUid; readonly parents: readonly EntityUid[] }[];
  readonly context: Readonly<Record<string, ContextValue>>;
}

/** What Cedar found: the ids of the determining policies, and what failed while evaluating. */
export interface Evaluation {
  readonly decision: "allow" | "deny";
  readonly reasons: readonly string[];
  /** One line for each policy that could not be evaluated. Any such line means deny. */
  readonly errors: readonly string[];
}

export interface Compilation {
  /** Empty when a problem is an error. */
  readonly policies: readonly CompiledPolicy[];
  readonly problems: readonly Problem[];
}

export interface Answers {
  readonly warm: true;
  readonly compile: Compilation;
  readonly format: { readonly text: string } | { readonly problems: readonly Problem[] };
  readonly evaluate: Evaluation;
}

export type Reply =
  | { readonly id: number; readonly ok: true; readonly value: Answers[Ask["kind"]] }
  /** `trapped`: the instance is poisoned and must not be asked again. */
  | { readonly id: number; readonly ok: false; readonly trapped: boolean; readonly message: string };
