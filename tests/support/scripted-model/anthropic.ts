import { asText, groupTurns, makeId, pieces, textOf } from "./protocol.ts";
import type { Content, DeclaredTool, JsonSchema, ModelRequest, Protocol, Reply } from "./protocol.ts";

interface Block {
  readonly type?: string;
  readonly text?: string;
  readonly id?: string;
  readonly content?: unknown;
}

interface Body {
  readonly model?: string;
  readonly stream?: boolean;
  readonly tools?: readonly (DeclaredTool & { readonly name: string })[];
  readonly messages?: readonly { readonly role: string; readonly content?: string | readonly Block[] }[];
  readonly output_config?: { readonly format?: { readonly schema?: JsonSchema } };
  readonly output_format?: { readonly schema?: JsonSchema };
}

function blocksOf(content: string | readonly Block[] | undefined): readonly Block[] {
  return typeof content === "string" || content === undefined ? [] : content;
}

function read(raw: unknown): ModelRequest {
  const body = raw as Body;
  const messages = body.messages ?? [];
  return {
    model: body.model ?? "scripted",
    stream: body.stream === true,
    tools: new Map((body.tools ?? []).map((tool) => [tool.name, tool])),
    turns: groupTurns(messages, (message) =>
      message.role === "assistant"
        ? {
            text: textOf(message.content),
            callIds: blocksOf(message.content).flatMap((block) => (block.type === "tool_use" ? [block.id ?? ""] : [])),
          }
        : "other",
    ),
    userText: messages
      .filter((message) => message.role === "user")
      .map((message) => textOf(message.content))
      .join("\n"),
    results: messages
      .flatMap((message) => blocksOf(message.content))
      .filter((block) => block.type === "tool_result")
      .map((block) => (Array.isArray(block.content) ? textOf(block.content as Content) : asText(block.content))),
    schema: body.output_config?.format?.schema ?? body.output_format?.schema,
  };
}

function contentOf(reply: Reply): readonly Record<string, unknown>[] {
  const text = reply.text === "" ? [] : [{ type: "text", text: reply.text }];
  return [
    ...text,
    ...reply.calls.map((call) => ({ type: "tool_use", id: call.id, name: call.name, input: call.input })),
  ];
}

function messageOf(request: ModelRequest, reply: Reply) {
  return {
    id: makeId("msg_"),
    type: "message",
    role: "assistant",
    model: request.model,
    content: contentOf(reply),
    stop_reason: reply.calls.length > 0 ? "tool_use" : "end_turn",
    stop_sequence: null,
    usage: {
      input_tokens: reply.usage.in,
      output_tokens: reply.usage.out,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
    },
  };
}

function event(type: string, data: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
}

function* stream(request: ModelRequest, reply: Reply): Iterable<string> {
  const message = messageOf(request, reply);
  const usage = { ...message.usage, output_tokens: 1 };
  yield event("message_start", { message: { ...message, content: [], stop_reason: null, usage } });
  for (const [index, block] of message.content.entries()) {
    if (block["type"] === "text") {
      yield event("content_block_start", { index, content_block: { type: "text", text: "" } });
      for (const text of pieces(asText(block["text"]))) {
        yield event("content_block_delta", { index, delta: { type: "text_delta", text } });
      }
    } else {
      yield event("content_block_start", { index, content_block: { ...block, input: {} } });
      for (const part of pieces(JSON.stringify(block["input"]))) {
        yield event("content_block_delta", { index, delta: { type: "input_json_delta", partial_json: part } });
      }
    }
    yield event("content_block_stop", { index });
  }
  const delta = { stop_reason: message.stop_reason, stop_sequence: null };
  yield event("message_delta", { delta, usage: { output_tokens: reply.usage.out } });
  yield event("message_stop", {});
}

/** Anthropic Messages: `POST …/v1/messages`. */
export const anthropic: Protocol = {
  name: "anthropic",
  serves: (path) => path.endsWith("/v1/messages"),
  read,
  whole: messageOf,
  stream,
  error: (status, message) => {
    const type = status === 529 ? "overloaded_error" : status === 429 ? "rate_limit_error" : "api_error";
    return { type: "error", error: { type, message } };
  },
};
