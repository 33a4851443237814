import { CliError } from "./errors.ts";

/** `HOST:PORT`, an IPv6 address in brackets; port 0 takes one that is free. @throws CliError CLI_USAGE */
export function readAddress(text: string): { readonly host: string; readonly port: number } {
  const [, six, four, port] = /^(?:\[([0-9a-f:.]+)\]|([^\s:[\]]+)):([0-9]{1,5})$/.exec(text) ?? [];
  const host = six ?? four;
  if (host === undefined || Number(port) > 65_535) {
    throw new CliError("CLI_USAGE", `\`--listen ${text}\` is not HOST:PORT`, {
      remedy: "for example `127.0.0.1:8080`",
    });
  }
  return { host, port: Number(port) };
}
