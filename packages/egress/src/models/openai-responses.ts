import { countOf, type Json, listOf, objectOf, textOf } from "./json.ts";
import type { ModelAnswer, ModelApi, ModelRequest } from "./model-call.ts";
import { newestText, resultsAfter, textsOf } from "./turns.ts";

/** OpenAI Responses. @see https://platform.openai.com/docs/api-reference/responses and …/responses-streaming */
export const openaiResponses: ModelApi = {
  name: "openai-responses",
  readRequest: (value): ModelRequest | undefined => {
    const outer = objectOf(value);
    // Over a WebSocket each request says that it is one.
    if (outer["type"] !== undefined && outer["type"] !== "response.create") return undefined;
    const body = "response" in outer ? objectOf(outer["response"]) : outer;
    const { input } = body;
    if (typeof input !== "string" && !Array.isArray(input)) return undefined;
    const items = typeof input === "string" ? [{ role: "user", content: input }] : listOf(input).map(objectOf);
    return {
      model: textOf(body["model"]),
      prompt: newestText(items, (item) => (item["role"] === "user" ? textsOf(item["content"]) : "")),
      results: resultsAfter(items, isOwn, (item) => {
        const isResult = textOf(item["type"])?.endsWith("_output") === true;
        return isResult ? [{ id: textOf(item["call_id"]) ?? "", failed: undefined }] : [];
      }),
    };
  },
  answerReader: (answer) => {
    const seen = { text: false, calls: new Set<string>() };
    const finish = (response: Json): void => {
      readResponse(response, { answer, seen });
      answer.finished();
    };
    return (value) => {
      const event = objectOf(value);
      // A whole body is the response itself.
      if (event["object"] === "response") finish(event);
      switch (event["type"]) {
        case "response.created":
          answer.named(textOf(objectOf(event["response"])["model"]));
          return;
        case "response.output_text.delta":
          seen.text = true;
          answer.wrote(textOf(event["delta"]));
          return;
        case "response.output_item.done":
          readCall(objectOf(event["item"]), { answer, seen });
          return;
        case "response.completed":
        case "response.incomplete":
        case "response.failed":
          finish(objectOf(event["response"]));
      }
    };
  },
};

interface Found {
  readonly answer: ModelAnswer;
  /** What a stream has told in pieces is repeated at its end. */
  readonly seen: { text: boolean; readonly calls: Set<string> };
}

function readResponse(response: Json, { answer, seen }: Found): void {
  answer.named(textOf(response["model"]));
  for (const item of listOf(response["output"]).map(objectOf)) {
    if (item["type"] === "message" && !seen.text) answer.wrote(textsOf(item["content"]));
    readCall(item, { answer, seen });
  }
  const usage = objectOf(response["usage"]);
  if (Object.keys(usage).length === 0) return;
  const cached = countOf(objectOf(usage["input_tokens_details"])["cached_tokens"]);
  const all = countOf(usage["input_tokens"]);
  answer.used({ in: Math.max(0, all - cached), cached, written: 0, out: countOf(usage["output_tokens"]) });
}

function readCall(item: Json, { answer, seen }: Found): void {
  const input = inputOf(item);
  if (input === undefined) return;
  const id = textOf(item["call_id"]) ?? textOf(item["id"]) ?? "";
  if (seen.calls.has(id)) return;
  seen.calls.add(id);
  answer.called({ id, name: textOf(item["name"]) ?? textOf(item["type"]) ?? "", input });
}

function inputOf(item: Json): string | undefined {
  switch (item["type"]) {
    case "function_call":
      return textOf(item["arguments"]) ?? "{}";
    case "custom_tool_call":
      return textOf(item["input"]) ?? "";
    case "local_shell_call":
    case "shell_call":
      return JSON.stringify(item["action"] ?? {});
    default:
      return undefined;
  }
}

function isOwn({ role, type }: Json): boolean {
  return role === "assistant" || (typeof type === "string" && (type.endsWith("_call") || type === "reasoning"));
}
