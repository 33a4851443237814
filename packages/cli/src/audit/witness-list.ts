import { formatWitnessKey } from "@bailiwick/audit";
import { addWitness, readWitnesses, removeWitness } from "@bailiwick/run";
import { readKey } from "./files.ts";

export async function addCommand(given: {
  readonly name: string;
  readonly url: string;
  readonly key: string;
}): Promise<number> {
  const { name, url } = await addWitness(process.env, { ...given, key: readKey(given.key) });
  process.stdout.write(`added ${name}, ${url}\n`);
  return 0;
}

export async function listCommand(options: { readonly json?: true }): Promise<number> {
  const witnesses = await readWitnesses(process.env);
  for (const { name, url, key } of witnesses) {
    const text = await formatWitnessKey(key);
    process.stdout.write(options.json ? `${JSON.stringify({ name, url, key: text })}\n` : `${name}  ${url}  ${text}\n`);
  }
  if (witnesses.length === 0 && !options.json) {
    process.stdout.write("no witnesses; add one: bailiwick audit witness add NAME URL VKEY\n");
  }
  return 0;
}

export async function removeCommand(name: string): Promise<number> {
  await removeWitness(process.env, name);
  process.stdout.write(`removed ${name}\n`);
  return 0;
}
