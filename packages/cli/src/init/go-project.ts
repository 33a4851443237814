import { join } from "node:path";
import { matchesOf, textOf, type Findings, type Source, type Surroundings } from "./findings.ts";

export const GO_FILES = ["go.mod", "go.work"];

/** Go: proxies and the checksum database, as `go env` says (it knows its defaults, the environment and its own file). */
export function findGo({ home, environment, ask }: Surroundings): Findings {
  const asked = ask("go", ["env", "GOPROXY", "GOSUMDB"])?.split("\n");
  const file = textOf(environment["GOENV"] ?? join(environment["XDG_CONFIG_HOME"] ?? join(home, ".config"), "go/env"));
  const from = asked === undefined ? "~/.config/go/env" : "go env";
  const proxies = asked?.[0] ?? environment["GOPROXY"] ?? matchesOf(file, /^GOPROXY=(.*)$/gm)[0] ?? "";
  const database = asked?.[1] ?? environment["GOSUMDB"] ?? matchesOf(file, /^GOSUMDB=(.*)$/gm)[0] ?? "";
  const urls = proxies.split(/[,|]/).filter((entry) => /^https?:/.test(entry));
  const sources: readonly Source[] = [
    ...urls.map((url) => ({ url, from: `GOPROXY (${from})` })),
    ...checksumDatabase(database).map((url) => ({ url, from: `GOSUMDB (${from})` })),
  ];
  const notes = [
    ...(sources.length > 0 ? [] : ["go was not found and no proxy is configured: add the host of yours"]),
    ...(/(^|[,|])direct/.test(proxies) && urls.length === 0
      ? ["modules are fetched from where their sources are: add those hosts, or use a proxy"]
      : []),
  ];
  return { tool: "go", sources, notes };
}

/** `name`, `name+key`, `name+key url`, or `off`. */
function checksumDatabase(text: string): readonly string[] {
  const [name = "", url] = text.split(/\s+/);
  if (name === "" || name === "off") return [];
  return [url ?? `https://${name.replace(/\+.*/, "")}`];
}
