import type { Event } from "@bailiwick/audit";
import { escapeControls, formatCommand } from "@bailiwick/base";
import { followRun, pages, readSeen, type Client, type RunOfServer } from "@bailiwick/control-plane/contract";
import { CliError } from "../errors.ts";
import { formatTime, paintFor, type Paint } from "../format.ts";
import { Output } from "../output.ts";
import { labelsText } from "../runs/labels-text.ts";
import { LiveView } from "../runs/live-view.ts";
import { openClient } from "./session.ts";

/** `bailiwick runs list --server`: the runs that one may see there. */
export async function listServerRuns(options: {
  readonly limit: number;
  readonly json?: true;
  readonly labels: readonly string[];
}): Promise<number> {
  const query = { limit: options.limit, label: [...options.labels] };
  const { items } = await openClient(process.env).call("listRuns", { query });
  const output = new Output(process.stdout);
  for (const item of items) await output.line(options.json ? JSON.stringify(item) : lineOf(item));
  return 0;
}

/** `bailiwick runs tail --server`: a run's events from the first; with `--follow` until it ends, over lost connections too. */
export async function tailServerRun(
  text: string,
  options: { readonly follow?: true; readonly json?: true },
): Promise<number> {
  const client = openClient(process.env);
  const { run } = await select(client, text);
  const output = new Output(process.stdout);
  const view = new LiveView(paintFor(process.stdout, process.env));
  const show = async (event: Event): Promise<void> => {
    for (const line of options.json ? [JSON.stringify(event)] : view.lines([event])) await output.line(line);
  };
  if (options.follow) {
    const stop = new AbortController();
    process.once("SIGINT", () => {
      stop.abort();
    });
    for await (const seen of followRun(client, run, stop)) {
      for (const { event } of seen) await show(event);
      if (seen.some(({ event }) => event.type === "run.ended") || !output.open) break;
    }
    stop.abort();
    return 0;
  }
  for await (const { seen } of pages((after) => readSeen(client, run, { after, limit: 1_000 }))) {
    for (const { event } of seen) await show(event);
  }
  return 0;
}

/** A run that the caller may see: an id, the beginning or end of one, a name, or `last`. */
async function select(client: Client, text: string): Promise<RunOfServer> {
  if (/^[0-9a-z]{26}$/.test(text)) return await client.call("showRun", { params: { run: text } });
  const { items } = await client.call("listRuns", { query: { limit: 1_000 } });
  const found =
    text === "last" ? items.slice(0, 1) : items.filter((item) => item.name === text || isPart(item.run, text));
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const what =
    found.length > 1 ? `\`${text}\` could be ${String(found.length)} runs` : `the server shows no run \`${text}\``;
  throw new CliError("CLI_NO_SUCH_RUN", what, { remedy: "list them with `bailiwick runs list --server`" });
}

function isPart(run: string, text: string): boolean {
  return run.startsWith(text.toLowerCase()) || run.endsWith(text.toLowerCase());
}

function lineOf(item: RunOfServer): string {
  const { run, host, person, startedAt, name, command, labels, erased } = item;
  const paint = paintFor(process.stdout, process.env);
  const called = name === undefined ? "" : ` “${escapeControls(name)}”`;
  const what = erased ? paint("dim", "(erased)") : formatCommand(command, 80);
  return `${paint("dim", formatTime(startedAt ?? 0))}  ${run}  ${stateText(item, paint)}  ${person}@${host}${called}  ${what}${paint("dim", labelsText(labels))}`;
}

function stateText({ status, reason, silentSince }: RunOfServer, paint: Paint): string {
  if (reason !== undefined) {
    return paint(
      status === 0 ? "green" : "red",
      reason === "exited" ? `exit ${String(status)}` : escapeControls(reason),
    );
  }
  // What became of it only its host can say.
  return silentSince === undefined
    ? paint("yellow", "running")
    : paint("red", `silent since ${formatTime(silentSince)}`);
}
