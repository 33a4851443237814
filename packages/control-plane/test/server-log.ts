import type { Client } from "../contract/index.ts";

/** The entries of the server's log, by its public form. */
export async function readServerLog(client: Client): Promise<Uint8Array[]> {
  const { loadHolding } = await import("@bailiwick/audit");
  const { unpackEntries } = await loadHolding();
  const checkpoint = Buffer.from(await client.call("serverLog", { params: { file: "checkpoint" } })).toString();
  const size = Number(checkpoint.split("\n")[1]);
  const entries: Uint8Array[] = [];
  // Each question adds an entry: what is asked for is a little older than the newest.
  for (let tile = 0; tile * 256 + 256 <= size; tile++) {
    const path = `tile/entries/${tile < 1000 ? "" : `x${String(Math.floor(tile / 1000)).padStart(3, "0")}/`}${String(tile % 1000).padStart(3, "0")}`;
    entries.push(...(unpackEntries(await client.call("serverLog", { params: { file: path } }), 256) ?? []));
  }
  return entries;
}
