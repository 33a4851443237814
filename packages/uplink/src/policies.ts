import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { readStatement } from "@bailiwick/audit";
import { isJsonObject, parseJson } from "@bailiwick/base";
import {
  Client,
  POLICY_STATEMENT,
  policyStanding,
  ROUTES,
  ServerError,
  signAs,
  type InputOf,
} from "@bailiwick/control-plane/contract";
import { readEnrolment, readHostKey } from "./enrolment.ts";
import { readIfThere, replaceFile } from "./own-file.ts";

export interface PolicyFetchOptions {
  /** `server` in the state directory. */
  readonly directory: string;
  readonly signal: AbortSignal;
}

/**
 * Asks the server which policies hold for this host, tells it what the host made of the last answer, and keeps the answer for the next run to look at.
 * What is not signed by the key that was pinned at the enrolment, or answers another question, is no answer, and is not kept.
 * @throws ServerError
 */
export async function fetchPolicies({ directory, signal }: PolicyFetchOptions): Promise<void> {
  const enrolment = readEnrolment(directory);
  if (enrolment === undefined) throw new ServerError("SERVER_NOT_FOUND", "this host is enrolled at no server");
  const { url, host, serverLogKey } = enrolment;
  const client = new Client({ url, by: signAs(host, readHostKey(directory)) });
  const nonce = randomBytes(16).toString("base64url");
  const body = readReport(directory, nonce);
  const { statement, bundles } = await client
    .call("fetchPolicies", { params: { host }, body }, { signal })
    .catch((error: unknown) => {
      if (error instanceof ServerError) throw error;
      throw new ServerError("SERVER_UNREACHABLE", "the server did not answer in time", { cause: error });
    });
  const [line = "", ...others] = (await readStatement(Buffer.from(statement), POLICY_STATEMENT, serverLogKey)) ?? [];
  const standing = policyStanding.safeParse(parseJson(line));
  if (others.length > 0 || !standing.success || standing.data.nonce !== nonce || standing.data.host !== host) {
    throw new ServerError(
      "SERVER_MALFORMED",
      `what answers at \`${url}\` is not the server that this host was enrolled at: its policies are not taken`,
      { remedy: "tell your security team; if the server was set up anew, enrol the host again" },
    );
  }
  const place = join(directory, "policy");
  mkdirSync(place, { recursive: true, mode: 0o700 });
  replaceFile(join(place, "next.json"), JSON.stringify({ note: statement, bundles }));
  replaceFile(join(place, "heard"), "");
}

/**
 * As the run that took or refused the last answer left it. When it is damaged the server is told that the host has nothing: it sends all, and whoever
 * takes that writes the report anew.
 */
function readReport(directory: string, nonce: string): InputOf<"fetchPolicies">["body"] {
  const json = parseJson(readIfThere(join(directory, "policy", "report.json")) ?? "");
  const report = ROUTES.fetchPolicies.body.safeParse({ ...(isJsonObject(json) && json), nonce });
  return report.success ? report.data : { has: [], nonce };
}
