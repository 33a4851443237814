import { countOf, type Json, listOf, objectOf, textOf } from "./json.ts";
import { CallDrafts } from "./call-drafts.ts";
import type { ModelAnswer, ModelApi, ModelRequest } from "./model-call.ts";
import { newestText, resultsAfter, textsOf } from "./turns.ts";

/** OpenAI Chat Completions, which others speak too. @see https://platform.openai.com/docs/api-reference/chat and …/chat-streaming */
export const openaiChat: ModelApi = {
  name: "openai-chat",
  readRequest: (value): ModelRequest | undefined => {
    const body = objectOf(value);
    if (!Array.isArray(body["messages"])) return undefined;
    const messages = listOf(body["messages"]).map(objectOf);
    return {
      model: textOf(body["model"]),
      prompt: newestText(messages, (message) => (message["role"] === "user" ? textsOf(message["content"]) : "")),
      results: resultsAfter(
        messages,
        ({ role }) => role === "assistant",
        (message) =>
          message["role"] === "tool" ? [{ id: textOf(message["tool_call_id"]) ?? "", failed: undefined }] : [],
      ),
    };
  },
  answerReader: (answer) => {
    const drafts = new CallDrafts(answer);
    return (value) => {
      const body = objectOf(value);
      answer.named(textOf(body["model"]));
      for (const choice of listOf(body["choices"]).map(objectOf)) readChoice(choice, { answer, drafts });
      use(objectOf(body["usage"]), answer);
    };
  },
};

function readChoice(choice: Json, { answer, drafts }: { answer: ModelAnswer; drafts: CallDrafts }): void {
  // Streamed as `delta`, whole as `message`.
  const message = objectOf(choice["delta"] ?? choice["message"]);
  answer.wrote(typeof message["content"] === "string" ? message["content"] : textsOf(message["content"]));
  const choiceKey = String(countOf(choice["index"]));
  for (const [position, call] of listOf(message["tool_calls"]).map(objectOf).entries()) {
    const index = typeof call["index"] === "number" ? call["index"] : position;
    const key = `${choiceKey}.${String(index)}`;
    // `custom`: a tool that takes text.
    const callee = objectOf(call["function"] ?? call["custom"]);
    drafts.start(key, { id: textOf(call["id"]) ?? "", name: textOf(callee["name"]) ?? "" });
    drafts.add(key, textOf(callee["arguments"]) ?? textOf(callee["input"]));
  }
  if (textOf(choice["finish_reason"]) === undefined) return;
  drafts.completeAll();
  answer.finished();
}

function use(usage: Json, answer: ModelAnswer): void {
  if (Object.keys(usage).length === 0) return;
  const cached = countOf(objectOf(usage["prompt_tokens_details"])["cached_tokens"]);
  const all = countOf(usage["prompt_tokens"]);
  answer.used({ in: Math.max(0, all - cached), cached, written: 0, out: countOf(usage["completion_tokens"]) });
}
