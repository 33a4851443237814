import { z } from "zod";
import { OCSF_VERSIONS } from "./ocsf/record.ts";

/**
 * The form of `exports.toml`. No secret stands in it: each is named by where it is.
 */
const path = z.string().regex(/^\//, "must be an absolute path");

const secret = z
  .union([
    z.strictObject({ env: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be the name of a variable") }),
    z.strictObject({ file: path }),
    z.strictObject({ command: z.tuple([path], z.string()) }),
  ])
  .describe(
    "Where a secret is: a variable of the environment, a file that only its owner can read, or what a command prints.",
  );

/** Plain HTTP tells everybody on the way what was run; on the host itself there is no way. */
const url = z
  .url({ protocol: /^https?$/ })
  .refine(
    (text) => URL.canParse(text) && isSafe(new URL(text)),
    "must be https, or http to this host (127.0.0.1, ::1, localhost)",
  )
  .refine(
    (text) => URL.canParse(text) && isBare(new URL(text)),
    "must name no user and no password: give them by `headers`",
  );

function isSafe({ protocol, hostname }: URL): boolean {
  return protocol === "https:" || ["127.0.0.1", "[::1]", "localhost"].includes(hostname);
}

function isBare({ username, password }: URL): boolean {
  return username === "" && password === "";
}

const eventTypes = z
  .array(z.string().regex(/^[a-z]+(\.([a-z]+|\*))?$/, "must be the type of an event, or all of a kind, as `exec.*`"))
  .min(1);

const common = {
  types: eventTypes.optional().describe("Types of events that are exported; all, if not said."),
  except: eventTypes.optional().describe("Types of events that are not, of those."),
  from: z
    .enum(["start", "now"])
    .default("start")
    .describe("Where the first export begins: with the record's first event, or with what comes after."),
  batch: z.int().min(1).max(5000).default(500).describe("Events that are sent together, at most."),
};
const ocsf = z.enum(OCSF_VERSIONS).default("1.8.0").describe("Version of OCSF; `ai_agent` comes with 1.9.");
const tls = {
  ca: path.optional().describe("PEM of the authorities that are trusted instead of the system's."),
};
const client = {
  certificate: path.optional().describe("PEM of the own certificate, where the receiver wants one."),
  key: path.optional().describe("PEM of its key; only its owner may read it."),
};
const headers = z
  .record(z.string().regex(/^[A-Za-z0-9-]+$/), secret)
  .default({})
  .describe("Headers whose values are secrets, as `authorization`.");

export const destinationSchema = z.discriminatedUnion("type", [
  z.strictObject({
    ...common,
    ...tls,
    ...client,
    type: z.literal("webhook"),
    url,
    secret: secret.describe(
      "With which requests are signed: `whsec_` and base 64 of 24 to 64 bytes (Standard Webhooks).",
    ),
    headers,
    format: z.enum(["ocsf", "event"]).default("ocsf"),
    ocsf,
  }),
  z.strictObject({
    ...common,
    ...tls,
    ...client,
    type: z.literal("otlp"),
    url: url.describe("Of the receiver, without `/v1/logs`."),
    headers,
    signals: z
      .array(z.enum(["logs", "traces"]))
      .min(1)
      .default(["logs", "traces"]),
  }),
  z.strictObject({
    ...common,
    ...tls,
    ...client,
    type: z.literal("syslog"),
    host: z.string().min(1),
    port: z.int().min(1).max(65_535).default(6514),
    format: z
      .enum(["text", "ocsf", "event", "cef"])
      .default("text")
      .describe("What the message is, behind the structured data."),
    ocsf,
    enterprise: z
      .int()
      .min(1)
      .default(32_473)
      .describe("Private enterprise number in the name of the structured data."),
    "max-bytes": z
      .int()
      .min(2048)
      .max(1 << 20)
      .default(8192)
      .describe("Longest message that the receiver takes; longer ones are shortened, and say so."),
  }),
  z.strictObject({
    ...common,
    type: z.literal("file"),
    path: path.describe("To which lines are appended; made where missing, for its owner alone."),
    format: z.enum(["event", "ocsf", "cef"]).default("event"),
    ocsf,
  }),
  z.strictObject({
    ...common,
    type: z.literal("stdout"),
    format: z.enum(["event", "ocsf", "cef"]).default("event"),
    ocsf,
  }),
]);

export const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

export const configSchema = z.strictObject({
  destinations: z
    .record(z.string().regex(NAME, "must be lower-case letters, digits, `.`, `_`, `-`"), destinationSchema)
    .default({}),
});

export type DestinationConfig = z.infer<typeof destinationSchema>;
export type ConfigOf<T extends DestinationConfig["type"]> = Extract<DestinationConfig, { type: T }>;
export type SecretSource = z.infer<typeof secret>;

/** The JSON Schema (draft 2020-12) of `exports.toml`, as published in docs/schema/exports.v1.json. */
export function exportsJsonSchema(): Record<string, unknown> {
  return {
    ...z.toJSONSchema(configSchema, { io: "input" }),
    title: "Bailiwick exports, version 1",
    description: "The file exports.toml: where the record is exported to.",
  };
}
