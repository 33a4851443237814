/** The terminal of a run as a recording: what is in it and what never is, how the record vouches for it, and how it goes. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { appendFileSync, existsSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import {
  bailiwick,
  commandPath,
  makePlace,
  ofType,
  personEnvironment,
  readEvents,
  runGoverned,
  type Place,
} from "../support/governed.ts";
import { inTerminal, type Step, type TerminalJob } from "../support/terminal.ts";

const places: Place[] = [];
after(() => {
  for (const place of places) place.remove();
});

function newPlace(): Place {
  const place = makePlace();
  places.push(place);
  return place;
}

async function record(
  place: Place,
  script: string,
  {
    steps = [],
    words = [],
    ...more
  }: { steps?: readonly Step[]; words?: readonly string[] } & Partial<TerminalJob> = {},
) {
  const result = await inTerminal({
    argv: [process.execPath, commandPath, "run", "--quiet", ...words, "--", "bash", "--norc", "-c", script],
    cwd: place.workspace,
    env: personEnvironment(place, { TERM: "xterm-256color" }),
    steps,
    ...more,
  });
  assert.equal(result.failed, null, result.output);
  const events = await readEvents(place);
  const { run } = events[0] ?? assert.fail("no run");
  const path = join(place.state, "log/private", run, "terminal.cast");
  return { ...result, events, run, path, lines: existsSync(path) ? readLines(path) : [] };
}

type Line = readonly [interval: number, code: string, data: string];

function readLines(path: string): Line[] {
  const [, ...lines] = readFileSync(path, "utf8").trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as Line);
}

const textOf = (lines: readonly Line[]): string =>
  lines.flatMap(([, code, data]) => (code === "o" ? [data] : [])).join("");
const TOKEN = `ghp_${"aB3dE6gH9jKlMnOpQrStUvWxYz0123456789".slice(0, 36)}`;

describe("a recording", () => {
  test("is what the terminal showed, as an asciicast of mode 0600, with sizes, times and exit status; what was typed unseen is not", async () => {
    const place = newPlace();
    const { path, events, lines } = await record(
      place,
      "stty -echo; read -p 'password: ' it; stty echo; sleep 0.3; printf '\\033[32mgot %s\\033[0m\\n' ${#it}; stty size; exit 3",
      {
        steps: [
          { expect: "password: ", send: "geheim-1\n", wait: 300 },
          { expect: "got", resize: [30, 100] },
        ],
      },
    );
    const header: unknown = JSON.parse(readFileSync(path, "utf8").split("\n")[0] ?? "");
    const opened = ofType(events, "recording.opened")[0];
    assert.deepEqual(header, {
      version: 3,
      term: { cols: 80, rows: 24, type: "xterm-256color" },
      timestamp: Math.floor((opened?.at ?? 0) / 1000),
    });
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.match(textOf(lines), /^password: \u001b\[32mgot 8\u001b\[0m\r\n/);
    assert.ok(!readFileSync(path, "utf8").includes("geheim"));
    assert.deepEqual(lines.at(-1)?.slice(1), ["x", "3"]);
    const total = lines.reduce((sum, [interval]) => sum + interval, 0);
    const wall = ((ofType(events, "recording.closed")[0]?.at ?? 0) - (opened?.at ?? 0)) / 1000;
    assert.ok(total > 0.5 && total <= wall + 0.01, `${String(total)} of ${String(wall)}`);
    const grown = createHash("sha256").update(readFileSync(path)).digest("hex");
    const [closed] = ofType(events, "recording.closed");
    assert.deepEqual(
      [closed?.bytes, closed?.digest, closed?.frames, closed?.dropped, closed?.reason],
      [statSync(path).size, `sha256:${grown}`, lines.length, 0, "ended"],
    );
  });

  test("is not made where there is no terminal, nor where the profile says so", async () => {
    const place = newPlace();
    const piped = await runGoverned(place, { argv: ["echo", "hello"] });
    assert.deepEqual(ofType(piped.events, "recording.opened"), []);
    const profile = place.write("off.toml", "[recording]\nterminal = false\n");
    const { events, path } = await record(place, "echo hello", { words: ["--profile", profile] });
    assert.deepEqual([ofType(events, "recording.opened").length, existsSync(path)], [0, false]);
  });

  test("cannot be turned off by the workspace", async () => {
    const place = newPlace();
    place.write("home/project/.bailiwick/profile.toml", '[recording]\nterminal = false\nmax-size = "1KB"\n');
    const { lines, output } = await record(place, "echo hello; exit 1");
    assert.match(textOf(lines), /hello/);
    assert.match(output, /can only tighten; left out: `recording`/);
  });

  test("has a longest, and says so", async () => {
    const place = newPlace();
    const profile = place.write("small.toml", '[recording]\nmax-size = "20KB"\n');
    const { events, path, lines, output } = await record(
      place,
      "echo line 1 of many; sleep 0.2; for i in $(seq 2 2000); do echo line $i of many; done; sleep 0.5; echo last",
      { words: ["--profile", profile] },
    );
    const [closed] = ofType(events, "recording.closed");
    assert.equal(closed?.reason, "limit");
    assert.ok(statSync(path).size <= 20_000);
    assert.match(readFileSync(path, "utf8"), /line 1 of many/);
    assert.ok((closed.dropped ?? 0) > 10_000, String(closed.dropped));
    assert.match(lines.findLast(([, code]) => code === "m")?.[2] ?? "", /ends here/);
    assert.match(output, /line 2000 of many\r\n/);
    assert.match(output, /not recorded any more/);
    assert.equal((await bailiwick(place, ["audit", "verify"])).status, 0);
  });
});

describe("secrets", () => {
  test("that look like one, that the run was given, and that stand in masked files are not in it; on the screen they are", async () => {
    const place = newPlace();
    place.write("home/project/.env", "DATABASE_PASSWORD=korrekt7pferd-batterie\n");
    const given = "vErY-s3cret-value-42";
    const script = [
      `printf 'one ${TOKEN.slice(0, 20)}'; sleep 0.2; printf '\\033[31m${TOKEN.slice(20)}\\033[0m two\\n'`,
      'printf "%s three\\n" "$SERVICE_TOKEN"',
      'printf "%s four\\n" "$(printf "x:%s" "$SERVICE_TOKEN" | base64)"',
      'printf "korrekt7pferd"; sleep 0.2; printf -- "-batterie five\\n"',
      "printf -- '-----BEGIN PRIVATE KEY-----\\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\\n'; sleep 0.2; printf 'BKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\\n-----END PRIVATE KEY-----\\nsix\\n'",
    ].join("; ");
    const { path, lines, output, events } = await record(place, script, {
      words: ["--env", "SERVICE_TOKEN"],
      env: personEnvironment(place, { TERM: "xterm", SERVICE_TOKEN: given }),
    });
    assert.ok(output.includes(given) && output.includes("korrekt7pferd-batterie"));
    const text = textOf(lines);
    assert.deepEqual(text.replaceAll(/\u001b\[[0-9;]*m/g, "").split("\r\n"), [
      "one [redacted: github] two",
      "[redacted: SERVICE_TOKEN] three",
      text.split("\r\n")[2],
      "[redacted: .env] five",
      "[redacted: private key]",
      "",
      "",
      "",
      "six",
      "",
    ]);
    assert.match(text, /\[redacted: SERVICE_TOKEN\]\S{0,4} four/);
    const file = readFileSync(path, "utf8");
    for (const secret of [TOKEN, TOKEN.slice(20), given, "korrekt7pferd", "MIIEvQ", "BKcwgg"])
      assert.ok(!file.includes(secret), secret);
    assert.equal(ofType(events, "recording.closed")[0]?.redactions, 5);
  });
});

describe("the record", () => {
  const ok = async (place: Place, ...words: string[]): Promise<string> => {
    const { status, stdout, stderr } = await bailiwick(place, words);
    assert.equal(status, 0, stdout + stderr);
    return stdout;
  };

  test("finds a recording that was edited, cut, grown or removed", async () => {
    const place = newPlace();
    const { path } = await record(place, "echo hello; sleep 0.1; echo again");
    const good = readFileSync(path);
    const verdict = async (): Promise<string> => {
      const { status, stdout } = await bailiwick(place, ["audit", "verify"]);
      assert.equal(status, 1, stdout);
      return stdout;
    };
    await ok(place, "audit", "verify");
    writeFileSync(path, good.toString().replace("hello", "hullo"));
    assert.match(await verdict(), / {2}edit at entry \d+: the recording of the terminal is not what was recorded\n/);
    writeFileSync(path, good);
    appendFileSync(path, '[1,"o","more"]\n');
    assert.match(await verdict(), / {2}edit at entry \d+: the recording/);
    truncateSync(path, good.length - 20);
    assert.match(await verdict(), / {2}deletion at entry \d+: the recording/);
    const checked = await bailiwick(place, ["audit", "fsck"]);
    assert.deepEqual(
      [checked.status, /missing private\/\S+\/terminal\.cast: the recording/.test(checked.stdout)],
      [1, true],
      checked.stdout,
    );
    writeFileSync(path, good);
    await ok(place, "audit", "verify");
    assert.match(await ok(place, "audit", "fsck"), /^0 damaged, 0 missing/m);
  });

  test("forgets it with the rest of what is personal, and still verifies", async () => {
    const place = newPlace();
    const { path, run } = await record(place, "echo hello");
    assert.match(await ok(place, "runs", "show"), /recorded: the terminal, \d+ B; `bailiwick replay \w{8}`/);
    await ok(place, "audit", "erase", run, "--reason", "asked for");
    assert.equal(existsSync(path), false);
    await ok(place, "audit", "verify");
    await ok(place, "audit", "fsck");
    const events = await readEvents(place, run);
    assert.equal(ofType(events, "recording.closed")[0]?.digest, undefined);
  });
});
