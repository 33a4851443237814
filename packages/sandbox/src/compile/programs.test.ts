import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { viewPrograms, type ProgramView } from "./programs.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "bailiwick-programs-")));
after(() => {
  rmSync(folder, { recursive: true });
});

let places = 0;

/** A home with these files; an arrow makes a link. */
function makeHome(files: readonly string[]): string {
  const home = join(folder, String(places++), "u");
  mkdirSync(home, { recursive: true });
  for (const entry of files) {
    const [name = "", link] = entry.split(" -> ");
    const [path = "", content = "\x7fELF"] = name.split(": ");
    const full = join(home, path);
    mkdirSync(path.endsWith("/") ? full : dirname(full), { recursive: true });
    if (link !== undefined) symlinkSync(link.replace("~", home), full);
    else if (!path.endsWith("/")) writeFileSync(full, content.replace("~", home), { mode: 0o755 });
  }
  return home;
}

function view(
  home: string,
  command: string,
  path: readonly string[],
): ProgramView & { readonly seen: readonly string[] } {
  const found = viewPrograms({
    path: [...path, "/usr/bin", "", "relative", "."].map((entry) => entry.replace("~", home)).join(":"),
    command: command.split(" ").map((word) => word.replace("~", home)),
    directory: join(home, "project"),
    personHome: home,
    stateDirectory: join(home, ".local/state/bailiwick"),
    visible: ["/usr", "/bin", join(home, "project")],
    installation: [],
  });
  const seen = found.mounts.map(({ target, source, writable }) => {
    assert.ok(!writable);
    return (target === source ? target : `${target} = ${source}`).replaceAll(home, "~");
  });
  return { ...found, path: found.path.replaceAll(home, "~"), seen };
}

const NODE = ".nvm/versions/node/v24/bin/node";
const NPM_TOOL = [
  ".nvm/versions/node/v24/bin/tool -> ../lib/node_modules/@a/tool/bin/tool.js",
  ".nvm/versions/node/v24/lib/node_modules/@a/tool/bin/tool.js: #!/usr/bin/env node\n",
  ".nvm/versions/node/v24/lib/node_modules/@a/tool-linux-x64/tool",
];

for (const [what, files, command, path, expected] of [
  [
    "nvm: a tool of npm, with its platform's package and node",
    [NODE, ...NPM_TOOL],
    "tool",
    ["~/.nvm/versions/node/v24/bin"],
    ["~/.nvm"],
  ],
  [
    "an installation of its own prefix",
    ["sdk/node/bin/node", "sdk/node/lib/x"],
    "node",
    ["~/sdk/node/bin"],
    ["~/sdk/node"],
  ],
  [
    "a project with a bin directory is no installation",
    ["src/app/bin/run", "src/app/lib/x", "src/app/.git/HEAD", "src/app/.env"],
    "run",
    ["~/src/app/bin"],
    ["~/src/app/bin"],
  ],
  [
    "links out of ~/.local/bin: a binary by itself, a tool with its environment and the interpreter of that",
    [
      ".local/bin/claude -> ~/.local/share/claude/versions/2.1",
      ".local/share/claude/versions/2.1",
      ".local/bin/ruff -> ~/venvs/ruff/bin/ruff",
      "venvs/ruff/bin/ruff: #!~/venvs/ruff/bin/python\n",
      "venvs/ruff/bin/python -> ~/pythons/3.12/bin/python3.12",
      "venvs/ruff/pyvenv.cfg",
      "pythons/3.12/bin/python3.12",
      "pythons/3.12/lib/x",
    ],
    "claude",
    ["~/.local/bin"],
    ["~/.local/bin", "~/.local/share/claude/versions/2.1", "~/pythons/3.12", "~/venvs/ruff"],
  ],
  [
    "cargo: programs and toolchains, never the credentials beside them",
    [".cargo/bin/cargo", ".cargo/credentials.toml", ".cargo/lib/", ".rustup/x"],
    "cargo",
    ["~/.cargo/bin"],
    ["~/.cargo/bin", "~/.rustup"],
  ],
  [
    "go: programs, while the module cache beside them stays writable",
    ["go/bin/tool", "go/pkg/x", "go/lib/"],
    "tool",
    ["~/go/bin"],
    ["~/go/bin"],
  ],
  [
    "fnm: a directory of a shell that is a link to an installation",
    ["shells/12/ -> x", "node/v24/bin/node", "node/v24/lib/x"].slice(1).concat("shells/12 -> ~/node/v24"),
    "node",
    ["~/shells/12/bin"],
    ["~/node/v24", "~/shells/12 = ~/node/v24"],
  ],
  ["the home itself is never shown, not even for a program in it; the program is", ["tool"], "tool", ["~"], ["~/tool"]],
  [
    "where secrets are, no PATH leads",
    [".ssh/bin/tool", ".config/gh/bin/x"],
    "ls",
    ["~/.ssh/bin", "~/.config/gh/bin", "~/.local/state/bailiwick/x"],
    [],
  ],
  [
    "a script that is given to an interpreter, with its package",
    ["agents/mine/src/main.js: x", "agents/mine/package.json", "agents/other/x"],
    "bash ~/agents/mine/src/main.js",
    [],
    ["~/agents/mine"],
  ],
  [
    "a script without a package stands for itself",
    ["agents/main.sh: x", "agents/.env"],
    "bash ~/agents/main.sh",
    [],
    ["~/agents/main.sh"],
  ],
  [
    "what is in the workspace needs nothing",
    ["project/node_modules/.bin/tool -> ../t/x", "project/node_modules/t/x"],
    "tool",
    ["~/project/node_modules/.bin"],
    [],
  ],
  [
    "another project's node_modules are shown, and nothing beside them",
    ["other/node_modules/.bin/tool -> ../t/x", "other/node_modules/t/x", "other/.env"],
    "tool",
    ["~/other/node_modules/.bin"],
    ["~/other/node_modules"],
  ],
] as const) {
  test(what, () => {
    assert.deepEqual([...view(makeHome(files), command, path).seen].sort(), [...expected].sort());
  });
}

describe("PATH inside", () => {
  test("holds what is visible, in order, once; nothing relative", () => {
    const home = makeHome(["tools/x", "project/bin/y"]);
    const { path } = view(home, "x", ["~/tools/", "~/none", "~/.ssh", "~/project/bin", "~/tools"]);
    assert.equal(path, "~/tools:~/project/bin:/usr/bin");
  });
});

describe("the command", () => {
  test("is found as execvp finds it", () => {
    const home = makeHome(["a/tool/", "b/tool", "project/own"]);
    assert.equal(view(home, "tool", ["~/a", "~/b"]).program, join(home, "b/tool"));
    assert.equal(view(home, "./own", []).program, join(home, "project/own"));
    assert.equal(view(home, "none", []).program, undefined);
    assert.equal(view(home, "./none", []).program, undefined);
  });
});
