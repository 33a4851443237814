import { rotateKey } from "@bailiwick/audit";
import { accountName, locateStateDirectory } from "@bailiwick/run";
import { readInput } from "./files.ts";

const MAX_SIGNER_BYTES = 65_536;

export async function rotateKeyCommand(options: { readonly signer?: string; readonly json?: true }): Promise<number> {
  const { log } = locateStateDirectory(process.env);
  const { signer: path } = options;
  const signer = path === undefined ? undefined : { path, config: readInput(path, MAX_SIGNER_BYTES) };
  const rotation = await rotateKey(log, { by: accountName(), at: Date.now(), ...(signer && { signer }) });
  if (options.json) process.stdout.write(`${JSON.stringify(rotation)}\n`);
  else {
    process.stdout.write(
      `rotated; entry ${String(rotation.index)} says so, signed by both keys\n  from ${rotation.from}\n  to   ${rotation.to}\n`,
    );
    process.stderr.write(
      "give the new key to your witnesses; who verifies by an older key is led to it by the record\n",
    );
  }
  return 0;
}
