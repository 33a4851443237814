import { anthropicMessages } from "./anthropic.ts";
import { gemini } from "./gemini.ts";
import type { ModelApi } from "./model-call.ts";
import { openaiChat } from "./openai-chat.ts";
import { openaiResponses } from "./openai-responses.ts";

/** By the end of the path: gateways and compatible servers put their own before it. */
const ENDS: readonly (readonly [RegExp, ModelApi])[] = [
  [/\/messages$/, anthropicMessages],
  [/\/responses$/, openaiResponses],
  [/\/chat\/completions$/, openaiChat],
  [/:(generateContent|streamGenerateContent)$/, gemini],
];

/** The API of models that a request may be of; what its body is, the body says. @param path without a query */
export function apiOf(path: string): ModelApi | undefined {
  return ENDS.find(([end]) => end.test(path))?.[1];
}
