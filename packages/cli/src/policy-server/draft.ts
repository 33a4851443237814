import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { escapeControls, isErrno } from "@bailiwick/base";
import { LAYER_OF, testOfProposal, type Client } from "@bailiwick/control-plane/contract";
import { writeBundle, type BundleText } from "@bailiwick/policy";
import { CliError } from "../errors.ts";
import { openClient } from "../server/session.ts";
import { print, scopeOf, scopeText, type ScopeOptions } from "./scope.ts";

export interface DraftOptions extends ScopeOptions {
  readonly why?: string;
  readonly requiredWithin?: string;
  readonly fromProposal?: string;
  readonly json?: true;
}

/** `bailiwick policy draft DIR`: gives the server what a directory holds, as what a layer is to say. */
export async function draftCommand(directory: string, options: DraftOptions): Promise<number> {
  const scope = scopeOf(options);
  const client = openClient(process.env);
  const { fromProposal, why } = options;
  const files = readFiles(directory);
  const proposed = fromProposal === undefined ? [] : [await proposedTest(client, fromProposal)];
  const bundle = writeBundle({
    layer: LAYER_OF[scope.type],
    scope: scope.id,
    policies: files.filter(({ name }) => name.endsWith(".cedar")),
    tests: [...files.filter(({ name }) => name.endsWith(".test.toml")), ...proposed],
    profile: files.find(({ name }) => name === "profile.toml")?.text,
    requiredWithinHours: hoursOf(options.requiredWithin),
  });
  const draft = await client.call("draftPolicy", {
    body: {
      scope,
      bundle,
      ...(why !== undefined && { why }),
      ...(fromProposal !== undefined && { proposal: fromProposal }),
    },
  });
  const { passed, failed } = draft.tested;
  const tests = [
    `${String(passed)} tests passed, ${String(failed.length)} failed`,
    ...failed.map((each) => `  ${escapeControls(each)}`),
  ];
  print(options, draft, `draft ${draft.id} for ${scopeText(scope)}; ${tests.join("\n")}`);
  return failed.length === 0 ? 0 : 1;
}

function readFiles(directory: string): BundleText[] {
  try {
    const names = readdirSync(directory).sort();
    const known = names.filter((name) => /\.cedar$|\.test\.toml$|^profile\.toml$/.test(name));
    // A mistyped directory must not become a layer that says nothing.
    if (known.length === 0) throw new CliError("CLI_FILE", `\`${directory}\` holds no policy`, { remedy: FILES });
    const decoder = new TextDecoder("utf-8", { fatal: true });
    return known.map((name) => ({ name, text: decoder.decode(readFileSync(join(directory, name))) }));
  } catch (error) {
    const why = error instanceof TypeError ? "a file is not UTF-8" : isErrno(error) ? error.code : undefined;
    if (why === undefined) throw error;
    throw new CliError("CLI_FILE", `cannot read \`${directory}\`: ${why}`, { cause: error, remedy: FILES });
  }
}

const FILES = "name a directory with `*.cedar`, `*.test.toml` and `profile.toml`";

function hoursOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const [, count = "", unit = ""] = /^([0-9]{1,4})([hd])$/.exec(text) ?? [];
  const hours = Number(count) * (unit === "d" ? 24 : 1);
  if (hours >= 1 && hours <= 24 * 366) return hours;
  throw new CliError("CLI_USAGE", `\`${text}\` is no time from 1h to 366d`, {
    remedy: "for example `--required-within 3d`",
  });
}

/** What was proposed becomes a test: the draft is approved only if it does what somebody wanted. */
async function proposedTest(client: Client, id: string): Promise<BundleText> {
  const { items } = await client.call("listProposals", {});
  const proposal = items.find((each) => each.id === id);
  if (proposal !== undefined) return testOfProposal(proposal);
  throw new CliError("CLI_USAGE", `there is no proposal \`${id}\``, {
    remedy: "list them: `bailiwick server call listProposals`",
  });
}
