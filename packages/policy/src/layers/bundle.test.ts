import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { openDecider } from "../decide/decider.ts";
import { checkPolicySet } from "../review/check.ts";
import { execRequestFor } from "../review/policy-tests.ts";
import { STANDARD_POLICIES } from "../standard/standard.ts";
import { bundleSources, digestBundle, readBundle, writeBundle, type PolicyBundle } from "./bundle.ts";

const bundle = (layer: PolicyBundle["layer"], text: string, scope = "payments"): PolicyBundle => ({
  layer,
  scope: layer === "company" ? "company" : scope,
  policies: [{ name: "a.cedar", text }],
  tests: [],
  profile: undefined,
  requiredWithinHours: undefined,
});

const run = { runId: "r", user: "u", agent: "a", project: "/w", profile: "p", labels: [] };
const PERMIT = '@id("p") permit (principal, action, resource);';
const FORBID = '@id("f") @reason("no") forbid (principal, action == Action::"exec", resource in ProgramGroup::"curl");';

describe("bundles", () => {
  test("are one text, whatever order they were made in, and read as they were written", () => {
    const made: PolicyBundle = {
      ...bundle("team", FORBID),
      policies: [
        { name: "b.cedar", text: FORBID },
        { name: "a.cedar", text: PERMIT },
      ],
      profile: "limits.wall = '1h'",
      requiredWithinHours: 48,
    };
    const text = writeBundle(made);
    assert.equal(digestBundle(text), digestBundle(writeBundle({ ...made, policies: made.policies.toReversed() })));
    assert.deepEqual(readBundle(text), { ...made, policies: made.policies.toReversed() });
  });

  test("what is not known whole is refused", () => {
    const good = JSON.parse(writeBundle(bundle("team", FORBID))) as Record<string, unknown>;
    const wrong: readonly (readonly [string, RegExp])[] = [
      ["{", /no form/],
      [JSON.stringify({ ...good, v: 2 }), /no form/],
      [JSON.stringify({ ...good, forbidAll: true }), /a key that this version does not know: `forbidAll`/],
      [JSON.stringify({ ...good, layer: "world" }), /no layer/],
      [JSON.stringify({ ...good, policies: [{ name: "../x", text: "" }] }), /no name and text/],
      [JSON.stringify({ ...good, policies: [...(good["policies"] as []), ...(good["policies"] as [])] }), /same name/],
      [JSON.stringify({ ...good, requiredWithinHours: 0 }), /hours/],
      [JSON.stringify({ ...good, profile: 1 }), /profile/],
      [`"\ud800"`, /Unicode/],
      ["x".repeat(600_000), /larger/],
    ];
    for (const [text, message] of wrong)
      assert.throws(() => readBundle(text), { code: "POLICY_BUNDLE_INVALID", message });
  });

  test("a permit is the company's alone: below it is an error, at review and where it would decide", async () => {
    for (const layer of ["team", "project", "user"] as const) {
      const sources = [...STANDARD_POLICIES, ...bundleSources(bundle(layer, PERMIT))];
      const problems = await checkPolicySet(sources);
      assert.match(problems.map(({ message }) => message).join(), /can only forbid and ask/);
      await assert.rejects(openDecider({ sources, cache: undefined }), {
        code: "POLICY_INVALID",
        message: /forbid and ask/,
      });
    }
    const sources = [...STANDARD_POLICIES, ...bundleSources(bundle("company", PERMIT))];
    assert.deepEqual(await checkPolicySet(sources), []);
  });

  test("a permit is found in a set that was compiled before as one that may permit", async () => {
    const kept = new Map<string, string>();
    const cache = { read: (key: string) => kept.get(key), write: (key: string, text: string) => kept.set(key, text) };
    const [source] = bundleSources(bundle("team", PERMIT));
    assert.ok(source !== undefined);
    await (await openDecider({ sources: [{ name: source.name, text: source.text }], cache })).close();
    assert.equal(kept.size, 1);
    await assert.rejects(openDecider({ sources: [source], cache }), { code: "POLICY_INVALID" });
  });

  test("what any layer forbids is forbidden, and the layer is named", async () => {
    for (const layer of ["company", "team", "project", "user"] as const) {
      const sources = [
        ...STANDARD_POLICIES,
        ...bundleSources(bundle("company", '@id("all") permit (principal, action, resource);')),
        ...bundleSources({ ...bundle(layer, FORBID), policies: [{ name: "f.cedar", text: FORBID }] }),
      ];
      const decider = await openDecider({ sources, cache: undefined });
      const decision = await decider.decide(execRequestFor(run, ["curl", "x"], "/w"));
      await decider.close();
      assert.deepEqual([decision.outcome, decision.policies], ["deny", ["f"]], layer);
    }
  });

  test("a layer can't take the place of another's policy by its id", async () => {
    const other = '@id("f") forbid (principal, action, resource) when { false };';
    const sources = [...bundleSources(bundle("company", FORBID)), ...bundleSources(bundle("user", other, "robin"))];
    await assert.rejects(openDecider({ sources, cache: undefined }), {
      code: "POLICY_INVALID",
      message: /already used/,
    });
  });
});
