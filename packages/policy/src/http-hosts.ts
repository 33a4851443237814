import { findStatements } from "./cedar/statements.ts";
import type { PolicySource } from "./source.ts";

/** What Cedar takes for nothing between the parts of an entity's name: white space, and comments to the end of their line. */
const GAP = String.raw`(?:\s|//[^\n]*\n)*`;
const HOST = new RegExp(String.raw`\bHost${GAP}::${GAP}"([^"\\]+)"`, "g");
const GROUP = new RegExp(String.raw`\bHostGroup${GAP}::${GAP}"(\*\.[^"\\]+)"`, "g");
const NAMED = [HOST, GROUP];
/** Of Cedar's escapes those that may spell a letter of a host or of the action. */
const ESCAPE = /\\u\{([0-9A-Fa-f]{1,6})\}|\\x([0-7][0-9A-Fa-f])/g;

/**
 * The hosts that policies about HTTP requests name: `api.example.com`, and `*.example.com` for a group. Connections to them must be looked
 * into, or such a policy would silently never apply. Found in the text, before Cedar is loaded, however it is spelled there; a name in a comment
 * counts too.
 */
export function hostsOfHttpPolicies(sources: readonly PolicySource[]): readonly string[] {
  const hosts = new Set<string>();
  for (const { text } of sources) {
    // Finding statements reads every character, and this is asked at every start: most sources say nothing of requests, or name no host.
    const whole = unescaped(text);
    if (!namesRequests(whole) || !NAMED.some((pattern) => whole.search(pattern) >= 0)) continue;
    for (const { start, end } of findStatements(text)) {
      const statement = unescaped(text.slice(start, end));
      if (!namesRequests(statement)) continue;
      for (const pattern of NAMED) {
        for (const [, name] of statement.matchAll(pattern)) if (name !== undefined) hosts.add(name);
      }
    }
  }
  return [...hosts].sort();
}

function namesRequests(text: string): boolean {
  return text.includes('"httpRequest"');
}

/** Only what can't end a string or begin another is decoded. */
function unescaped(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(ESCAPE, (escape, wide: string | undefined, narrow: string | undefined) => {
    const code = Number.parseInt(wide ?? narrow ?? "", 16);
    const character = code < 0x80 ? String.fromCharCode(code) : "";
    return /^[\w.*-]$/.test(character) ? character : escape;
  });
}
