import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { CastLines, headerLine, parseEvent, parseHeader, parseSize } from "./asciicast.ts";
import { CastFile } from "./cast-file.ts";

describe("an asciicast", () => {
  test("is written as the format's page has it", () => {
    const lines = new CastLines();
    const file = [
      headerLine({ columns: 80, rows: 24, terminal: "xterm-256color", startedAt: 1_504_467_315_900 }),
      lines.line({ at: 248, code: "o", data: "\u001b[1;31mHello \u001b[32mWorld!\u001b[0m\n" }),
      lines.line({ at: 1_249, code: "o", data: 'That was "ok"\rThis is better.' }),
      lines.line({ at: 4_749.4, code: "m", data: "" }),
      // The clock went back.
      lines.line({ at: 4_000, code: "r", data: "90x30" }),
      lines.line({ at: 6_290.6, code: "o", data: "Bye! \u{1f600}\u007f" }),
      lines.line({ at: 7_178, code: "x", data: "0" }),
    ].join("");
    assert.equal(
      file,
      `{"version":3,"term":{"cols":80,"rows":24,"type":"xterm-256color"},"timestamp":1504467315}
[0.248,"o","\\u001b[1;31mHello \\u001b[32mWorld!\\u001b[0m\\n"]
[1.001,"o","That was \\"ok\\"\\rThis is better."]
[3.5,"m",""]
[0,"r","90x30"]
[1.542,"o","Bye! \u{1f600}\u007f"]
[0.887,"x","0"]
`,
    );
  });

  test("is read back; what is no event of it is not", () => {
    assert.deepEqual(parseHeader('{"version":3,"term":{"cols":100,"rows":50},"env":{}}'), {
      columns: 100,
      rows: 50,
      terminal: undefined,
      startedAt: 0,
    });
    for (const line of [
      "",
      "[]",
      '{"version":2,"width":80,"height":24}',
      '{"version":3,"term":{"cols":0,"rows":24}}',
      '{"version":3}',
      "null",
    ])
      assert.equal(parseHeader(line), undefined, line);
    assert.deepEqual(parseEvent('[1.5, "o", "text"]'), { interval: 1500, code: "o", data: "text" });
    for (const line of [
      "# comment",
      '[1,"i","typed"]',
      '[-1,"o",""]',
      '[1,"o"]',
      '[1,"o","cut',
      '{"a":1}',
      '["1","o",""]',
      '[1,"o",2]',
    ])
      assert.equal(parseEvent(line), undefined, line);
    assert.deepEqual(parseSize("90x30"), { columns: 90, rows: 30 });
    for (const size of ["90", "0x3", "x", "90x30x1", "-1x5", "99999x1"]) assert.equal(parseSize(size), undefined, size);
  });
});

describe("the file of one", () => {
  const folder = mkdtempSync(join(tmpdir(), "bailiwick-cast-"));
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const write = (content: string): string => {
    const path = join(folder, "it.cast");
    writeFileSync(path, content);
    return path;
  };
  const header = '{"version":3,"term":{"cols":80,"rows":24}}\n';

  test("is found by times, and read in parts; a line that a crash cut off is not there", async () => {
    const events = Array.from(
      { length: 5_000 },
      (_, n) => `[0.01,"o","line ${String(n)} ${"x".repeat(n % 700)}"]\n# comment\n`,
    ).join("");
    const file = await CastFile.open(write(`${header}${events}[1,"o","cut`));
    try {
      assert.deepEqual(
        [file.length, Math.round(file.duration), file.after(95), file.after(-1), file.after(1e9)],
        [5_000, 50_000, 9, 0, 5_000],
      );
      const read: string[] = [];
      for await (const { data } of file.events(4_000, 4_003)) read.push(data.split(" x")[0] ?? "");
      assert.deepEqual(read, ["line 4000", "line 4001", "line 4002"]);
      let count = 0;
      for await (const { at } of file.events(0, file.length)) if (at >= 0) count++;
      assert.equal(count, 5_000);
    } finally {
      await file.close();
    }
  });

  test("must be one", async () => {
    for (const content of ["", "x", header.slice(0, -1), '{"version":2}\n']) {
      await assert.rejects(CastFile.open(write(content)), { code: "RECORDING_MALFORMED" }, content);
    }
    await assert.rejects(CastFile.open(join(folder, "none")), { code: "ENOENT" });
  });
});
