/** `[smtp]` of the server's file: by which server mail goes. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { cannotStart, readSecret, secretSource, type Environment } from "../secret-source.ts";
import { mailAddress } from "./addresses.ts";
import type { Notify } from "./config.ts";

export const smtpSchema = z
  .strictObject({
    /** `smtps://HOST[:PORT]` (TLS from the first byte, 465), or `smtp://HOST[:PORT]` (STARTTLS, 587). */
    url: z
      .string()
      .refine(
        (text) => readUrl(text) !== undefined,
        "must be smtps://HOST or smtp://HOST, with a port or not, and nothing else",
      ),
    from: mailAddress,
    user: z.union([z.string().min(1), secretSource]).optional(),
    password: secretSource.optional(),
    /** Whether the session of `smtp://` has to become one by TLS. It has, but to this host, where there is no way. */
    starttls: z.boolean().optional(),
    /** Absolute path of a PEM file: who vouches for the server, instead of the roots that Node knows. */
    ca: z.string().regex(/^\//, "must be an absolute path").optional(),
  })
  .refine(({ user, password }) => (user === undefined) === (password === undefined), {
    path: ["password"],
    message: "belongs to `user`: give both, or neither",
  })
  .refine(({ url, starttls }) => starttls !== false || isLoopback(readUrl(url)), {
    path: ["starttls"],
    message: "can't be left out on the way to another host",
  });

export type SmtpConfig = z.output<typeof smtpSchema>;

/** A mail server, with its secrets. */
export interface Smtp {
  readonly host: string;
  readonly port: number;
  /** `always`: from the first byte. `starttls`: or nothing is sent. `none`: to this host alone. */
  readonly tls: "always" | "starttls" | "none";
  readonly ca: string | undefined;
  readonly from: string;
  readonly login: { readonly user: string; readonly pass: string } | undefined;
}

/** @throws ServerError SERVER_CANNOT_START also when something is to be told by mail, and nothing says by which server */
export function readSmtp(
  config: SmtpConfig | undefined,
  notify: readonly Notify[],
  environment: Environment,
): Smtp | undefined {
  if (config === undefined) {
    const byMail = notify.find(({ format }) => format === "mail");
    if (byMail === undefined) return undefined;
    throw cannotStart(
      `\`[[notify]]\` ${byMail.name} is told by mail, and \`[smtp]\` is missing`,
      "say by which server: `[smtp]` with `url` and `from`, see docs/notifications.md",
    );
  }
  const url = readUrl(config.url);
  if (url === undefined) throw cannotStart("`url` of `[smtp]` is no smtps or smtp URL", "correct it");
  const always = url.protocol === "smtps:";
  const { user, password } = config;
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? (always ? 465 : 587) : Number(url.port),
    tls: always ? "always" : (config.starttls ?? !isLoopback(url)) ? "starttls" : "none",
    ca: config.ca === undefined ? undefined : readCa(config.ca),
    from: config.from,
    login:
      user === undefined || password === undefined
        ? undefined
        : {
            user: typeof user === "string" ? user : readSecret(user, "`user` of `[smtp]`", environment),
            pass: readSecret(password, "`password` of `[smtp]`", environment),
          },
  };
}

/** Undefined for what has more than a scheme, a host and a port: credentials have their own place. */
function readUrl(text: string): URL | undefined {
  if (!/^smtps?:\/\/(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(:[0-9]{1,5})?\/?$/.test(text) || !URL.canParse(text))
    return undefined;
  return new URL(text);
}

function isLoopback(url: URL | undefined): boolean {
  return url !== undefined && ["127.0.0.1", "[::1]", "localhost"].includes(url.hostname);
}

function readCa(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw cannotStart(`cannot read \`${path}\`: ${error.message}`, "correct `ca` of `[smtp]`");
  }
}
