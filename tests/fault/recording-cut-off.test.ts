/** A run that is recorded, and whose supervisor is killed, or whose disk is full: what was recorded up to then is provable, and what is missing is said. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import {
  bailiwick,
  commandPath,
  makePlace,
  ofType,
  personEnvironment,
  readEvents,
  type Place,
} from "../support/governed.ts";
import { inTerminal } from "../support/terminal.ts";

const places: Place[] = [];
after(() => {
  for (const place of places) place.remove();
});

function newPlace(): Place {
  const place = makePlace();
  places.push(place);
  return place;
}

test("after SIGKILL of the supervisor the recording up to its last proof verifies, and is replayed", async () => {
  const place = newPlace();
  // 10 MB: one proof. Then the supervisor, which is the parent of the launcher, is killed from outside.
  const script = `for i in $(seq 10); do head -c 1000000 /dev/zero | tr '\\0' 'x'; echo " part $i"; sleep 0.1; done; touch written; sleep 30`;
  const killer = `(until [ -e written ]; do sleep 0.1; done; sleep 1; kill -9 "$(cat pid)") & echo $$ > pid; exec "$@"`;
  await inTerminal({
    argv: ["sh", "-c", killer, "sh", process.execPath, commandPath, "run", "--", "bash", "--norc", "-c", script],
    cwd: place.workspace,
    env: personEnvironment(place, { TERM: "xterm" }),
    steps: [],
    timeout: 60_000,
  });
  const events = await readEvents(place);
  assert.deepEqual([ofType(events, "recording.closed").length, ofType(events, "run.ended").length], [0, 0]);
  const grown = ofType(events, "recording.grown");
  assert.ok(grown.length > 0);
  const { status, stdout } = await bailiwick(place, ["audit", "verify"]);
  assert.equal(status, 0, stdout);
  assert.match((await bailiwick(place, ["audit", "fsck"])).stdout, /^0 damaged, 0 missing/m);
  assert.match((await bailiwick(place, ["replay"])).stdout, /x part 1\r\n/);
  const path = join(place.state, "log/private", events[0]?.run ?? "", "terminal.cast");
  assert.ok(readFileSync(path).length >= (grown.at(-1)?.bytes ?? Infinity));
});

describe("a full disk", () => {
  test("holds the recording up as it does the run, and what comes meanwhile is in it or said to be missing", async () => {
    const place = newPlace();
    const disk = place.state;
    const script = [
      "set -e",
      `bailiwick="${process.execPath} ${commandPath}"`,
      "(for i in $(seq 200); do [ -e begun ] && break; sleep 0.05; done",
      `dd if=/dev/zero of="${disk}/filler" bs=4k 2>/dev/null || true`,
      "touch filled; sleep 3; touch freed",
      `rm "${disk}/filler") &`,
      `$bailiwick run -- bash --norc -c 'touch begun; n=0; until [ -e freed ] && [ $n -ge 20 ]; do echo "line $((n++)) of many"; read -t 0.01 < /dev/zero; done; /usr/bin/true; echo "lines $n"'`,
      "$bailiwick audit verify",
      "$bailiwick replay < /dev/null > ../../replayed",
    ].join("\n");
    place.write("script.sh", script);
    const isRoot = process.getuid?.() === 0;
    const again = isRoot
      ? ""
      : `unshare --user --map-user=${String(process.getuid?.())} --map-group=${String(process.getgid?.())} `;
    const flags = isRoot ? ["--mount"] : ["--user", "--map-root-user", "--mount"];
    const mount = `mkdir -p "${disk}" && mount -t tmpfs -o size=6m,mode=700 tmpfs "${disk}" && exec ${again}sh ../../script.sh`;
    const { output, status, failed } = await inTerminal({
      argv: ["unshare", ...flags, "sh", "-c", mount],
      cwd: place.workspace,
      env: personEnvironment(place, { TERM: "xterm" }),
      steps: [],
      timeout: 60_000,
    });
    assert.deepEqual([failed, status], [null, 0], output.slice(-2_000));
    assert.ok(existsSync(join(place.workspace, "filled")));
    assert.match(output, /verified/);
    const lines = Number(/^lines (\d+)\r?$/m.exec(output)?.[1]);
    const replayed = readFileSync(join(place.root, "replayed"), "utf8");
    assert.ok(lines >= 20, output);
    // Nothing was written that the disk did not take; nothing of what it took later is missing.
    for (const n of [0, Math.floor(lines / 2), lines - 1])
      assert.ok(replayed.includes(`line ${String(n)} of many`), String(n));
    assert.ok(replayed.includes(`lines ${String(lines)}`));
  });
});
