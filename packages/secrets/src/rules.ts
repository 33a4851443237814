import { rules as preset } from "@secretlint/secretlint-rule-preset-recommend";

/** One kind of secret: reports where in a text it stands; a match is at most some thousand characters long. */
export interface SecretRule {
  /** `github`, `slack`, … */
  readonly kind: string;
  find(text: string, report: (from: number, to: number) => void): void;
}

/**
 * Would obey a comment in what is read: `secretlint-disable` in an agent's output would turn every other rule off.
 */
const OBEYS_CONTENT = "@secretlint/secretlint-rule-filter-comments";
const PREFIX = "@secretlint/secretlint-rule-";
/** The rule for npm looks for `_authToken=` in a file of this name only. */
const FILE_PATH = "/terminal/.npmrc";

/** Patterns that are of no preset, or are of one that is off by default. Each is linear: what repeats is bounded or one class. */
const OWN: readonly { readonly kind: string; readonly pattern: RegExp }[] = [
  { kind: "aws", pattern: /\bA[KS]IA[A-Z0-9]{16}\b/g },
  { kind: "google", pattern: /\bAIza[\w-]{35}(?![\w-])/g },
  // RFC 7519: three parts in base64url, of which the first two begin as JSON objects do.
  { kind: "jwt", pattern: /\beyJ[\w-]{8,4000}\.eyJ[\w-]{2,4000}\.[\w-]{8,1000}/g },
  // RFC 9110, section 11.6.2; as in curl's -v, in JSON and in code.
  {
    kind: "authorization",
    pattern: /(?<=authorization["']?\s{0,4}[:=]\s{0,4}["']?(?:basic|bearer|token|apikey)\s{1,4})[\w.~+/=-]{8,4000}/gi,
  },
];

const OWN_RULES: readonly SecretRule[] = OWN.map(({ kind, pattern }) => ({
  kind,
  find(text, report) {
    for (const { index, 0: match } of text.matchAll(pattern)) report(index, index + match.length);
  },
}));

/**
 * Secretlint's recommended rules, without its runner, which times each call and keeps that, and without its comments; and some of our own.
 * @see https://github.com/secretlint/secretlint (rules' contract: SecretLintRuleCreator)
 */
export function allRules(): readonly SecretRule[] {
  return [...OWN_RULES, ...preset.filter(({ meta }) => meta.id !== OBEYS_CONTENT).map(ruleOf)];
}

type PresetRule = (typeof preset)[number];

function ruleOf(creator: PresetRule): SecretRule {
  let found: (from: number, to: number) => void = () => undefined;
  const context = {
    sharedOptions: {},
    createTranslator: () => () => ({ message: "", messageId: "" }),
    report: ({ range: [from, to] }: { readonly range: readonly [number, number] }): void => {
      found(from, to);
    },
    // Only the rule that is left out says what is to be ignored.
    ignore: (): void => undefined,
  };
  const handler = creator.create(context, {});
  return {
    kind: creator.meta.id.slice(PREFIX.length),
    find(text, report) {
      found = report;
      // None of them waits for anything but the one for PKCS #12 files, which this file name is not.
      void handler.file?.(sourceOf(text));
    },
  };
}

type Source = Parameters<NonNullable<ReturnType<PresetRule["create"]>["file"]>>[0];

function sourceOf(content: string): Source {
  const source = { content, filePath: FILE_PATH, ext: "", contentType: "text", hasBOM: false };
  // eslint-disable-next-line @typescript-eslint/no-unsafe-type-assertion -- what is left out maps lines to columns, for whoever prints findings
  return source as unknown as Source;
}
