import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { makeQuestionId } from "./open-questions.ts";

test("the name of a question is no option of a command line", () => {
  const ids = Array.from({ length: 2_000 }, () => makeQuestionId());
  assert.ok(ids.every((id) => /^[A-Za-z0-9_][A-Za-z0-9_-]{21}$/.test(id)));
  assert.equal(new Set(ids).size, ids.length);
});

/** What the front door loads, of this package's and of what speaks to a server. */
function loadedBy(statement: string): string[] {
  const script = `
    const { registerHooks } = await import("node:module");
    const seen = [];
    registerHooks({ resolve(specifier, context, next) { seen.push(specifier); return next(specifier, context); } });
    const uplink = await import(${JSON.stringify(join(import.meta.dirname, "index.ts"))});
    ${statement}
    console.log(seen.filter((name) => /zod|control-plane/.test(name)).join());`;
  const options = ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", script];
  const output = execFileSync(process.execPath, options, { encoding: "utf8" });
  return output
    .trim()
    .split(",")
    .filter((name) => name !== "");
}

test("a run's own thread loads nothing that speaks to a server until it has to", () => {
  assert.deepEqual(loadedBy('uplink.isFresh("/nowhere", 0);'), []);
  // Negative control.
  const loaded = loadedBy(
    'await uplink.fetchPolicies({ directory: "/nowhere", signal: AbortSignal.abort() }).catch(() => 0);',
  );
  assert.ok(loaded.includes("@bailiwick/control-plane/contract"), loaded.join());
});
