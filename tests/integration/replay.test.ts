/** `bailiwick replay`: what was seen, beside what the record says of the same moment; and nothing that a recording could do to a terminal. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { bailiwick, commandPath, makePlace, personEnvironment, runGoverned } from "../support/governed.ts";
import { inTerminal, type Step, type TerminalJob } from "../support/terminal.ts";

const place = makePlace();
after(() => {
  place.remove();
});

async function atTerminal(words: readonly string[], steps: readonly Step[] = [], more: Partial<TerminalJob> = {}) {
  const result = await inTerminal({
    argv: [process.execPath, commandPath, ...words],
    cwd: place.workspace,
    env: personEnvironment(place, { TERM: "xterm-256color" }),
    steps,
    ...more,
  });
  assert.equal(result.failed, null, result.output);
  return result;
}

/** What would do something to a terminal, or make it answer. */
const HOSTILE = [
  "\\033]52;c;ZWNobyBoYWNrZWQK\\007",
  "\\033]0;owned\\007",
  "\\033]2;owned\\033\\\\",
  "\\033]8;;file:///etc/passwd\\033\\\\link\\033]8;;\\033\\\\",
  "\\033P+q544e\\033\\\\",
  '\\033P$q"p\\033\\\\',
  "\\033[?2004h",
  "\\033[6n",
  "\\033[c",
  "\\033[>0q",
  "\\033[21t",
  "\\033[?1000h",
  "\\033[?1003h",
  "\\033_Gf=24;AAAA\\033\\\\",
  "\\005",
  "\\007",
  "\\302\\23552;c;ZWNobyBoYWNrZWQK\\007",
].join("");

before(async () => {
  place.write(
    "policy.cedar",
    '@id("no-true")\n@reason("nothing is true")\nforbid (principal, action == Action::"exec", resource in ProgramGroup::"true");',
  );
  const script = [
    "printf 'begin\\n'",
    `printf '${HOSTILE}'`,
    "printf '\\033[1;31mred\\033[0m and plain\\n'",
    "sleep 1",
    "/usr/bin/true",
    "sleep 6",
    "printf '\\033[2J\\033[Hsecond screen\\n'",
    "sleep 0.3",
    "echo end",
  ].join("; ");
  await atTerminal([
    "run",
    "--quiet",
    "--name",
    "played",
    "--policy",
    `${place.root}/policy.cedar`,
    "--",
    "bash",
    "--norc",
    "-c",
    script,
  ]);
  await runGoverned(place, { argv: ["echo", "piped"], options: ["--name", "piped"] });
});

/** Control functions in what was written to a terminal that are none of a replay's own. */
function foreign(output: string): string[] {
  const known = /\u001b\[[0-9;:]*[mHJK]|\u001b\[\?(?:25|7|1049|2026)[hl]|[\r\n]/g;
  return [...output.replaceAll(known, "").matchAll(/[\u0000-\u001f\u007f-\u009f][^]{0,10}/g)].map(([text]) =>
    JSON.stringify(text),
  );
}

describe("before a person", () => {
  test("shows the picture, and beside it what was decided, at the same moment", async () => {
    const { output, status } = await atTerminal(
      ["replay", "played"],
      [
        { expect: "begin", send: "" },
        { expect: "red", send: "" },
        { expect: "refused: nothing is true \\[no-true\\]", send: "q" },
      ],
      { rows: 30, columns: 160 },
    );
    assert.equal(status, 0);
    assert.ok(!output.includes("second screen"));
    assert.match(output, /\u001b\[1;38;5;1mred\u001b\[m/);
    assert.match(output, /✓ bash --norc -c/);
    assert.deepEqual(foreign(output), []);
    assert.ok(output.endsWith("\u001b[?7h\u001b[?25h\u001b[?1049l"), "the terminal is given back");
  });

  test("goes to refusals, seeks, changes speed, pauses, and says that it is what was recorded", async () => {
    const { output } = await atTerminal(
      ["replay", "played", "--speed", "0.1"],
      [
        { expect: "0:00 / 0:0[78]", send: " ]", wait: 300 },
        { expect: "nothing is true.*⏸ 0:01", send: "\u001b[C", wait: 300 },
        { expect: "⏸ 0:06", send: "\u001b[C", wait: 300 },
        { expect: "second screen.*■ 0:0[78]", send: "[", wait: 300 },
        { expect: "red.*nothing is true.*⏸ 0:01", send: "+", wait: 300 },
        { expect: "0.2x", send: "\u001b[D", wait: 300 },
        { expect: "0:00", send: "q", wait: 300 },
      ],
      { rows: 30, columns: 160 },
    );
    assert.match(output, /verified/);
    assert.doesNotMatch(output, /NOT VERIFIED/);
  });

  test("begins where it is told to, leaves waits out, and stands below where there is no room beside", async () => {
    const { output } = await atTerminal(
      ["replay", "played", "--at", "0:02", "--idle-limit", "0.3"],
      [
        { expect: "refused", send: "" },
        { expect: "end", send: "q", wait: 300 },
      ],
      { rows: 24, columns: 80, timeout: 4_500 },
    );
    assert.match(output, /─{80}/);
  });
});

describe("without a terminal", () => {
  test("writes the text at once, with colours and moves and nothing else", async () => {
    const { stdout, status } = await bailiwick(place, ["replay", "played"]);
    assert.equal(status, 0);
    assert.equal(
      stdout,
      "begin\r\nlink\u001b]8;;\u001b\\\u001b[1;31mred\u001b[0m and plain\r\n" +
        "bailiwick: refused: nothing is true [policy no-true]\r\nbash: line 1: /usr/bin/true: Permission denied\r\n" +
        "\u001b[2J\u001b[Hsecond screen\r\nend\r\n",
    );
    const later = await bailiwick(place, ["replay", "played", "--at", "5"]);
    assert.match(later.stdout, /^\u001b\[2J\u001b\[Hsecond/);
  });

  test("--json gives one timeline of the picture and the record", async () => {
    const { stdout } = await bailiwick(place, ["replay", "played", "--json"]);
    type Entry = {
      at: number;
      type: string;
      data?: string;
      event?: { type: string; decision?: { policies: string[] } };
    };
    const entries = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Entry);
    assert.deepEqual(
      entries.map(({ at }) => at),
      entries.map(({ at }) => at).toSorted((a, b) => a - b),
    );
    const place_ = (match: (entry: Entry) => boolean): number => entries.findIndex(match);
    const order = [
      place_(({ event }) => event?.type === "run.started"),
      place_(({ data }) => data?.includes("begin") === true),
      place_(({ event }) => event?.decision?.policies[0] === "no-true"),
      place_(({ data }) => data?.includes("second screen") === true),
      place_(({ type, data }) => type === "exit" && data === "0"),
      place_(({ event }) => event?.type === "run.ended"),
    ];
    assert.ok(
      order.every((index) => index >= 0),
      order.join(),
    );
    assert.deepEqual(
      order,
      order.toSorted((a, b) => a - b),
    );
  });

  test("says why there is nothing to play; the timeline is there all the same", async () => {
    const { status, stderr } = await bailiwick(place, ["replay", "piped"]);
    assert.equal(status, 125);
    assert.match(stderr, /has no recording: it had no terminal.*\n {2}see what it did with `bailiwick runs show/);
    const { stdout } = await bailiwick(place, ["replay", "piped", "--json"]);
    assert.match(stdout, /"type":"exec.allowed"/);
  });

  test("refuses numbers that are none", async () => {
    for (const words of [
      ["--at", "soon"],
      ["--speed", "0"],
      ["--speed", "fast"],
      ["--idle-limit", "-1"],
    ]) {
      const { status, stderr } = await bailiwick(place, ["replay", "played", ...words]);
      assert.equal(status, 125, words.join(" "));
      assert.match(stderr, /^bailiwick: /);
    }
  });
});

describe("search", () => {
  type Line = { run: string; type: string; line: string; into?: number };
  const search = async (...words: string[]): Promise<Line[]> => {
    const { stdout } = await bailiwick(place, ["search", "--json", ...words]);
    return stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Line);
  };

  test("finds what a terminal showed, as lines, and where it is in the recording", async () => {
    const [found, ...others] = await search("text:screen");
    assert.deepEqual([found?.type, found?.line, others.length], ["terminal", "second screen", 0]);
    assert.ok((found?.into ?? 0) > 6_000, String(found?.into));
    assert.deepEqual(
      (await search('text:"and plain"', "run:played")).map(({ line }) => line),
      ["linkred and plain"],
    );
    assert.deepEqual(
      (await search("Permission", "denied")).map(({ type }) => type),
      ["terminal"],
    );
    assert.deepEqual(await search("text:screen", "run:piped"), []);
    assert.deepEqual(await search("text:owned"), []);
    const { stdout, stderr } = await bailiwick(place, ["search", "text:screen"]);
    assert.match(stdout, /│ second screen/);
    assert.match(stderr, /bailiwick replay \w{8} --at 0:0[67]/);
  });

  test("without `text:` events are found as well, and counted with the lines", async () => {
    const types = (await search("screen")).map(({ type }) => type);
    assert.ok(types.includes("terminal") && types.includes("run.started"), types.join());
    assert.deepEqual(await search("screen", "decision:refused"), []);
    const { stdout } = await bailiwick(place, ["search", "--runs", "text:screen"]);
    assert.match(stdout, /“played”.*1 match/);
  });

  test("forgets them when the run is erased", async () => {
    const { status, stderr } = await bailiwick(place, ["audit", "erase", "played", "--reason", "done"]);
    assert.equal(status, 0, stderr);
    assert.deepEqual(await search("text:screen"), []);
    const [erased] = (await bailiwick(place, ["runs", "list", "--json"])).stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { run: string; erased?: unknown })
      .filter((run) => run.erased !== undefined);
    const replayed = await bailiwick(place, ["replay", erased?.run ?? ""]);
    assert.match(replayed.stderr, /has no recording: its personal data was erased/);
  });
});
