import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { CastLines, headerLine, type CastEvent } from "./asciicast.ts";
import { CastFile } from "./cast-file.ts";
import { Player } from "./player.ts";
import { shownLines, type ShownLine } from "./shown-lines.ts";

const folder = mkdtempSync(join(tmpdir(), "bailiwick-player-"));
after(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function withCast(events: readonly CastEvent[], use: (file: CastFile) => Promise<void>): Promise<void> {
  const lines = new CastLines();
  const path = join(folder, "it.cast");
  const header = headerLine({ columns: 40, rows: 5, terminal: "xterm", startedAt: 0 });
  writeFileSync(path, header + events.map((event) => lines.line(event)).join(""));
  const file = await CastFile.open(path);
  try {
    await use(file);
  } finally {
    await file.close();
  }
}

const out = (at: number, data: string): CastEvent => ({ at, code: "o", data });
const picture = ({ screen }: Player): string[] =>
  Array.from({ length: screen.rows }, (_, row) =>
    screen
      .line(row)
      .map(({ text }) => text)
      .join(""),
  );

describe("the picture of a recording", () => {
  test("is that of any time, forward and back, with colours and sizes", async () => {
    const events: CastEvent[] = [
      out(0, "one\r\n"),
      out(1_000, "\u001b[1;31mtwo\u001b[0m plain\r\n"),
      { at: 2_000, code: "r", data: "20x3" },
      out(3_000, "\u001b[?1049h\u001b[2J\u001b[Hother \u001b]52;c;AA==\u0007screen"),
      out(4_000, "\u001b[?1049l"),
    ];
    await withCast(events, async (file) => {
      const player = new Player(file);
      await player.show(0);
      assert.deepEqual(picture(player), ["one", "", "", "", ""]);
      await player.show(1_500);
      assert.deepEqual(player.screen.line(1), [
        { text: "two", width: 3, sgr: "1;38;5;1" },
        { text: " plain", width: 6, sgr: "" },
      ]);
      await player.show(3_000);
      assert.deepEqual(picture(player), ["other screen", "", ""]);
      await player.show(500);
      assert.deepEqual(picture(player), ["one", "", "", "", ""]);
      await player.show(9_000);
      assert.deepEqual(picture(player), ["one", "two plain", ""]);
      player.screen.dispose();
    });
  });

  test("of a long one is the same from snapshots as from the beginning", async () => {
    const events = Array.from({ length: 600 }, (_, n) =>
      out(n, `\u001b[3${String(n % 8)}mline ${String(n)} ${"x".repeat(8_000)}\r\n`),
    );
    await withCast(events, async (file) => {
      const [player, fresh] = [new Player(file), new Player(file)];
      await player.show(599);
      await player.show(400);
      await fresh.show(400);
      assert.deepEqual(picture(player), picture(fresh));
      const looks = ({ screen }: Player): unknown => Array.from({ length: screen.rows }, (_, row) => screen.line(row));
      assert.deepEqual(looks(player), looks(fresh));
    });
  });

  test("ends its work when nobody wants it any more", async () => {
    await withCast(
      Array.from({ length: 400 }, (_, n) => out(n, "x".repeat(4_000))),
      async (file) => {
        const player = new Player(file);
        let asked = 0;
        await player.show(399, () => ++asked < 3);
        assert.equal(asked, 3);
      },
    );
  });

  test("lets nothing reorder a line", async () => {
    await withCast([out(0, "a\u202eb\u2066c")], async (file) => {
      const player = new Player(file);
      await player.show(0);
      assert.doesNotMatch(picture(player).join(""), /[\u202e\u2066]/);
    });
  });
});

describe("what a recording shows, as lines", () => {
  test("is each line once, wrapped ones as one, also what has scrolled away and screens that stood", async () => {
    const long = "a long line that the terminal wraps because it has forty columns";
    const events = [
      out(0, `${Array.from({ length: 30 }, (_, n) => `line ${String(n)}`).join("\r\n")}\r\n${long}\r\n`),
      out(100, "line 3\r\n---\r\n"),
      out(200, "\u001b[?1049h\u001b[2J\u001b[Hfirst screen"),
      out(3_000, "\u001b[2J\u001b[Hsecond screen"),
      out(3_100, "\u001b[2J\u001b[Hgone at once"),
      out(3_150, "\u001b[2J\u001b[Hthird screen\u001b[?1049l"),
    ];
    await withCast(events, async (file) => {
      const lines: ShownLine[] = [];
      for await (const line of shownLines(file)) lines.push(line);
      const scrolled = Array.from({ length: 30 }, (_, n) => `line ${String(n)}`);
      const texts = lines.map(({ text }) => text);
      assert.deepEqual(texts.toSorted(), [...scrolled, long, "first screen"].toSorted());
      assert.ok(lines.every(({ at }) => at === 200));
    });
  });
});
