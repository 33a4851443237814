import { isJsonObject } from "@bailiwick/base";
import type { Outcome } from "../types.ts";

/** A decision as the record has it. */
export interface RecordedDecision {
  readonly outcome: Outcome;
  readonly policies: readonly string[];
  /** It was a question, and `outcome` is what became of it. */
  readonly approver?: string | undefined;
  readonly policyDigest: string;
}

interface Base {
  readonly run: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

interface RecordedProgram {
  readonly path: string;
  readonly digest: string;
}

interface RecordedHost extends Base {
  readonly host: string;
  readonly port: number;
  readonly decision: RecordedDecision;
}

/**
 * What decisions are made again from: the part of the record's events (their schema is `docs/schema/event.v1.json`) that says what was asked.
 * An event of another type says nothing of it.
 */
export type RecordedEvent =
  | (Base & {
      readonly type: "run.started";
      readonly user: string;
      readonly agent: string;
      readonly labels?: readonly string[] | undefined;
      readonly workspace: string;
      readonly profile: { readonly name: string };
      readonly policyDigest: string;
    })
  | (Base & {
      readonly type: "exec.allowed" | "exec.refused";
      readonly asked: string;
      readonly program: RecordedProgram;
      readonly also?: readonly RecordedProgram[] | undefined;
      readonly argv: { readonly values: readonly string[]; readonly whole?: string | undefined };
      readonly cwd: string;
      readonly decision: RecordedDecision;
    })
  | (RecordedHost & { readonly type: "host.refused" | "connection.opened" })
  | (RecordedHost & {
      readonly type: "request.sent" | "request.refused";
      readonly method: string;
      readonly path: string;
      readonly query: readonly string[];
      readonly credential?: string | undefined;
    });

const TYPES: ReadonlySet<unknown> = new Set<RecordedEvent["type"]>([
  "run.started",
  "exec.allowed",
  "exec.refused",
  "host.refused",
  "connection.opened",
  "request.sent",
  "request.refused",
]);

/** By its type alone: an event that was read from a record has the form of its type. */
export function isRecordedEvent(event: unknown): event is RecordedEvent {
  return isJsonObject(event) && TYPES.has(event["type"]);
}
