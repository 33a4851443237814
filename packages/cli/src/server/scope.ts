/** Which runs are meant: those of one scope. */
import { escapeControls } from "@bailiwick/base";
import type { NewOrder } from "@bailiwick/control-plane/contract";
import { CliError } from "../errors.ts";

/** Exactly one of these. */
export interface ScopeOptions {
  readonly run?: string;
  readonly person?: string;
  readonly agent?: string;
  readonly project?: string;
  readonly host?: string;
  readonly team?: string;
  readonly all?: true;
}

type Scope = NewOrder["scope"];

/** @throws CliError CLI_USAGE unless there is exactly one: nobody ends everything by leaving something out */
export function scopeOf(options: ScopeOptions): Scope {
  const { run, person, agent, project, host, team, all } = options;
  const named: readonly (readonly [Scope["type"], string | undefined])[] = [
    ["Run", run],
    ["Person", person],
    ["Agent", agent],
    ["Project", project],
    ["Host", host],
    ["Team", team],
    ["Company", all ? "company" : undefined],
  ];
  const given = named.flatMap(([type, id]) => (id === undefined ? [] : [{ type, id }]));
  const [only] = given;
  if (only !== undefined && given.length === 1) return only;
  throw new CliError("CLI_USAGE", given.length === 0 ? "it is not said for what" : "more than one scope is given", {
    remedy: "give one of --run, --person, --agent, --project, --host, --team, --all",
  });
}

export function scopeText({ type, id }: { readonly type: string; readonly id: string }): string {
  return type === "Company" ? "all runs" : `${type.toLowerCase()} ${escapeControls(id)}`;
}
