import { parseWebhookSecret } from "@bailiwick/exports";
import { SEVERITIES } from "@bailiwick/policy";
import { z } from "zod";
import { id } from "../../contract/schemas.ts";
import { cannotStart, isSafeUrl, readSecret, secretSource, type Environment } from "../secret-source.ts";
import { mailAddress } from "./addresses.ts";

export const ABOUT = ["questions", "break-glass", "refusals", "orders", "hosts"] as const;
export type About = (typeof ABOUT)[number];

/** `[[notify]]` of the server's file: where questions are told. */
export const notifySchema = z
  .strictObject({
    /** Names it in the log and to the operator. */
    name: id,
    format: z.enum(["plain", "slack", "teams", "mail"]).default("plain"),
    /** Of the webhook. Those of chat programs are secrets themselves. */
    url: z
      .union([
        z.url().refine(isSafeUrl, "must be https, or http to this host (127.0.0.1, ::1, localhost)"),
        secretSource,
      ])
      .optional(),
    /** `whsec_` and base 64 of 24 to 64 bytes (Standard Webhooks): what is sent is signed. */
    secret: secretSource.optional(),
    /** Who gets a link of their own, if they may answer; `all`: whoever may. Without it there is no link. */
    people: z.union([z.literal("all"), z.array(id).min(1).max(1_000)]).optional(),
    /** Of mail: addresses that several may read. */
    to: z.array(mailAddress).min(1).max(100).optional(),
    /** `none`: that there is something, and where it is looked at; nothing of what an agent or a person wrote. */
    detail: z.enum(["all", "none"]).default("all"),
    /** Which questions: all of these that are said have to hold. */
    teams: z.array(id).min(1).optional(),
    roles: z.array(z.string().min(1)).min(1).optional(),
    classes: z.array(z.string().min(1)).min(1).optional(),
    /** What is told. `teams` holds for all of it but break-glass. */
    about: z.array(z.enum(ABOUT)).min(1).default(["questions", "break-glass"]),
    /** Refusals that are at least so severe. */
    refusals: z.enum(SEVERITIES).default("high"),
  })
  .refine(({ format, url }) => (format === "mail") === (url === undefined), {
    path: ["url"],
    message: "must be there for every format but mail, which goes by `[smtp]`",
  })
  .refine(({ format, people, to }) => (format === "mail" ? (people === undefined) !== (to === undefined) : !to), {
    path: ["to"],
    message:
      "mail goes to `people`, by their addresses in the directory, or to the addresses `to`; nothing else has `to`",
  })
  .refine(({ format, secret }) => format !== "plain" || secret !== undefined, {
    path: ["secret"],
    message: "must be there for the format plain: who receives it has to know that it is from this server",
  })
  // INVARIANT(own-link): who has a link answers as its person. A channel that several read must not get one.
  .refine(
    ({ format, people }) =>
      (format !== "slack" && format !== "teams") || people === undefined || (people !== "all" && people.length === 1),
    {
      path: ["people"],
      message: "must be one person: whoever reads that chat can answer as them",
    },
  );

export type NotifyConfig = z.output<typeof notifySchema>;

/** Where something is told, with its secrets. One address of several is one of these by itself. */
export interface Notify extends Omit<NotifyConfig, "url" | "secret" | "to"> {
  /** Names it in the queue. */
  readonly receiver: string;
  readonly target:
    | { readonly by: "post"; readonly url: URL; readonly key: Buffer | undefined }
    /** `address`: undefined where it is that of each person. */
    | { readonly by: "mail"; readonly address: string | undefined };
}

/** @throws ServerError SERVER_CANNOT_START */
export function readNotify(configs: readonly NotifyConfig[], environment: Environment): Notify[] {
  const names = new Set(configs.map(({ name }) => name));
  if (names.size < configs.length) throw cannotStart("two `[[notify]]` have one name", "give each its own");
  return configs.flatMap(({ url, secret, to, ...config }): Notify[] => {
    if (to !== undefined) {
      // Each is tried by itself: that one is refused says nothing of the others.
      const addresses = [...new Set(to)];
      return addresses.map((address) => ({
        ...config,
        receiver: `${config.name} ${address}`,
        target: { by: "mail", address },
      }));
    }
    if (url === undefined) return [{ ...config, receiver: config.name, target: { by: "mail", address: undefined } }];
    const key = secret === undefined ? undefined : readKey(readSecret(secret, whatOf(config, "secret"), environment));
    const target = { by: "post", url: new URL(readUrl(config, url, environment)), key } as const;
    return [{ ...config, receiver: config.name, target }];
  });
}

function whatOf({ name }: Pick<NotifyConfig, "name">, member: string): string {
  return `\`${member}\` of \`[[notify]]\` ${name}`;
}

/** Not shown: it may be a secret. */
function readUrl(
  { name }: Pick<NotifyConfig, "name">,
  url: NonNullable<NotifyConfig["url"]>,
  environment: Environment,
): string {
  if (typeof url === "string") return url;
  const text = readSecret(url, whatOf({ name }, "url"), environment);
  if (isSafeUrl(text)) return text;
  throw cannotStart(`${whatOf({ name }, "url")} is no https URL`, "put the webhook's URL there");
}

function readKey(text: string): Buffer {
  try {
    return parseWebhookSecret(text);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    throw cannotStart(error.message, "make one: `echo whsec_$(head -c 32 /dev/urandom | base64)`");
  }
}
