import { createPrivateKey, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { lstatSync, mkdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { makeLog, readVerifierKey } from "@bailiwick/audit";
import { isJsonObject, parseJson } from "@bailiwick/base";
import { Client, enrolmentMessage, ServerError } from "@bailiwick/control-plane/contract";
import { readIfThere, replaceFile } from "./own-file.ts";

/** Where a host is enrolled. */
export interface Enrolment {
  readonly url: string;
  /** The name that the server gave it. */
  readonly host: string;
  /** Verifier key of the server as a witness, as it was when the host was enrolled. */
  readonly witnessKey: string;
  /** Verifier key of the server's own log, likewise. */
  readonly serverLogKey: string;
}

export interface EnrolOptions {
  /** `server` in the state directory: no run ever sees it. */
  readonly directory: string;
  /** Of the record. */
  readonly log: string;
  readonly url: string;
  readonly token: string;
}

const ENROLMENT = "enrolment.json";
const KEY = "host.key";

/**
 * Enrols this host with a one-time token: makes a key of its own for that server (0600), proves to have it, and says which record is
 * its own.
 * @throws ServerError of the server, or when this host is enrolled already; AuditError when there is no record and none can be made
 */
export async function enrol({ directory, log, url, token }: EnrolOptions): Promise<Enrolment> {
  const before = readEnrolment(directory);
  if (before !== undefined) {
    throw new ServerError(
      "SERVER_CONFLICT",
      `this host is enrolled already, at \`${before.url}\` as \`${before.host}\``,
      {
        remedy: `to change that remove \`${directory}\``,
      },
    );
  }
  await makeLog(log);
  const logKey = await readVerifierKey(log);
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const raw = Buffer.from(publicKey.export({ format: "jwk" }).x ?? "", "base64url");
  const client = new Client({ url, by: { nobody: true } });
  const { host, server } = await client.call("enrolHost", {
    body: {
      token,
      name: hostname().slice(0, 200) || "host",
      publicKey: raw.toString("base64"),
      logKey,
      proof: sign(null, enrolmentMessage(token, logKey), privateKey).toString("base64"),
    },
  });
  const enrolment = { url, host, witnessKey: server.witnessKey, serverLogKey: server.logKey };
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  replaceFile(join(directory, KEY), privateKey.export({ format: "pem", type: "pkcs8" }).toString());
  // Last: whoever finds it finds the key.
  replaceFile(join(directory, ENROLMENT), `${JSON.stringify(enrolment, null, 2)}\n`);
  return enrolment;
}

/** Undefined when this host is enrolled nowhere. @throws ServerError SERVER_MALFORMED when what is there is no enrolment */
export function readEnrolment(directory: string): Enrolment | undefined {
  const path = join(directory, ENROLMENT);
  const text = readIfThere(path);
  if (text === undefined) return undefined;
  const parsed = parse(text);
  if (parsed !== undefined) return parsed;
  throw unusable(path, "is no enrolment; remove it, and enrol the host again");
}

/** @throws ServerError SERVER_MALFORMED when it is missing, no key, or open to others */
export function readHostKey(directory: string): KeyObject {
  const path = join(directory, KEY);
  const text = readIfThere(path);
  if (text === undefined) throw unusable(path, "is missing; enrol the host again");
  const { mode, uid } = lstatSync(path);
  if ((mode & 0o077) !== 0 || uid !== process.geteuid?.()) {
    throw unusable(path, "could be read by others; revoke the host, remove the file, and enrol it again");
  }
  try {
    return createPrivateKey(text);
  } catch (cause) {
    throw unusable(path, "is no key; enrol the host again", cause);
  }
}

function parse(text: string): Enrolment | undefined {
  const json = parseJson(text);
  if (!isJsonObject(json)) return undefined;
  const { url, host, witnessKey, serverLogKey }: Partial<Record<keyof Enrolment, unknown>> = { ...json };
  if (typeof url !== "string" || !URL.canParse(url) || typeof host !== "string") return undefined;
  if (typeof witnessKey !== "string" || typeof serverLogKey !== "string") return undefined;
  return { url, host, witnessKey, serverLogKey };
}

function unusable(path: string, why: string, cause?: unknown): ServerError {
  return new ServerError("SERVER_MALFORMED", `\`${path}\` ${why}`, cause === undefined ? {} : { cause });
}
