import { exportRecord, findDestination, loadDestinations, type Exported } from "@bailiwick/exports";
import { escapeControls } from "@bailiwick/base";
import { count } from "../format.ts";
import { CliError } from "../errors.ts";
import { writeError } from "../report.ts";
import { exportPlaces } from "./places.ts";

export interface ExportCommandOptions {
  readonly from?: string;
  readonly json?: true;
}

/** Exports and goes on until it is told to end, as a service does. */
export async function runExportCommand(name: string, options: ExportCommandOptions): Promise<number> {
  await exportTo(name, options, true);
  return 0;
}

/** Exports what there is, and says how much. */
export async function onceCommand(names: readonly string[], options: ExportCommandOptions): Promise<number> {
  const { config } = exportPlaces(process.env);
  const wanted = names.length > 0 ? names : (await loadDestinations(config)).map((each) => each.name);
  if (wanted.length === 0) throw wrong(`there is no destination in \`${config}\`; see docs/exports.md`);
  for (const name of wanted) {
    const { delivered, next } = await exportTo(name, options, false);
    const line = options.json
      ? JSON.stringify({ name, delivered, next })
      : `${name}: ${count(delivered, "event")} delivered, up to entry ${String(next)} of the record`;
    // Standard output may be the destination itself.
    process.stderr.write(`${line}\n`);
  }
  return 0;
}

async function exportTo(name: string, options: ExportCommandOptions, follow: boolean): Promise<Exported> {
  const { config, record, cursors } = exportPlaces(process.env);
  const destination = findDestination(await loadDestinations(config), name, config);
  const stop = new AbortController();
  const end = (): void => {
    stop.abort();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, end);
  try {
    return await exportRecord({
      record,
      cursors,
      destination,
      surroundings: { environment: process.env, output: process.stdout },
      follow,
      signal: stop.signal,
      from: options.from === undefined ? undefined : parseFrom(options.from),
      say: (line) => {
        writeError(`bailiwick: ${escapeControls(line)}\n`);
      },
    });
  } finally {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.off(signal, end);
  }
}

function parseFrom(text: string): number | "start" | "now" {
  if (text === "start" || text === "now") return text;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw wrong(`\`--from\` is neither \`start\`, \`now\` nor the index of an entry: \`${text}\``);
}

function wrong(what: string): CliError {
  return new CliError("CLI_USAGE", what, { remedy: "see `bailiwick export --help`" });
}
