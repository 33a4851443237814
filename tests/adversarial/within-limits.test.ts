/** A run that takes all it can get is stopped by its own limits, and the host notices nothing: processes, memory file systems, files in them. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, describe, test } from "node:test";
import { makePlace, ofType, runGoverned } from "../support/governed.ts";

const PROFILE = `[limits]
processes = 64
tmp = "1 MiB"
`;

describe("a run that takes what it can get", () => {
  const place = makePlace();
  after(place.remove);
  const inside = (program: string) =>
    runGoverned(place, { argv: ["/usr/bin/python3", "-c", program], profile: PROFILE });

  test("processes and threads: as many as the profile says, and then the host still starts others", async () => {
    const { stdout, stderr, events } = await inside(`
import os, time
count = 1
try:
    while count < 1000:
        if os.fork() == 0: time.sleep(600); os._exit(0)
        count += 1
except OSError as e: print(count, e.errno)`);
    const [count = 0, errno] = stdout.trim().split(" ").map(Number);
    assert.equal(errno, 11, stdout + stderr);
    assert.ok(count > 32 && count <= 64, stdout);
    assert.equal(spawnSync("true").status, 0);
    assert.equal(ofType(events, "run.ended")[0]?.status, 0, "what was left behind ended with the command");
  });

  for (const where of ["/tmp", "/dev/shm"]) {
    test(`${where}: bytes and files`, async () => {
      const { stdout, stderr } = await inside(`
import os
def until(limit, make):
    for i in range(limit):
        try: make(i)
        except OSError as e: return "%d %d" % (i, e.errno)
    return "no end"
print(until(10**6, lambda i: os.close(os.open("${where}/empty%d" % i, os.O_CREAT | os.O_WRONLY))))
for name in os.listdir("${where}"):
    if name.startswith("empty"): os.unlink("${where}/" + name)
file = open("${where}/large", "wb", buffering=0)
print(until(100, lambda i: file.write(b"x" * 65536) == 65536 or (_ for _ in ()).throw(OSError(28, "short"))))`);
      const [files, bytes] = stdout.trim().split("\n");
      assert.match(files ?? "", /^1\d{3} 28$/, stdout + stderr);
      assert.match(bytes ?? "", /^1[0-6] 28$/, stdout + stderr);
    });
  }
});
