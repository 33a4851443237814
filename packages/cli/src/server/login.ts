import { text as readAll } from "node:stream/consumers";
import { Client } from "@bailiwick/control-plane/contract";
import { loginByDevice } from "./device-login.ts";
import { CliError } from "../errors.ts";
import { checkedUrl, forgetSession, openClient, writeSession } from "./session.ts";

export interface LoginOptions {
  readonly setUp?: string;
  readonly device?: true;
}

export async function loginCommand(given: string, options: LoginOptions): Promise<number> {
  const url = checkedUrl(given);
  const byProvider = options.setUp === undefined && (options.device === true || process.stdin.isTTY);
  const token = byProvider ? await loginByDevice(url) : await readToken(url, options.setUp);
  const { type, id, grants } = await new Client({ url, by: { token } }).call("whoAmI", {});
  writeSession(process.env, { url, token });
  const roles = grants.map(({ role, scope }) => `${role} for ${scope.type} ${scope.id}`);
  process.stdout.write(`signed in at ${url} as ${type} ${id}${roles.length > 0 ? `: ${roles.join(", ")}` : ""}\n`);
  return 0;
}

/** From standard input, so that it stands in no list of processes and in no history. */
async function readToken(url: string, name: string | undefined): Promise<string> {
  const secret = (await readAll(process.stdin)).trim();
  if (!/^bw[a-z]_[A-Za-z0-9_-]{43}$/.test(secret)) {
    throw new CliError("CLI_USAGE", "there is no token on standard input", {
      remedy: `give it there: \`bailiwick login ${url} < FILE\``,
    });
  }
  return name === undefined ? secret : await setUp(url, secret, name);
}

export async function logoutCommand(): Promise<number> {
  forgetSession(process.env);
  process.stdout.write("signed out here; the token counts until it is revoked or expires\n");
  return await Promise.resolve(0);
}

export async function whoAmICommand(): Promise<number> {
  process.stdout.write(`${JSON.stringify(await openClient(process.env).call("whoAmI", {}))}\n`);
  return 0;
}

async function setUp(url: string, token: string, name: string): Promise<string> {
  const id = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "");
  const nobody = new Client({ url, by: { nobody: true } });
  return (await nobody.call("setUp", { body: { token, id, name } })).secret;
}
