/** The disk of the record is full: nothing may happen that is not recorded. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { makePlace, personEnvironment, type Place } from "../support/governed.ts";

const command = fileURLToPath(new URL("../../packages/cli/bin/bailiwick.js", import.meta.url));
const places: Place[] = [];
after(() => {
  for (const place of places) place.remove();
});

/**
 * Runs whose state is on a small disk of its own: a mount in a namespace that ends with it. An ordinary user is root in a user
 * namespace for the mount, and an ordinary user again for the rest. `script` is of a shell that has `$disk` and `$bailiwick`.
 */
async function onSmallDisk(script: string, size: string) {
  const place = makePlace();
  places.push(place);
  place.write("script.sh", `set -e\nbailiwick="${process.execPath} ${command}"\n${script}\n`);
  const mount = `mount -t tmpfs -o size=${size},mode=700 tmpfs "$disk"`;
  const isRoot = process.getuid?.() === 0;
  const again = isRoot
    ? ""
    : `unshare --user --map-user=${String(process.getuid?.())} --map-group=${String(process.getgid?.())} `;
  const flags = isRoot ? ["--mount"] : ["--user", "--map-root-user", "--mount"];
  const child = spawn(
    "unshare",
    [...flags, "sh", "-c", `mkdir -p "$disk" && ${mount} && exec ${again}sh ../../script.sh`],
    {
      cwd: place.workspace,
      env: personEnvironment(place, { disk: place.state }),
    },
  );
  let output = "";
  child.stdout.on("data", (chunk) => (output += String(chunk)));
  child.stderr.on("data", (chunk) => (output += String(chunk)));
  const [status] = (await once(child, "close")) as [number];
  return { status, output, made: (name: string) => existsSync(join(place.workspace, name)) };
}

const FILL = 'dd if=/dev/zero of="$disk/filler" bs=4k 2>/dev/null || true';

describe("a full disk", () => {
  test("before the run: nothing runs, and it is said", async () => {
    const { status, output, made } = await onSmallDisk(
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
    const { status, output, made } = await onSmallDisk(script, "6m");
    assert.equal(status, 0, output);
    assert.match(output, /the run is frozen until the record can be written/);
    assert.match(output, /the record can be written again/);
    assert.match(output, /^verified the record/m);
    assert.equal(made("after"), true);
  });
});
