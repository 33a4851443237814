import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import type { Script, ScriptSet } from "./script.ts";
import { startScriptedModel } from "./server.ts";
import type { ScriptedModel } from "./server.ts";

const twoCommands: Script = {
  turns: [{ say: "First.", sh: "echo hi > out.txt" }, { sh: "ls -la" }],
  final: "Both ran.",
};

async function withModel<T>(script: ScriptSet, use: (model: ScriptedModel) => Promise<T>): Promise<T> {
  const model = await startScriptedModel({ script });
  try {
    return await use(model);
  } finally {
    await model.close();
  }
}

async function post(model: ScriptedModel, path: string, body: object): Promise<Response> {
  return await fetch(`http://127.0.0.1:${String(model.port)}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

/** The `data:` values of a stream of server-sent events. */
function eventsOf(text: string): Record<string, unknown>[] {
  return [...text.matchAll(/^data: (\{.*\})\r?$/gm)].map(
    (match) => JSON.parse(match[1] ?? "") as Record<string, unknown>,
  );
}

interface Spoken {
  readonly text: string;
  readonly calls: readonly { readonly id: string; readonly name: string; readonly input: string }[];
}

/** One protocol from the agent's side: makes a request out of a history, and reads both forms of the answer. */
interface Client {
  readonly path: (stream: boolean) => string;
  readonly body: (history: readonly (Spoken & { readonly results: readonly string[] })[], stream: boolean) => object;
  readonly whole: (value: never) => Spoken;
  readonly streamed: (events: never[]) => Spoken;
}

type Delta = { type: string; text?: string; partial_json?: string };
const anthropicClient: Client = {
  path: () => "/v1/messages?beta=true",
  body: (history, stream) => ({
    model: "m",
    stream,
    tools: [{ name: "Read" }, { name: "Bash" }],
    messages: [
      { role: "user", content: "do it" },
      ...history.flatMap(({ text, calls, results }) => [
        {
          role: "assistant",
          content: [
            { type: "text", text },
            ...calls.map(({ id, name, input }) => ({
              type: "tool_use",
              id,
              name,
              input: JSON.parse(input) as unknown,
            })),
          ],
        },
        {
          role: "user",
          content: results.map((content, index) => ({ type: "tool_result", tool_use_id: calls[index]?.id, content })),
        },
      ]),
    ],
  }),
  whole: ({ content }: { content: { type: string; text: string; id: string; name: string; input: unknown }[] }) => ({
    text: content.flatMap((block) => (block.type === "text" ? [block.text] : [])).join(""),
    calls: content.flatMap((block) =>
      block.type === "tool_use" ? [{ id: block.id, name: block.name, input: JSON.stringify(block.input) }] : [],
    ),
  }),
  streamed: (events: { type: string; index: number; content_block: { id: string; name: string }; delta: Delta }[]) => ({
    text: events.map((event) => (event.delta?.type === "text_delta" ? event.delta.text : "")).join(""),
    calls: events
      .filter((event) => event.type === "content_block_start" && event.content_block.name !== undefined)
      .map((start) => ({
        id: start.content_block.id,
        name: start.content_block.name,
        input: events.map((event) => (event.index === start.index ? (event.delta?.partial_json ?? "") : "")).join(""),
      })),
  }),
};

interface ResponsesItem {
  type: string;
  call_id: string;
  name: string;
  arguments: string;
  content: { text: string }[];
}
const responsesClient: Client = {
  path: () => "/v1/responses",
  body: (history, stream) => ({
    model: "m",
    stream,
    tools: [{ type: "function", name: "exec_command" }],
    input: [
      { type: "message", role: "user", content: [{ type: "input_text", text: "do it" }] },
      ...history.flatMap(({ text, calls, results }) => [
        { type: "message", role: "assistant", content: [{ type: "output_text", text }] },
        ...calls.map(({ id, name, input }) => ({ type: "function_call", call_id: id, name, arguments: input })),
        ...results.map((output, index) => ({ type: "function_call_output", call_id: calls[index]?.id, output })),
      ]),
    ],
  }),
  whole: ({ output }: { output: ResponsesItem[] }) => ({
    text: output
      .flatMap((item) => item.content ?? [])
      .map((part) => part.text)
      .join(""),
    calls: output
      .filter((item) => item.type === "function_call")
      .map((item) => ({ id: item.call_id, name: item.name, input: item.arguments })),
  }),
  streamed: (events: { type: string; delta: string; response: { output: ResponsesItem[] } }[]) => {
    const done = events.find((event) => event.type === "response.completed");
    assert.ok(done);
    const spoken = responsesClient.whole(done.response as never);
    const text = events.map((event) => (event.type === "response.output_text.delta" ? event.delta : "")).join("");
    assert.equal(text, spoken.text);
    return spoken;
  },
};

interface ChatCall {
  index: number;
  id: string;
  function: { name: string; arguments: string };
}
const chatClient: Client = {
  path: () => "/v1/chat/completions",
  body: (history, stream) => ({
    model: "m",
    stream,
    tools: [{ type: "function", function: { name: "bash" } }],
    messages: [
      { role: "user", content: "do it" },
      ...history.flatMap(({ text, calls, results }) => [
        {
          role: "assistant",
          content: text,
          tool_calls: calls.map(({ id, name, input }) => ({
            id,
            type: "function",
            function: { name, arguments: input },
          })),
        },
        ...results.map((content, index) => ({ role: "tool", tool_call_id: calls[index]?.id, content })),
      ]),
    ],
  }),
  whole: ({ choices }: { choices: { message: { content: string | null; tool_calls?: ChatCall[] } }[] }) => ({
    text: choices[0]?.message.content ?? "",
    calls: (choices[0]?.message.tool_calls ?? []).map((call) => ({
      id: call.id,
      name: call.function.name,
      input: call.function.arguments,
    })),
  }),
  streamed: (events: { choices: { delta: { content?: string; tool_calls?: ChatCall[] } }[] }[]) => {
    const deltas = events.flatMap((event) => event.choices.map((choice) => choice.delta));
    const parts = deltas.flatMap((delta) => delta.tool_calls ?? []);
    return {
      text: deltas.map((delta) => delta.content ?? "").join(""),
      calls: parts
        .filter((part) => part.id !== undefined)
        .map((start) => ({
          id: start.id,
          name: start.function.name,
          input: parts.map((part) => (part.index === start.index ? part.function.arguments : "")).join(""),
        })),
    };
  },
};

interface GeminiPart {
  text?: string;
  functionCall?: { id: string; name: string; args: unknown };
}
interface GeminiAnswer {
  candidates: { content: { parts: GeminiPart[] } }[];
}
const geminiClient: Client = {
  path: (stream) => `/v1beta/models/m:${stream ? "streamGenerateContent?alt=sse" : "generateContent"}`,
  body: (history) => ({
    tools: [{ functionDeclarations: [{ name: "run_shell_command" }] }],
    contents: [
      { role: "user", parts: [{ text: "do it" }] },
      ...history.flatMap(({ text, calls, results }) => [
        {
          role: "model",
          parts: [
            { text },
            ...calls.map(({ id, name, input }) => ({ functionCall: { id, name, args: JSON.parse(input) as unknown } })),
          ],
        },
        { role: "user", parts: results.map((output) => ({ functionResponse: { response: { output } } })) },
      ]),
    ],
  }),
  whole: ({ candidates }: GeminiAnswer) => {
    const parts = candidates[0]?.content.parts ?? [];
    return {
      text: parts.map((part) => part.text ?? "").join(""),
      calls: parts.flatMap(({ functionCall: call }) =>
        call === undefined ? [] : [{ id: call.id, name: call.name, input: JSON.stringify(call.args) }],
      ),
    };
  },
  streamed: (events: GeminiAnswer[]) => geminiClient.whole(events[0] as never),
};

const clients = {
  anthropic: anthropicClient,
  responses: responsesClient,
  chat: chatClient,
  gemini: geminiClient,
};

async function ask(model: ScriptedModel, client: Client, history: Parameters<Client["body"]>[0], stream: boolean) {
  const response = await post(model, client.path(stream), client.body(history, stream));
  assert.equal(response.status, 200);
  const text = await response.text();
  return stream ? client.streamed(eventsOf(text) as never[]) : client.whole(JSON.parse(text) as never);
}

for (const [name, client] of Object.entries(clients)) {
  for (const stream of [false, true]) {
    test(`${name}, ${stream ? "streaming" : "whole"}: the script is played turn by turn and the results are recorded`, async () => {
      await withModel(twoCommands, async (model) => {
        const first = await ask(model, client, [], stream);
        assert.equal(first.text, "First.");
        assert.equal(first.calls.length, 1);
        assert.match(first.calls[0]?.input ?? "", /echo hi > out\.txt/);
        const second = await ask(model, client, [{ ...first, results: ["refused: because"] }], stream);
        assert.match(second.calls[0]?.input ?? "", /ls -la/);
        const last = await ask(
          model,
          client,
          [
            { ...first, results: ["a"] },
            { ...second, results: ["b"] },
          ],
          stream,
        );
        assert.deepEqual(last, { text: "Both ran.", calls: [] });
        assert.deepEqual(
          model.requests.map(({ protocol, kind, turn, status }) => ({ protocol, kind, turn, status })),
          [
            { protocol: name, kind: "turn", turn: 0, status: 200 },
            { protocol: name, kind: "turn", turn: 1, status: 200 },
            { protocol: name, kind: "final", turn: 2, status: 200 },
          ],
        );
        assert.match(model.requests[1]?.results.join() ?? "", /refused: because/);
      });
    });
  }
}

describe("scripts", () => {
  let model: ScriptedModel;
  before(async () => {
    model = await startScriptedModel({
      script: {
        scripts: {
          default: { turns: [{ text: "plain" }] },
          broken: { turns: [{ error: 529, times: 2 }] },
          several: { turns: [{ calls: [{ sh: "one" }, { tool: "Read", input: { path: "{{last id (\\d+)}}" } }] }] },
        },
      },
    });
  });
  after(async () => {
    await model.close();
  });
  const body = (prompt: string, more: object = {}) => ({
    tools: [{ name: "Bash" }],
    messages: [{ role: "user", content: prompt }],
    ...more,
  });

  test("a request without usable tools, or for structured output, is answered beside the script", async () => {
    const title = await post(model, "/v1/messages", body("x", { tools: [] }));
    assert.match(await title.text(), /Scripted session/);
    const schema = { type: "object", required: ["isNew"], properties: { isNew: { type: "boolean" } } };
    const structured = await post(model, "/v1/messages", body("x", { output_format: { schema } }));
    assert.match(await structured.text(), /isNew\\":false/);
    assert.deepEqual(model.requests.map((request) => request.kind).slice(-2), ["side", "side"]);
  });

  test("an error is given as often as the script says, then the turn recovers", async () => {
    const statuses: number[] = [];
    for (let index = 0; index < 3; index++) {
      statuses.push((await post(model, "/v1/messages", body("[[broken]]"))).status);
    }
    assert.deepEqual(statuses, [529, 529, 200]);
  });

  test("several calls in one message; the newest result fills inputs, digits as a number", async () => {
    const messages = [
      { role: "user", content: "[[several]]" },
      {
        role: "user",
        content: [{ type: "tool_result", tool_use_id: "x", content: [{ type: "text", text: "id 42" }] }],
      },
    ];
    const answer = await post(model, "/v1/messages", body("", { messages }));
    const { content } = (await answer.json()) as { content: { name: string; input: unknown }[] };
    assert.deepEqual(
      content.map((block) => block.input),
      [{ command: "one", description: "scripted step" }, { path: 42 }],
    );
  });

  test("code mode: a freeform tool declared in the history runs the command as JavaScript", async () => {
    const answer = await post(model, "/v1/responses", {
      input: [
        { type: "additional_tools", tools: [{ type: "custom", name: "exec" }] },
        { type: "message", role: "user", content: "[[several]]" },
      ],
    });
    const { output } = (await answer.json()) as { output: { type: string; input: string }[] };
    assert.equal(output[0]?.type, "custom_tool_call");
    assert.match(output[0]?.input ?? "", /tools\.exec_command\(\{"cmd":"one"\}\)/);
  });

  test("compressed requests are read; unknown paths are refused and recorded", async () => {
    const url = `http://127.0.0.1:${String(model.port)}`;
    const packed = await fetch(`${url}/v1/messages`, {
      method: "POST",
      headers: { "content-encoding": "gzip" },
      body: gzipSync(JSON.stringify(body("x"))),
    });
    assert.match(await packed.text(), /plain/);
    assert.equal((await fetch(`${url}/telemetry`)).status, 404);
    assert.equal(model.requests.at(-1)?.path, "/telemetry");
  });
});
