import { asText, groupTurns, makeId, pieces, textOf } from "./protocol.ts";
import type { Content, DeclaredTool, JsonSchema, ModelRequest, Protocol, Reply } from "./protocol.ts";

interface Message {
  readonly role: string;
  readonly content?: Content;
  readonly tool_calls?: readonly { readonly id: string }[];
}

interface Body {
  readonly model?: string;
  readonly stream?: boolean;
  readonly tools?: readonly { readonly name?: string; readonly function?: DeclaredTool }[];
  readonly messages?: readonly Message[];
  readonly response_format?: { readonly json_schema?: { readonly schema?: JsonSchema } };
}

function read(raw: unknown): ModelRequest {
  const body = raw as Body;
  const messages = body.messages ?? [];
  return {
    model: body.model ?? "scripted",
    stream: body.stream === true,
    tools: new Map((body.tools ?? []).map((tool) => [tool.function?.name ?? tool.name ?? "", tool.function ?? {}])),
    turns: groupTurns(messages, (message) =>
      message.role === "assistant"
        ? { text: textOf(message.content), callIds: (message.tool_calls ?? []).map((call) => call.id) }
        : "other",
    ),
    userText: messages
      .filter((message) => message.role === "user")
      .map((message) => textOf(message.content))
      .join("\n"),
    results: messages
      .filter((message) => message.role === "tool")
      .map((message) => (Array.isArray(message.content) ? textOf(message.content) : asText(message.content))),
    schema: body.response_format?.json_schema?.schema,
  };
}

function callsOf(reply: Reply) {
  return reply.calls.map((call, index) => ({
    index,
    id: call.id,
    type: "function",
    function: { name: call.name, arguments: JSON.stringify(call.input) },
  }));
}

function usageOf({ usage }: Reply) {
  return { prompt_tokens: usage.in, completion_tokens: usage.out, total_tokens: usage.in + usage.out };
}

function whole(request: ModelRequest, reply: Reply): unknown {
  const calls = callsOf(reply).map(({ index: _index, ...call }) => call);
  return {
    id: makeId("chatcmpl-"),
    object: "chat.completion",
    created: Math.floor(Date.now() / 1000),
    model: request.model,
    choices: [
      {
        index: 0,
        finish_reason: calls.length > 0 ? "tool_calls" : "stop",
        logprobs: null,
        message: {
          role: "assistant",
          content: reply.text === "" ? null : reply.text,
          ...(calls.length > 0 ? { tool_calls: calls } : {}),
        },
      },
    ],
    usage: usageOf(reply),
  };
}

function* stream(request: ModelRequest, reply: Reply): Iterable<string> {
  const base = {
    id: makeId("chatcmpl-"),
    object: "chat.completion.chunk",
    created: Math.floor(Date.now() / 1000),
    model: request.model,
  };
  const event = (delta: object, finish_reason: string | null = null): string =>
    `data: ${JSON.stringify({ ...base, choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
  yield event({ role: "assistant", content: "" });
  if (reply.text !== "") for (const content of pieces(reply.text)) yield event({ content });
  for (const call of callsOf(reply)) {
    yield event({ tool_calls: [{ ...call, function: { name: call.function.name, arguments: "" } }] });
    for (const part of pieces(call.function.arguments)) {
      yield event({ tool_calls: [{ index: call.index, function: { arguments: part } }] });
    }
  }
  yield event({}, reply.calls.length > 0 ? "tool_calls" : "stop");
  yield `data: ${JSON.stringify({ ...base, choices: [], usage: usageOf(reply) })}\n\n`;
  yield "data: [DONE]\n\n";
}

/** OpenAI Chat Completions: `POST …/chat/completions`. */
export const chat: Protocol = {
  name: "chat",
  serves: (path) => path.endsWith("/chat/completions"),
  read,
  whole,
  stream,
  error: (_status, message) => ({ error: { message, type: "server_error", code: null } }),
};
