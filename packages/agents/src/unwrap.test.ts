import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { adapters } from "./adapter-for.ts";
import { commandsOf, shellText, unquoted } from "./shell-tools.ts";

const COMMAND = `cp in.txt 'o u t.txt' && echo "it's" $HOME`;
const QUOTED = `'cp in.txt '"'"'o u t.txt'"'"' && echo "it'"'"'s" $HOME'`;

/** How the pinned versions started a shell for a tool, recorded from them. */
const RECORDED: Readonly<Record<string, readonly (readonly string[])[]>> = {
  "claude-code": [
    [
      "/bin/bash",
      "-c",
      `source /h/.claude/shell-snapshots/snapshot-bash-1-zir8gx.sh 2>/dev/null || true && \\builtin shopt -u extglob 2>/dev/null || true && { \\builtin unalias -- 'which'; \\builtin unset -f -- 'which'; } >/dev/null 2>&1 || true && eval ${QUOTED} < /dev/null && pwd -P >| /tmp/claude-c1fa-cwd`,
    ],
  ],
  codex: [
    ["/bin/bash", "-c", COMMAND],
    ["/bin/bash", "-c", `__CODEX_SNAPSHOT_OVERRIDE_SET_0="\${X+x}"\n\nexec '/bin/bash' -c ${QUOTED}`],
    [
      ...["/proc/self/exe", "--codex-run-as-process-setup", "47", "2", "pipe", "", "/h/project", "/bin/bash"],
      ...["/bin/bash", "-c", `__CODEX_SNAPSHOT_OVERRIDE_SET_0="\${X+x}"\n\nexec '/bin/bash' -c ${QUOTED}`],
    ],
  ],
  "gemini-cli": [
    [
      "/usr/bin/bash",
      "-c",
      `shopt -u promptvars nullglob extglob nocaseglob dotglob; _bgpids_file=/tmp/gemini-shell-x/bgpids.tmp\n(\n  trap 'jobs -p > "$_bgpids_file"' EXIT\n${COMMAND}\n)\n__code=$?\nexit $__code`,
    ],
  ],
  opencode: [["/bin/sh", "-c", COMMAND]],
};

describe("what an agent's shell was started for", () => {
  for (const adapter of adapters) {
    test(`${adapter.name}: the command comes out of its wrapper as the model wrote it`, () => {
      for (const argv of RECORDED[adapter.name] ?? []) assert.equal(adapter.unwrap(argv), COMMAND, argv.join(" "));
    });
    test(`${adapter.name}: what it starts for itself is no wrapper of a command`, () => {
      for (const argv of [["git", "status"], ["rg", "-n", "x"], ["bash", "script.sh"], ["bash", "-c"], []])
        assert.equal(adapter.unwrap(argv), undefined);
    });
  }

  test("Claude Code's other shells have no command of a tool", () => {
    const claude = adapters.find(({ name }) => name === "claude-code");
    assert.equal(claude?.unwrap(["/bin/bash", "-c", "env"]), undefined);
    assert.equal(claude?.unwrap(["/bin/bash", "-c", "-l", "SNAPSHOT_FILE=/x\necho"]), undefined);
  });

  test("quoting for a shell is undone exactly, in both ways of it", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.constantFrom(`'"'"'`, `'\\''`), (text, escape) => {
        assert.equal(unquoted(`'${text.replaceAll("'", escape)}'`), text);
      }),
    );
    assert.equal(unquoted("ls"), "ls");
    for (const word of ["'a", "a b", "$(x)", "'a' 'b'", ""]) assert.equal(unquoted(word), undefined, word);
  });

  test("only a shell with a text is one", () => {
    assert.equal(shellText(["bash", "-lc", "x"]), "x");
    assert.equal(shellText(["/bin/sh", "-e", "-c", "x"]), "x");
    for (const argv of [
      ["bash", "x"],
      ["bash", "-c", "x", "y"],
      ["bash", "-l", "x"],
      ["env", "bash", "-c", "x"],
    ])
      assert.equal(shellText(argv), undefined);
  });
});

describe("the commands in a call", () => {
  test("by the names that tools take them under", () => {
    assert.deepEqual(commandsOf('{"command":"ls","description":"List"}'), ["ls"]);
    assert.deepEqual(commandsOf('{"cmd":"ls"}'), ["ls"]);
    assert.deepEqual(commandsOf('{"command":["bash","-lc","ls -l"]}'), ["ls -l"]);
    assert.deepEqual(commandsOf('{"command":["ls","-l"]}'), ["ls -l"]);
    assert.deepEqual(commandsOf('{"file_path":"/x"}'), []);
  });

  test("in a program that is a tool's input, its literals", () => {
    const program = 'const r = await tools.exec_command({"cmd":"echo \\"hi\\""});\ntext(r);';
    assert.deepEqual(commandsOf(program), ["cmd", 'echo "hi"']);
  });

  test("whatever comes, nothing is thrown", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (input) => {
        for (const text of commandsOf(input)) assert.equal(typeof text, "string");
      }),
    );
  });
});
