import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { adapterFor, adapters } from "./index.ts";

const npm = "/usr/lib/node_modules";
const recognised: readonly (readonly [expected: string, argv: readonly string[], realPath: string])[] = [
  ["claude-code", ["claude", "-p", "hi"], `${npm}/@anthropic-ai/claude-code/bin/claude.exe`],
  ["claude-code", ["claude"], "/home/u/.local/share/claude/versions/2.1.330"],
  ["claude-code", ["/opt/x"], `${npm}/@anthropic-ai/claude-code-linux-x64/claude`],
  ["codex", ["codex", "exec"], `${npm}/@openai/codex/bin/codex.js`],
  ["codex", ["codex"], "/usr/local/bin/codex"],
  ["gemini-cli", ["gemini"], `${npm}/@google/gemini-cli/bundle/gemini.js`],
  ["gemini-cli", ["node", `${npm}/@google/gemini-cli/bundle/gemini.js`, "-p", "x"], "/usr/bin/node"],
  ["gemini-cli", ["node", "--enable-source-maps", "node_modules/.bin/gemini"], "/usr/bin/node"],
  ["opencode", ["opencode"], "/home/u/.opencode/bin/opencode"],
  ["opencode", ["oc"], "/p/node_modules/opencode-ai/bin/opencode.exe"],
  ["node", ["node", "agent.js"], "/usr/bin/node"],
  ["bash", ["bash", "-c", "claude"], "/usr/bin/bash"],
  // a word of another program's arguments is no agent
  ["ls", ["ls", "/x/node_modules/@openai/codex/bin/codex.js"], "/usr/bin/ls"],
  ["codex-like", ["codex-like"], "/x/node_modules/@openai/codex-like/bin/codex-like"],
];

for (const [expected, argv, realPath] of recognised) {
  test(`${argv.join(" ")} of ${realPath} is ${expected}`, () => {
    assert.equal(adapterFor(argv, realPath).name, expected);
  });
}

describe("installation", () => {
  const cases: readonly (readonly [argv0: string, realPath: string, includes: readonly string[]])[] = [
    [
      "codex",
      "/home/u/.nvm/versions/node/v24.0.0/lib/node_modules/@openai/codex/bin/codex.js",
      [
        "/home/u/.nvm/versions/node/v24.0.0/lib/node_modules/@openai/codex",
        "/home/u/.nvm/versions/node/v24.0.0/lib/node_modules/@openai/codex-linux-x64",
      ],
    ],
    ["claude", "/home/u/.local/share/claude/versions/2.1.330", ["/home/u/.local/share/claude/versions/2.1.330"]],
    ["opencode", "/p/node_modules/opencode-linux-x64/bin/opencode", ["/p/node_modules/opencode-linux-x64"]],
    ["tool", "/p/node_modules/@a/tool/node_modules/b/bin/tool.js", ["/p/node_modules/@a/tool"]],
    ["tool", "/opt/tool", ["/opt/tool"]],
    [
      "tool",
      "/p/node_modules/.pnpm/tool@1.0.0/node_modules/tool/bin.js",
      ["/p/node_modules/.pnpm/tool@1.0.0/node_modules/tool"],
    ],
  ];
  for (const [argv0, realPath, includes] of cases) {
    test(realPath, () => {
      const paths = adapterFor([argv0], realPath).installation(realPath);
      for (const path of includes) assert.ok(paths.includes(path), paths.join("\n"));
    });
  }

  test("never a directory that holds other packages", () => {
    for (const { name } of adapters) {
      const path = `/home/u/node_modules/${name}/x`;
      for (const found of adapterFor([name], path).installation(path)) {
        assert.notEqual(found, "/home/u/node_modules");
        assert.notEqual(found, "/home/u");
      }
    }
  });
});

test("a program's name becomes one safe component of a path, whatever the file is called", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (file) => {
      assert.match(adapterFor([file], `/x/${file}`).name, /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/);
    }),
  );
});

test("no credential is set, seeded or passed by an adapter itself", () => {
  for (const adapter of adapters) {
    for (const name of adapter.credentials) assert.ok(!(name in adapter.environment));
    for (const file of adapter.seed) assert.match(file, /\.md$/);
    for (const { name, port } of adapter.hosts) {
      assert.match(name, /^[a-z0-9-]+(\.[a-z0-9-]+)+$/);
      assert.ok(port > 0 && port < 65_536);
    }
  }
});
