import { readFileSync, statSync } from "node:fs";
import { parse, TomlError } from "smol-toml";
import { z } from "zod";
import { ServerError } from "../contract/errors.ts";
import { dualControlSchema } from "./access/dual-control.ts";
import { providerSchema } from "./identity/provider-config.ts";
import { notifySchema } from "./notify/config.ts";
import { smtpSchema } from "./notify/smtp.ts";
import { hostsSchema } from "./notify/watch-hosts.ts";
import { isSafeUrl } from "./secret-source.ts";

const schema = z.strictObject({
  listen: z.string().optional(),
  state: z.string().optional(),
  "tls-cert": z.string().optional(),
  "tls-key": z.string().optional(),
  /** What stands in front of the server and ends TLS. */
  "trusted-proxies": z.array(z.string()).max(100).optional(),
  oidc: providerSchema.optional(),
  /** Of the server, as people see it: links begin with it. */
  "public-url": z.url().refine(isSafeUrl, "must be https, or http to this host (127.0.0.1, ::1, localhost)").optional(),
  sessions: z
    .strictObject({
      /** A browser that asks nothing for so long is signed out. */
      "idle-minutes": z.number().min(1).max(1_440).optional(),
      /** How long who signed in by a passkey stays so, in a browser and at a device. */
      hours: z.number().min(0.1).max(168).optional(),
    })
    .optional(),
  /** What more than one person has to want. */
  "dual-control": z.array(dualControlSchema).max(100).default([]),
  /** Whose access ends by the directory. */
  leavers: z.strictObject({ "end-runs": z.boolean().default(false) }).optional(),
  tasks: z
    .strictObject({
      /** `others`: nobody accepts the work that they asked for. */
      "reviewed-by": z.enum(["anybody", "others"]).default("anybody"),
    })
    .optional(),
  notify: z.array(notifySchema).max(100).default([]),
  hosts: hostsSchema.optional(),
  /** By which server mail goes. */
  smtp: smtpSchema.optional(),
});

export type ServerFile = z.output<typeof schema>;

/**
 * The file of `bailiwick serve --config` (TOML).
 * @throws ServerError SERVER_CANNOT_START
 */
export function readServerFile(path: string): ServerFile {
  const parsed = schema.safeParse(parseToml(path, readText(path)));
  if (parsed.success) {
    const { notify, "public-url": base } = parsed.data;
    if (base !== undefined || notify.every(({ people }) => people === undefined)) return parsed.data;
    throw invalid(path, "`notify` sends links to people, and `public-url` does not say where those lead");
  }
  const [issue] = parsed.error.issues;
  throw invalid(path, `\`${issue?.path.map(String).join(".") ?? ""}\`: ${issue?.message ?? "is wrong"}`);
}

function readText(path: string): string {
  try {
    // It says who vouches for people: who can write to it can be anybody.
    if ((statSync(path).mode & 0o022) !== 0) throw invalid(path, "others can write to it");
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof ServerError || !(error instanceof Error)) throw error;
    throw invalid(path, error.message);
  }
}

function parseToml(path: string, text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw invalid(path, `line ${String(error.line)} is not TOML`);
  }
}

function invalid(path: string, why: string): ServerError {
  return new ServerError("SERVER_CANNOT_START", `\`${path}\` can't be used: ${why}`, {
    remedy: "see docs/control-plane.md, docs/sign-in.md and docs/notifications.md",
  });
}
