/**
 * What recording costs: a terminal's throughput with and without it, also before a reader that is slow; how fast secrets are taken out, beside a plain copy of
 * the same bytes; how much of a flood is in the recording.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Redactor } from "@bailiwick/recording";
import { loadSecretFinder } from "@bailiwick/secrets";
import { interleave, median } from "./measure.ts";

const command = fileURLToPath(new URL("../packages/cli/bin/bailiwick.js", import.meta.url));
const reader = fileURLToPath(new URL("terminal-reader.py", import.meta.url));
/** Long enough that what is loaded for a recording, once, is little of it. */
const FLOOD_BYTES = 120e6;
const SLOW_BYTES = 4e6;
const SLOW_BYTES_PER_SECOND = 4e6;
const ROUNDS = 4;

/** Output of a build, plain and in colours. */
function textOf(bytes: number, colours: boolean): string {
  const [green, reset] = colours ? ["\u001b[32m", "\u001b[0m"] : ["", ""];
  const lines = Array.from(
    { length: 2_000 },
    (_, n) =>
      `${green}✓${reset} cc -Wall -O2 -Ipackages/module${String(n)}/include -c src/file${String(n)}.c -o build/file${String(n)}.o ${green}(${String((n * 17) % 1_000)} ms)${reset} https://example.com/a?x=${String(n)}\r\n`,
  );
  const text = lines.join("");
  return text.repeat(Math.ceil(bytes / text.length)).slice(0, bytes);
}

interface Flood {
  readonly milliseconds: number;
  readonly events: string;
}

/** A governed `cat` of a file at a terminal that is read as fast as said. Time is from its first byte to its last. */
function flood(place: string, file: string, profile: string, bytesPerSecond: number): Flood {
  const state = mkdtempSync(join(tmpdir(), "bailiwick-bench-state-"));
  try {
    const env = { ...process.env, BAILIWICK_HOME: state, TERM: "xterm" };
    const argv = [process.execPath, command, "run", "--quiet", "--profile", profile, "--", "cat", file];
    const { stdout, status, stderr } = spawnSync("python3", [reader, String(bytesPerSecond), ...argv], {
      cwd: place,
      env,
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`the reader failed: ${stderr}`);
    const events = execFileSync(process.execPath, [command, "runs", "show", "--json"], {
      env,
      encoding: "utf8",
      maxBuffer: 1 << 28,
    });
    return { milliseconds: Number(stdout), events };
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
}

function closedOf(events: string): { readonly dropped: number; readonly bytes: number } {
  const line = events.split("\n").find((text) => text.includes('"type":"recording.closed"'));
  if (line === undefined) throw new Error("the terminal was not recorded");
  return JSON.parse(line) as { dropped: number; bytes: number };
}

async function redaction(colours: boolean): Promise<number> {
  const finder = await loadSecretFinder();
  const bytes = Buffer.from(textOf(20e6, colours));
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const redactor = new Redactor({
      finder,
      values: [{ value: "correct-horse/battery+staple", kind: "API_KEY" }],
      columns: 120,
    });
    const from = performance.now();
    for (let at = 0; at < bytes.length; at += 65_536) redactor.push(at, bytes.subarray(at, at + 65_536));
    times.push(performance.now() - from);
  }
  return bytes.length / 1e3 / median(times.sort((a, b) => a - b));
}

export async function bench(): Promise<Record<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), "bailiwick-bench-"));
  const place = join(folder, "place");
  mkdirSync(place);
  try {
    writeFileSync(join(place, "flood"), textOf(FLOOD_BYTES, false));
    writeFileSync(join(place, "slow"), textOf(SLOW_BYTES, false));
    const [on, off] = ["on", "off"].map((name) => join(folder, `${name}.toml`)) as [string, string];
    writeFileSync(on, "[recording]\nterminal = true\n");
    writeFileSync(off, "[recording]\nterminal = false\n");
    let last = "";
    const times = await interleave(
      {
        recorded: () => {
          const { milliseconds, events } = flood(place, "flood", on, 0);
          last = events;
          return milliseconds;
        },
        not: () => flood(place, "flood", off, 0).milliseconds,
      },
      ROUNDS,
    );
    const slow = await interleave(
      {
        recorded: () => flood(place, "slow", on, SLOW_BYTES_PER_SECOND).milliseconds,
        not: () => flood(place, "slow", off, SLOW_BYTES_PER_SECOND).milliseconds,
      },
      2,
    );
    const { dropped } = closedOf(last);
    return {
      "terminal/not-recorded": median(times.recorded) / median(times.not),
      "slow-terminal/not-recorded": median(slow.recorded) / median(slow.not),
      "terminal-mb-per-second": FLOOD_BYTES / 1e3 / median(times.recorded),
      "flood-recorded": (FLOOD_BYTES - dropped) / FLOOD_BYTES,
      "redaction-mb-per-second/plain": await redaction(false),
      "redaction-mb-per-second/coloured": await redaction(true),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
