import type { Decision } from "@bailiwick/policy";
import { type Fields, valuesOf } from "./headers.ts";

/** A refusal as an answer inside: the agent's model reads it. */
export interface RefusalAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
}

/**
 * Text for people and for git, which shows it; JSON for those who ask for it, in the forms in which the model APIs, GitHub and most others
 * give errors, so that clients show the message rather than that they understood nothing.
 */
export function refusalAnswer(decision: Decision, requestFields: Fields, status = 403): RefusalAnswer {
  const message = explanation(decision);
  const accepted = valuesOf(requestFields, "accept").join(",").toLowerCase();
  if (!accepted.includes("json")) {
    return { status, contentType: "text/plain; charset=utf-8", body: Buffer.from(`${message}\n`) };
  }
  const error = { type: "permission_error", code: "bailiwick_refused", status: "PERMISSION_DENIED", message };
  const { policies, reason, instead } = decision;
  const json = { type: "error", error, message, policies, reason, ...(instead !== undefined && { instead }) };
  return { status, contentType: "application/json", body: Buffer.from(`${JSON.stringify(json)}\n`) };
}

function explanation({ reason, instead, policies }: Decision): string {
  const named = policies.length === 0 ? "" : ` [policy ${policies.join(", ")}]`;
  const first = `bailiwick: refused: ${reason || "no policy permits it"}${named}`;
  return instead === undefined ? first : `${first}\nbailiwick: instead: ${instead}`;
}
