import { randomBytes } from "node:crypto";

/** A tool that the agent declared in its request. */
export interface DeclaredTool {
  readonly name?: string;
  /** OpenAI Responses: the namespace the tool was declared in, which a call must repeat. */
  readonly namespace?: string;
}

/** One assistant turn of the history that a request carries. */
export interface AssistantTurn {
  text: string;
  readonly callIds: string[];
}

/** A request of any protocol, as far as a script needs it. */
export interface ModelRequest {
  readonly model: string;
  readonly stream: boolean;
  readonly tools: ReadonlyMap<string, DeclaredTool>;
  readonly turns: readonly AssistantTurn[];
  readonly userText: string;
  /** Texts of the tool results in the history, oldest first. */
  readonly results: readonly string[];
  /** Set when the agent demands an answer of this form. */
  readonly schema: JsonSchema | undefined;
}

/** `input` is text for a freeform tool, else the tool's object. */
export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
  readonly freeform: boolean;
}

export interface Reply {
  readonly text: string;
  readonly calls: readonly ToolCall[];
  readonly usage: { readonly in: number; readonly out: number };
}

/** One wire protocol: how its requests are read and its answers written. */
export interface Protocol {
  readonly name: "anthropic" | "responses" | "chat" | "gemini";
  serves(path: string): boolean;
  read(body: unknown, path: string): ModelRequest;
  /** The answer as one JSON value. */
  whole(request: ModelRequest, reply: Reply): unknown;
  /** The same answer as server-sent events. */
  stream(request: ModelRequest, reply: Reply): Iterable<string>;
  error(status: number, message: string): unknown;
}

export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
}

/** Text content in any of the four protocols: a string, or a list of parts with `text`. */
export type Content = string | readonly (string | { readonly text?: string })[] | null | undefined;

export function textOf(content: Content): string {
  if (typeof content === "string") return content;
  return (content ?? []).map((part) => (typeof part === "string" ? part : (part.text ?? ""))).join("\n");
}

/**
 * Groups consecutive assistant items into turns. `see` gives the item's part of a turn, `"other"` for what ends a turn,
 * or undefined for what neither adds nor ends.
 */
export function groupTurns<Item>(
  items: readonly Item[],
  see: (item: Item) => { readonly text?: string; readonly callIds?: readonly string[] } | "other" | undefined,
): AssistantTurn[] {
  const turns: AssistantTurn[] = [];
  let open: AssistantTurn | undefined;
  for (const item of items) {
    const part = see(item);
    if (part === undefined) continue;
    if (part === "other") {
      open = undefined;
      continue;
    }
    if (open === undefined) turns.push((open = { text: "", callIds: [] }));
    open.text += part.text ?? "";
    open.callIds.push(...(part.callIds ?? []));
  }
  return turns;
}

export function makeId(prefix: string): string {
  return prefix + randomBytes(9).toString("hex");
}

/** Pieces of a text as a model streams them. */
export function* pieces(text: string): Iterable<string> {
  if (text === "") yield "";
  for (let index = 0; index < text.length; index += 24) yield text.slice(index, index + 24);
}

export function asText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? "");
}

/** The smallest value of a JSON schema, for requests that demand structured output. */
export function sampleOf(schema: JsonSchema | undefined, depth = 0): unknown {
  if (schema === undefined || depth > 8) return {};
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return sampleOf(choices[0], depth + 1);
  const type = typeof schema.type === "string" ? schema.type : (schema.type?.[0] ?? "object");
  switch (type.toLowerCase()) {
    case "object": {
      const keys = schema.required ?? Object.keys(schema.properties ?? {});
      return Object.fromEntries(keys.map((key) => [key, sampleOf(schema.properties?.[key], depth + 1)]));
    }
    case "array":
      return [];
    case "string":
      return "scripted";
    case "number":
    case "integer":
      return 1;
    case "boolean":
      return false;
    default:
      return null;
  }
}
