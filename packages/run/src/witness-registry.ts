import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { formatWitnessKey, parseWitnessKey, type KnownWitness } from "@bailiwick/audit";
import { isErrno } from "@bailiwick/base";
import { configDirectory, homeOf } from "./config-directory.ts";
import { RunError } from "./errors.ts";

/** As profiles may name one. */
const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** Where this host keeps its witnesses: among the person's settings, where no run can write. */
export function witnessFile(environment: NodeJS.ProcessEnv): string {
  return join(configDirectory(environment, homeOf(environment)), "witnesses.json");
}

/** The witnesses of this host, in the order they were added. @throws RunError RUN_WITNESS_UNKNOWN when the file is not what `witness add` writes */
export async function readWitnesses(environment: NodeJS.ProcessEnv): Promise<KnownWitness[]> {
  const path = witnessFile(environment);
  const json = readJson(path);
  if (json === undefined) return [];
  if (!Array.isArray(json)) throw damaged(path);
  const witnesses: KnownWitness[] = [];
  for (const entry of json as readonly unknown[]) {
    const witness = await parseWitness(entry);
    if (witness === undefined) throw damaged(path);
    witnesses.push(witness);
  }
  return witnesses;
}

/** @param wanted names, as in a profile @throws RunError RUN_WITNESS_UNKNOWN for one that is not known here */
export async function findWitnesses(
  environment: NodeJS.ProcessEnv,
  wanted: readonly string[],
): Promise<KnownWitness[]> {
  if (wanted.length === 0) return [];
  const known = await readWitnesses(environment);
  return wanted.map((name) => {
    const found = known.find((witness) => witness.name === name);
    if (found !== undefined) return found;
    throw new RunError(
      "RUN_WITNESS_UNKNOWN",
      `the profile names the witness \`${name}\`, which this host does not know`,
      {
        remedy: `add it: \`bailiwick audit witness add ${name} URL VKEY\``,
      },
    );
  });
}

/** @throws RunError RUN_OPTION_INVALID; RUN_WITNESS_UNKNOWN as {@link readWitnesses} */
export async function addWitness(
  environment: NodeJS.ProcessEnv,
  { name, url, key }: { readonly name: string; readonly url: string; readonly key: string },
): Promise<KnownWitness> {
  const added = await parseWitness({ name, url, key });
  if (added === undefined) throw await whatIsWrong({ name, url, key });
  const known = await readWitnesses(environment);
  const same = known.find(
    (other) => other.name !== name && Buffer.compare(other.key.publicKey, added.key.publicKey) === 0,
  );
  if (same !== undefined) {
    // Two names for one would let one voice count twice in a quorum.
    throw new RunError("RUN_OPTION_INVALID", `this key is that of the witness \`${same.name}\``, {
      remedy: `use that name, or remove it first: \`bailiwick audit witness remove ${same.name}\``,
    });
  }
  await writeWitnesses(environment, [...known.filter((other) => other.name !== name), added]);
  return added;
}

/** @throws RunError RUN_WITNESS_UNKNOWN */
export async function removeWitness(environment: NodeJS.ProcessEnv, name: string): Promise<void> {
  const known = await readWitnesses(environment);
  if (!known.some((witness) => witness.name === name)) {
    throw new RunError("RUN_WITNESS_UNKNOWN", `this host knows no witness \`${name}\``, {
      remedy: "list them with `bailiwick audit witness list`",
    });
  }
  await writeWitnesses(
    environment,
    known.filter((witness) => witness.name !== name),
  );
}

async function writeWitnesses(environment: NodeJS.ProcessEnv, witnesses: readonly KnownWitness[]): Promise<void> {
  const path = witnessFile(environment);
  const json = await Promise.all(
    witnesses.map(async ({ name, url, key }) => ({ name, url, key: await formatWitnessKey(key) })),
  );
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(`${path}.tmp`, `${JSON.stringify(json, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.tmp`, path);
}

async function parseWitness(entry: unknown): Promise<KnownWitness | undefined> {
  if (typeof entry !== "object" || entry === null) return undefined;
  const { name, url, key }: { name?: unknown; url?: unknown; key?: unknown } = entry;
  if (typeof name !== "string" || typeof url !== "string" || typeof key !== "string") return undefined;
  const parsed = await parseWitnessKey(key);
  return NAME.test(name) && isWitnessUrl(url) && parsed !== undefined ? { name, url, key: parsed } : undefined;
}

/** No user or password: what is configured here is shown and logged. */
function isWitnessUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return (
    (protocol === "https:" || protocol === "http:") && [username, password, search, hash].every((part) => part === "")
  );
}

async function whatIsWrong(given: { name: string; url: string; key: string }): Promise<RunError> {
  if (!NAME.test(given.name)) {
    const remedy = "lower-case letters, digits, `.`, `_` and `-`, at most 64";
    return new RunError("RUN_OPTION_INVALID", `\`${given.name}\` is not a name for a witness`, { remedy });
  }
  if (!isWitnessUrl(given.url)) {
    const remedy = "give its submission prefix, `https://…`, without user or query";
    return new RunError("RUN_OPTION_INVALID", `\`${given.url}\` is not the URL of a witness`, { remedy });
  }
  return new RunError("RUN_OPTION_INVALID", "this is not the verifier key of a witness (`NAME+ID+KEY`, type 0x04)", {
    remedy: "ask its operator for the line that `bailiwick audit witness key` prints",
  });
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    if (error instanceof SyntaxError) throw damaged(path, error);
    throw error;
  }
}

function damaged(path: string, cause?: unknown): RunError {
  return new RunError("RUN_WITNESS_UNKNOWN", `\`${path}\` is not a list of witnesses`, {
    ...(cause === undefined ? {} : { cause }),
    remedy: "remove it, and add the witnesses again with `bailiwick audit witness add`",
  });
}
