/** A command that puts out 2 GB at a terminal: all of it is shown, memory stays small, and the recording says how much of it is not in it. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { bailiwick, commandPath, makePlace, ofType, personEnvironment, readEvents } from "../support/governed.ts";

const BYTES = 2_000_000_000;
const LINE = 1_000;
const LONGEST = 16e6;
const MOST_MEMORY_KIB = 400 * 1024;

/** Reads a terminal as fast as it comes; prints how many bytes came, the exit status, and the most memory that the command held, in KiB. */
const READER = `
import os, pty, resource, sys
pid, master = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
total = 0
while True:
    try:
        chunk = os.read(master, 1 << 16)
    except OSError:
        break
    if not chunk:
        break
    total += len(chunk)
_, status = os.waitpid(pid, 0)
print(total, os.waitstatus_to_exitcode(status), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
`;

test("2 GB of output at a terminal", async (context) => {
  const place = makePlace();
  context.after(() => {
    place.remove();
  });
  const profile = place.write("profile.toml", `[recording]\nmax-size = "${String(LONGEST / 1e6)}MB"\n`);
  const script = `yes ${"x".repeat(LINE - 1)} | head -c ${String(BYTES)}`;
  const argv = [process.execPath, commandPath, "run", "--quiet", "--profile", profile, "--", "sh", "-c", script];
  const read = execFileSync("python3", ["-c", READER, ...argv], {
    cwd: place.workspace,
    env: personEnvironment(place, { TERM: "xterm" }),
    encoding: "utf8",
  });
  const [shown = 0, status, memoryKib = Infinity] = read.trim().split(" ").map(Number);
  assert.equal(status, 0);
  // Each line end becomes two bytes at a terminal; Bailiwick itself says that the recording has ended.
  const output = BYTES + BYTES / LINE;
  assert.ok(shown >= output && shown < output + 1_000, String(shown));
  assert.ok(memoryKib < MOST_MEMORY_KIB, `${String(memoryKib)} KiB`);

  const events = await readEvents(place);
  const [closed] = ofType(events, "recording.closed");
  assert.equal(closed?.reason, "limit");
  assert.ok(closed.dropped > BYTES - 2 * LONGEST && closed.dropped < output, String(closed.dropped));
  const cast = join(place.state, "log/private", events[0]?.run ?? "", "terminal.cast");
  assert.equal(statSync(cast).size, closed.bytes);
  assert.ok((closed.bytes ?? Infinity) <= LONGEST * 1.05, String(closed.bytes));
  const verified = await bailiwick(place, ["audit", "verify"]);
  assert.equal(verified.status, 0, verified.stdout);
});
