import { readFileSync } from "node:fs";
import { escapeControls } from "@bailiwick/base";
import { checkEvidence, type EvidenceCheck } from "@bailiwick/evidence";
import { readTrust, type TrustOptions } from "../audit/check.ts";
import { fileError, readInput } from "../audit/files.ts";
import { count, paintFor } from "../format.ts";

/** Of an archive that comes through a pipe; what is longer is read no further. */
const MAX_BYTES = 256 << 20;

export interface CheckEvidenceOptions extends TrustOptions {
  readonly json?: true;
}

/** 0: it holds. 1: not so, and why. */
export async function checkEvidenceCommand(path: string, options: CheckEvidenceOptions): Promise<number> {
  const found = await checkEvidence(readArchive(path), await readTrust(options));
  process.stdout.write(options.json ? `${JSON.stringify(found)}\n` : textOf(found));
  return found.ok ? 0 : 1;
}

function readArchive(path: string): Uint8Array {
  if (path === "-") return readInput(path, MAX_BYTES);
  try {
    return readFileSync(path);
  } catch (error) {
    throw fileError("read", path, error);
  }
}

function textOf({ ok, problems, files, proofs, statement }: EvidenceCheck): string {
  const paint = paintFor(process.stdout, process.env);
  const rows = problems.map(({ path, detail }) => `  ${escapeControls(path)} ${escapeControls(detail)}\n`);
  if (!ok) return `${paint("red", "DOES NOT HOLD")}: ${count(problems.length, "problem")}\n${rows.join("")}`;
  const lines = (statement ?? []).map((line) => `  ${paint("dim", escapeControls(line))}\n`);
  return `${paint("green", "holds")}: ${count(files, "file")}, ${count(proofs, "proof")}, signed by the log's key\n${lines.join("")}`;
}
