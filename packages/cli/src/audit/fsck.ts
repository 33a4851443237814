import { checkFiles, type Finding } from "@bailiwick/audit";
import { escapeControls } from "@bailiwick/base";
import { locateStateDirectory } from "@bailiwick/run";
import { count, paintFor } from "../format.ts";

/** 0: nothing is wrong, or all that was is repaired. 1: something is damaged or missing. Leftovers alone are not wrong. */
export async function fsckCommand(options: { readonly repair?: true; readonly json?: true }): Promise<number> {
  const { log } = locateStateDirectory(process.env);
  const { findings, repaired } = await checkFiles(log, { repair: options.repair === true });
  const left = findings.filter((finding) => !repaired.includes(finding));
  const wrong = left.filter(({ kind }) => kind !== "leftover");
  if (options.json) process.stdout.write(`${JSON.stringify({ ok: wrong.length === 0, findings: left, repaired })}\n`);
  else process.stdout.write(fsckText(left, repaired));
  return wrong.length === 0 ? 0 : 1;
}

function fsckText(left: readonly Finding[], repaired: readonly Finding[]): string {
  const paint = paintFor(process.stdout, process.env);
  const line = (what: string, { path, detail }: Finding): string => `  ${what} ${escapeControls(path)}: ${detail}\n`;
  const lines = [
    ...repaired.map((each) => line(paint("green", `repaired ${each.kind}`), each)),
    ...left.map((each) => line(each.kind === "leftover" ? paint("dim", each.kind) : paint("red", each.kind), each)),
  ];
  const kinds = (["damaged", "missing", "leftover"] as const).map((kind) => {
    const number = left.filter((each) => each.kind === kind).length;
    return `${String(number)} ${kind}`;
  });
  const again = left.some(({ repairable }) => repairable) ? "; `--repair` puts right what can be" : "";
  const state = repaired.length > 0 ? `${count(repaired.length, "file")} repaired; left: ` : "";
  return `${lines.join("")}${state}${kinds.join(", ")}${again}\n`;
}
