import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { TerminalRecorder, type RecorderOptions } from "./recorder.ts";
import { RecorderThread } from "./recorder-thread.privileged.ts";
import type { Prefix } from "./recording-file.ts";

const folder = mkdtempSync(join(tmpdir(), "bailiwick-recorder-"));
after(() => {
  rmSync(folder, { recursive: true, force: true });
});
let count = 0;

function optionsFor(more: Partial<RecorderOptions> = {}) {
  const path = join(folder, String(count++), "it.cast");
  const proven: Prefix[] = [];
  const said: string[] = [];
  const options: RecorderOptions = {
    path,
    size: { columns: 80, rows: 24 },
    terminal: "xterm",
    startedAt: 1_000,
    maxBytes: 1e6,
    values: [],
    restMs: () => 0,
    onTaken: () => undefined,
    onProven: (prefix) => proven.push(prefix),
    say: (text) => said.push(text),
    ...more,
  };
  return { options, path, proven, said };
}

const bytes = (text: string): Uint8Array => Buffer.from(text);
const digest = (path: string, length?: number): string =>
  `sha256:${createHash("sha256").update(readFileSync(path).subarray(0, length)).digest("hex")}`;

describe("a recorder", () => {
  test("writes sizes, output and marks in their order, and proves the whole", async () => {
    const { options, path } = optionsFor();
    const recorder = new TerminalRecorder(options);
    recorder.output(1_100, bytes("one\r\ntw"), 0);
    recorder.output(1_200, bytes("o\r\n"), 0);
    recorder.resize(1_300, { columns: 100, rows: 30 });
    recorder.output(1_400, bytes("half\r\nthree\r\n"), 12_345);
    const end = await recorder.close(1_500, 7, 6);
    const lines = readFileSync(path, "utf8")
      .trimEnd()
      .split("\n")
      .slice(1)
      .map((line) => JSON.parse(line) as unknown);
    assert.deepEqual(lines, [
      [0.1, "o", "one\r\n"],
      [0, "o", "tw"],
      [0.1, "o", "o\r\n"],
      [0.1, "r", "100x30"],
      [0.1, "m", "12345 bytes were not recorded"],
      // Of the line that something was missing of, nothing but its end.
      [0, "o", "\r\n"],
      [0, "o", "three\r\n"],
      [0.1, "m", "6 bytes were not recorded"],
      [0, "x", "7"],
    ]);
    assert.deepEqual(end, {
      whole: { bytes: readFileSync(path).length, digest: digest(path) },
      frames: 9,
      dropped: 12_351,
      redactions: 0,
      reason: "ended",
    });
  });

  test("never makes a file longer than it may be, says so once, and counts what is left out", async () => {
    const { options, path, said, proven } = optionsFor({ maxBytes: 10_000 });
    const recorder = new TerminalRecorder(options);
    for (let n = 0; n < 100; n++) recorder.output(1_000 + n, bytes(`${"x".repeat(198)}\r\n`), 0);
    const end = await recorder.close(2_000, 0, 5);
    const file = readFileSync(path, "utf8");
    assert.ok(file.length <= 10_000 && file.length > 8_500, String(file.length));
    assert.deepEqual([end.reason, said.length, proven.length], ["limit", 1, 1]);
    const written = [...file.matchAll(/"o","(x+)/g)].length * 200;
    assert.equal(end.dropped, 20_000 - written + 5);
    assert.match(file, /"m","the recording has reached its longest, and ends here"\]\n\[[\d.]+,"x","0"\]\n$/);
  });

  test("never goes on with what is there, and follows no link", async () => {
    const { options, path, said } = optionsFor();
    const first = new TerminalRecorder(options);
    first.output(1_000, bytes("one\n"), 0);
    await first.close(1_000, 0, 0);
    const before = readFileSync(path);
    const again = new TerminalRecorder(options);
    again.output(1_000, bytes("two\n"), 0);
    const end = await again.close(1_000, 0, 0);
    assert.deepEqual([end.whole, end.reason, end.dropped], [undefined, "failed", 4]);
    assert.match(said[0] ?? "", /not recorded any more: EEXIST/);
    assert.deepEqual(readFileSync(path), before);
    const target = join(folder, "target");
    writeFileSync(target, "");
    const linked = optionsFor({ path: join(folder, "link") });
    symlinkSync(target, linked.options.path);
    const third = new TerminalRecorder(linked.options);
    third.output(1_000, bytes("three\n"), 0);
    assert.equal((await third.close(1_000, 0, 0)).reason, "failed");
    assert.equal(readFileSync(target, "utf8"), "");
  });

  test("proves what is written, from the beginning on, as it grows", async () => {
    const { options, path, proven } = optionsFor({ maxBytes: 1e9 });
    const recorder = new TerminalRecorder(options);
    const line = `${"0123456789".repeat(100)}\r\n`;
    for (let n = 0; n < 20; n++) recorder.output(1_000 + n, bytes(line.repeat(1_000)), 0);
    const end = await recorder.close(2_000, 0, 0);
    assert.equal(proven.length, 2);
    for (const prefix of [...proven, end.whole]) assert.equal(prefix?.digest, digest(path, prefix?.bytes));
  });

  test("is the same in a thread of its own, which also fails without anybody waiting for it", async () => {
    const { options, path } = optionsFor();
    const { onProven, say, size, terminal, startedAt, maxBytes } = options;
    const start = { path, size, terminal, startedAt, maxBytes, values: [] };
    let total = 0;
    const thread = new RecorderThread({ ...start, onProven, say, onTaken: (taken) => (total += taken) });
    const shared = Buffer.from("one\n");
    thread.output(1_000, shared, 3);
    shared.fill(0);
    thread.resize(1_001, { columns: 90, rows: 20 });
    const end = await thread.close(1_002, 0);
    assert.match(readFileSync(path, "utf8"), /"m","3 bytes[^]*"r","90x20"[^]*"x","0"/);
    assert.deepEqual([end.reason, end.whole?.digest, total], ["ended", digest(path), 4]);
    const nowhere = new RecorderThread({
      ...start,
      path: join(path, "below/a/file"),
      onProven,
      say,
      onTaken: () => undefined,
    });
    nowhere.output(1_000, bytes("lost\n"), 0);
    assert.equal((await nowhere.close(1_001, 0)).reason, "failed");
    assert.ok(!existsSync(join(path, "below")));
  });
});
