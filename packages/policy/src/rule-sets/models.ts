import { forbidUnless, quote, READS, type RuleSet } from "./rule-set.ts";

/**
 * The interfaces of models, for those who ask a model and nothing else. Behind the same name and key lie places to leave files in, jobs that
 * run later, and the organisation's members and keys: an upload to one's own account is the known way out of a host that every agent needs.
 * What is asked of the model is in the body, and rules do not see it; a tool that the provider runs (search, fetching, MCP) is asked for there.
 */
function modelRules(name: string, what: string, calls: readonly string[]): Pick<RuleSet, "owners" | "policies"> {
  return {
    owners: false,
    policies: ({ hosts }) =>
      forbidUnless({
        id: `rules.${name}.ask`,
        reason: `here a model is asked, and nothing else: ${what}`,
        instead: "send what the model needs with the question; files, jobs, keys and members are for people",
        hosts,
        unless: calls,
      }),
  };
}

/** @see https://docs.anthropic.com/en/api (Messages, Models); clients ask for `/` to see whether somebody is there */
export const anthropicRules = modelRules("anthropic", "messages, the count of their tokens, the list of models", [
  posts("/v1/messages", "/v1/messages/count_tokens"),
  listOf("v1"),
  `(${READS} && context.urlPath == "/")`,
]);

/** A GET of `/v1/responses` opens a WebSocket for them: there is no list of them. @see https://platform.openai.com/docs/api-reference */
export const openaiRules = modelRules("openai", "responses, completions, embeddings, the list of models", [
  posts(
    "/v1/responses",
    "/v1/responses/compact",
    "/v1/responses/input_tokens",
    "/v1/chat/completions",
    "/v1/embeddings",
  ),
  listOf("v1"),
  `(${READS} && context.urlPath == "/v1/responses")`,
]);

const VERSIONS = ["v1", "v1beta", "v1alpha"];
const METHODS = ["generateContent", "streamGenerateContent", "countTokens", "embedContent", "batchEmbedContents"];

/** @see https://ai.google.dev/api (models) */
export const geminiRules = modelRules("gemini", "contents, the count of their tokens, embeddings, the list of models", [
  `(context.method == "POST" && ${JSON.stringify(VERSIONS)}.contains(context.first) && context.second == "models" && context.depth == 3 && (${METHODS.map(
    (method) => `context.third like ${quote(`*:${method}`)}`,
  ).join(" || ")}))`,
  ...VERSIONS.map(listOf),
]);

function posts(...paths: readonly string[]): string {
  return `(context.method == "POST" && ${JSON.stringify(paths)}.contains(context.urlPath))`;
}

/** All models, or one. */
function listOf(version: string): string {
  return `(${READS} && context.first == ${quote(version)} && context.second == "models" && context.depth <= 3)`;
}
