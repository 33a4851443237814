import { escapeControls } from "@bailiwick/base";
import {
  exportStatus,
  findDestination,
  loadDestinations,
  type Destination,
  type ExportStatus,
} from "@bailiwick/exports";
import { count, formatTime } from "../format.ts";
import { Output } from "../output.ts";
import { exportPlaces } from "./places.ts";

/** The destinations of this host, as they are configured. */
export async function listExportsCommand(options: { readonly json?: true }): Promise<number> {
  const { config } = exportPlaces(process.env);
  const destinations = await loadDestinations(config);
  const output = new Output(process.stdout);
  for (const { name, config: each } of destinations) {
    const where = whereOf(each);
    await output.line(
      options.json
        ? JSON.stringify({ name, type: each.type, where })
        : `${name}  ${each.type}  ${escapeControls(where)}`,
    );
  }
  if (destinations.length === 0 && !options.json) process.stderr.write(`no destinations in ${config}\n`);
  return 0;
}

/** How they stand. 1: one of them fails, or the record is not the one that was exported from. */
export async function exportStatusCommand(
  name: string | undefined,
  options: { readonly json?: true },
): Promise<number> {
  const { config, record, cursors } = exportPlaces(process.env);
  const all = await loadDestinations(config);
  const wanted = name === undefined ? all : [findDestination(all, name, config)];
  const output = new Output(process.stdout);
  let bad = false;
  for (const destination of wanted) {
    const status = await exportStatus(record, cursors, destination.name);
    bad ||= status.changed || status.failing !== undefined;
    await output.line(options.json ? JSON.stringify(status) : statusLine(status));
  }
  return bad ? 1 : 0;
}

function statusLine({ name, next, behind, delivered, deliveredAt, failing, changed }: ExportStatus): string {
  if (next === undefined) return `${name}: nothing exported yet, ${count(behind, "entry")} in the record`;
  const last = deliveredAt === undefined ? "" : `, last at ${formatTime(deliveredAt)}`;
  const problem = changed
    ? "; the record is not the one that was exported from: bailiwick audit verify"
    : failing === undefined
      ? ""
      : `; failing since ${formatTime(failing.since)}: ${escapeControls(failing.reason)}`;
  return `${name}: ${count(delivered, "event")} delivered${last}, ${count(behind, "entry")} behind${problem}`;
}

/** Never more than what the configuration shows anyway: it holds no secret. */
function whereOf(config: Destination["config"]): string {
  switch (config.type) {
    case "webhook":
    case "otlp":
      return config.url;
    case "syslog":
      return `${config.host}:${String(config.port)}`;
    case "file":
      return config.path;
    case "stdout":
      return "-";
  }
}
