/** The disk of the record is full, or can only be read: nothing may happen that is not recorded. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { makePlace, type Place } from "../support/governed.ts";
import { FILL, onSmallDisk } from "../support/small-disk.ts";

const places: Place[] = [];
after(() => {
  for (const place of places) place.remove();
});

async function onDisk(script: string, size: string) {
  const place = makePlace();
  places.push(place);
  return await onSmallDisk(place, script, size);
}

describe("a full disk", () => {
  test("before the run: nothing runs, and it is said", async () => {
    const { status, output, made } = await onDisk(
      `$bailiwick run --quiet -- true\n${FILL}\n$bailiwick run -- sh -c 'touch made'`,
      "4m",
    );
    assert.equal(status, 125, output);
    assert.match(output, /^bailiwick: .*ENOSPC/m);
    assert.equal(made("made"), false);
  });

  test("during the run: it is frozen, and goes on when there is room again", async () => {
    const script = [
      // Ends by itself, whatever becomes of the run.
      "(for i in $(seq 200); do [ -e begun ] && break; sleep 0.05; done",
      FILL,
      "touch filled",
      "sleep 4",
      "touch freed",
      'rm "$disk/filler") &',
      // A busy loop of commands: the record needs room all the time. None may start between full and freed.
      "$bailiwick run -- sh -c 'touch begun; until [ -e freed ]; do /usr/bin/true xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done; /usr/bin/touch after'",
      "$bailiwick audit verify",
    ].join("\n");
    const { status, output, made } = await onDisk(script, "6m");
    assert.equal(status, 0, output);
    assert.match(output, /the run is frozen until the record can be written/);
    assert.match(output, /the record can be written again/);
    assert.match(output, /^verified the record/m);
    assert.equal(made("after"), true);
  });
});

describe("a disk that can only be read", () => {
  test("before the run: nothing runs, and it is said; what was recorded is read, proven and verified all the same", async () => {
    const { status, output, made } = await onDisk(
      [
        "$bailiwick run --quiet -- true",
        ": > read-only; until [ -e is-read-only ]; do sleep 0.05; done",
        "$bailiwick run -- sh -c 'touch made' || echo refused with $?",
        "$bailiwick runs",
        "$bailiwick search program:true",
        "$bailiwick audit verify",
        "$bailiwick audit prove 0 > proof",
        "$bailiwick audit check proof",
      ].join("\n"),
      "4m",
    );
    assert.equal(status, 0, output);
    assert.match(output, /^bailiwick: .*EROFS/m);
    assert.match(output, /^refused with 125$/m);
    assert.match(output, /^verified the record/m);
    assert.match(output, /^proven/m);
    assert.equal(made("made"), false);
  });
});
