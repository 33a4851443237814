import type { SecretFinder } from "@bailiwick/secrets";

/** Takes out of a text what looks like a secret, as recordings do: `[redacted: github]`. */
export type Redaction = (text: string) => string;

let loading: Promise<SecretFinder> | undefined;

/** The rules are loaded with the first question about a host, and not before. */
export async function loadRedaction(): Promise<Redaction> {
  loading ??= import("@bailiwick/secrets").then(({ loadSecretFinder }) => loadSecretFinder());
  const finder = await loading;
  return (text) => redact(text, finder);
}

function redact(text: string, finder: SecretFinder): string {
  const found = [...finder.find(text)].sort((a, b) => a.from - b.from || b.to - a.to);
  let [result, at] = ["", 0];
  for (const { from, to, kind } of found) {
    // What overlaps the one before is taken out with it.
    if (from >= at) result += `${text.slice(at, from)}[redacted: ${kind}]`;
    at = Math.max(at, to);
  }
  return result + text.slice(at);
}
