import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ProfileProblem, type Form } from "./form.ts";
import {
  address,
  allowedHost,
  duration,
  hostKey,
  hostPath,
  maskPattern,
  passedVariable,
  protectedPath,
  seedPath,
  setVariable,
  size,
} from "./words.ts";

const cases: readonly (readonly [
  what: string,
  form: Form<unknown>,
  good: readonly (readonly [string, unknown])[],
  bad: readonly unknown[],
])[] = [
  [
    "allowed host",
    allowedHost,
    [
      ["allowed.test:8080", "allowed.test:8080"],
      ["*.Example.COM:443", "*.example.com:443"],
      ["db:5432", "db:5432"],
      ["example.com.:443", "example.com:443"],
      ["xn--mnchen-3ya.example:443", "xn--mnchen-3ya.example:443"],
    ],
    [
      "example.com",
      "example.com:0",
      "example.com:65536",
      "example.com:+80",
      "example.com:0443",
      "example.com:https",
      "example.com:*",
      ":443",
      "*:443",
      "*.com:443",
      "a.*.com:443",
      "10.0.0.1:443",
      "127.1:443",
      "2130706433:443",
      "0x7f000001:443",
      "[::1]:443",
      "::1:443",
      "localhost:80",
      "x.localhost:80",
      "münchen.example:443",
      "\u212aernel.test:443",
      "a_b.test:443",
      "example.com..:443",
      "exa mple.com:443",
      "-a.com:443",
      "http://example.com:443",
      "example.com/path:443",
      "a\0.com:443",
      `${"a".repeat(64)}.com:443`,
      443,
      null,
    ],
  ],
  ["host", hostKey, [["DB.Test", "db.test"]], ["*.test", "1.2.3.4", ""]],
  [
    "address",
    address,
    [
      ["127.0.0.2", "127.0.0.2"],
      ["FD00:0::5", "fd00::5"],
    ],
    ["127.0.0", "127.0.0.256", "127.0.0.01", "1.2.3.4.5", "1.2.3.4.", "fd00", "fd00::5%eth0", "[::1]", "db.test", ""],
  ],
  [
    "host path",
    hostPath,
    [
      ["{workspace}", "{workspace}"],
      ["{workspace}/out/", "{workspace}/out"],
      ["~/shared", "{home}/shared"],
      ["{home}//shared", "{home}/shared"],
      ["/data/models/", "/data/models"],
    ],
    [
      "/",
      "//",
      "~",
      "~/",
      "{home}",
      "{home}/",
      "data",
      "./data",
      "/data/../etc",
      "~/..",
      "~other/x",
      "/a/{home}",
      "{nothing}/x",
      "",
    ],
  ],
  [
    "mask",
    maskPattern,
    [
      [".env", ".env"],
      ["!.env.example", "!.env.example"],
      [".ssh/", ".ssh/"],
      ["config/**/secret?.yml", "config/**/secret?.yml"],
    ],
    ["", "!", "/", "*", "**", "**/*", "/etc/shadow", "../x", "a/../b", "a//b", "[ab]", "{a,b}", "a\\b"],
  ],
  [
    "protect",
    protectedPath,
    [
      [".git/hooks", ".git/hooks"],
      [".claude/", ".claude/"],
      ["!.envrc", "!.envrc"],
    ],
    ["", "/", ".", "..", "../x", "a/./b", "*.json", "/etc", "a//b", "{workspace}/x"],
  ],
  [
    "passed variable",
    passedVariable,
    [
      ["LC_*", "LC_*"],
      ["TERM", "TERM"],
    ],
    ["*", "", "A B", "A=B", "*_KEY", "1A", "A**"],
  ],
  ["set variable", setVariable, [["CI", "CI"]], ["HOME", "PWD", "LC_*", "A=B", ""]],
  [
    "seed",
    seedPath,
    [
      [".gitconfig", ".gitconfig"],
      ["~/.config/git/config", ".config/git/config"],
    ],
    [
      ".ssh",
      ".ssh/config",
      ".netrc",
      ".npmrc",
      ".aws/credentials",
      ".config",
      ".docker/config.json",
      "x/id_rsa",
      "a/../.ssh",
      "/etc/passwd",
      ".bash_history",
      "keys/server.key",
    ],
  ],
  [
    "duration",
    duration,
    [
      ["2h", 7_200_000],
      ["1h30m", 5_400_000],
      ["500ms", 500],
    ],
    ["2", "h", "-1s", "1.5h", "0s", "1w", "25d", "2 h", ""],
  ],
  [
    "size",
    size,
    [
      ["512MB", 512_000_000],
      ["2GiB", 2 ** 31],
      ["1.5 KiB", 1536],
    ],
    ["512", "MB", "0B", "-1MB", "1mb", "1e3MB", "1PB", ""],
  ],
];

for (const [what, form, good, bad] of cases) {
  describe(what, () => {
    for (const [text, expected] of good) {
      test(`takes ${text}`, () => {
        assert.equal(form.read(text, []), expected);
      });
    }
    for (const value of bad) {
      test(`refuses ${JSON.stringify(value)}`, () => {
        assert.throws(() => form.read(value, []), ProfileProblem);
      });
    }
  });
}

test("what is taken is in its normal form: taken again, it is the same", () => {
  for (const form of [allowedHost, hostKey, address, hostPath, maskPattern, protectedPath, passedVariable, seedPath]) {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."aZ09.-_*~/{}:!home") }), (text) => {
        let once: unknown;
        try {
          once = form.read(text, []);
        } catch (error) {
          assert.ok(error instanceof ProfileProblem);
          return;
        }
        assert.equal(form.read(once, []), once);
      }),
    );
  }
});
