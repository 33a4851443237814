import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { describe, test } from "node:test";
import { inTerminal, type Step } from "../../../../tests/support/terminal.ts";

const program = join(import.meta.dirname, "../../test/ask-once.ts");
const KEYS = "o.*once.*r.*for this run.*n.*no";

async function ask(steps: readonly Step[], ...settings: string[]): Promise<string> {
  const env = { PATH: "/usr/bin:/bin", TERM: "xterm" };
  const argv = [process.execPath, "--disable-warning=ExperimentalWarning", program, ...settings];
  const { output, failed } = await inTerminal({ argv, cwd: "/", env, steps });
  assert.equal(failed, null, output);
  return /ANSWER (\w+)/.exec(output)?.[1] ?? output;
}

describe("a question at the terminal", () => {
  for (const [key, answer] of [
    ["o", "once"],
    ["R", "run"],
    ["n", "no"],
    ["\u001b", "no"],
    ["\u0003", "no"],
    ["\u0004", "no"],
  ] as const) {
    test(`${JSON.stringify(key)} is ${answer}`, async () => {
      assert.equal(await ask([{ expect: KEYS, send: key, wait: 100 }]), answer);
    });
  }

  test("other keys, pastes and Enter answer nothing", async () => {
    const steps = [
      { expect: KEYS, send: "x", wait: 100 },
      { expect: "", send: "\r", wait: 50 },
      { expect: "", send: "only once", wait: 50 },
      { expect: "", send: "n", wait: 50 },
    ];
    assert.equal(await ask(steps), "no");
  });

  test("what was typed before the question could be read is not an answer", async () => {
    const steps = [
      { expect: KEYS, send: "o" },
      { expect: "", send: "n", wait: 1500 },
    ];
    assert.equal(await ask(steps, "60000", "1000"), "no");
  });

  test("nobody answers: no", async () => {
    assert.equal(await ask([{ expect: KEYS }], "50"), "unanswered");
  });

  test("the terminal is set back as it was", async () => {
    const env = { PATH: "/usr/bin:/bin", TERM: "xterm" };
    const script = 'stty -a; "$@"; stty -a';
    const argv = ["sh", "-c", script, "sh", process.execPath, "--disable-warning=ExperimentalWarning", program];
    const { output } = await inTerminal({ argv, cwd: "/", env, steps: [{ expect: KEYS, send: "o", wait: 100 }] });
    const [before, after] = [...output.matchAll(/^speed[^]*?echoke.*$/gm)].map(([settings]) => settings);
    assert.ok(before);
    assert.equal(after, before);
  });

  test("without a terminal there is no answer", async () => {
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", program], {
      detached: true,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.on("data", (chunk) => (output += String(chunk)));
    await once(child, "close");
    assert.match(output, /ANSWER unanswered/);
  });
});
