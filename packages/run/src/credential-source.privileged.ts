// SAFETY: starts the program that a profile of the person's own names for a credential, or `secret-tool`, outside the sandbox and as the person,
// before anything else runs. An argument vector, never a shell; its output is a value and is never shown, its errors neither.
import { execFile } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { isErrno, isJsonObject, parseJson } from "@bailiwick/base";
import type { ProfileCredential } from "@bailiwick/sandbox";
import { awsVariables } from "./aws-variables.ts";
import { RunError } from "./errors.ts";

/** A keyring may ask its owner. */
const TIMEOUT_MS = 60_000;
const MOST_BYTES = 16_384;

/**
 * The value of one credential: one line of printable ASCII. Surrounding white space is left out.
 * @param path of a `file`, with its placeholders filled in
 * @throws RunError RUN_CREDENTIAL_UNAVAILABLE, which says nothing of the value
 */
export async function readCredential(
  { name, source }: Pick<ProfileCredential, "name" | "source">,
  { environment, path }: { readonly environment: NodeJS.ProcessEnv; readonly path: string | undefined },
): Promise<string> {
  return oneLine(name, await read(name, source, { environment, path }));
}

export interface AwsCredential {
  readonly keyId: string;
  readonly secret: string;
  readonly token: string | undefined;
}

/**
 * What signs requests to AWS: three variables, else the JSON that a `credential_process` of the AWS tools prints.
 * @throws RunError RUN_CREDENTIAL_UNAVAILABLE, which says nothing of the values
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
 */
export async function readAwsCredential(
  { name, source }: Pick<ProfileCredential, "name" | "source">,
  { environment, path }: { readonly environment: NodeJS.ProcessEnv; readonly path: string | undefined },
): Promise<AwsCredential> {
  const found =
    source.kind === "env"
      ? fromVariables(awsVariables(source.variable), environment)
      : fromJson(name, await read(name, source, { environment, path }));
  const { keyId, secret, token } = found;
  if (typeof keyId !== "string" || typeof secret !== "string")
    throw unavailable(name, "it has not both an id of a key and a secret");
  return {
    keyId: oneLine(name, keyId),
    secret: oneLine(name, secret),
    token: typeof token === "string" && token !== "" ? oneLine(name, token) : undefined,
  };
}

type Found = Readonly<Record<keyof AwsCredential, unknown>>;

function fromVariables(
  { keyId, secret, token }: ReturnType<typeof awsVariables>,
  environment: NodeJS.ProcessEnv,
): Found {
  return { keyId: environment[keyId], secret: environment[secret], token: environment[token] };
}

function fromJson(name: string, text: string): Found {
  const json = parseJson(text);
  if (json === undefined) throw unavailable(name, "it is not the JSON that `aws configure export-credentials` prints");
  const members = isJsonObject(json) ? json : {};
  return { keyId: members["AccessKeyId"], secret: members["SecretAccessKey"], token: members["SessionToken"] };
}

function oneLine(name: string, text: string): string {
  const value = text.trim();
  if (value === "") throw unavailable(name, "it is empty");
  // A line end in a header would be another header.
  if (!/^[!-~][ -~]*$/.test(value)) throw unavailable(name, "it is not one line of printable ASCII");
  return value;
}

/** A private key, which is several lines. @throws RunError RUN_CREDENTIAL_UNAVAILABLE, which says nothing of the value */
export async function readPrivateKey(
  { name, source }: Pick<ProfileCredential, "name" | "source">,
  { environment, path }: { readonly environment: NodeJS.ProcessEnv; readonly path: string | undefined },
): Promise<string> {
  const text = await read(name, source, { environment, path });
  if (/^-----BEGIN [A-Z ]*PRIVATE KEY-----\n/.test(text)) return text;
  throw unavailable(name, "it is not a private key in OpenSSH's or PEM's form");
}

async function read(
  name: string,
  source: ProfileCredential["source"],
  { environment, path }: { readonly environment: NodeJS.ProcessEnv; readonly path: string | undefined },
): Promise<string> {
  switch (source.kind) {
    case "env":
      return environment[source.variable] ?? fail(name, `\`${source.variable}\` is not set`);
    case "file":
      return readText(name, path ?? source.path);
    case "command":
      return await run(name, source.command, environment);
    case "secret-service": {
      const attributes = Object.entries(source.attributes).flat();
      return await run(name, ["secret-tool", "lookup", ...attributes], environment);
    }
  }
}

function readText(name: string, path: string): string {
  try {
    const stat = statSync(path);
    if (!stat.isFile() || stat.size > MOST_BYTES) return fail(name, `\`${path}\` is not a file of at most 16 KiB`);
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR", "EACCES", "ELOOP")) return fail(name, `\`${path}\`: ${error.code ?? ""}`);
    throw error;
  }
}

async function run(name: string, [program = "", ...args]: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  return await new Promise<string>((resolve, reject) => {
    const options = { env, cwd: "/", timeout: TIMEOUT_MS, maxBuffer: MOST_BYTES, windowsHide: true };
    execFile(program, args, options, (error, stdout) => {
      if (error === null) resolve(stdout);
      else reject(unavailable(name, `\`${program}\` ${howItEnded(error)}`));
    }).stdin?.end();
  });
}

/** Not its message: that holds what the program wrote. */
function howItEnded(error: { readonly code?: unknown; readonly killed?: boolean; readonly signal?: unknown }): string {
  if (error.killed === true) return "took too long or said too much";
  if (typeof error.code === "number") return `ended with status ${String(error.code)}`;
  return typeof error.code === "string"
    ? `could not be started: ${error.code}`
    : `was ended by ${String(error.signal)}`;
}

function fail(name: string, why: string): never {
  throw unavailable(name, why);
}

function unavailable(name: string, why: string): RunError {
  return new RunError("RUN_CREDENTIAL_UNAVAILABLE", `the credential \`${name}\` could not be had: ${why}`, {
    remedy: `see \`source\` of \`[credentials.${name}]\` in the profile`,
  });
}
