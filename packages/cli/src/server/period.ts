import { CliError } from "../errors.ts";

/** In milliseconds since 1970. @throws CliError CLI_USAGE for what is no time */
export async function periodOf({
  from,
  to,
}: {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}): Promise<{ readonly from?: number; readonly to?: number }> {
  const { parseMoment } = await import("@bailiwick/search");
  const now = Date.now();
  return {
    ...(from !== undefined && { from: (parseMoment(from, now) ?? noTime("--from", from)).from }),
    ...(to !== undefined && { to: (parseMoment(to, now) ?? noTime("--to", to)).to }),
  };
}

function noTime(option: string, text: string): never {
  throw new CliError("CLI_USAGE", `\`${option}\` is no time: \`${text}\``, {
    remedy: "for example `7d`, `2026-10-01`",
  });
}
