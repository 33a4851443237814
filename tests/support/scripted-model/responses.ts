import { asText, groupTurns, makeId, pieces, textOf } from "./protocol.ts";
import type { Content, DeclaredTool, JsonSchema, ModelRequest, Protocol, Reply } from "./protocol.ts";

interface Tool extends DeclaredTool {
  readonly type?: string;
  readonly tools?: readonly Tool[];
}

interface Item {
  readonly type?: string;
  readonly role?: string;
  readonly content?: Content;
  readonly call_id?: string;
  readonly id?: string;
  readonly output?: unknown;
  readonly tools?: readonly Tool[];
}

interface Body {
  readonly model?: string;
  readonly stream?: boolean;
  readonly input?: string | readonly Item[];
  readonly tools?: readonly Tool[];
  readonly text?: { readonly format?: { readonly schema?: JsonSchema } };
}

function see(item: Item): { text?: string; callIds?: string[] } | "other" | undefined {
  const type = item.type ?? "message";
  if (type === "message" && item.role === "assistant") return { text: textOf(item.content) };
  if (type === "message" && item.role === "user") return "other";
  if (type.endsWith("_call")) return { callIds: [item.call_id ?? item.id ?? ""] };
  return type.endsWith("_output") ? "other" : undefined;
}

/** Tools come in the request, in namespaces, and (code mode, incremental tools) in the history itself. */
function toolsOf(body: Body, items: readonly Item[]): Map<string, DeclaredTool> {
  const tools = new Map<string, DeclaredTool>();
  const declare = (tool: Tool): void => {
    if (tool.type === "namespace") {
      for (const inner of tool.tools ?? []) {
        const name = inner.name ?? "";
        tools.set(name, { name, ...(tool.name === undefined ? {} : { namespace: tool.name }) });
      }
    } else {
      tools.set(tool.name ?? tool.type ?? "", tool);
    }
  };
  body.tools?.forEach(declare);
  for (const item of items) if (item.type === "additional_tools") item.tools?.forEach(declare);
  return tools;
}

function read(raw: unknown): ModelRequest {
  const body = raw as Body;
  const items: readonly Item[] =
    typeof body.input === "string" ? [{ role: "user", content: body.input }] : (body.input ?? []);
  return {
    model: body.model ?? "scripted",
    stream: body.stream === true,
    tools: toolsOf(body, items),
    turns: groupTurns(items, see),
    userText: items
      .filter((item) => item.role === "user")
      .map((item) => textOf(item.content))
      .join("\n"),
    results: items.flatMap((item) => (item.type?.endsWith("_output") === true ? [asText(item.output)] : [])),
    schema: body.text?.format?.schema,
  };
}

interface TextItem {
  readonly type: "message";
  readonly id: string;
  readonly text: string;
}

interface CallItem {
  readonly type: "function_call" | "custom_tool_call";
  readonly id: string;
  /** The field that holds the input, and the input as text. */
  readonly field: "arguments" | "input";
  readonly value: string;
  readonly rest: object;
}

function itemsOf(request: ModelRequest, reply: Reply): readonly (TextItem | CallItem)[] {
  const items: (TextItem | CallItem)[] = [];
  if (reply.text !== "") items.push({ type: "message", id: makeId("msg_"), text: reply.text });
  for (const call of reply.calls) {
    const namespace = request.tools.get(call.name)?.namespace;
    const rest = { call_id: call.id, name: call.name, ...(namespace === undefined ? {} : { namespace }) };
    if (call.freeform) {
      const value = asText(call.input);
      items.push({ type: "custom_tool_call", id: makeId("ctc_"), field: "input", value, rest });
    } else {
      const value = JSON.stringify(call.input);
      items.push({ type: "function_call", id: makeId("fc_"), field: "arguments", value, rest });
    }
  }
  return items;
}

const partOf = (text: string) => ({ type: "output_text", text, annotations: [] });

function itemAs(item: TextItem | CallItem, status: "in_progress" | "completed"): object {
  const done = status === "completed";
  if (item.type === "message") {
    return { type: "message", id: item.id, status, role: "assistant", content: done ? [partOf(item.text)] : [] };
  }
  return { type: item.type, id: item.id, status, ...item.rest, [item.field]: done ? item.value : "" };
}

function responseOf(request: ModelRequest, reply: Reply, items = itemsOf(request, reply)) {
  return {
    id: makeId("resp_"),
    object: "response",
    created_at: Math.floor(Date.now() / 1000),
    status: "completed",
    model: request.model,
    output: items.map((item) => itemAs(item, "completed")),
    parallel_tool_calls: true,
    tool_choice: "auto",
    tools: [],
    error: null,
    incomplete_details: null,
    usage: {
      input_tokens: reply.usage.in,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: reply.usage.out,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: reply.usage.in + reply.usage.out,
    },
  };
}

type Emit = (type: string, data: object) => string;

function* streamText(emit: Emit, item: TextItem, output_index: number): Iterable<string> {
  const at = { output_index, item_id: item.id, content_index: 0 };
  yield emit("response.content_part.added", { ...at, part: partOf("") });
  for (const delta of pieces(item.text)) yield emit("response.output_text.delta", { ...at, delta, logprobs: [] });
  yield emit("response.output_text.done", { ...at, text: item.text, logprobs: [] });
  yield emit("response.content_part.done", { ...at, part: partOf(item.text) });
}

function* streamCall(emit: Emit, item: CallItem, output_index: number): Iterable<string> {
  const at = { output_index, item_id: item.id };
  const name = item.field === "input" ? "response.custom_tool_call_input" : "response.function_call_arguments";
  for (const delta of pieces(item.value)) yield emit(`${name}.delta`, { ...at, delta });
  yield emit(`${name}.done`, { ...at, [item.field]: item.value });
}

function* stream(request: ModelRequest, reply: Reply): Iterable<string> {
  const items = itemsOf(request, reply);
  const whole = responseOf(request, reply, items);
  let sequence = 0;
  const emit: Emit = (type, data) =>
    `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence++, ...data })}\n\n`;
  const opened = { ...whole, status: "in_progress", output: [], usage: null };
  yield emit("response.created", { response: opened });
  yield emit("response.in_progress", { response: opened });
  for (const [output_index, item] of items.entries()) {
    yield emit("response.output_item.added", { output_index, item: itemAs(item, "in_progress") });
    yield* item.type === "message" ? streamText(emit, item, output_index) : streamCall(emit, item, output_index);
    yield emit("response.output_item.done", { output_index, item: itemAs(item, "completed") });
  }
  yield emit("response.completed", { response: whole });
}

/** OpenAI Responses: `POST …/responses`; code mode's freeform tools and namespaces as Codex uses them. */
export const responses: Protocol = {
  name: "responses",
  serves: (path) => path.endsWith("/responses"),
  read,
  whole: (request, reply) => responseOf(request, reply),
  stream,
  error: (status, message) => ({
    error: { message, type: status === 429 ? "rate_limit_exceeded" : "server_error", code: null, param: null },
  }),
};
