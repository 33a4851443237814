import { SHORTEST } from "./spellings.ts";
import type { KnownValue } from "./value-matcher.ts";

/** As much of a longer value is looked for as a whole; the rest of it goes with the words of a file. */
const LONGEST = 512;
/** Of one file; a file of more words is none of logins. */
const MOST_WORDS = 400;

/** Parts of names: of variables that hold a secret, whatever the program calls it. */
const SECRET_NAME =
  /(?:^|_)(?:TOKEN|SECRET|SECRETS|PASSWORD|PASSWD|PASS|PWD|PASSPHRASE|CREDENTIALS?|AUTH|APIKEY|KEY|PAT|COOKIE|SESSION|DSN|WEBHOOK|SALT|JWT|BEARER)(?:$|_)|(?:TOKEN|SECRET|PASSWORD|APIKEY)$/i;
/** Names of the kind that say where something is, not what it is. */
const HARMLESS_NAME =
  /_(?:FILE|PATH|DIR|URL|ID|NAME|HELPER|SOCK|TYPE|PROGRAM|ASKPASS)$|^(?:PWD|OLDPWD|SSH_AUTH_SOCK|XDG_SESSION_.*|.*SESSION_(?:TYPE|CLASS|DESKTOP))$/i;

/** Whether a variable of this name is likely to hold a secret. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name) && !HARMLESS_NAME.test(name);
}

/** The values of variables that are secrets by their names. @param environment NAME=VALUE */
export function valuesOfEnvironment(environment: readonly string[]): KnownValue[] {
  return environment.flatMap((entry) => {
    const equals = entry.indexOf("=");
    const name = entry.slice(0, equals);
    const value = entry.slice(equals + 1).trim();
    return isSecretName(name) && isLongEnough(value)
      ? [{ value: value.slice(0, LONGEST), kind: name.slice(0, 60) }]
      : [];
  });
}

/**
 * The words of a file that holds logins: values of assignments, strings, lines of keys. What is as likely to stand in any text (words of
 * letters alone, numbers, paths) is left out.
 * @param name what a redaction calls it
 */
export function valuesOfFile(name: string, content: string): KnownValue[] {
  const values = new Set<string>();
  for (const line of content.split(/\r?\n/)) {
    const assigned = /^\s*(?:export\s+)?[\w.-]+\s*[=:]\s*(["']?)(.+?)\1\s*$/.exec(line)?.[2];
    if (assigned !== undefined && isTelling(assigned)) values.add(assigned.slice(0, LONGEST));
    for (const word of line.split(/[\s"'`,;=<>(){}[\]]+|:\/\/|[:@]/))
      if (isTelling(word)) values.add(word.slice(0, LONGEST));
    if (values.size > MOST_WORDS) break;
  }
  return [...values].slice(0, MOST_WORDS).map((value) => ({ value, kind: name }));
}

function isLongEnough(value: string): boolean {
  return value.length >= SHORTEST && new Set(value).size >= 4;
}

function isTelling(word: string): boolean {
  if (!isLongEnough(word) || /^\.{0,2}\/|^https?:/.test(word)) return false;
  return /[0-9]/.test(word) ? /[^0-9.:_-]/.test(word) : /[a-z][A-Z]|[^\w.-]/.test(word) || word.length >= 20;
}
