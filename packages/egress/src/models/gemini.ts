import { countOf, type Json, listOf, objectOf, textOf } from "./json.ts";
import type { ModelAnswer, ModelApi, ModelRequest } from "./model-call.ts";
import { newestText, resultsAfter, textsOf } from "./turns.ts";

/** Gemini's generateContent and streamGenerateContent. @see https://ai.google.dev/api/generate-content */
export const gemini: ModelApi = {
  name: "gemini",
  readRequest: (value, path): ModelRequest | undefined => {
    if (!Array.isArray(objectOf(value)["contents"])) return undefined;
    const contents = listOf(objectOf(value)["contents"]).map(objectOf);
    return {
      model: /models\/([^/:]+):/.exec(path)?.[1],
      prompt: newestText(contents, (content) => (content["role"] === "model" ? "" : textsOf(content["parts"]))),
      results: resultsAfter(
        contents,
        ({ role }) => role === "model",
        (content) => listOf(content["parts"]).map(objectOf).flatMap(resultOf),
      ),
    };
  },
  answerReader: (answer) => (value) => {
    // Streamed without `alt=sse`, an answer is a list of what would be its events.
    for (const part of Array.isArray(value) ? value.map(objectOf) : [objectOf(value)]) readPart(part, answer);
  },
};

function resultOf(part: Json): { id: string; failed: boolean | undefined }[] {
  if (part["functionResponse"] === undefined) return [];
  const result = objectOf(part["functionResponse"]);
  return [{ id: textOf(result["id"]) ?? "", failed: "error" in objectOf(result["response"]) ? true : undefined }];
}

function readPart(body: Json, answer: ModelAnswer): void {
  answer.named(textOf(body["modelVersion"]));
  for (const candidate of listOf(body["candidates"]).map(objectOf)) {
    for (const part of listOf(objectOf(candidate["content"])["parts"]).map(objectOf)) {
      // What it thought is not what it wrote.
      if (part["thought"] !== true) answer.wrote(textOf(part["text"]));
      if (part["functionCall"] === undefined) continue;
      const call = objectOf(part["functionCall"]);
      const input = JSON.stringify(call["args"] ?? {});
      answer.called({ id: textOf(call["id"]) ?? "", name: textOf(call["name"]) ?? "", input });
    }
    if (textOf(candidate["finishReason"]) !== undefined) answer.finished();
  }
  const usage = objectOf(body["usageMetadata"]);
  if (Object.keys(usage).length === 0) return;
  const cached = countOf(usage["cachedContentTokenCount"]);
  const all = countOf(usage["promptTokenCount"]) + countOf(usage["toolUsePromptTokenCount"]);
  const out = countOf(usage["candidatesTokenCount"]) + countOf(usage["thoughtsTokenCount"]);
  answer.used({ in: Math.max(0, all - cached), cached, written: 0, out });
}
