/**
 * Promise 1, files: what other programs execute later is read-only in a run, also where it does not exist yet. Entries 25 to 33 (class C2)
 * and 30, 54. Judged from outside: after the run nothing of it is in the workspace. The negative control is the same script without
 * Bailiwick, in a throwaway folder and, when root tests, as nobody: there every write must succeed.
 */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { makePlace, ofType, runGoverned, type Place } from "../support/governed.ts";

/** Names that the standard profile protects; a run may not make or change any of them. */
const NAMES = [
  ".git/hooks/pre-commit",
  ".git/config",
  ".claude/settings.json",
  ".claude/settings.local.json",
  ".mcp.json",
  ".vscode/settings.json",
  ".vscode/tasks.json",
  ".husky/pre-commit",
  ".envrc",
  ".gemini/settings.json",
  ".codex/config.toml",
  ".cursor/mcp.json",
  ".bashrc",
  ".idea/workspace.xml",
  "sub/repo/.git/hooks/post-checkout",
];

/** How a name can be taken: written, made by rename or link, or its parent exchanged for another. `%` is the name, `@` its parent, `~` is free. */
const WAYS: readonly string[] = [
  "mkdir -p @; echo EVIL > %",
  "mkdir -p @; echo EVIL > ~f; mv -f ~f %",
  "mkdir -p @; echo EVIL > ~g; ln -f ~g %",
  "mkdir -p @; echo EVIL > ~h; ln -sfn $PWD/~h %",
  "mkdir -p ~d; echo EVIL > ~d/$(basename %); mv @ ~old; mv ~d @",
  "rm -rf @; mkdir -p @; echo EVIL > %",
];

function repository(place: Place): void {
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "init.defaultBranch=main", "-c", "user.name=p", "-c", "user.email=p@x.test", ...args], {
      cwd: place.workspace,
    });
  git("init", "-q");
  mkdirSync(join(place.workspace, "sub/repo"), { recursive: true });
  execFileSync("git", ["init", "-q"], { cwd: join(place.workspace, "sub/repo") });
  writeFileSync(join(place.workspace, "readme"), "hello\n");
  git("add", "readme");
  git("commit", "-qm", "first");
}

/** Without any guard: what the script does then is done to a throwaway folder only. */
function runBare(workspace: string): void {
  runAsSomebody(workspace, script());
}

/** Behind each name's ways stands a look whether it was taken, before the next name's ways remove its parent. */
function script(): string {
  let free = 0;
  return NAMES.flatMap((name, index) => {
    const parent = name.includes("/") ? name.slice(0, name.lastIndexOf("/")) : ".";
    const ways = WAYS.filter((way) => parent !== "." || !/rm -rf @|mv @/.test(way));
    const lines = ways.map((way) => {
      const text = way
        .replaceAll("%", name)
        .replaceAll("@", parent)
        .replaceAll("~", `free${String(free++)}`);
      return `( ${text} ) 2>/dev/null`;
    });
    return [...lines, `grep -qs EVIL ${name} && : > free-taken-${String(index)}`];
  }).join("\n");
}

const isEvil = (path: string): boolean =>
  existsSync(path) && statSync(path).isFile() && readFileSync(path, "utf8").includes("EVIL");

describe("names that run later can't be written", () => {
  for (const kind of ["a repository", "an empty directory"] as const) {
    describe(kind, () => {
      const place = makePlace();
      const control = makePlace();
      let before_: readonly string[];
      before(async () => {
        for (const one of [place, control]) if (kind === "a repository") repository(one);
        before_ = readdirSync(place.workspace);
        await runGoverned(place, { argv: ["bash", "-c", script()] });
        runBare(control.workspace);
      });
      after(() => {
        place.remove();
        control.remove();
      });
      // A repository that the run makes itself below the workspace is its own (docs/threat-model.md, "Not defended").
      const names = kind === "a repository" ? NAMES : NAMES.filter((name) => !name.startsWith("sub/"));
      for (const name of names) {
        test(name, () => {
          const taken = `free-taken-${String(NAMES.indexOf(name))}`;
          assert.ok(
            existsSync(join(control.workspace, taken)),
            "negative control: without protection it can be written",
          );
          assert.ok(!existsSync(join(place.workspace, taken)), "it was written");
          assert.ok(!isEvil(join(place.workspace, name)), "it is there");
        });
      }
      test("no placeholder stays behind", () => {
        const left = readdirSync(place.workspace).filter(
          (name) => !before_.includes(name) && !/^free|^sub$/.test(name),
        );
        assert.deepEqual(left, []);
      });
    });
  }
});

describe("a protected repository", () => {
  const place = makePlace();
  after(place.remove);
  test("still works for the run and for the person", async () => {
    repository(place);
    const commit = "git -c user.name=a -c user.email=a@x.test commit -q --allow-empty -m inside";
    const result = await runGoverned(place, {
      argv: [
        "bash",
        "-c",
        `touch new && git add new && git status --porcelain -uno && ${commit} && git log --oneline | wc -l`,
      ],
    });
    assert.equal(result.stdout.trim(), "A  new\n2", result.stderr);
    assert.match(
      execFileSync("git", ["log", "--format=%s", "-1"], { cwd: place.workspace, encoding: "utf8" }),
      /inside/,
    );
  });
});

describe("set-uid bits", () => {
  const place = makePlace();
  after(place.remove);
  test("a set-uid or set-gid bit set inside is nothing outside, by whatever call", async () => {
    const calls = [
      "cp /usr/bin/true a; chmod u+s a",
      "cp /usr/bin/true b; chmod 2755 b",
      "install -m 4755 /usr/bin/true c",
      "python3 -c 'import os; os.close(os.open(\"d\", os.O_CREAT|os.O_WRONLY, 0o6755))'",
      "python3 -c 'import os; os.mknod(\"e\", 0o104755)'",
      'cp /usr/bin/true f; python3 -c \'import os; d=os.open(".",0); os.chmod("f", 0o4755, dir_fd=d)\'',
      "cp /usr/bin/true g; python3 -c 'import os; os.fchmod(os.open(\"g\",0), 0o4755)'",
      "cp /usr/bin/true h; python3 -c 'import ctypes; l=ctypes.CDLL(None); print(l.syscall(452,-100,b\"h\",0o4755,0))'",
      // What a directory hands down, the kernel hands down; and a bit that is there is gone when somebody writes.
      "mkdir -m 2777 j; cp /usr/bin/true j/k; chmod 2755 j/k",
      "python3 -c 'import os; os.mkdir(\"l\", 0o6777)'; cp /usr/bin/true l/m",
      'python3 -c \'import os; os.setxattr("a", "security.capability", bytes([1,0,0,2])+bytes([255]*4)+bytes(4)+bytes([255]*4)+bytes(4))\' || setcap cap_setuid+ep a',
      'python3 -c \'import os,struct; os.setxattr("b", "system.posix_acl_access", struct.pack("<I",2)+b"".join(struct.pack("<HHI",t,7,0xffffffff) for t in (1,4,32)))\'',
      'python3 -c \'import ctypes,struct; l=ctypes.CDLL(None); l.syscall(437,-100,b"i",struct.pack("QQQ",0o101,0o4755,0),24)\'',
    ];
    const script = calls.map((call) => `( ${call} )`).join("\n") + "\nchmod 755 [a-i]; true";
    const control = makePlace();
    runAsSomebody(control.workspace, script);
    const ofControl = setIdBits(control.workspace);
    control.remove();
    assert.ok(ofControl.length >= 8, `negative control: without Bailiwick the bits are there: ${ofControl.join(" ")}`);

    const { events } = await runGoverned(place, { argv: ["bash", "-c", script] });
    const made = readdirSync(place.workspace).filter((name) => /^[a-i]$/.test(name));
    assert.ok(made.length >= 5, `the files were made: ${made.join(" ")}`);
    assert.deepEqual(setIdBits(place.workspace), []);
    assert.equal(capabilitiesBelow(place.workspace), "");
    assert.ok(ofType(events, "exec.allowed").some(({ argv }) => argv.values[0] === "chmod"));
  });

  test("a run by root gains nothing by them, and what it makes runs as whoever starts it", async (context) => {
    if (process.getuid?.() !== 0) {
      context.skip("only root can make a set-uid program of root's");
      return;
    }
    // A set-uid program that stands in the workspace before the run, with bits that root's run could keep by writing to it.
    execFileSync("cp", ["/usr/bin/id", join(place.workspace, "id-of-root")]);
    chmodSync(join(place.workspace, "id-of-root"), 0o6755);
    const script =
      "./id-of-root -u; cat /proc/self/status | grep -E 'Cap(Eff|Prm|Bnd)|NoNewPrivs'; cat /usr/bin/env >> id-of-root";
    const { stdout } = await runGoverned(place, { argv: ["bash", "-c", script] });
    assert.match(stdout, /CapPrm:\t0+\nCapEff:\t0+\nCapBnd:\t0+\nNoNewPrivs:\t1/);
    assert.deepEqual(setIdBits(place.workspace), [], "the kernel takes the bits from what was written to");
  });
});

/** As nobody when root tests: a throwaway folder, and bits that mean nothing there. */
function runAsSomebody(workspace: string, text: string): void {
  const asNobody = process.getuid?.() === 0 ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : [];
  if (asNobody.length > 0) execFileSync("chown", ["-R", "65534:65534", dirname(dirname(workspace))]);
  const [command = "", ...args] = [...asNobody, "bash", "-c", text.replace(/\nchmod 755 \[a-i\]; true$/, "")];
  spawnSync(command, args, { cwd: workspace, env: { PATH: "/usr/bin:/bin" } });
}

/** Names in and below a directory that have a set-uid or set-gid bit; of a directory only set-uid, which means nothing, and set-gid is a habit of teams. */
function setIdBits(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => (lstatSync(path).mode & 0o6000) !== 0);
}

function capabilitiesBelow(folder: string): string {
  const program = `import os,sys
for at, _, names in os.walk(sys.argv[1]):
    for name in names:
        if "security.capability" in os.listxattr(os.path.join(at, name), follow_symlinks=False): print(name)`;
  return execFileSync("python3", ["-c", program, folder], { encoding: "utf8" });
}
