import assert from "node:assert/strict";
import { test } from "node:test";
import { hostsOfHttpPolicies } from "./http-hosts.ts";

const of = (text: string): readonly string[] => hostsOfHttpPolicies([{ name: "p.cedar", text }]);

test("hosts are found however Cedar lets them be written", () => {
  for (const [action, host] of [
    ['Action::"httpRequest"', 'Host::"api.example"'],
    ['Action :: "httpRequest"', 'Host  ::\n  "api.example"'],
    ['Action::"httpRequest"', 'Host:: // whose\n"api.example"'],
    ['Action::"http\\u{52}equest"', 'Host::"api.e\\u{78}ample"'],
    ['Action::"http\\x52equest"', 'Host::"\\x61pi.example"'],
  ] as const) {
    assert.deepEqual(
      of(`@id("x") forbid (principal, action == ${action}, resource == ${host});`),
      ["api.example"],
      host,
    );
  }
  const group = 'forbid (principal, action == Action::"httpRequest", resource in HostGroup :: "*.example");';
  assert.deepEqual(of(group), ["*.example"]);
});

test("what is said of connections only is not looked into", () => {
  assert.deepEqual(of('forbid (principal, action == Action::"connect", resource == Host::"api.example");'), []);
});

test("an escape that is a quotation mark ends no string", () => {
  const text =
    'forbid (principal, action == Action::"httpRequest", resource) when { context.path == "\\u{22} Host::\\u{22}x" };';
  assert.deepEqual(of(text), []);
});
