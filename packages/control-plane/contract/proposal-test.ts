/** What was proposed as a test of a bundle: the draft is approved only if it does what somebody wanted. */
import type { z } from "zod";
import type { proposal, QuestionOfServer } from "./questions.ts";

export type Proposal = z.infer<typeof proposal>;
type About = NonNullable<QuestionOfServer["about"]>;

export function testOfProposal({ id, by, question }: Proposal): { readonly name: string; readonly text: string } {
  const { argv, cwd, agent, about } = question;
  const wanted = about === undefined ? { argv, cwd } : hostKeys(about, argv[0]);
  const keys = { name: `proposal ${id} of ${by}`, ...wanted, agent, expect: "allow" };
  const lines = Object.entries(keys).map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  return { name: `proposal-${id}.test.toml`, text: `${["[[test]]", ...lines].join("\n")}\n` };
}

/** What was asked about a host, as far as the question says it: of the query the names, of the headers the type. */
function hostKeys({ host, port, request, leaks = [] }: About, program: string | undefined): Record<string, unknown> {
  const kinds = [...new Set(leaks.flatMap(({ kind, what }) => [kind, what]))];
  const found = kinds.length > 0 && { leaks: kinds };
  if (request === undefined) return { host, port, ...found };
  const { method, path, query, sizeBytes, contentType, credential } = request;
  const names = query.map(encodeURIComponent).join("&");
  return {
    ...{ host, port, method, path: names === "" ? path : `${path}?${names}` },
    ...(sizeBytes >= 0 && { size: sizeBytes }),
    ...(contentType !== "" && { headers: [`content-type: ${contentType}`] }),
    ...(credential !== undefined && { credential }),
    ...(program?.startsWith("/") === true && { program }),
    ...found,
  };
}
