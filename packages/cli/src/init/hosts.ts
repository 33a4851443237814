import type { Findings, Source } from "./findings.ts";

/** A host that a profile can allow, with all that speaks for it. */
export interface WantedHost {
  /** `name:port`, lower case. */
  readonly host: string;
  readonly reasons: readonly string[];
  /** The tools that fetch from it, as `Findings.tool` names them. */
  readonly tools: readonly string[];
}

const PORTS: Readonly<Record<string, string>> = { "http:": "80", "https:": "443", "ssh:": "22", "git:": "9418" };

/** A lock file of a hostile project may name thousands. */
const MAX_HOSTS = 64;

/**
 * The hosts of all that was found, each once. What can't be allowed by name (an address, this machine itself) becomes a note.
 * Nothing of a URL but its host is kept: it may hold a password.
 */
export function hostsOf(findings: readonly Findings[]): {
  readonly hosts: readonly WantedHost[];
  readonly notes: readonly string[];
} {
  const wanted = new Map<string, { reasons: Set<string>; tools: Set<string> }>();
  const notes = new Set(findings.flatMap((finding) => finding.notes));
  for (const { tool, sources } of findings) {
    for (const source of sources) {
      const read = readHost(source);
      if (read === undefined) continue;
      if ("note" in read) {
        notes.add(read.note);
        continue;
      }
      const { reasons, tools } = wanted.get(read.host) ?? { reasons: new Set(), tools: new Set() };
      wanted.set(read.host, { reasons: reasons.add(`${tool}: ${source.from}`), tools: tools.add(tool) });
    }
  }
  if (wanted.size > MAX_HOSTS)
    notes.add(`${String(wanted.size - MAX_HOSTS)} more hosts are named by lock files and left out`);
  const hosts = [...wanted]
    .slice(0, MAX_HOSTS)
    .map(([host, { reasons, tools }]) => ({ host, reasons: [...reasons], tools: [...tools] }));
  return { hosts, notes: [...notes] };
}

function readHost({ url, from }: Source): { readonly host: string } | { readonly note: string } | undefined {
  const parsed = URL.parse(url);
  const port = parsed === null ? undefined : parsed.port === "" ? PORTS[parsed.protocol] : parsed.port;
  const name = parsed?.hostname.toLowerCase().replace(/\.$/, "");
  if (port === undefined || name === undefined || name === "") return undefined;
  if (/^\[|(^|\.)[0-9]+$|(^|\.)localhost$/.test(name)) {
    return {
      note: `\`${name}:${port}\` (${from}) is an address and not a name: give it one in \`[network.hosts]\`, allow that, and use it in the tool's configuration`,
    };
  }
  return /^[a-z0-9-]+(\.[a-z0-9-]+)*$/.test(name) ? { host: `${name}:${port}` } : undefined;
}
