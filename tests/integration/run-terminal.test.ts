/** `bailiwick run` before a person: a real terminal for the command, and questions to the person. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { makePlace, ofType, personEnvironment, readEvents, runGoverned } from "../support/governed.ts";
import { inTerminal, type Step, type TerminalJob } from "../support/terminal.ts";

const command = fileURLToPath(new URL("../../packages/cli/bin/bailiwick.js", import.meta.url));
const place = makePlace();
after(() => {
  place.remove();
});

async function atTerminal(words: readonly string[], steps: readonly Step[], more: Partial<TerminalJob> = {}) {
  const result = await inTerminal({
    argv: [process.execPath, command, "run", ...words],
    cwd: place.workspace,
    env: personEnvironment(place, { TERM: "xterm-256color", PS1: "prompt> " }),
    steps,
    ...more,
  });
  assert.equal(result.failed, null, result.output);
  return result;
}

const BASH = ["--env", "PS1", "--", "bash", "--norc", "--noprofile", "-i"];

describe("the command's terminal", () => {
  test("is one on every stream, of the person's size and kind", async () => {
    const script = 'stty size; echo "$TERM"; test -t 0 && test -t 1 && test -t 2 && echo three';
    const { output, status } = await atTerminal(["--", "sh", "-c", script], [], { rows: 33, columns: 99 });
    assert.equal(status, 0);
    assert.match(output, /^33 99\r\nxterm-256color\r\nthree\r\n/);
  });

  test("takes on a new size", async () => {
    await atTerminal(BASH, [
      { expect: "prompt> ", resize: [20, 50] },
      { expect: "", send: "stty size\n", wait: 300 },
      { expect: "20 50\r\n", send: "exit\n" },
    ]);
  });

  test("^C interrupts what is in front, and the shell goes on", async () => {
    const { status } = await atTerminal(BASH, [
      { expect: "prompt> ", send: "sleep 1000\n" },
      { expect: "sleep 1000\r\n", send: "\u0003", wait: 500 },
      { expect: "prompt> ", send: "echo got $((100 + 30)) $?\n" },
      { expect: "got 130 130", send: "exit 7\n" },
    ]);
    assert.equal(status, 7);
  });

  test("^Z stops a job, and fg takes it on", async () => {
    await atTerminal(BASH, [
      { expect: "prompt> ", send: "cat\n" },
      { expect: "cat\r\n", send: "\u001a", wait: 500 },
      { expect: "Stopped", send: "fg\n" },
      { expect: "cat\r\n", send: "echoed\n", wait: 300 },
      { expect: "echoed\r\nechoed", send: "\u0004" },
      { expect: "prompt> ", send: "exit\n" },
    ]);
  });

  test("bytes of colours and of the keyboard go through unchanged", async () => {
    const { output } = await atTerminal(
      [
        "--",
        "sh",
        "-c",
        "printf '\\033[31mred\\033[0m'; stty -icanon -echo; printf ready; dd bs=1 count=3 2>/dev/null | od -An -tx1",
      ],
      [{ expect: "ready", send: "\u001b[A", wait: 200 }],
    );
    assert.ok(output.includes("\u001b[31mred\u001b[0m"));
    assert.match(output, /1b 5b 41/);
  });

  test("is given back as it was, and the summary comes after it", async () => {
    const script = 'stty -a; "$0" "$@"; stty -a';
    const result = await inTerminal({
      argv: ["sh", "-c", script, process.execPath, command, "run", "--", "sh", "-c", "stty raw -echo; exit 3"],
      cwd: place.workspace,
      env: personEnvironment(place, { TERM: "xterm" }),
      steps: [],
    });
    const [before, later] = [...result.output.matchAll(/^speed[^]*?echoke.*$/gm)].map(([settings]) => settings);
    assert.ok(before);
    assert.equal(later, before);
    assert.match(result.output, /bailiwick.*ended, status 3/);
  });

  test("a terminal that goes away ends the run and all in it", async () => {
    await atTerminal(
      ["--name", "hung-up", "--", "sh", "-c", "trap '' HUP; echo up; sleep 1000"],
      [{ expect: "up", hangup: true }],
    );
    assert.equal(ofType(await readEvents(place, "hung-up"), "run.ended")[0]?.reason, "killed");
  });
});

describe("questions", () => {
  const policy = [
    '@id("test.say")',
    '@reason("saying things is delicate")',
    '@instead("keep quiet")',
    '@ask("operator")',
    'forbid (principal, action == Action::"exec", resource in ProgramGroup::"printf") unless { context.approved };',
  ].join("\n");
  place.write("ask.cedar", policy);
  const ask = (script: string, steps: readonly Step[], ...words: string[]) =>
    atTerminal(["--policy", `${place.root}/ask.cedar`, ...words, "--", "sh", "-c", script], steps);
  const KEYS = "once.*for this run.*no";
  const [ENTER, LEAVE] = ["\u001b[?1049h", "\u001b[?1049l"];
  /** What is on the screen below comes after a switch back to it. */
  const afterQuestions = (output: string): string => output.replaceAll(LEAVE, "\n");
  const say = (word: string) => `/usr/bin/printf 'said ${word}\\n'`;

  test("show command, directory, reason and policy; each answer does what it says", async () => {
    const script = [say("one"), say("two"), say("two"), "cd /tmp", say("two"), say("three")].join("; ");
    const { output } = await ask(script, [
      { expect: KEYS, send: "o", wait: 700 },
      { expect: KEYS, send: "r", wait: 700 },
      { expect: KEYS, send: "n", wait: 700 },
      { expect: KEYS, send: "n", wait: 700 },
    ]);
    assert.match(output, /command +\S*\/usr\/bin\/printf 'said one\\n'/);
    assert.ok(output.includes(place.workspace));
    assert.match(output, /because +saying things is delicate/);
    assert.match(output, /policy +test\.say/);
    assert.equal([...afterQuestions(output).matchAll(/^said two/gm)].length, 2);
    assert.doesNotMatch(afterQuestions(output), /^said three/m);
    const events = await readEvents(place);
    assert.deepEqual(
      ofType(events, "approval").map(({ answer }) => answer),
      ["once", "run", "run", "no", "no"],
    );
    assert.equal(ofType(events, "exec.refused").length, 2);
    assert.match(ofType(events, "exec.refused")[0]?.decision.reason ?? "", /said no/);
    assert.equal(ofType(events, "run.ended")[0]?.counts.asked, 4);
  });

  test("what is bound to one content of a file is not to another", async () => {
    place.write("home/project/tool", "#!/bin/sh\n/usr/bin/true\n", 0o755);
    place.write("tool.cedar", policy.replace('"printf"', '"tool"'));
    const script = "./tool && ./tool && echo '# more' >> tool; ./tool";
    const steps = [
      { expect: KEYS, send: "r", wait: 700 },
      { expect: KEYS, send: "n", wait: 700 },
    ];
    await atTerminal(["--policy", `${place.root}/tool.cedar`, "--", "sh", "-c", script], steps);
    assert.deepEqual(
      ofType(await readEvents(place), "approval").map(({ answer }) => answer),
      ["run", "run", "no"],
    );
  });

  test("two at once come one after the other", async () => {
    const { output } = await ask(`${say("left")} & ${say("right")} & wait`, [
      { expect: KEYS, send: "o", wait: 700 },
      { expect: KEYS, send: "o", wait: 700 },
    ]);
    assert.match(afterQuestions(output), /^said left/m);
    assert.match(afterQuestions(output), /^said right/m);
  });

  test("over a full-screen program the terminal is the person's for the question, and the program's again", async () => {
    await atTerminal(
      ["--policy", `${place.root}/ask.cedar`, ...BASH],
      [
        {
          expect: "prompt> ",
          send: "stty raw -echo; /usr/bin/printf 'said %s\\r\\n' raw; stty size; stty sane; echo sane\n",
        },
        { expect: KEYS, send: "o", wait: 700 },
        { expect: "said raw", send: "" },
        { expect: "sane\r\n", send: "exit\n", wait: 300 },
      ],
    );
  });

  test("a question stands on a screen of its own; a program that has that screen keeps it", async () => {
    const steps = [{ expect: KEYS, send: "o", wait: 700 }];
    const inline = (await ask(say("inline"), steps)).output;
    const order = [ENTER, "may this run?", `${LEAVE}said inline`].map((text) => inline.indexOf(text));
    assert.deepEqual(
      order.toSorted((a, b) => a - b),
      order,
      inline,
    );
    assert.equal(inline.split(ENTER).length, 2);
    // Cut in the middle of the sequence, as a terminal's output may be.
    const full = (
      await ask(`printf '\\033[?10'; sleep 0.2; printf '49h'; ${say("full")}; printf '\\033[?1049l'`, steps)
    ).output;
    assert.equal(full.split("49h").length, 2, "no second switch");
    assert.ok(full.lastIndexOf("said full") < full.indexOf(LEAVE), "the program leaves its screen itself");
    assert.ok(order.every((place) => place >= 0));
  });

  test("with --approvals deny, or without a terminal, a question is a refusal that says so", async () => {
    const { output } = await ask(say("one"), [], "--approvals", "deny");
    assert.match(output, /nobody to ask: the run was started with `--approvals deny`/);
    const { stderr } = await runGoverned(place, { argv: ["sh", "-c", say("one")], policy });
    assert.match(
      stderr,
      /refused: saying things is delicate \(needs a person's yes, and there was nobody to ask: .*\[policy test\.say\]/,
    );
    assert.match(stderr, /instead: keep quiet/);
  });

  test("nobody but the operator is asked: a question for another role is a refusal", async () => {
    place.write("other.cedar", policy.replace('"operator"', '"security"'));
    const { output } = await atTerminal(["--policy", `${place.root}/other.cedar`, "--", "sh", "-c", say("one")], []);
    assert.match(output, /nobody to ask: .* is not security/);
  });
});
