/** What whoever signs an archive says, beside the digest of its manifest: a line for each. */
import type { Facts, LogFacts } from "./facts.ts";

export function statementLines({ period, madeAt, logs, order }: Facts, manifest: string): string[] {
  const said = [
    `manifest sha256:${manifest}`,
    `period ${new Date(period.from).toISOString()} ${new Date(period.to).toISOString()}`,
    `made ${new Date(madeAt).toISOString()}`,
  ];
  if (order === undefined) return [...said, ...logs.map((log) => `head ${headText(log)}`)];
  const hosts = logs.map((log) => `host ${log.host ?? ""} ${log.key} ${headText(log)}`);
  return [...said, `witness ${order.witness}`, ...hosts];
}

function headText({ verification: { head } }: LogFacts): string {
  return head === undefined ? "none" : `${String(head.size)} ${head.root}`;
}

/** What a server says of the records that it has: the key of each host's, and its own as a witness. */
export interface SaidOfHosts {
  readonly witness: string;
  readonly keys: ReadonlyMap<string, string>;
}

/** Undefined where the lines of a signed statement do not say it, or say it twice. */
export function readHosts(lines: readonly string[]): SaidOfHosts | undefined {
  const witnesses: string[] = [];
  const keys = new Map<string, string>();
  for (const line of lines) {
    const [what, name, key] = line.split(" ");
    if (what === "witness" && name !== undefined) witnesses.push(name);
    if (what !== "host") continue;
    if (name === undefined || key === undefined || keys.has(name)) return undefined;
    keys.set(name, key);
  }
  const [witness, ...more] = witnesses;
  return witness === undefined || more.length > 0 ? undefined : { witness, keys };
}
