/** The entries of the server's own log, read by its public form through the shipped command. */
import { loadHolding } from "@bailiwick/audit";
import { Client } from "@bailiwick/control-plane/contract";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { SignedIn } from "./control-plane.ts";

export async function readServerNotes({ place }: SignedIn): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { unpackEntries } = await loadHolding();
  const { url, token } = JSON.parse(readFileSync(join(place.home, ".config/bailiwick/server.json"), "utf8")) as {
    url: string;
    token: string;
  };
  const client = new Client({ url, by: { token } });
  const file = async (name: string) => await client.call("serverLog", { params: { file: name } });
  const notes: Record<string, unknown>[] = [];
  for (let tile = 0, tries = 0; tries < 1_000; tries++) {
    // The question for the tile adds an entry, before it is answered.
    const size =
      Number(
        Buffer.from(await file("checkpoint"))
          .toString()
          .split("\n")[1],
      ) + 1;
    const width = Math.min(256, size - tile * 256);
    const name = `tile/entries/${String(tile).padStart(3, "0")}${width === 256 ? "" : `.p/${String(width)}`}`;
    const bytes = await file(name).catch(() => undefined);
    // Somebody else added one as well.
    if (bytes === undefined) continue;
    for (const entry of unpackEntries(bytes, width) ?? [])
      notes.push(JSON.parse(Buffer.from(entry).toString()) as Record<string, unknown>);
    if (width < 256) return notes;
    tile += 1;
  }
  throw new Error("the server's log can't be read");
}
