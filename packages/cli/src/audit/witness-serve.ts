import { resolve } from "node:path";
import { parseLogKey, readOwnWitnessKey, startWitness, type VerifierKey, type WatchedLog } from "@bailiwick/audit";
import { CliError } from "../errors.ts";
import { readAddress } from "../listen-address.ts";
import { Output } from "../output.ts";

interface WitnessPlace {
  readonly state: string;
  readonly name?: string;
  readonly json?: true;
}

/** Serves until it is told to end (SIGINT, SIGTERM). */
export async function serveCommand(
  options: WitnessPlace & { readonly listen: string; readonly log: readonly string[] },
): Promise<number> {
  const out = new Output(process.stdout);
  const say = (kind: string, text: string): void => {
    void out.line(options.json ? JSON.stringify({ [kind]: text }) : text);
  };
  const server = await startWitness(
    {
      state: resolve(options.state),
      logs: await readLogs(options.log),
      name: checkedName(options.name),
      now: Date.now,
    },
    {
      ...readAddress(options.listen),
      onAnswer: (line) => {
        say("answered", line);
      },
    },
  );
  await out.line(
    options.json
      ? JSON.stringify({ url: server.url, key: server.key })
      : `witness ${server.key}\nlistening on ${server.url}`,
  );
  await new Promise<void>((end) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => end());
  });
  await server.close();
  return 0;
}

/** The verifier key of a witness, one line. */
export async function witnessKeyCommand(options: WitnessPlace): Promise<number> {
  const place = { state: resolve(options.state), logs: [], name: checkedName(options.name), now: Date.now };
  const key = await readOwnWitnessKey(place);
  process.stdout.write(options.json ? `${JSON.stringify({ key })}\n` : `${key}\n`);
  return 0;
}

/** A key's text ends with 44 characters of base 64; an origin may follow when it is not the key's name. */
const LOG = /^([^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44})(?:=(\S.*))?$/;

async function readLogs(texts: readonly string[]): Promise<WatchedLog[]> {
  const keys = new Map<string, VerifierKey[]>();
  for (const text of texts) {
    const [, encoded = "", origin] = LOG.exec(text) ?? [];
    const key = await parseLogKey(encoded);
    if (key === undefined) {
      throw new CliError("CLI_USAGE", "`--log` needs a log's verifier key (`NAME+ID+KEY`, Ed25519)", {
        remedy: "take the line that `bailiwick audit key` prints there",
      });
    }
    keys.set(origin ?? key.name, [...(keys.get(origin ?? key.name) ?? []), key]);
  }
  return [...keys].map(([origin, all]) => ({ origin, keys: all }));
}

/** Names of keys hold neither spaces nor `+` (signed-note). */
function checkedName(name: string | undefined): string | undefined {
  if (name === undefined || /^[!-*,-~]{1,200}$/.test(name)) return name;
  throw new CliError("CLI_USAGE", `\`--name ${name}\` is not a name for a key`, {
    remedy: "printable ASCII without spaces and `+`; a URL without its scheme is best",
  });
}
