import { countOf, type Json, listOf, objectOf, textOf } from "./json.ts";
import type { ModelAnswer, ModelApi, ModelRequest, ModelTokens } from "./model-call.ts";
import { CallDrafts } from "./call-drafts.ts";
import { newestText, resultsAfter, textsOf } from "./turns.ts";

/** Anthropic Messages. @see https://docs.anthropic.com/en/api/messages and …/messages-streaming */
export const anthropicMessages: ModelApi = {
  name: "anthropic-messages",
  readRequest: (value): ModelRequest | undefined => {
    const body = objectOf(value);
    if (!Array.isArray(body["messages"])) return undefined;
    const messages = listOf(body["messages"]).map(objectOf);
    const isOwn = ({ role }: Json): boolean => role === "assistant";
    return {
      model: textOf(body["model"]),
      prompt: newestText(messages, (message) => (message["role"] === "user" ? textsOf(message["content"]) : "")),
      results: resultsAfter(messages, isOwn, (message) =>
        listOf(message["content"])
          .map(objectOf)
          .filter(({ type }) => type === "tool_result")
          .map((block) => ({ id: textOf(block["tool_use_id"]) ?? "", failed: block["is_error"] === true })),
      ),
    };
  },
  answerReader: (answer) => {
    const drafts = new CallDrafts(answer);
    let tokens: ModelTokens = { in: 0, cached: 0, written: 0, out: 0 };
    const use = (usage: unknown): void => {
      if (usage === undefined) return;
      tokens = tokensOf(objectOf(usage), tokens);
      answer.used(tokens);
    };
    return (value) => {
      const event = objectOf(value);
      const index = String(countOf(event["index"]));
      switch (event["type"]) {
        case "message":
          readWhole(event, answer);
          use(event["usage"]);
          break;
        case "message_start":
          answer.named(textOf(objectOf(event["message"])["model"]));
          use(objectOf(event["message"])["usage"]);
          break;
        case "content_block_start":
          startBlock(index, objectOf(event["content_block"]), { answer, drafts });
          break;
        case "content_block_delta":
          answer.wrote(textOf(objectOf(event["delta"])["text"]));
          drafts.add(index, textOf(objectOf(event["delta"])["partial_json"]));
          break;
        case "content_block_stop":
          drafts.complete(index);
          break;
        case "message_delta":
          use(event["usage"]);
          break;
        case "message_stop":
          answer.finished();
      }
    };
  },
};

/** Also what the vendor's own servers run, or a server of the agent's: every block that calls by a name. */
const CALLS: ReadonlySet<unknown> = new Set(["tool_use", "server_tool_use", "mcp_tool_use"]);

function startBlock(
  index: string,
  block: Json,
  { answer, drafts }: { readonly answer: ModelAnswer; readonly drafts: CallDrafts },
): void {
  if (block["type"] === "text") answer.wrote(textOf(block["text"]));
  if (!CALLS.has(block["type"])) return;
  drafts.start(index, { id: textOf(block["id"]) ?? "", name: textOf(block["name"]) ?? "" });
  // The input follows in pieces; a server that has it at once says so here.
  if (Object.keys(objectOf(block["input"])).length > 0) drafts.add(index, JSON.stringify(block["input"]));
}

function readWhole(message: Json, answer: ModelAnswer): void {
  answer.named(textOf(message["model"]));
  for (const block of listOf(message["content"]).map(objectOf)) {
    if (block["type"] === "text") answer.wrote(textOf(block["text"]));
    if (!CALLS.has(block["type"])) continue;
    const input = JSON.stringify(block["input"] ?? {});
    answer.called({ id: textOf(block["id"]) ?? "", name: textOf(block["name"]) ?? "", input });
  }
  answer.finished();
}

/** What a later event leaves out stays as it was. */
function tokensOf(usage: Json, before: ModelTokens): ModelTokens {
  const either = (name: string, known: number): number => (name in usage ? countOf(usage[name]) : known);
  return {
    in: either("input_tokens", before.in),
    cached: either("cache_read_input_tokens", before.cached),
    written: either("cache_creation_input_tokens", before.written),
    out: either("output_tokens", before.out),
  };
}
