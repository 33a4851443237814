import { pages } from "@bailiwick/control-plane/contract";
import { noteLine } from "./note-line.ts";
import { periodOf } from "./period.ts";
import { openClient } from "./session.ts";

export interface ReportOptions {
  readonly person?: string;
  readonly run?: string;
  readonly host?: string;
  readonly team?: string;
  readonly action?: string;
  readonly from?: string;
  readonly to?: string;
  readonly json?: true;
}

/** `bailiwick server report --person robin --from 7d`: who did what, oldest first, all of it. */
export async function reportCommand({ json, from, to, ...sought }: ReportOptions): Promise<number> {
  const client = openClient(process.env);
  const period = await periodOf({ from, to });
  let missing: number | undefined;
  for await (const { items, notYet } of pages((after) =>
    client.call("report", { query: { ...sought, ...period, after } }),
  )) {
    for (const item of items) process.stdout.write(`${json ? JSON.stringify(item) : noteLine(item)}\n`);
    missing = notYet;
  }
  if (missing === undefined) return 0;
  process.stderr.write(
    `bailiwick: not all of it: the first ${String(missing)} entries of the server's log are being looked through; ask again later\n`,
  );
  return 1;
}
