import assert from "node:assert/strict";
import { test } from "node:test";
import { Player } from "@bailiwick/recording/picture";
import { styleOf } from "./cell-style.ts";
import { MemoryCast } from "./memory-cast.ts";

const TEXT = [
  '{"version":3,"term":{"cols":20,"rows":3},"timestamp":1}',
  '[0.5,"o","one é\\r\\n"]',
  "# a comment",
  '[1,"o","\\u001b]0;title\\u0007\\u001b[31mtwo\\u001b[0m\\r\\n"]',
  '[1,"r","30x4"]',
  '[0.5,"x","0"]',
  "",
].join("\n");

test("a recording is the same however its bytes come, and its picture is that of each moment", async () => {
  for (const size of [1, 7, 1_000]) {
    const cast = new MemoryCast();
    const bytes = new TextEncoder().encode(TEXT);
    assert.throws(() => cast.header, /has not begun/);
    for (let at = 0; at < bytes.length; at += size) cast.add(bytes.subarray(at, at + size));
    assert.deepEqual([cast.length, cast.duration, cast.after(499), cast.after(500)], [4, 3_000, 0, 1]);
    const player = new Player(cast);
    const shown = async (time: number) => {
      await player.show(time);
      return [0, 1].map((row) => player.screen.line(row));
    };
    assert.deepEqual(await shown(1_500), [
      [{ sgr: "", text: "one é", width: 5 }],
      [
        { sgr: "38;5;1", text: "two", width: 3 },
        { sgr: "", text: "", width: 0 },
      ],
    ]);
    assert.deepEqual((await shown(500))[1], [{ sgr: "", text: "", width: 0 }]);
    await shown(2_500);
    assert.equal(player.screen.columns, 30);
    player.screen.dispose();
  }
});

test("cells look as their program wanted it", () => {
  assert.deepEqual(styleOf(""), {});
  assert.deepEqual(styleOf("1;4;9;38;2;1;2;3"), {
    ...{ color: "rgb(1 2 3)", fontWeight: 700, textDecorationLine: "underline line-through" },
  });
  assert.deepEqual(styleOf("7;38;5;208"), { color: "var(--terminal)", background: "rgb(255 135 0)" });
  assert.deepEqual(styleOf("8;48;5;232"), { background: "rgb(8 8 8)", visibility: "hidden" });
});
