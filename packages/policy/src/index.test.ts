import { strict as assert } from "node:assert";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import * as policy from "./index.ts";

test("the front door has these exports and no others", () => {
  assert.deepEqual(Object.keys(policy).sort(), [
    "ACCESS_ACTIONS",
    "ACCESS_SCHEMA",
    "ACTIONS",
    "BREAK_GLASS_RIGHTS",
    "BUILT_IN_ROLES",
    "LAYERS",
    "LONGEST_BUNDLE",
    "NO_LEAK",
    "PolicyError",
    "RESOURCES",
    "REVIEWED_BY_OTHERS",
    "RULE_SET_NAMES",
    "SCHEMA",
    "SEVERITIES",
    "STANDARD_POLICIES",
    "WhatIfReplay",
    "bundleSources",
    "checkPolicySet",
    "conditionsText",
    "connectRequestFor",
    "customRole",
    "digestBundle",
    "digestPolicySet",
    "execRequestFor",
    "explain",
    "formatPolicy",
    "formatProblem",
    "hostsOfHttpPolicies",
    "httpRequestFor",
    "isAccessAction",
    "isBuiltInRole",
    "isRecordedEvent",
    "layerName",
    "openAccessDecider",
    "openDecider",
    "problemOfRuleSet",
    "readBundle",
    "readRequestTarget",
    "reviewPolicySet",
    "ruleSetPolicies",
    "runPolicyTests",
    "writeBundle",
  ]);
});

test("importing it, and deciding by scope alone, loads neither Cedar nor TOML nor a worker", () => {
  const script = `
    import { openDecider, execRequestFor } from ${JSON.stringify(new URL("./index.ts", import.meta.url).href)};
    import { registerHooks } from "node:module";
    const loaded = [];
    registerHooks({ load: (url, context, next) => { loaded.push(url); return next(url, context); } });
    const kept = new Map();
    const cache = { read: (key) => kept.get(key), write: (key, text) => kept.set(key, text) };
    const sources = [{ name: "a", text: '@id("a") permit(principal, action, resource);' }];
    await (await openDecider({ sources, cache })).close();
    const decider = await openDecider({ sources, cache });
    const run = { runId: "r", user: "u", agent: "a", project: "/w", profile: "p", labels: [] };
    const decision = decider.decide(execRequestFor(run, ["ls"], "/w"));
    console.log(JSON.stringify([decision.outcome, loaded.filter((url) => /cedar-wasm|smol-toml/.test(url)), process.getActiveResourcesInfo().filter((name) => name === "MessagePort" || name === "Worker")]));
  `;
  const output = execFileSync(process.execPath, ["--input-type=module", "--eval", script], { encoding: "utf8" });
  assert.deepEqual(JSON.parse(output), ["allow", [], []]);
});
