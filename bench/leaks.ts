/** How fast what is sent is looked at, on one core, in pieces of 64 KiB: clean traffic of three kinds; and how fast a workspace is fingerprinted. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CodeIndex, LeakWatch } from "@bailiwick/leaks";
import { loadSecretFinder } from "@bailiwick/secrets";
import { interleave, median } from "./measure.ts";

const BYTES = 1 << 25;
const PIECE = 1 << 16;
const ROUNDS = 5;

export async function bench(): Promise<Record<string, number>> {
  const code = Buffer.concat(
    globSync("packages/*/src/**/*.ts", { cwd: join(import.meta.dirname, "..") }).map((file) => readFileSync(file)),
  );
  const index = new CodeIndex();
  index.add(code);
  const finder = await loadSecretFinder();
  const scan = async (data: Buffer, budget: number | undefined): Promise<number> => {
    const watch = new LeakWatch({ finder, values: [], code: () => Promise.resolve(index), budgetOf: () => budget });
    const body = await watch.body("bench.test", []);
    const from = performance.now();
    for (let at = 0; at < data.length; at += PIECE) await body.take(data.subarray(at, at + PIECE));
    await body.finish();
    return performance.now() - from;
  };
  const [prose, json, binary] = [
    repeated(TEXT),
    repeated(JSON.stringify({ role: "user", content: TEXT.repeat(50) })),
    noise(),
  ];
  const times = await interleave(
    {
      prose: () => scan(prose, undefined),
      json: () => scan(json, undefined),
      binary: () => scan(binary, undefined),
      code: () => scan(prose, BYTES),
      index: () => {
        const from = performance.now();
        new CodeIndex().add(code);
        return performance.now() - from;
      },
    },
    ROUNDS,
  );
  const rate = (name: keyof typeof times, bytes = BYTES): number => bytes / median(times[name]) / 1_000;
  return {
    "text-megabytes-per-second": rate("prose"),
    "json-megabytes-per-second": rate("json"),
    "binary-megabytes-per-second": rate("binary"),
    "text-and-code-megabytes-per-second": rate("code"),
    "index-megabytes-per-second": rate("index", code.length),
  };
}

const TEXT = `The terms of this agreement are read by nobody, "and yet" they hold: it is 12:30, see chapter 7.
It goes on with a second line (and a list: one, two, three), without anything that would be a secret.
`;

function repeated(text: string): Buffer {
  return Buffer.alloc(BYTES, text);
}

/** As a picture's bytes: every value, in no order. */
function noise(): Buffer {
  const bytes = Buffer.alloc(BYTES);
  for (let index = 0, state = 1; index < BYTES; index++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[index] = state >>> 24;
  }
  return bytes;
}
