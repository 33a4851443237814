import { escapeControls, formatBytes } from "@bailiwick/base";
import { ServerError } from "@bailiwick/control-plane/contract";
import { openStateDirectory, takeFetchedPolicies } from "@bailiwick/run";
import { enrol, fetchPolicies, sync } from "@bailiwick/uplink";
import { writeError } from "../report.ts";
import { checkedUrl } from "./session.ts";

const FETCH_MS = 20_000;

export async function enrollCommand(url: string, token: string, options: { readonly json?: true }): Promise<number> {
  const state = openStateDirectory(process.env);
  const enrolment = await enrol({ directory: state.server, log: state.log, url: checkedUrl(url), token });
  // It is enrolled, and the token is used up, whatever becomes of the policies.
  const lacking = await syncPolicies(state.server).catch((error: unknown) => {
    if (error instanceof ServerError) return `its policies could not be fetched: ${error.message}`;
    throw error;
  });
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ ...enrolment, ...(lacking !== undefined && { lacking }) })}\n`
      : `enrolled at ${enrolment.url} as ${enrolment.host}; runs are sent there from now on\n`,
  );
  if (lacking === undefined) return 0;
  writeError(`bailiwick: ${escapeControls(lacking)}; runs wait for that: \`bailiwick sync\`\n`);
  return 1;
}

/** Fetches what policies hold for this host, looks at them as a run would, and tells the server what came of it. @returns why they are refused */
async function syncPolicies(directory: string): Promise<string | undefined> {
  const fetch = async (): Promise<void> => {
    await fetchPolicies({ directory, signal: AbortSignal.timeout(FETCH_MS) });
  };
  await fetch();
  const refused = await takeFetchedPolicies(directory);
  await fetch();
  return refused;
}

/** Sends what has not been sent yet, and says how much that was. */
export async function syncCommand(options: { readonly json?: true }): Promise<number> {
  const state = openStateDirectory(process.env);
  const result = await sync({
    directory: state.server,
    log: state.log,
    say: (text) => {
      writeError(`bailiwick: ${escapeControls(text)}\n`);
    },
  });
  const recorded = result.recorded === 0 ? "" : ` and ${formatBytes(result.recorded)} of recordings`;
  const refused = await syncPolicies(state.server);
  if (refused !== undefined) writeError(`bailiwick: ${escapeControls(refused)}\n`);
  process.stdout.write(
    options.json
      ? `${JSON.stringify({ ...result, ...(refused !== undefined && { refused }) })}\n`
      : `${String(result.sent)} entries${recorded} sent; the server holds ${String(result.size)}\n`,
  );
  return refused === undefined ? 0 : 1;
}
