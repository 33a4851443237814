/**
 * What this host has of its server's policies, in `server/policy` of the state directory, where no run sees it:
 * `next.json`: what was fetched last, not looked at yet; `current.note`: the statement that governs runs, as the server signed it; `bundles/`: what it
 * names, by digest; `seen.json`: the highest number of each layer; `report.json`: what the server is told of all this with the next question.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readStatement } from "@bailiwick/audit";
import { isErrno, isJsonObject, parseJson } from "@bailiwick/base";
import { LAYERS, type Layer } from "@bailiwick/policy";

/** First line of a statement, as the server writes it. */
const STATEMENT = "bailiwick policy v1";

export interface HeldLayer {
  readonly layer: Layer;
  readonly scope: string;
  readonly sequence: number;
  readonly digest: string;
}

/** What the server said holds for this host. */
export interface Standing {
  readonly host: string;
  /** Milliseconds since 1970, by the server's clock. */
  readonly at: number;
  readonly sequence: number;
  readonly layers: readonly HeldLayer[];
}

export interface Enrolled {
  readonly host: string;
  readonly serverLogKey: string;
}

/** What the server is told. */
export interface PolicyReport {
  readonly has: readonly string[];
  readonly using?: number;
  readonly refused?: { readonly sequence: number; readonly why: string };
  readonly beyond: readonly string[];
}

export class HeldPolicies {
  readonly directory: string;

  /** @param server `server` of the state directory */
  constructor(server: string) {
    this.directory = join(server, "policy");
  }

  read(name: string): string | undefined {
    try {
      return readFileSync(join(this.directory, name), "utf8");
    } catch (error) {
      if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
      throw error;
    }
  }

  write(name: string, text: string): void {
    mkdirSync(join(this.directory, "bundles"), { recursive: true, mode: 0o700 });
    // Several runs may do the same at once; each by a name of its own.
    const path = join(this.directory, name);
    writeFileSync(`${path}.${String(process.pid)}`, text, { mode: 0o600 });
    renameSync(`${path}.${String(process.pid)}`, path);
  }

  forgetNext(): void {
    rmSync(join(this.directory, "next.json"), { force: true });
  }

  readBundle(digest: string): string | undefined {
    return this.read(bundleFile(digest));
  }

  writeBundle(digest: string, text: string): void {
    this.write(bundleFile(digest), text);
  }

  report(): PolicyReport {
    const json = parseJson(this.read("report.json") ?? "");
    // Written by this program alone; without it the server is told that the host has nothing, and sends all.
    if (!isJsonObject(json) || !Array.isArray(json["has"])) return { has: [], beyond: [] };
    return json as unknown as PolicyReport; // eslint-disable-line @typescript-eslint/no-unsafe-type-assertion -- the server checks its form
  }

  /** The highest number that was told of each layer, by `layer scope`. */
  seen(): Map<string, number> {
    const json = parseJson(this.read("seen.json") ?? "");
    if (!isJsonObject(json)) return new Map();
    return new Map(Object.entries(json).flatMap(([key, value]) => (typeof value === "number" ? [[key, value]] : [])));
  }
}

/** A digest that was checked to be one: it is a part of a path. */
function bundleFile(digest: string): string {
  return `bundles/${digest.slice("sha256:".length)}.json`;
}

/**
 * Opens a statement: undefined unless the key that was pinned at the enrolment signed it, for this host, in a form that is known whole. By hand: it
 * is read at each start of a run.
 */
export async function openStanding(note: string, { host, serverLogKey }: Enrolled): Promise<Standing | undefined> {
  const lines = await readStatement(Buffer.from(note), STATEMENT, serverLogKey);
  const [line = "", ...others] = lines ?? [];
  const json = others.length > 0 ? undefined : parseJson(line);
  if (!isJsonObject(json) || json["host"] !== host || !Array.isArray(json["layers"])) return undefined;
  const { at, sequence } = json;
  if (typeof at !== "number" || !isSequence(sequence)) return undefined;
  const layers = json["layers"].map(layerOf).filter((layer) => layer !== undefined);
  return layers.length === json["layers"].length ? { host, at, sequence, layers } : undefined;
}

function layerOf(value: unknown): HeldLayer | undefined {
  if (!isJsonObject(value)) return undefined;
  const { scope, sequence, digest } = value;
  const layer = LAYERS.find((known) => known === value["layer"]);
  if (layer === undefined || typeof scope !== "string" || !isSequence(sequence)) return undefined;
  return typeof digest === "string" && /^sha256:[0-9a-f]{64}$/.test(digest)
    ? { layer, scope, sequence, digest }
    : undefined;
}

function isSequence(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
