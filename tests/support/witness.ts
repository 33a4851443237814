/** A witness by the shipped command, on a port of its own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { bailiwick, personEnvironment, type Place } from "./governed.ts";

const command = fileURLToPath(new URL("../../packages/cli/bin/bailiwick.js", import.meta.url));

export interface RunningWitness {
  readonly url: string;
  readonly key: string;
  /** Lines that it said of what it answered. */
  readonly answers: readonly string[];
  /** As its operator would end it. */
  stop(): Promise<void>;
}

/** @param logs verifier keys @param port of one that was there before; 0: any */
export async function startWitness(
  place: Place,
  name: string,
  { logs, port = 0 }: { readonly logs: readonly string[]; readonly port?: number },
): Promise<RunningWitness> {
  const args = ["audit", "witness", "serve", "--json", "--name", `witness.test/${name}`];
  const where = ["--listen", `127.0.0.1:${String(port)}`, "--state", join(place.root, `witness-${name}`)];
  const child = spawn(process.execPath, [command, ...args, ...where, ...logs.flatMap((log) => ["--log", log])], {
    cwd: place.root,
    env: personEnvironment(place),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const answers: string[] = [];
  const lines = createInterface({ input: child.stdout });
  const [first] = (await Promise.race([once(lines, "line"), once(child, "exit").then(() => [""])])) as [string];
  const { url, key } = JSON.parse(first) as { url: string; key: string };
  lines.on("line", (line) => answers.push((JSON.parse(line) as { answered: string }).answered));
  return {
    url,
    key,
    answers,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGTERM");
      await once(child, "exit");
    },
  };
}

/** The verifier key of the place's log. */
export async function logKey(place: Place): Promise<string> {
  const { status, stdout, stderr } = await bailiwick(place, ["audit", "key"]);
  if (status !== 0) throw new Error(stderr);
  return stdout.trim();
}
