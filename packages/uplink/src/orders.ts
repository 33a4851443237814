import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { readStatement } from "@bailiwick/audit";
import { isErrno, parseJson } from "@bailiwick/base";
import {
  LONGEST_WAIT_MS,
  ORDERS_STATEMENT,
  ServerError,
  standing as standingForm,
  type Client,
  type Standing,
} from "@bailiwick/control-plane/contract";
import type { Enrolment } from "./enrolment.ts";
import { replaceFile } from "./own-file.ts";
import { pause } from "./pause.ts";

/** The run that is followed, as its record has it. */
export interface FollowedRun {
  readonly run: string;
  readonly agent: string;
  readonly project: string;
  readonly labels: readonly string[];
}

/** What holds for the run, without what proves it. */
export type Told = Pick<Standing, "state" | "why" | "leaseS" | "answers">;

export interface OrderFollowerOptions {
  readonly client: Client;
  readonly enrolment: Enrolment;
  /** `server` in the state directory. */
  readonly directory: string;
  readonly run: FollowedRun;
  /** What holds, each time the server was heard. */
  readonly onStanding: (standing: Told) => void;
  /** The lease of when the server was heard last, before it was heard in this run. */
  readonly onKeptLease: (leaseS: number) => void;
  readonly say: (text: string) => void;
  readonly signal: AbortSignal;
}

const KEPT = "lease.note";
const FIRST_PAUSE_MS = 250;
/** A kill switch must reach a host soon after its server is there again. */
const LONGEST_PAUSE_MS = 5_000;
/** What a server may take beyond the wait that it was asked for. */
const GRACE_MS = 10_000;

/**
 * Asks the server what it wants of a run, for as long as the run goes on. What is not signed by the key that was pinned at the enrolment, or
 * answers something else than was asked just now, is no answer: whoever is at the server's address without its key is as good as away.
 */
export async function followOrders(options: OrderFollowerOptions): Promise<void> {
  const { directory, enrolment, signal, onStanding, onKeptLease, say } = options;
  const kept = await readKept(directory, enrolment);
  if (kept !== undefined) onKeptLease(kept);
  let known: string | undefined;
  for (let waitMs = FIRST_PAUSE_MS; !signal.aborted;) {
    try {
      const { standing, note } = await ask(options, known);
      if (known === undefined || standing.tag !== known) replaceFile(join(directory, KEPT), note);
      known = standing.tag;
      waitMs = FIRST_PAUSE_MS;
      onStanding(standing);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ServerError)) throw error;
      if (error.code === "SERVER_UNKNOWN_CALLER" || error.code === "SERVER_FORBIDDEN") {
        say(`the server tells this host nothing: ${error.message}`);
        return;
      }
      if (error.code === "SERVER_MALFORMED") say(error.message);
      await pause(waitMs * (0.5 + Math.random() / 2), signal);
      waitMs = Math.min(waitMs * 2, LONGEST_PAUSE_MS);
    }
  }
}

async function ask(
  { client, enrolment, run, signal }: OrderFollowerOptions,
  known: string | undefined,
): Promise<{ readonly standing: Standing; readonly note: string }> {
  const nonce = randomBytes(16).toString("base64url");
  // At first it is not waited for: what holds already is to be known at once.
  const waitMs = known === undefined ? 0 : LONGEST_WAIT_MS;
  const { statement } = await client
    .call(
      "followOrders",
      {
        params: { host: enrolment.host },
        body: {
          run: run.run,
          agent: run.agent.slice(0, 400),
          project: run.project.slice(0, 400),
          nonce,
          waitMs,
          ...(known !== undefined && { known }),
        },
      },
      { signal: AbortSignal.any([signal, AbortSignal.timeout(waitMs + GRACE_MS)]) },
    )
    .catch((error: unknown) => {
      throw isTimeout(error) && !signal.aborted
        ? new ServerError("SERVER_UNREACHABLE", "the server did not answer in time", { cause: error })
        : error;
    });
  const standing = await open(statement, enrolment);
  if (standing?.nonce === nonce && standing.run === run.run) return { standing, note: statement };
  throw new ServerError(
    "SERVER_MALFORMED",
    `what answers at \`${enrolment.url}\` is not the server that this host was enrolled at: its orders are not followed`,
    { remedy: "tell your security team; if the server was set up anew, enrol the host again" },
  );
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === "TimeoutError";
}

async function open(note: string, { serverLogKey, host }: Enrolment): Promise<Standing | undefined> {
  const lines = await readStatement(Buffer.from(note), ORDERS_STATEMENT, serverLogKey);
  const [line = "", ...others] = lines ?? [];
  if (others.length > 0) return undefined;
  const parsed = standingForm.safeParse(parseJson(line));
  return parsed.success && parsed.data.host === host ? parsed.data : undefined;
}

/** The lease that the server signed last, for when it is away from a run's beginning. */
async function readKept(directory: string, enrolment: Enrolment): Promise<number | undefined> {
  try {
    return (await open(readFileSync(join(directory, KEPT), "utf8"), enrolment))?.leaseS;
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
}
