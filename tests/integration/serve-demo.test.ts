import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

const demo = join(import.meta.dirname, "../../demo/serve.ts");

test("the server's demo ends by itself without a terminal, and all that it shows was so", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [demo], { encoding: "utf8" });
  assert.doesNotMatch(stdout, /NOT SO/);
  assert.doesNotMatch(stdout, /\u001b/);
  for (const shown of [
    // As browsers have to call it, to keep a session without TLS.
    /http:\/\/localhost:[0-9]+: olivia owns it/,
    /norbert is asked:[^]*command +git push -q origin fix-offset/,
    /\? asked norbert-\w+ \(at the server\): once/,
    /frozen: ended: by rita-\w+: it does not come to an end/,
    /right\.refused {2}Person norbert-\w+ {2}killRun/,
    /✓ nothing was pushed before the answer\n.*✓ afterwards it was/,
    /✓ who ended it, too/,
  ]) {
    assert.match(stdout, shown);
  }
});
