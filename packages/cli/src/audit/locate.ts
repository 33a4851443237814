import { readVerifierKey, tilesDirectory } from "@bailiwick/audit";
import { locateStateDirectory } from "@bailiwick/run";

/** Where the log is, whether or not there is one yet. */
export async function pathCommand(options: { readonly json?: true }): Promise<number> {
  const path = tilesDirectory(locateStateDirectory(process.env).log);
  process.stdout.write(options.json ? `${JSON.stringify({ path })}\n` : `${path}\n`);
  return await Promise.resolve(0);
}

/** The log's verifier key, one line. @throws AuditError AUDIT_NO_LOG */
export async function keyCommand(options: { readonly json?: true }): Promise<number> {
  const key = await readVerifierKey(locateStateDirectory(process.env).log);
  const [origin] = key.split("+");
  process.stdout.write(options.json ? `${JSON.stringify({ key, origin })}\n` : `${key}\n`);
  return 0;
}
