import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

test("importing the front door loads nothing that only inspection needs; opening one does", () => {
  const script = `
    import { registerHooks } from "node:module";
    const loaded = [];
    registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context); } });
    const egress = await import(${JSON.stringify(new URL("./index.ts", import.meta.url).href)});
    const heavy = () => loaded.filter((url) => /peculiar|reflect-metadata|^node:(tls|http2?|https)$|inspection.inspector\\.ts/.test(url)).length;
    const before = heavy();
    await egress.openInspection({ run: "r", nowMs: 0, hosts: [], trust: [], credentials: [], environment: {} });
    console.log(JSON.stringify([before, heavy() > 5]));
  `;
  const output = execFileSync(process.execPath, ["--input-type=module", "--eval", script], { encoding: "utf8" });
  assert.deepEqual(JSON.parse(output), [0, true]);
});
