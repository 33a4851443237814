/**
 * Secrets stay outside: also outside of the recording, however a program writes them to its terminal; and a recording does nothing to the terminal of whoever
 * looks at it.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { bailiwick, commandPath, makePlace, ofType, personEnvironment, readEvents } from "../support/governed.ts";
import { inTerminal } from "../support/terminal.ts";

const TOKEN = `ghp_${"aB3dE6gH9jKlMnOpQrStUvWxYz0123456789"}`;
const VALUE = "vErY-s3cret-value-42";
const place = makePlace();
after(() => {
  place.remove();
});

/** What a program may do so that no piece of the secret that is written at once is one. */
const WAYS: Readonly<Record<string, string>> = {
  "a character at a time": 'for ((i = 0; i < ${#S}; i++)); do printf %s "${S:i:1}"; sleep 0.002; done',
  "coloured apart": 'for ((i = 0; i < ${#S}; i += 3)); do printf "\\e[3%dm%s" $((i % 8)) "${S:i:3}"; done',
  "at places of its own": 'for ((i = 0; i < ${#S}; i++)); do printf "\\e[10;%dH%s" $((i + 5)) "${S:i:1}"; done',
  "wrapped at the edge": 'printf "%*s%s\\r\\n%s" 60 "" "${S:0:18}" "${S:18}"',
  "wrapped in a box": 'printf "│ %*s %s │\\r\\n│ %s │" 57 "" "${S:0:16}" "${S:16}"',
  "between bells and empty titles": 'for ((i = 0; i < ${#S}; i += 5)); do printf "%s\\a\\e]0;\\a" "${S:i:5}"; done',
  "into the clipboard and the title": 'printf "\\e]52;c;%s\\a\\e]0;%s\\a" "$S" "$S"',
  "in a device control": 'printf "\\eP+q%s\\e\\\\" "$S"',
  "behind a lot that is no text":
    'printf "%s" "${S:0:9}"; for ((i = 0; i < 300; i++)); do printf "\\e[0m\\e[K"; done; printf %s "${S:9}"',
};

async function recordingOf(secret: string, script: string): Promise<string> {
  const { status, output } = await inTerminal({
    argv: [process.execPath, commandPath, "run", "--quiet", "--env", "S", "--", "bash", "--norc", "-c", script],
    cwd: place.workspace,
    // As an agent would have it: under a name that says nothing.
    env: personEnvironment(place, { TERM: "xterm", S: secret }),
    steps: [],
  });
  assert.equal(status, 0, output);
  const events = await readEvents(place);
  const closed = ofType(events, "recording.closed")[0];
  assert.ok((closed?.redactions ?? 0) > 0, `nothing was redacted: ${JSON.stringify(closed)} ${output}`);
  return readFileSync(join(place.state, "log/private", events[0]?.run ?? "", "terminal.cast"), "utf8");
}

/** What is left of a text when everything is taken out that a secret could hide behind. */
function lettersOf(cast: string): string {
  const output = cast
    .split("\n")
    .slice(1)
    .flatMap((line) => (line === "" ? [] : [(JSON.parse(line) as [number, string, string])[2]]));
  return output
    .join("")
    .replaceAll(/\u001b\[[0-9;]*[A-Za-z]|[\s│\u0007]|\u001b[\]P][^\u0007\u001b]*(?:\u0007|\u001b\\)/g, "");
}

describe("a token", () => {
  for (const [way, script] of Object.entries(WAYS)) {
    test(`that is written ${way} is not in the recording`, async () => {
      const cast = await recordingOf(TOKEN, `${script}; echo`);
      assert.ok(!cast.includes(TOKEN) && !lettersOf(cast).includes(TOKEN), cast);
      for (let at = 4; at + 12 < TOKEN.length; at++)
        assert.ok(!lettersOf(cast).includes(TOKEN.slice(at, at + 12)), cast);
    });
  }
});

test("a value that the run was given is not in it in base 64 either, nor across lines of any length", async () => {
  for (const script of [
    'printf "%s" "login:$PASSWORD" | base64',
    'printf "%s" "x:$PASSWORD:y" | base64 -w 7',
    'printf "%s" "$PASSWORD" | fold -w 3; echo',
    'printf "%s" "$PASSWORD" | sed "s/./& /g"; echo',
  ]) {
    const { output } = await inTerminal({
      argv: [
        process.execPath,
        commandPath,
        "run",
        "--quiet",
        "--env",
        "PASSWORD",
        "--",
        "bash",
        "--norc",
        "-c",
        script,
      ],
      cwd: place.workspace,
      env: personEnvironment(place, { TERM: "xterm", PASSWORD: VALUE }),
      steps: [],
    });
    const events = await readEvents(place);
    const cast = readFileSync(join(place.state, "log/private", events[0]?.run ?? "", "terminal.cast"), "utf8");
    const letters = lettersOf(cast);
    assert.equal(ofType(events, "recording.closed")[0]?.redactions, 1, output);
    assert.ok(!letters.includes(VALUE.slice(4, 12)), cast);
    for (const before of ["login:", "x:", ""]) {
      const encoded = Buffer.from(before + VALUE).toString("base64");
      assert.ok(!letters.includes(encoded.slice(12, 24)), cast);
    }
  }
});

test("what was recorded does nothing to the terminal of whoever looks at it; what was shown then is in the file", async () => {
  const attack = "\u001b]52;c;ZWNobyBoYWNrZWQ=\u0007";
  await inTerminal({
    argv: [
      process.execPath,
      commandPath,
      "run",
      "--quiet",
      "--",
      "printf",
      "a\\033]52;c;ZWNobyBoYWNrZWQ=\\007\\033[6n\\033]0;t\\007b\\n",
    ],
    cwd: place.workspace,
    env: personEnvironment(place, { TERM: "xterm" }),
    steps: [],
  });
  const events = await readEvents(place);
  const cast = readFileSync(join(place.state, "log/private", events[0]?.run ?? "", "terminal.cast"), "utf8");
  assert.ok(cast.includes(JSON.stringify(attack).slice(1, -1)));
  assert.equal((await bailiwick(place, ["replay"])).stdout, "ab\r\n");
  const { output } = await inTerminal({
    argv: [process.execPath, commandPath, "replay"],
    cwd: place.workspace,
    env: personEnvironment(place, { TERM: "xterm" }),
    steps: [{ expect: "ab", send: "q", wait: 300 }],
  });
  assert.doesNotMatch(output, /\u001b\]|\u001b\[6n/);
});
