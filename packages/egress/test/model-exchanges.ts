/** Exchanges in the shapes that the agents' real traffic has, and a tap that listens to them. */
import { Allowance } from "../src/allowance.ts";
import { apiOf } from "../src/models/api-of.ts";
import type { ModelTokens, ToolResult, WrittenCall } from "../src/models/model-call.ts";
import { ModelTap, type ModelCallFacts, type ToolCallFacts } from "../src/models/model-tap.ts";

export interface RecordedExchange {
  readonly title: string;
  readonly path: string;
  readonly request: string;
  readonly answer: string;
  readonly answerType: string;
  readonly expected: {
    readonly model: string;
    readonly tokens: ModelTokens;
    readonly prompt: string;
    readonly output: string;
    readonly calls: readonly WrittenCall[];
    readonly results: readonly ToolResult[];
  };
}

const SSE = "text/event-stream; charset=utf-8";
const JSON_TYPE = "application/json";
const named = (...events: readonly { readonly type: string }[]): string =>
  events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("");
const unnamed = (end: string, ...events: readonly object[]): string =>
  events.map((event) => `data: ${JSON.stringify(event)}${end}${end}`).join("");

const OUTPUT = "Ich schaue nach – 👍.";
const COMMAND = { command: 'ls -l "$HOME" | wc\n', description: "count" };
const INPUT = JSON.stringify(COMMAND);
const PROMPT = "Please do the wörk.";

const anthropicRequest = JSON.stringify({
  model: "claude-sonnet-4-5",
  max_tokens: 32_000,
  stream: true,
  system: [{ type: "text", text: "You are an agent.", cache_control: { type: "ephemeral" } }],
  messages: [
    { role: "user", content: [{ type: "text", text: PROMPT }] },
    {
      role: "assistant",
      content: [
        { type: "text", text: "First." },
        { type: "tool_use", id: "toolu_1", name: "Bash", input: { command: "false" } },
        { type: "tool_use", id: "toolu_2", name: "Read", input: { file_path: "/x" } },
      ],
    },
    {
      role: "user",
      content: [
        { type: "tool_result", tool_use_id: "toolu_1", content: "Exit code 1", is_error: true },
        { type: "tool_result", tool_use_id: "toolu_2", content: [{ type: "text", text: "text" }] },
      ],
    },
  ],
});
const anthropicUsage = {
  input_tokens: 4,
  cache_creation_input_tokens: 1_200,
  cache_read_input_tokens: 15_000,
  output_tokens: 61,
};
const anthropicExpected = {
  model: "claude-sonnet-4-5-20250929",
  tokens: { in: 4, cached: 15_000, written: 1_200, out: 61 },
  prompt: PROMPT,
  output: OUTPUT,
  calls: [{ id: "toolu_3", name: "Bash", input: INPUT }],
  results: [
    { id: "toolu_1", failed: true },
    { id: "toolu_2", failed: false },
  ],
};

const responsesRequest = JSON.stringify({
  model: "gpt-5.5",
  stream: true,
  input: [
    { type: "message", role: "developer", content: [{ type: "input_text", text: "Rules." }] },
    { type: "message", role: "user", content: [{ type: "input_text", text: PROMPT }] },
    { type: "reasoning", summary: [], encrypted_content: "…" },
    { type: "function_call", call_id: "call_1", name: "exec_command", arguments: '{"cmd":"false"}' },
    { type: "function_call_output", call_id: "call_1", output: "exit 1" },
  ],
});
const responsesDone = {
  id: "resp_1",
  object: "response",
  model: "gpt-5.5-2026-01-01",
  output: [
    { type: "message", role: "assistant", content: [{ type: "output_text", text: OUTPUT }] },
    { type: "function_call", call_id: "call_2", name: "exec_command", arguments: INPUT },
    { type: "custom_tool_call", call_id: "call_3", name: "exec", input: 'text("x")' },
  ],
  usage: {
    input_tokens: 1_000,
    input_tokens_details: { cached_tokens: 900 },
    output_tokens: 50,
    output_tokens_details: { reasoning_tokens: 30 },
  },
};
const responsesExpected = {
  model: "gpt-5.5-2026-01-01",
  tokens: { in: 100, cached: 900, written: 0, out: 50 },
  prompt: PROMPT,
  output: OUTPUT,
  calls: [
    { id: "call_2", name: "exec_command", input: INPUT },
    { id: "call_3", name: "exec", input: 'text("x")' },
  ],
  results: [{ id: "call_1", failed: undefined }],
};

const chatRequest = JSON.stringify({
  model: "small",
  stream: true,
  stream_options: { include_usage: true },
  messages: [
    { role: "system", content: "Rules." },
    { role: "user", content: PROMPT },
    { role: "assistant", content: null, tool_calls: [{ id: "call_1", function: { name: "bash", arguments: "{}" } }] },
    { role: "tool", tool_call_id: "call_1", content: "exit 1" },
  ],
});
const chatUsage = { prompt_tokens: 70, prompt_tokens_details: { cached_tokens: 50 }, completion_tokens: 9 };
const chatExpected = {
  model: "small-1",
  tokens: { in: 20, cached: 50, written: 0, out: 9 },
  prompt: PROMPT,
  output: OUTPUT,
  calls: [{ id: "call_2", name: "bash", input: INPUT }],
  results: [{ id: "call_1", failed: undefined }],
};
const chatChunk = (delta: object, finish_reason: string | null = null): object => ({
  object: "chat.completion.chunk",
  model: "small-1",
  choices: [{ index: 0, delta, finish_reason }],
});

const geminiRequest = JSON.stringify({
  contents: [
    { role: "user", parts: [{ text: PROMPT }] },
    { role: "model", parts: [{ functionCall: { id: "f1", name: "run_shell_command", args: { command: "false" } } }] },
    { role: "user", parts: [{ functionResponse: { id: "f1", name: "x", response: { error: "exit 1" } } }] },
  ],
});
const geminiPart = (parts: readonly object[], more: object = {}): object => ({
  candidates: [{ index: 0, content: { role: "model", parts }, ...more }],
  modelVersion: "gemini-2.5-flash",
});
const geminiUsage = {
  usageMetadata: {
    promptTokenCount: 300,
    cachedContentTokenCount: 200,
    candidatesTokenCount: 10,
    thoughtsTokenCount: 40,
  },
};
const geminiExpected = {
  model: "gemini-2.5-flash",
  tokens: { in: 100, cached: 200, written: 0, out: 50 },
  prompt: PROMPT,
  output: OUTPUT,
  calls: [{ id: "f2", name: "run_shell_command", input: INPUT }],
  results: [{ id: "f1", failed: true }],
};
const geminiEvents = [
  geminiPart([{ text: "A thought.", thought: true }, { text: OUTPUT.slice(0, 5) }]),
  geminiPart([{ text: OUTPUT.slice(5) }]),
  {
    ...geminiPart([{ functionCall: { id: "f2", name: "run_shell_command", args: COMMAND } }], { finishReason: "STOP" }),
    ...geminiUsage,
  },
];

export const RECORDED: readonly RecordedExchange[] = [
  {
    title: "Anthropic Messages, streamed",
    path: "/v1/messages",
    request: anthropicRequest,
    answerType: SSE,
    answer: named(
      {
        type: "message_start",
        ...{ message: { model: "claude-sonnet-4-5-20250929", usage: { ...anthropicUsage, output_tokens: 1 } } },
      },
      { type: "content_block_start", ...{ index: 0, content_block: { type: "thinking", thinking: "" } } },
      { type: "content_block_delta", ...{ index: 0, delta: { type: "thinking_delta", thinking: "Hm." } } },
      { type: "content_block_stop", ...{ index: 0 } },
      { type: "content_block_start", ...{ index: 1, content_block: { type: "text", text: "" } } },
      { type: "ping" },
      { type: "content_block_delta", ...{ index: 1, delta: { type: "text_delta", text: OUTPUT.slice(0, 4) } } },
      { type: "content_block_delta", ...{ index: 1, delta: { type: "text_delta", text: OUTPUT.slice(4) } } },
      { type: "content_block_stop", ...{ index: 1 } },
      {
        type: "content_block_start",
        ...{ index: 2, content_block: { type: "tool_use", id: "toolu_3", name: "Bash", input: {} } },
      },
      { type: "content_block_delta", ...{ index: 2, delta: { type: "input_json_delta", partial_json: "" } } },
      {
        type: "content_block_delta",
        ...{ index: 2, delta: { type: "input_json_delta", partial_json: INPUT.slice(0, 9) } },
      },
      {
        type: "content_block_delta",
        ...{ index: 2, delta: { type: "input_json_delta", partial_json: INPUT.slice(9) } },
      },
      { type: "content_block_stop", ...{ index: 2 } },
      { type: "message_delta", ...{ delta: { stop_reason: "tool_use" }, usage: { output_tokens: 61 } } },
      { type: "message_stop" },
    ),
    expected: anthropicExpected,
  },
  {
    title: "Anthropic Messages, whole",
    path: "/v1/messages",
    request: anthropicRequest,
    answerType: JSON_TYPE,
    answer: JSON.stringify({
      type: "message",
      model: "claude-sonnet-4-5-20250929",
      content: [
        { type: "text", text: OUTPUT },
        { type: "tool_use", id: "toolu_3", name: "Bash", input: COMMAND },
      ],
      usage: anthropicUsage,
    }),
    expected: anthropicExpected,
  },
  {
    title: "OpenAI Responses, streamed",
    path: "/v1/responses",
    request: responsesRequest,
    answerType: SSE,
    answer: named(
      { type: "response.created", ...{ response: { model: "gpt-5.5" } } },
      { type: "response.output_text.delta", ...{ delta: OUTPUT.slice(0, 7) } },
      { type: "response.output_text.delta", ...{ delta: OUTPUT.slice(7) } },
      { type: "response.output_item.done", ...{ item: responsesDone.output[0] } },
      { type: "response.output_item.done", ...{ item: responsesDone.output[1] } },
      { type: "response.output_item.done", ...{ item: responsesDone.output[2] } },
      { type: "response.completed", ...{ response: responsesDone } },
    ),
    expected: responsesExpected,
  },
  {
    title: "OpenAI Responses, whole",
    path: "/v1/responses",
    request: responsesRequest,
    answerType: JSON_TYPE,
    answer: JSON.stringify(responsesDone),
    expected: responsesExpected,
  },
  {
    title: "OpenAI Chat Completions, streamed",
    path: "/v1/chat/completions",
    request: chatRequest,
    answerType: SSE,
    answer: `${unnamed(
      "\n",
      chatChunk({ role: "assistant", content: "" }),
      chatChunk({ content: OUTPUT }),
      chatChunk({
        tool_calls: [{ index: 0, id: "call_2", type: "function", function: { name: "bash", arguments: "" } }],
      }),
      chatChunk({ tool_calls: [{ index: 0, function: { arguments: INPUT.slice(0, 12) } }] }),
      chatChunk({ tool_calls: [{ index: 0, function: { arguments: INPUT.slice(12) } }] }),
      chatChunk({}, "tool_calls"),
      { model: "small-1", choices: [], usage: chatUsage },
    )}data: [DONE]\n\n`,
    expected: chatExpected,
  },
  {
    title: "OpenAI Chat Completions, whole",
    path: "/v1/chat/completions",
    request: chatRequest,
    answerType: JSON_TYPE,
    answer: JSON.stringify({
      object: "chat.completion",
      model: "small-1",
      choices: [
        {
          index: 0,
          finish_reason: "tool_calls",
          message: {
            role: "assistant",
            content: OUTPUT,
            tool_calls: [{ id: "call_2", type: "function", function: { name: "bash", arguments: INPUT } }],
          },
        },
      ],
      usage: chatUsage,
    }),
    expected: chatExpected,
  },
  {
    title: "Gemini, streamed",
    path: "/v1beta/models/gemini-2.5-flash:streamGenerateContent",
    request: geminiRequest,
    answerType: "text/event-stream",
    answer: unnamed("\r\n", ...geminiEvents),
    expected: geminiExpected,
  },
  {
    title: "Gemini, whole",
    path: "/v1beta/models/gemini-2.5-flash:generateContent",
    request: geminiRequest,
    answerType: JSON_TYPE,
    answer: JSON.stringify(geminiEvents),
    expected: geminiExpected,
  },
];

export interface Heard {
  readonly calls: readonly ToolCallFacts[];
  readonly results: readonly ToolResult[];
  readonly ends: readonly ModelCallFacts[];
}

/** Lets a tap listen to an exchange, as it is recorded but for what is given. */
export async function listen(
  exchange: RecordedExchange,
  given: {
    readonly request?: Buffer;
    readonly answer?: Buffer;
    readonly requestParts?: readonly Buffer[];
    readonly answerParts?: readonly Buffer[];
    readonly requestType?: string;
    readonly requestEncoding?: string;
    readonly answerType?: string;
    readonly answerEncoding?: string;
    readonly keep?: number;
    readonly allowance?: Allowance;
  } = {},
): Promise<Heard> {
  const api = apiOf(exchange.path);
  if (api === undefined) throw new Error(`${exchange.path} is of no API`);
  const calls: ToolCallFacts[] = [];
  const results: ToolResult[] = [];
  const ends: ModelCallFacts[] = [];
  const tap = new ModelTap({
    api,
    path: exchange.path,
    requestType: given.requestType ?? JSON_TYPE,
    requestEncoding: given.requestEncoding ?? "",
    earlierPrompt: "",
    keep: given.keep ?? 10_000,
    allowance: given.allowance ?? new Allowance(1 << 30),
    onCall: (call) => calls.push(call),
    onResults: (all) => results.push(...all),
    onEnd: (facts) => ends.push(facts),
  });
  for (const part of given.requestParts ?? [given.request ?? Buffer.from(exchange.request)]) tap.sent(part);
  tap.answered(given.answerType ?? exchange.answerType, given.answerEncoding ?? "");
  for (const part of given.answerParts ?? [given.answer ?? Buffer.from(exchange.answer)]) tap.received(part);
  await tap.ended();
  return { calls, results, ends };
}
