import { escapeControls } from "@bailiwick/base";
import type { PolicyScope } from "@bailiwick/control-plane/contract";
import { CliError } from "../errors.ts";

/** Whose layer: exactly one of these. */
export interface ScopeOptions {
  readonly company?: true;
  readonly team?: string;
  readonly project?: string;
  readonly person?: string;
}

/** @throws CliError CLI_USAGE */
export function scopeOf({ company, team, project, person }: ScopeOptions): PolicyScope {
  const named: readonly (readonly [PolicyScope["type"], string | undefined])[] = [
    ["Company", company && "company"],
    ["Team", team],
    ["Project", project],
    ["Person", person],
  ];
  const [only, ...others] = named.flatMap(([type, id]) => (id === undefined ? [] : [{ type, id }]));
  if (only !== undefined && others.length === 0) return only;
  throw new CliError("CLI_USAGE", only === undefined ? "it is not said whose layer" : "more than one layer is named", {
    remedy: "give one of --company, --team, --project, --person",
  });
}

export function scopeText({ type, id }: PolicyScope): string {
  return type === "Company" ? "company" : `${type === "Person" ? "user" : type.toLowerCase()} ${escapeControls(id)}`;
}

export function print(options: { readonly json?: true }, value: unknown, text: string): number {
  process.stdout.write(`${options.json ? JSON.stringify(value) : text}\n`);
  return 0;
}
