import { asText, makeId, sampleOf } from "./protocol.ts";
import type { AssistantTurn, ModelRequest, Reply, ToolCall } from "./protocol.ts";

/** One tool call: a shell command through whichever shell tool the agent declared, any declared tool, or a freeform tool. */
export type ScriptedCall =
  | { readonly sh: string }
  | { readonly tool: string; readonly input?: unknown }
  | { readonly custom: string; readonly input: string };

/**
 * One assistant message. `{{last REGEX}}` in an input becomes group 1 of REGEX on the newest tool result (a number when it
 * is all digits).
 */
export type Turn = (
  | ScriptedCall
  | { readonly calls: readonly ScriptedCall[] }
  /** A plain answer, which ends most agents' loops. */
  | { readonly text: string }
  /** An HTTP error for the first `times` (1) asks. */
  | { readonly error: number; readonly message?: string; readonly times?: number }
) & {
  /** Text before the calls. */
  readonly say?: string;
  readonly delayMs?: number;
  readonly usage?: { readonly in?: number; readonly out?: number };
};

/** `final` is said once the turns are used up. */
export interface Script {
  readonly turns: readonly Turn[];
  readonly final?: string;
}

/** One script, or several of which `[[name]]` in the user's prompt chooses one. */
export type ScriptSet = Script | { readonly scripts: Readonly<Record<string, Script>> };

/** What the server does with one request. A `side` request (title, summary, …) never advances the script. */
export type Plan = { readonly script: string; readonly turn?: number; readonly delayMs?: number } & (
  | { readonly kind: "turn" | "final" | "side"; readonly reply: Reply }
  | { readonly kind: "error"; readonly status: number; readonly message: string }
);

/** Shell tools by the name the agent declares, in order of preference; each turns a command line into that tool's input. */
const SHELL_TOOLS: Readonly<Record<string, (command: string) => Pick<ToolCall, "input" | "freeform">>> = {
  // Claude Code, and the small agent
  Bash: (command) => ({ input: { command, description: "scripted step" }, freeform: false }),
  // Codex: unified exec, classic string form, argv forms
  exec_command: (cmd) => ({ input: { cmd }, freeform: false }),
  shell_command: (command) => ({ input: { command }, freeform: false }),
  shell: (command) => ({ input: { command: ["bash", "-lc", command] }, freeform: false }),
  local_shell: (command) => ({ input: { command: ["bash", "-lc", command] }, freeform: false }),
  // Gemini CLI, Qwen Code
  run_shell_command: (command) => ({
    input: { command, description: "scripted step", is_background: false },
    freeform: false,
  }),
  // opencode, pi
  bash: (command) => ({ input: { command, description: "scripted step" }, freeform: false }),
  // Codex's code mode: one freeform tool that runs JavaScript
  exec: (cmd) => ({
    input: `const r = await tools.exec_command(${JSON.stringify({ cmd })});\ntext(r);`,
    freeform: true,
  }),
};

/**
 * Decides the answer to one request. It keeps no conversation: the turn is read off the request's own history, where
 * tool-call ids name their turn, so retries, resumes, parallel sessions and restarts all replay the same.
 * @param asked how often each erroring turn was asked for, by script and turn; updated here
 */
export function planAnswer(set: ScriptSet, request: ModelRequest, asked: Map<string, number>): Plan {
  const [name, script] = chooseScript(set, request.userText);
  const usage = { in: 100, out: 20 };
  if (request.schema !== undefined) {
    return side(name, JSON.stringify(sampleOf(request.schema)));
  }
  if (!isUsable(script, request)) return side(name, "Scripted session");
  const index = nextTurn(request.turns, script.turns);
  const turn = script.turns[index];
  if (turn === undefined) {
    return {
      script: name,
      kind: "final",
      turn: index,
      reply: { text: script.final ?? "Script finished.", calls: [], usage },
    };
  }
  const base = { script: name, turn: index, ...(turn.delayMs === undefined ? {} : { delayMs: turn.delayMs }) };
  if ("error" in turn) {
    const key = `${name}#${String(index)}`;
    const count = (asked.get(key) ?? 0) + 1;
    asked.set(key, count);
    if (count <= (turn.times ?? 1)) {
      return { ...base, kind: "error", status: turn.error, message: turn.message ?? "scripted error" };
    }
    return { ...base, kind: "turn", reply: { text: "recovered", calls: [], usage } };
  }
  const calls = callsOf(turn).map((call) => resolveCall(call, request, index));
  const resolved = calls.filter((call) => call !== undefined);
  if (resolved.length < calls.length) {
    const message = `no shell tool among: ${[...request.tools.keys()].join(", ")}`;
    return { ...base, kind: "error", status: 400, message };
  }
  const text = "text" in turn ? turn.text : (turn.say ?? "");
  return { ...base, kind: "turn", reply: { text, calls: resolved, usage: { ...usage, ...turn.usage } } };

  function side(script: string, text: string): Plan {
    return { script, kind: "side", reply: { text, calls: [], usage } };
  }
}

function chooseScript(set: ScriptSet, userText: string): readonly [string, Script] {
  if (!("scripts" in set)) return ["default", set];
  const entries = Object.entries(set.scripts);
  const chosen =
    entries.find(([name]) => userText.includes(`[[${name}]]`)) ??
    entries.find(([name]) => name === "default") ??
    entries[0];
  return chosen ?? ["default", { turns: [] }];
}

function callsOf(turn: Turn): readonly ScriptedCall[] {
  if ("calls" in turn) return turn.calls;
  return "sh" in turn || "tool" in turn || "custom" in turn ? [turn] : [];
}

/** Whether the agent declared any tool that the script could use; titles and topic checks declare none. */
function isUsable(script: Script, request: ModelRequest): boolean {
  const named = new Set(
    script.turns.flatMap(callsOf).map((call) => ("tool" in call ? call.tool : "custom" in call ? call.custom : "")),
  );
  return [...request.tools.keys()].some((name) => name in SHELL_TOOLS || named.has(name));
}

function nextTurn(history: readonly AssistantTurn[], turns: readonly Turn[]): number {
  let next = 0;
  for (const { text, callIds } of history) {
    const marks = callIds.flatMap((id) => /call_t(\d+)_/.exec(id)?.[1] ?? []).map(Number);
    const turn = turns[next];
    if (marks.length > 0) next = Math.max(...marks) + 1;
    // The agent rewrote the ids; its turn counts all the same.
    else if (callIds.length > 0) next++;
    else if (turn !== undefined && "text" in turn && text.trim() === turn.text.trim()) next++;
  }
  return next;
}

function resolveCall(call: ScriptedCall, request: ModelRequest, turn: number): ToolCall | undefined {
  const id = makeId(`call_t${String(turn)}_`);
  const last = request.results.at(-1) ?? "";
  if ("custom" in call) return { id, name: call.custom, input: asText(fill(call.input, last)), freeform: true };
  if ("tool" in call) return { id, name: call.tool, input: fill(call.input ?? {}, last), freeform: false };
  const tool = Object.entries(SHELL_TOOLS).find(([name]) => request.tools.has(name));
  return tool && { id, name: tool[0], ...tool[1](asText(fill(call.sh, last))) };
}

function fill(value: unknown, last: string): unknown {
  if (typeof value === "string") {
    let hit: string | undefined;
    const text = value.replace(/\{\{last (.+?)\}\}/g, (_whole, pattern: string) => {
      hit = new RegExp(pattern).exec(last)?.[1] ?? "";
      return hit;
    });
    return text === hit && /^\d+$/.test(text) ? Number(text) : text;
  }
  if (Array.isArray(value)) return value.map((item) => fill(item, last));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fill(item, last)]));
  }
  return value;
}
