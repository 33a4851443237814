import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isErrno, isJsonObject, parseJson } from "@bailiwick/base";
import { RunError } from "./errors.ts";

/** What this host knows of the server at which it is enrolled. */
export interface ServerOfHost {
  /** The name of this host there. */
  readonly host: string;
  /** Verifier key of the server's own log, pinned at the enrolment. */
  readonly serverLogKey: string;
  /** As the gateway is told never to lead there. */
  readonly address: { readonly name: string; readonly port: number };
}

/** Undefined where this host is enrolled nowhere. @throws RunError RUN_STATE_UNUSABLE */
export function readEnrolment(directory: string): ServerOfHost | undefined {
  const path = join(directory, "enrolment.json");
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
  const json = parseJson(text);
  const { url, host, serverLogKey }: Readonly<Record<string, unknown>> = isJsonObject(json) ? json : {};
  if (typeof url === "string" && URL.canParse(url) && typeof host === "string" && typeof serverLogKey === "string") {
    return { host, serverLogKey, address: addressOf(new URL(url)) };
  }
  // Which address must not be reached is not known then; nothing runs as if there were none.
  throw new RunError("RUN_STATE_UNUSABLE", `\`${path}\` is no enrolment`, {
    remedy: "remove it, and enrol the host again",
  });
}

function addressOf({ protocol, port, hostname }: URL): ServerOfHost["address"] {
  return {
    name: hostname.toLowerCase().replaceAll(/^\[|\]$|\.$/g, ""),
    port: port === "" ? (protocol === "https:" ? 443 : 80) : Number(port),
  };
}
