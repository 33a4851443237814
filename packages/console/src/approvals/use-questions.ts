import { useEffect, useState } from "react";
import type { AnswerOf, QuestionOfServer } from "@bailiwick/control-plane/contract";
import { codeOf } from "../problem.tsx";
import { server } from "../server.ts";

export interface Questions {
  /** Undefined until the first answer. */
  readonly items: readonly QuestionOfServer[] | undefined;
  /** Ids of those that the caller has the right to answer. */
  readonly mayAnswer: ReadonlySet<string>;
  readonly live: boolean;
  readonly error: unknown;
}

const WAIT_MS = 20_000;
const PAUSE_MS = 1_000;
/** The server is away, or has too much to do: it is asked again. */
const PASSING: ReadonlySet<string> = new Set(["SERVER_UNREACHABLE", "SERVER_STORE_FAILED", "SERVER_BUSY"]);

/** Questions that the caller may see, kept as they are at the server. */
export function useQuestions(state: "open" | "all"): Questions {
  const [questions, setQuestions] = useState<Questions>(NONE);
  useEffect(() => {
    const ending = new AbortController();
    const { signal } = ending;
    const follow = async (): Promise<void> => {
      for (let known: string | undefined; !signal.aborted;) {
        const page = await ask({ state, known }, signal);
        if (signal.aborted) return;
        if ("error" in page) {
          setQuestions((before) => ({ ...before, live: false, error: page.error }));
          if (!PASSING.has(codeOf(page.error) ?? "")) return;
          known = undefined;
          await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
          continue;
        }
        known = page.tag;
        setQuestions({ items: page.items, mayAnswer: new Set(page.mayAnswer), live: true, error: undefined });
      }
    };
    void follow();
    return () => {
      ending.abort();
    };
  }, [state]);
  return questions;
}

const NONE: Questions = { items: undefined, mayAnswer: new Set(), live: false, error: undefined };

interface Wanted {
  readonly state: "open" | "all";
  /** Of the list that is known; undefined: whatever there is, at once. */
  readonly known: string | undefined;
}

async function ask(
  { state, known }: Wanted,
  signal: AbortSignal,
): Promise<AnswerOf<"listQuestions"> | { readonly error: unknown }> {
  try {
    const query = { state, ...(known !== undefined && { known, waitMs: WAIT_MS }) };
    return await server.call("listQuestions", { query }, { signal });
  } catch (error) {
    return { error };
  }
}
