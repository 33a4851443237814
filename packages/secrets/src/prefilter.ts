import { LiteralScanner } from "./literal-scanner.ts";

/**
 * What every rule's match contains, so that text without any of it needs no rule: a word to look for in any case, and what then has to stand there,
 * which is a part of a rule's pattern without what stands around it. `rules.test.ts` holds the patterns that this was made from, and fails when a new
 * version of the rules brings others.
 */
const MARKS: Readonly<Record<string, RegExp>> = {
  secret: /(?:SECRET|secret|Secret)_?(?:ACCESS|access|Access)_?(?:KEY|key|Key)/y,
  "private key": /PRIVATE KEY/y,
  "_authtoken=": /_authToken=/y,
  npm_: /npm_[A-Za-z0-9_]{36}/y,
  "://": /:\/\/[-\w]{1,256}:[-\w]{1,256}@/y,
  ...words("xoxb- xoxp- xapp- xoxa- xoxo- xoxr-"),
  "hooks.slack.com": /hooks\.slack\.com/iy,
  "sg.": /SG\.\w/y,
  ...words("shppa_ shpca_ shpat_ shpss_ sk_live_ sk_test_ rk_live_ rk_test_"),
  ...words("ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ glpat- glc_ glsa_"),
  "sk-": /sk-(?:(?:proj|svcacct|admin)-|[A-Za-z0-9]{20}T3BlbkFJ|ant-)/y,
  gsk_: /gsk_[A-Za-z0-9]{16}/y,
  hf_: /hf_[A-Za-z]{34}/y,
  ...words("lin_api_ ops_ey tskey- dckr_pat_ figd_"),
  ntn_: /ntn_[0-9]{11}/y,
  "mongodb:": /mongodb:\/\//iy,
  "mongodb+": /mongodb\+srv:\/\//iy,
  mysql: /mysqlx?:\/\//iy,
  postgres: /postgres(?:ql)?:\/\//iy,
  ...words("hvs. hvb. hvr."),
  ...words("vcp_ vci_ vca_ vcr_ vck_"),
  dapi: /dapi[A-Fa-f0-9]{32}/y,
  ...words("cfk_ cfut_ cfat_"),
  akia: /AKIA[A-Z0-9]{16}/y,
  asia: /ASIA[A-Z0-9]{16}/y,
  aiza: /AIza[\w-]{16}/y,
  eyj: /eyJ[\w-]{8}/y,
  authorization: /authorization["']?\s{0,4}[:=]/iy,
};

/** Words that say enough as they are. */
function words(list: string): Record<string, RegExp> {
  return Object.fromEntries(list.split(" ").map((word) => [word, new RegExp(word.replaceAll(".", "\\."), "y")]));
}

const WORDS = Object.keys(MARKS);
const PATTERNS = Object.values(MARKS);
const scanner = new LiteralScanner(WORDS);

/** No pattern looks further; only that of a login in a URL looks far. */
const REACH = WORDS.map((word) => (word === "://" ? 640 : 96));

/** False: no rule finds anything in this text, nor in any part of it. @param text or bytes, each of which stands for a character */
export function mayHoldSecret(text: string | Uint8Array): boolean {
  return scanner.some(text, WORDS, (word, at) => {
    const pattern = PATTERNS[word];
    if (pattern === undefined) return false;
    pattern.lastIndex = typeof text === "string" ? at : 0;
    return pattern.test(typeof text === "string" ? text : latin1(text.subarray(at, at + (REACH[word] ?? 640))));
  });
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
}
