/** The person's terminal, relayed: sizes, keys, job control, questions, and its own modes back on every way out. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { makeWorkspace, type Workspace } from "../support/supervised.ts";

let workspace: Workspace;
before(() => {
  workspace = makeWorkspace();
});
after(() => workspace.remove());

interface Person {
  type(text: string): void;
  resize(rows: number, columns: number): void;
  /** Waits until the screen, from the last match on, shows this. */
  see(pattern: RegExp): Promise<string>;
  readonly screen: () => string;
  readonly left: Promise<number | null>;
  leave(): void;
}

const PROMPT = /bash-[\d.]+[#$] /;
const helper = join(import.meta.dirname, "../support/run-and-wait.ts");
const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
/** The supervisor with a terminal, as one would type it. */
const governed = (script: string): string =>
  [process.execPath, helper, workspace.path, "terminal", "bash", "-c", script].map(quote).join(" ");

function sitDown(...argv: readonly string[]): Person {
  const child = spawn("python3", [join(import.meta.dirname, "../support/person.py"), "24", "80", ...argv], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { PATH: process.env["PATH"], TERM: "xterm", HOME: "/nonexistent" },
  });
  let screen = "";
  let seen = 0;
  child.stdout.on("data", (chunk: Buffer) => (screen += chunk.toString("latin1")));
  const say = (request: unknown): void => {
    child.stdin.write(`${JSON.stringify(request)}\n`);
  };
  return {
    type: (text) => say({ send: text }),
    resize: (rows, columns) => say({ size: [rows, columns] }),
    screen: () => screen,
    left: once(child, "exit").then(([status]) => status as number | null),
    leave: () => child.kill("SIGKILL"),
    see: async (pattern) => {
      const end = Date.now() + 60_000;
      for (;;) {
        const match = pattern.exec(screen.slice(seen));
        if (match !== null) {
          seen += match.index + match[0].length;
          return match[0];
        }
        if (Date.now() > end) assert.fail(`never saw ${String(pattern)} in ${JSON.stringify(screen.slice(seen))}`);
        await delay(10);
      }
    },
  };
}

async function atTerminal(argv: readonly string[], scene: (person: Person) => Promise<void>): Promise<void> {
  const person = sitDown(...argv);
  try {
    await scene(person);
  } finally {
    person.leave();
  }
}

describe("a relayed terminal", () => {
  test("is one: its size, what is typed, the exit status, and all output", async () => {
    await atTerminal(
      [
        "sh",
        "-c",
        `${governed('stty size; tty; read x; echo "got:$x"; seq 30000; exit 7')}; echo "status $?"; stty -a`,
      ],
      async (person) => {
        await person.see(/24 80\r\n\/dev\/pts\/\d+\r\n/);
        person.type("hello\r");
        await person.see(/got:hello\r\n/);
        await person.see(/\n29999\r\n30000\r\n/);
        await person.see(/status 7\r\n/);
        await person.see(/[^-]icanon/);
        await person.see(/[^-]echo /);
      },
    );
  });

  test("control keys and window sizes reach the command inside", async () => {
    await atTerminal(
      [
        "sh",
        "-c",
        `${governed("trap 'stty size' WINCH; trap 'echo interrupted; exit 5' INT; echo ready; while :; do sleep 0.05; done")}; echo "status $?"`,
      ],
      async (person) => {
        await person.see(/ready/);
        person.resize(30, 100);
        await person.see(/30 100\r\n/);
        person.type("\x03");
        await person.see(/interrupted\r\n/);
        await person.see(/status 5\r\n/);
      },
    );
  });

  test("^Z stops the whole job, fg goes on, as with any program", async () => {
    await atTerminal(["bash", "--norc", "--noprofile", "-i"], async (person) => {
      await person.see(PROMPT);
      person.type(
        `${governed("echo ready; n=0; while [ $n -lt 1000 ]; do n=$((n+1)); sleep 0.02; [ -e /work/enough ] && break; done; read x; echo got:$x")}\r`,
      );
      await person.see(/ready\r\n/);
      person.type("\x1a");
      await person.see(/Stopped/);
      await person.see(PROMPT);
      person.type("stty -a | tr ' ' '\\n' | grep icanon; jobs; touch " + quote(join(workspace.path, "enough")) + "\r");
      await person.see(/[\r\n]icanon\r\n/);
      person.type("fg\r");
      await delay(300);
      person.type("again\r");
      await person.see(/got:again\r\n/);
      await person.see(PROMPT);
      person.type("exit 3\r");
      assert.equal(await person.left, 3);
    });
  });

  test("a question takes it back; what is typed then does not go inside, and afterwards the screen is drawn again", async () => {
    workspace.file("question", "#!/bin/sh\necho asked\n", 0o755);
    await atTerminal(
      [
        "sh",
        "-c",
        `${governed("trap 'redrawn=1' WINCH; (sleep 0.1; echo meanwhile) & ./question; wait; read x; echo got:$x redrawn:$redrawn")}; echo "status $?"`,
      ],
      async (person) => {
        await person.see(/question \(line mode\)\? /);
        await delay(200);
        assert.ok(!person.screen().includes("meanwhile"), "output of the run waits");
        person.type("yes\r");
        await person.see(/answered "yes"/);
        await person.see(/asked\r\n/);
        person.type("inside\r");
        await person.see(/got:inside redrawn:1\r\n/);
        await person.see(/status 0\r\n/);
        assert.ok(person.screen().includes("meanwhile"));
      },
    );
  });

  test("its modes come back when the launcher is told to go", async () => {
    await atTerminal(
      ["sh", "-c", `${governed("echo ready; sleep 1000")}; echo "status $?"; stty -a`],
      async (person) => {
        await person.see(/ready/);
        await delay(100);
        const launcher = readdirSync("/proc").find((pid) => {
          if (!/^\d+$/.test(pid)) return false;
          try {
            const ours = readFileSync(`/proc/${pid}/stat`, "utf8").includes("(bailiwick-launc)");
            const parent = /PPid:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "";
            return ours && readFileSync(`/proc/${parent}/cmdline`, "utf8").includes(workspace.path);
          } catch (error) {
            if (error instanceof Error && "code" in error) return false; // it ended while we looked
            throw error;
          }
        });
        process.kill(Number(launcher), "SIGTERM");
        await person.see(/status 128\r\n/);
        await person.see(/[^-]icanon/);
      },
    );
  });

  test("is recorded without ever waiting for who records: what does not fit is counted", async () => {
    workspace.compile("last", "int main(void) { return 0; }");
    // 4.5 MB by nothing but the shell, which a supervisor that sleeps doesn't hold up.
    const script =
      'x="a line of output\\n"; for i in {1..18}; do x+=$x; done; /work/last & printf "$x"; echo whole; wait; echo end';
    const argv = [process.execPath, helper, workspace.path, "record", "bash", "-c", script];
    await atTerminal(argv, async (person) => {
      await person.see(/told \d+ lost \d+/);
      const screen = person.screen();
      const [, told = "", lost = ""] = /told (\d+) lost (\d+)/.exec(screen) ?? [];
      assert.ok(screen.indexOf("whole") < screen.indexOf("awake"), "the terminal went on while nobody read");
      assert.ok(Number(lost) > 0 && Number(told) > 4_000_000 && Number(told) <= 4 << 20, `${told} told, ${lost} lost`);
      const whole = screen.replace("awake\r\n", "").replace(/told[^]*$/, "");
      assert.equal(Number(told) + Number(lost), Buffer.byteLength(whole));
    });
  });
});
