/**
 * A coding agent in one file: Anthropic Messages, a tool-use loop, the tools Bash, Read, Write and Edit. It does whatever its
 * model says, so that what stops it is the boundary around it and nothing else. It needs Node and this file only.
 *
 * `ANTHROPIC_BASE_URL=… ANTHROPIC_API_KEY=… node small-agent.ts PROMPT`: prints what the model says and what it does; ends
 * with 0 when the model has no more calls, 1 when the model can't be reached.
 */
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

interface TextBlock {
  readonly type: "text";
  readonly text: string;
}
interface ToolUse {
  readonly type: "tool_use";
  readonly id: string;
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
}
interface ToolResult {
  readonly type: "tool_result";
  readonly tool_use_id: string;
  readonly content: string;
  readonly is_error: boolean;
}
interface Message {
  readonly role: "user" | "assistant";
  readonly content: string | readonly (TextBlock | ToolUse | ToolResult)[];
}
interface Result {
  readonly output: string;
  readonly failed: boolean;
}

const OUTPUT_LIMIT = 30_000;
const COMMAND_TIMEOUT_MS = 120_000;
const TURN_LIMIT = 100;

const text = { type: "string" };
const schema = (...names: string[]) => ({
  type: "object",
  properties: Object.fromEntries(names.map((name) => [name, text])),
  required: names,
});
const TOOLS = [
  { name: "Bash", description: "Runs a shell command.", input_schema: schema("command") },
  { name: "Read", description: "Reads a file.", input_schema: schema("file_path") },
  { name: "Write", description: "Writes a file.", input_schema: schema("file_path", "content") },
  {
    name: "Edit",
    description: "Replaces one occurrence of a text in a file.",
    input_schema: schema("file_path", "old_string", "new_string"),
  },
];

function argument(input: ToolUse["input"], name: string): string {
  const value = input[name];
  if (typeof value !== "string") throw new Error(`the call lacks ${name}`);
  return value;
}

/** Both streams in the order they arrive. A program that may not start has said why on the standard error it was given. */
async function runCommand(command: string): Promise<Result> {
  return await new Promise((resolve) => {
    const child = spawn("bash", ["-c", command], { stdio: ["ignore", "pipe", "pipe"] });
    // Not the option of `spawn`: its timer outlives a program that could not start.
    const timer = setTimeout(() => child.kill(), COMMAND_TIMEOUT_MS);
    let output = "";
    const take = (part: string): void => {
      if (output.length < OUTPUT_LIMIT) output += part;
    };
    child.stdout.setEncoding("utf8").on("data", take);
    child.stderr.setEncoding("utf8").on("data", take);
    child.on("error", (error) => {
      take(`${error.message}\n`);
    });
    child.on("close", (status, signal) => {
      clearTimeout(timer);
      if (signal !== null) take(`ended by ${signal}\n`);
      else if (status !== 0) take(`exit status ${String(status)}\n`);
      resolve({ output, failed: status !== 0 });
    });
  });
}

async function perform({ name, input }: ToolUse): Promise<Result> {
  switch (name) {
    case "Bash":
      return await runCommand(argument(input, "command"));
    case "Read":
      return { output: readFileSync(argument(input, "file_path"), "utf8").slice(0, OUTPUT_LIMIT), failed: false };
    case "Write":
      writeFileSync(argument(input, "file_path"), argument(input, "content"));
      return { output: "written", failed: false };
    case "Edit": {
      const path = argument(input, "file_path");
      const [before, ...after] = readFileSync(path, "utf8").split(argument(input, "old_string"));
      if (after.length !== 1) throw new Error(`the text occurs ${String(after.length)} times in ${path}`);
      writeFileSync(path, [before, ...after].join(argument(input, "new_string")));
      return { output: "edited", failed: false };
    }
    default:
      throw new Error(`there is no tool ${name}`);
  }
}

async function performSafely(call: ToolUse): Promise<Result> {
  try {
    return await perform(call);
  } catch (error) {
    return { output: error instanceof Error ? error.message : String(error), failed: true };
  }
}

async function askModel(messages: readonly Message[]): Promise<readonly (TextBlock | ToolUse)[]> {
  const base = process.env["ANTHROPIC_BASE_URL"] ?? "https://api.anthropic.com";
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(`${base}/v1/messages`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "anthropic-version": "2023-06-01",
        "x-api-key": process.env["ANTHROPIC_API_KEY"] ?? "",
      },
      body: JSON.stringify({ model: "small", max_tokens: 4096, tools: TOOLS, messages }),
    });
    const answer = (await response.json()) as { content?: (TextBlock | ToolUse)[]; error?: { message?: string } };
    if (response.ok && answer.content !== undefined) return answer.content;
    const busy = response.status === 429 || response.status >= 500;
    if (!busy || attempt === 3) {
      throw new Error(`the model answered ${String(response.status)}: ${answer.error?.message ?? "no reason"}`);
    }
    await pause(100 * attempt);
  }
}

function describe({ name, input }: ToolUse): string {
  return name === "Bash" ? `$ ${argument(input, "command")}` : `${name} ${String(input["file_path"])}`;
}

function indent(output: string): string {
  return output.trimEnd().replace(/^/gm, "  ");
}

async function work(prompt: string): Promise<void> {
  const messages: Message[] = [{ role: "user", content: prompt }];
  for (let turn = 0; turn < TURN_LIMIT; turn++) {
    const content = await askModel(messages);
    messages.push({ role: "assistant", content });
    const results: ToolResult[] = [];
    for (const block of content) {
      if (block.type === "text") {
        console.log(`● ${block.text}`);
        continue;
      }
      console.log(describe(block));
      const { output, failed } = await performSafely(block);
      if (output !== "") console.log(indent(output));
      results.push({ type: "tool_result", tool_use_id: block.id, content: output, is_error: failed });
    }
    if (results.length === 0) return;
    messages.push({ role: "user", content: results });
  }
  throw new Error(`no end after ${String(TURN_LIMIT)} turns`);
}

try {
  await work(process.argv.slice(2).join(" "));
} catch (error) {
  console.error(`small-agent: ${error instanceof Error ? error.message : String(error)}`);
  if (error instanceof Error && error.cause instanceof Error) console.error(`  ${error.cause.message}`);
  process.exitCode = 1;
}
