import { asText, groupTurns, makeId, textOf } from "./protocol.ts";
import type { DeclaredTool, JsonSchema, ModelRequest, Protocol, Reply } from "./protocol.ts";

interface Part {
  readonly text?: string;
  readonly functionCall?: { readonly id?: string };
  readonly functionResponse?: { readonly response?: unknown };
}

interface Body {
  readonly contents?: readonly { readonly role?: string; readonly parts?: readonly Part[] }[];
  readonly tools?: readonly { readonly functionDeclarations?: readonly (DeclaredTool & { readonly name: string })[] }[];
  readonly generationConfig?: { readonly responseJsonSchema?: JsonSchema; readonly responseSchema?: JsonSchema };
}

function read(raw: unknown, path: string): ModelRequest {
  const body = raw as Body;
  const contents = body.contents ?? [];
  const declared = (body.tools ?? []).flatMap((tool) => tool.functionDeclarations ?? []);
  return {
    model: /models\/([^:]+):/.exec(path)?.[1] ?? "scripted",
    stream: path.includes(":streamGenerateContent"),
    tools: new Map(declared.map((tool) => [tool.name, tool])),
    turns: groupTurns(contents, (content) =>
      content.role === "model"
        ? {
            text: textOf(content.parts),
            callIds: (content.parts ?? []).flatMap((part) => (part.functionCall ? [part.functionCall.id ?? ""] : [])),
          }
        : "other",
    ),
    userText: contents
      .filter((content) => content.role !== "model")
      .map((content) => textOf(content.parts))
      .join("\n"),
    results: contents
      .flatMap((content) => content.parts ?? [])
      .flatMap((part) => (part.functionResponse ? [asText(part.functionResponse.response)] : [])),
    schema: body.generationConfig?.responseJsonSchema ?? body.generationConfig?.responseSchema,
  };
}

function whole(request: ModelRequest, reply: Reply): unknown {
  const parts = [
    ...(reply.text === "" ? [] : [{ text: reply.text }]),
    ...reply.calls.map((call) => ({ functionCall: { id: call.id, name: call.name, args: call.input } })),
  ];
  return {
    candidates: [{ index: 0, content: { role: "model", parts }, finishReason: "STOP" }],
    usageMetadata: {
      promptTokenCount: reply.usage.in,
      candidatesTokenCount: reply.usage.out,
      totalTokenCount: reply.usage.in + reply.usage.out,
    },
    modelVersion: request.model,
    responseId: makeId("r"),
  };
}

/** Gemini: `POST …/models/NAME:generateContent` and `:streamGenerateContent`. */
export const gemini: Protocol = {
  name: "gemini",
  serves: (path) => /:(generateContent|streamGenerateContent)$/.test(path),
  read,
  whole,
  *stream(request, reply) {
    yield `data: ${JSON.stringify(whole(request, reply))}\r\n\r\n`;
  },
  error: (status, message) => ({
    error: { code: status, message, status: status === 429 ? "RESOURCE_EXHAUSTED" : "INTERNAL" },
  }),
};
