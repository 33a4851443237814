import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { promisify } from "node:util";
import type { Script } from "../scripted-model/script.ts";
import { startScriptedModel } from "../scripted-model/server.ts";
import type { RecordedRequest } from "../scripted-model/server.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "small-agent-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly requests: readonly RecordedRequest[];
}

async function runAgent(script: Script, environment: Record<string, string> = {}): Promise<Outcome> {
  const model = await startScriptedModel({ script });
  try {
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      [join(import.meta.dirname, "small-agent.ts"), "go"],
      {
        cwd: folder,
        env: {
          PATH: process.env["PATH"],
          ANTHROPIC_BASE_URL: `http://127.0.0.1:${String(model.port)}`,
          ANTHROPIC_API_KEY: "sk-test",
          ...environment,
        },
      },
    );
    return { status: 0, stdout, stderr, requests: model.requests };
  } catch (error) {
    const failed = error as { code: number; stdout: string; stderr: string };
    return { status: failed.code, stdout: failed.stdout, stderr: failed.stderr, requests: model.requests };
  } finally {
    await model.close();
  }
}

test("every tool does its work and its result reaches the model", async () => {
  const { status, stdout, requests } = await runAgent({
    turns: [
      { tool: "Write", input: { file_path: "a.txt", content: "one two" } },
      { tool: "Edit", input: { file_path: "a.txt", old_string: "two", new_string: "three" } },
      { tool: "Read", input: { file_path: "a.txt" } },
      { say: "Now the shell.", sh: "cat a.txt; echo wrong >&2; exit 3" },
    ],
    final: "All done.",
  });
  assert.equal(status, 0);
  assert.equal(readFileSync(join(folder, "a.txt"), "utf8"), "one three");
  assert.deepEqual(requests.at(-1)?.results, ["written", "edited", "one three", "one threewrong\nexit status 3\n"]);
  assert.match(stdout, /● Now the shell\.\n\$ cat a\.txt/);
  assert.match(stdout, /● All done\.\n$/);
});

test("a shell that may not start, a missing file and an unknown tool are results, not ends", async () => {
  const bash = join(folder, "bash");
  writeFileSync(bash, "not a program");
  chmodSync(bash, 0o600);
  const { status, requests } = await runAgent(
    { turns: [{ sh: "true" }, { tool: "Read", input: { file_path: "missing" } }, { tool: "Fly" }] },
    { PATH: folder },
  );
  assert.equal(status, 0);
  const [shell, read, unknown] = requests.at(-1)?.results ?? [];
  assert.match(shell ?? "", /spawn bash EACCES/);
  assert.match(read ?? "", /ENOENT/);
  assert.match(unknown ?? "", /there is no tool Fly/);
});

test("a busy model is asked again; one that stays away ends the agent with 1", async () => {
  const busy = await runAgent({ turns: [{ error: 529, times: 2 }] });
  assert.equal(busy.status, 0);
  assert.equal(busy.requests.length, 3);
  const gone = await runAgent({ turns: [] }, { ANTHROPIC_BASE_URL: "http://127.0.0.1:9" });
  assert.equal(gone.status, 1);
  assert.match(gone.stderr, /small-agent: fetch failed/);
});
