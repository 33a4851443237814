import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { HostRules } from "./host-rules.ts";

const label = fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/);
const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join("."));
const port = fc.constantFrom(80, 443, 8080);

describe("HostRules, any rules and names", () => {
  test("permits exactly what comparing label by label permits", () => {
    const rule = fc.record({ name: fc.tuple(name, fc.boolean()).map(([n, w]) => (w ? `*.${n}` : n)), port });
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 6 }), name, port, (rules, asked, askedPort) => {
        const labels = asked.split(".");
        const matching = rules.filter((one) => {
          const wanted = one.name.split(".");
          if (wanted[0] !== "*") return one.name === asked;
          const rest = wanted.slice(1);
          return labels.length > rest.length && labels.slice(-rest.length).join(".") === rest.join(".");
        });
        const compiled = new HostRules(rules);
        assert.equal(compiled.permitsName(asked), matching.length > 0);
        assert.equal(
          compiled.permits(asked, askedPort),
          matching.some((one) => one.port === askedPort),
        );
        assert.deepEqual(
          compiled.portsOf(asked),
          [...new Set(matching.map((one) => one.port))].sort((a, b) => a - b),
        );
      }),
    );
  });

  test("bypass 37: nothing put before or behind a permitted name is permitted with it", () => {
    fc.assert(
      fc.property(name, name, label, port, (permitted, other, joint, at) => {
        const exact = new HostRules([{ name: permitted, port: at }]);
        for (const spelling of [
          `${permitted}.${other}`,
          `${other}.${permitted}`,
          `${joint}${permitted}`,
          `${permitted}${joint}`,
        ]) {
          assert.equal(exact.permits(spelling, at), false, spelling);
        }
        const below = new HostRules([{ name: `*.${permitted}`, port: at }]);
        assert.equal(below.permits(permitted, at), false);
        assert.equal(below.permits(`${joint}${permitted}`, at), false);
        assert.equal(below.permits(`${other}.${permitted}`, at), true);
      }),
    );
  });

  test("nothing is permitted without rules", () => {
    const none = new HostRules([]);
    fc.assert(fc.property(name, port, (asked, at) => !none.permitsName(asked) && !none.permits(asked, at)));
  });
});

describe("HostRules, what profiles say", () => {
  test("names in any case; one name at several ports", () => {
    const rules = new HostRules([
      { name: "API.Example.com", port: 443 },
      { name: "api.example.com.", port: 8443 },
    ]);
    assert.deepEqual(rules.portsOf("api.example.com"), [443, 8443]);
    assert.equal(rules.isExact("api.example.com"), true);
    assert.equal(rules.isExact("x.api.example.com"), false);
  });

  for (const bad of ["*", "*.", "", "a.*.test", "*a.test", "10.0.0.1", "[::1]", "a b", "bücher.example"]) {
    test(`refuses \`${bad}\``, () => {
      assert.throws(() => new HostRules([{ name: bad, port: 443 }]), { code: "EGRESS_RULE_INVALID" });
    });
  }
  for (const bad of [0, -1, 65_536, 1.5, Number.NaN]) {
    test(`refuses port ${String(bad)}`, () => {
      assert.throws(() => new HostRules([{ name: "a.test", port: bad }]), { code: "EGRESS_RULE_INVALID" });
    });
  }
});
