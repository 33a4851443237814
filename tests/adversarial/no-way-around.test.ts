/**
 * Promises 1 and 2: no switch, no second attempt, no helper and no file that an earlier run left gets around what was decided. Entries 10, 15, 16,
 * 20 to 23, 32, 33, 44, 54 and 56. The forbidden program is truncate(1): a mark in the workspace shows that it ran. Each control is the
 * same text without the policy, or without Bailiwick.
 */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  bailiwick,
  makePlace,
  ofType,
  personEnvironment,
  readEvents,
  runGoverned,
  type Place,
} from "../support/governed.ts";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));

const FORBID = `
@id("test.truncate") @reason("truncate is not used here")
forbid(principal, action == Action::"exec", resource in ProgramGroup::"truncate");
`;

const places: Place[] = [];
function place(): Place {
  const made = makePlace();
  places.push(made);
  return made;
}
after(() => {
  // One of them shut directories in its home, which is kept.
  for (const made of places) {
    spawnSync("chmod", ["-R", "u+rwX", made.root]);
    made.remove();
  }
});

/** Shell text that tries to make the mark `@`. */
const ATTEMPTS: Readonly<Record<string, string>> = {
  "20 variables that switch a guard off":
    "export BAILIWICK=off BAILIWICK_HOME=/tmp/x BAILIWICK_DISABLE=1 BAILIWICK_IN_SESSION=1 AGENTSH_IN_SESSION=1 enableWeakerNestedSandbox=true; truncate -s 1 @",
  "20 the guard's own options as arguments":
    "truncate --approvals=allow --dangerously-disable-sandbox -s 1 @ || truncate -s 1 @",
  "20 ending whoever supervises": "kill -9 1; kill -STOP 1; kill -9 $PPID; kill -9 -1 & truncate -s 1 @",
  "10 a version in front": "true --version & truncate -s 1 @; wait",
  "10 process substitution": "cat <(truncate -s 1 @)",
  "21 a helper of the agent":
    'python3 -c \'import os; os.posix_spawn("/usr/bin/truncate", ["x", "-s", "1", "@"], {})\'',
  "21 a daemon that outlives whoever started it": "(setsid sh -c 'sleep 0.1; truncate -s 1 @' &) ; sleep 0.5",
  "22 once more, and again": "for i in 1 2 3 4 5 6 7 8 9; do truncate -s 1 @ && break; done",
  "22 through another shell after the refusal":
    "truncate -s 1 @ || bash -c 'truncate -s 1 @' || dash -c 'exec truncate -s 1 @' || env truncate -s 1 @",
};

describe("what was refused stays refused", () => {
  for (const [name, attempt] of Object.entries(ATTEMPTS)) {
    test(name, async () => {
      const [refused, control] = [place(), place()];
      const script = (where: Place): string[] => ["bash", "-c", attempt.replaceAll("@", join(where.workspace, "mark"))];
      await runGoverned(control, { argv: script(control) });
      // What ends everything at once has no control: there the mark may or may not be made before.
      if (!name.includes("ending")) assert.ok(existsSync(join(control.workspace, "mark")), "negative control");
      const { events } = await runGoverned(refused, { argv: script(refused), policy: FORBID });
      assert.ok(!existsSync(join(refused.workspace, "mark")), "it ran");
      const by = ofType(events, "exec.refused").filter(({ decision }) => decision.policies.includes("test.truncate"));
      if (!name.includes("ending")) assert.ok(by.length >= 1, "the refusal is recorded");
      if (name.includes("once more")) assert.equal(by.length, 9, "every attempt is decided, and recorded");
    });
  }
});

describe("the command itself, inside", () => {
  test("20, 44 Bailiwick started in a run starts nothing, sees nothing and ends nothing", async () => {
    const where = place();
    const node = process.execPath;
    const command = join(REPOSITORY, "packages/cli/bin/bailiwick.js");
    const inside = [
      "mkdir /tmp/own; cd /tmp/own",
      `${node} ${command} run -- truncate -s 1 mark; echo "run $?"; ls mark`,
      `${node} ${command} runs --json; echo "runs $?"`,
      `${node} ${command} kill last; echo "kill $?"`,
    ];
    const profile = `[filesystem]\nread = [${JSON.stringify(join(REPOSITORY, "packages"))}, ${JSON.stringify(join(REPOSITORY, "node_modules"))}, ${JSON.stringify(dirname(node))}]\n`;
    const { stdout, stderr, events } = await runGoverned(where, { argv: ["sh", "-c", inside.join("\n")], profile });
    assert.match(stdout, /^run 125$/m, stderr);
    assert.match(stderr, /user namespaces are switched off|cannot create namespaces/);
    assert.doesNotMatch(stdout, /^mark$/m);
    assert.match(stdout, /^runs 0$/m);
    assert.doesNotMatch(stdout, /run\.started|"run":/);
    assert.match(stdout, /^kill (1|125)$/m);
    assert.equal(ofType(events, "run.ended")[0]?.reason, "exited", "it was not ended from inside");
    // Control: the same, outside, works.
    const outside = await bailiwick(where, ["run", "--quiet", "--", "truncate", "-s", "1", "mark"]);
    assert.equal(outside.status, 0, outside.stderr);
    assert.ok(existsSync(join(where.workspace, "mark")));
  });
});

describe("what can't be evaluated forbids", () => {
  test("23, 3 a forbid that fails while it is evaluated", async () => {
    const where = place();
    const policy = `@id("test.overflow") forbid(principal, action == Action::"exec", resource) when { context.time * 9223372036854775807 > 3 };`;
    const { status, events } = await runGoverned(where, { argv: ["truncate", "-s", "1", "mark"], policy });
    assert.equal(status, 126);
    assert.ok(!existsSync(join(where.workspace, "mark")));
    assert.match(ofType(events, "exec.refused")[0]?.decision.failure ?? "", /overflow/i);
    assert.equal(
      (await runGoverned(where, { argv: ["truncate", "-s", "1", "mark"], policy: "" })).status,
      0,
      "control",
    );
  });

  test("23, 56 a policy or a profile that is not understood starts nothing", async () => {
    const where = place();
    const cases = [
      { policy: `forbid(principal, action == Action::"exec", resource) when { context.nonsense };` },
      { policy: `forbid(principal, action == Action::"exec", resource` },
      { profile: "[filesystem]\nwritable = []\n" },
      { profile: "[network]\nallow = [443]\n" },
    ];
    for (const one of cases) {
      const { status, stderr } = await runGoverned(where, { argv: ["truncate", "-s", "1", "mark"], ...one });
      assert.equal(status, 125, JSON.stringify(one));
      assert.match(stderr, /^bailiwick: /);
    }
    assert.ok(!existsSync(join(where.workspace, "mark")));
  });
});

describe("files that are there before the run", () => {
  test("32 the workspace's own profile can't widen, and says so", async () => {
    const where = place();
    where.write("home/secret", "PRIVATE");
    where.write(
      "home/project/.bailiwick/profile.toml",
      `extends = "bare"\n[filesystem]\nread = ["~/secret"]\nmask = ["!.env"]\nprotect = ["!.git/config"]\n[network]\nallow = ["example.test:443"]\n[environment]\npass = ["SECRET"]\n`,
    );
    where.write("home/project/.env", "PRIVATE");
    const script = `cat ../secret .env; env; echo x > .bailiwick/profile.toml; mkdir .git; python3 -c 'import socket; socket.create_connection(("example.test", 443), 2)'`;
    const { stdout, stderr, events } = await runGoverned(where, {
      argv: ["sh", "-c", script],
      env: { SECRET: "PRIVATE" },
    });
    assert.doesNotMatch(stdout, /PRIVATE/);
    assert.match(stderr, /can only tighten; left out: .*extends.*network.*environment.*filesystem\.read/);
    assert.match(readFileSync(join(where.workspace, ".bailiwick/profile.toml"), "utf8"), /^extends/);
    assert.ok(ofType(events, "host.refused").some(({ host }) => host === "example.test"));
  });

  test("33, 54 links that a run leaves in its home lead nowhere when Bailiwick comes by", async () => {
    const where = place();
    where.write("precious/file", "PRECIOUS", 0o640);
    const precious = join(where.root, "precious");
    const plant = `cd; mkdir -p d/e; ln -sf ${precious}/file .gitconfig; ln -s ${precious} link; ln -s ${precious} d/link; ln -s ${precious}/file d/e/link; chmod 000 d/e d; ls -l .gitconfig`;
    for (const mode of ["ephemeral", "kept", "kept"]) {
      const profile = `[home]\nmode = "${mode}"\n`;
      const { status, stderr } = await runGoverned(where, { argv: ["sh", "-c", plant], profile });
      assert.notEqual(status, 125, stderr);
      assert.equal(readFileSync(join(precious, "file"), "utf8"), "PRECIOUS");
      assert.equal(statSync(join(precious, "file")).mode & 0o777, 0o640);
      assert.ok(existsSync(precious));
    }
  });

  test("54 a protected name that is a link is not followed, and the run does not start without its protection", async () => {
    const where = place();
    mkdirSync(join(where.root, "elsewhere"));
    symlinkSync(join(where.root, "elsewhere"), join(where.workspace, ".claude"));
    const { status, stderr } = await runGoverned(where, { argv: ["touch", "made"] });
    assert.equal(status, 125);
    assert.match(stderr, /cannot protect `\.claude`.*symbolic link/);
    assert.ok(!existsSync(join(where.workspace, "made")));
    assert.equal(readlinkSync(join(where.workspace, ".claude")), join(where.root, "elsewhere"));
  });

  test("54 a link in the workspace leads to nothing that the run may not see, in either direction", async () => {
    const where = place();
    where.write("outside/file", "PRIVATE");
    for (const [name, to] of [
      ["file", join(where.root, "outside/file")],
      ["directory", join(where.root, "outside")],
      ["up", "../.."],
    ] as const)
      symlinkSync(to, join(where.workspace, name));
    const script =
      "cat file directory/file up/outside/file; echo EVIL > file; echo EVIL > directory/new; ln outside/file hard; ln -f file hard";
    const { stdout } = await runGoverned(where, { argv: ["sh", "-c", script] });
    assert.equal(stdout, "");
    assert.equal(readFileSync(join(where.root, "outside/file"), "utf8"), "PRIVATE");
    assert.ok(!existsSync(join(where.root, "outside/new")));
    const control = spawnSync("sh", ["-c", "cat file"], { cwd: where.workspace, encoding: "utf8" });
    assert.equal(control.stdout, "PRIVATE", "negative control");
  });

  test("54 a masked file is not read by another way: its name, its parent, a link, git", async () => {
    const where = place();
    where.write("home/project/sub/.env", "PRIVATE");
    const git = (...args: string[]) =>
      execFileSync("git", ["-c", "user.name=p", "-c", "user.email=p@x.test", ...args], { cwd: where.workspace });
    git("init", "-q");
    const script = [
      "cat sub/.env",
      "ln sub/.env h; cat h",
      "ln -s sub/.env s; cat s",
      "mv sub moved; cat moved/.env sub/.env",
      "mv moved/.env e; cat e",
      "cp -a moved copy; cat copy/.env",
      "rm -f moved/.env; cat moved/.env",
      "tar c . | tar xO",
      "git add -A -f; git diff --cached",
      "cat /proc/self/root$PWD/moved/.env /proc/self/cwd/moved/.env",
      'python3 -c \'import os; d=os.open("moved",0); print(open(os.open(".env",0,dir_fd=d)).read())\'',
    ].join("\n");
    const { stdout, stderr } = await runGoverned(where, { argv: ["sh", "-c", script] });
    assert.doesNotMatch(stdout, /PRIVATE/, stderr);
    assert.equal(readFileSync(join(where.workspace, "moved/.env"), "utf8"), "PRIVATE", "it is as it was");
    assert.equal(readFileSync(join(where.workspace, "copy/.env"), "utf8"), "", "and its copy is what the run saw");
  });

  test("15, 16 redirections and options that write end where the run may write", async () => {
    const where = place();
    where.write("home/.bashrc", "MINE\n");
    writeFileSync(join(where.workspace, "a"), "a\n");
    const attempts = [
      "true > ~/.bashrc; echo EVIL >> ~/.bashrc",
      "git diff --no-index --output=$HOME/.bashrc /dev/null a",
      "git diff --no-index --output=.bashrc /dev/null a",
      "git diff --no-index --output=.claude/settings.json /dev/null a",
      "sort -o .envrc a; tee .mcp.json < a; dd if=a of=.git/hooks/pre-commit; sed -i s/a/b/ .bashrc",
    ];
    const { stderr } = await runGoverned(where, { argv: ["sh", "-c", attempts.join("\n")] });
    assert.match(stderr, /Read-only file system/);
    assert.equal(readFileSync(join(where.home, ".bashrc"), "utf8"), "MINE\n");
    for (const name of [".bashrc", ".envrc", ".mcp.json", ".claude", ".git"])
      assert.ok(!existsSync(join(where.workspace, name)), name);
    const control = place();
    control.write("home/.bashrc", "MINE\n");
    writeFileSync(join(control.workspace, "a"), "a\n");
    spawnSync("sh", ["-c", attempts.slice(0, 2).join("\n")], {
      cwd: control.workspace,
      env: personEnvironment(control),
    });
    assert.notEqual(readFileSync(join(control.home, ".bashrc"), "utf8"), "MINE\n", "negative control");
  });
});

describe("what can't be kept from the agent is in the record", () => {
  test("31 programs that it leaves for later are named at the end", async () => {
    const where = place();
    const argv = [
      "sh",
      "-c",
      "mkdir -p node_modules/.bin .venv/bin; echo x > node_modules/.bin/tsc; echo x > .venv/bin/python",
    ];
    const { events } = await runGoverned(where, { argv });
    const paths = ofType(events, "files.changed").flatMap((event) => event.paths);
    assert.deepEqual(
      paths.filter((path) => !path.endsWith("/")),
      [".venv/bin/python", "node_modules/.bin/tsc"],
    );
    assert.deepEqual((await readEvents(where)).length, events.length);
  });
});
