import { resolve } from "node:path";
import type { InputOf } from "@bailiwick/control-plane/contract";
import { CliError } from "../errors.ts";
import { readDuration } from "../server/duration.ts";
import { openClient } from "../server/session.ts";
import { parseBudgets } from "../run/options.ts";
import { showText, waitFor } from "./show.ts";

export interface SubmitOptions {
  readonly pool: string;
  readonly agent: string;
  readonly repo: string;
  readonly revision?: string;
  readonly profile: string;
  readonly team?: string;
  readonly budget?: readonly string[];
  readonly timeout?: string;
  readonly priority?: string;
  readonly retries?: string;
  readonly onLost?: string;
  readonly wait?: true;
  readonly json?: true;
}

const TIMES = { least: 10, most: 86_400, said: "10s to 1d" };

/** `bailiwick submit`: has a task run by the hosts of a pool. With `--wait` the exit status says whether it succeeded. */
export async function submitCommand(prompt: string, options: SubmitOptions): Promise<number> {
  const client = openClient(process.env);
  const task = await client.call("submitTask", { params: { pool: options.pool }, body: bodyOf(prompt, options) });
  if (options.wait) {
    process.stderr.write(`${task.id}\n`);
    const done = await waitFor(client, task.id);
    process.stdout.write(options.json ? `${JSON.stringify(done)}\n` : showText(done));
    return done.outcome === "succeeded" ? 0 : 1;
  }
  process.stdout.write(options.json ? `${JSON.stringify(task)}\n` : `${task.id}\n`);
  return 0;
}

function bodyOf(prompt: string, options: SubmitOptions): InputOf<"submitTask">["body"] {
  const { agent, repo, revision, profile, team, timeout, onLost } = options;
  const { wall, ...budget } = parseBudgets(options.budget ?? []) ?? {};
  if (wall !== undefined) throw wrong("a task's time is `--timeout`");
  if (onLost !== undefined && onLost !== "retry" && onLost !== "fail") throw wrong("`--on-lost` is retry or fail");
  const number = (name: "priority" | "retries"): object => {
    const text = options[name];
    if (text === undefined) return {};
    if (!/^-?[0-9]{1,2}$/.test(text)) throw wrong(`\`--${name}\` needs a number`);
    return { [name]: Number(text) };
  };
  return {
    ...{ agent, profile, prompt, budget, repository: repositoryOf(repo) },
    ...(revision !== undefined && { revision }),
    ...(team !== undefined && { team }),
    ...(timeout !== undefined && { timeoutS: readDuration(timeout, TIMES) }),
    ...(onLost !== undefined && { onLost }),
    ...number("priority"),
    ...number("retries"),
  };
}

/** A URL as it is; a directory by its absolute path, which has to be the same where it runs. */
function repositoryOf(repo: string): string {
  const isAddress = repo.includes("://") || /^[^/]+@[^/]+:/.test(repo);
  return isAddress ? repo : resolve(repo);
}

function wrong(message: string): CliError {
  return new CliError("CLI_USAGE", message, { remedy: "see `bailiwick submit --help`" });
}
