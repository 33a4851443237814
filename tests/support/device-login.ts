/** `bailiwick login URL --device`, confirmed by somebody at the pages that it names. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { commandPath, personEnvironment, type Place } from "./governed.ts";
import { confirmAs } from "./identity-provider.ts";

export interface DeviceLogin {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** At the identity provider. @param place where whoever signs in keeps their session */
export async function loginByDevice(
  place: Place,
  url: string,
  login: string,
  options: { readonly deny?: boolean } = {},
): Promise<DeviceLogin> {
  return await loginConfirmedBy(place, url, (page) => confirmAs(login, page, options));
}

/** @param confirm does at the page that is named what a person would do there */
export async function loginConfirmedBy(
  place: Place,
  url: string,
  confirm: (page: string) => Promise<unknown>,
): Promise<DeviceLogin> {
  const child = spawn(process.execPath, [commandPath, "login", url, "--device"], {
    cwd: place.root,
    env: personEnvironment(place),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  let confirmed: Promise<unknown> | undefined;
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
    const [, page] = /^open (\S+)\n/m.exec(stderr) ?? [];
    if (page !== undefined) confirmed ??= confirm(page);
  });
  const [status] = (await once(child, "close")) as [number];
  await confirmed;
  return { status, stdout, stderr };
}
