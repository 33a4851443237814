import { count, escapeControls } from "@bailiwick/base";
import {
  downloadEvidence,
  EVIDENCE_FRAMEWORKS,
  evidenceFileName,
  pages,
  type Client,
  type EvidenceMade,
  type NewEvidence,
} from "@bailiwick/control-plane/contract";
import { CliError } from "../errors.ts";
import { saveArchive } from "../evidence/save-archive.ts";
import { formatBytes, formatTime, paintFor } from "../format.ts";
import { Output } from "../output.ts";
import { periodOf } from "./period.ts";
import { scopeOf, scopeText, type ScopeOptions } from "./scope.ts";
import { openClient } from "./session.ts";

export interface EvidenceOptions extends ScopeOptions {
  readonly reason: string;
  readonly from?: string;
  readonly to?: string;
  readonly label?: string;
  readonly framework?: readonly string[];
  readonly recordings?: true;
  readonly out?: string;
  readonly json?: true;
}

/** `bailiwick server evidence`: the file is there when it is whole. */
export async function makeEvidenceCommand(options: EvidenceOptions): Promise<number> {
  const { reason, label, framework, recordings = false, json } = options;
  const scope = scopeOf(options);
  const body = {
    ...{ scope, reason, recordings, ...(await periodOf(options)) },
    ...(label !== undefined && { label }),
    ...(framework !== undefined && { frameworks: frameworksOf(framework) }),
  };
  const client = openClient(process.env);
  const path = options.out ?? evidenceFileName(scope, Date.now());
  const saved = await saveArchive(path, downloadEvidence(client, body));
  const made = await findMade(client, saved.digest);
  if (json) process.stdout.write(`${JSON.stringify({ path, ...saved, ...(made && { made }) })}\n`);
  else process.stdout.write(savedText(path, saved, made));
  return 0;
}

function frameworksOf(names: readonly string[]): NewEvidence["frameworks"] {
  return [...new Set(names)].map((name) => {
    const known = EVIDENCE_FRAMEWORKS.find((each) => each === name);
    if (known !== undefined) return known;
    throw new CliError("CLI_USAGE", `\`--framework ${name}\` is none of ${EVIDENCE_FRAMEWORKS.join(", ")}`, {
      remedy: "name one of these, or none for all",
    });
  });
}

/** Its entry in the server's log, where one may see that. */
async function findMade(client: Client, digest: string): Promise<EvidenceMade | undefined> {
  const { items } = await client.call("listEvidence", { query: { limit: 20 } });
  return items.find((item) => item.digest === digest);
}

function savedText(
  path: string,
  { bytes, digest }: { readonly bytes: number; readonly digest: string },
  made: EvidenceMade | undefined,
): string {
  const of =
    made === undefined ? "" : `, ${count(made.runs.length, "run")}; entry ${String(made.index)} of the server's log`;
  return `${path}  ${formatBytes(bytes)}${of}\n${digest}\n`;
}

/** `bailiwick server evidence list` */
export async function listEvidenceCommand({ json }: { readonly json?: true }): Promise<number> {
  const client = openClient(process.env);
  const output = new Output(process.stdout);
  for await (const { items } of pages((after) => client.call("listEvidence", { query: { after } }))) {
    for (const item of items) await output.line(json ? JSON.stringify(item) : lineOf(item));
    if (!output.open) break;
  }
  return 0;
}

function lineOf({ at, by, scope, runs, reason, digest, recordings }: EvidenceMade): string {
  const paint = paintFor(process.stdout, process.env);
  const also = recordings.length > 0 ? `, ${count(recordings.length, "recording")}` : "";
  return `${paint("dim", formatTime(at))}  ${digest}  ${scopeText(scope)}: ${count(runs.length, "run")}${also}  ${by}: ${escapeControls(reason)}`;
}
