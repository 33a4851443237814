import { strict as assert } from "node:assert";
import { describe, test } from "node:test";
import { Arguments } from "./arguments.ts";

function facts(...argv: readonly string[]): Arguments {
  return new Arguments(argv, { names: [argv[0] ?? ""], cwd: "/home/ada/work", workspace: "/home/ada/work" });
}

describe("verb", () => {
  for (const [argv, verb] of [
    [["git", "push"], "push"],
    [["git", "-C", "/x", "push"], "push"],
    [["git", "-c", "a.b=c", "--git-dir", "/x/.git", "push", "-f"], "push"],
    [["git", "--git-dir=/x/.git", "--no-pager", "log"], "log"],
    [["git-push", "origin"], "git-push"],
    [["kubectl", "-n", "prod", "--context", "x", "delete", "pod"], "delete"],
    [["cargo", "+nightly", "publish"], "publish"],
    [["docker", "-H", "tcp://x", "run", "alpine"], "run"],
    [["npm", "--prefix", "web", "publish"], "publish"],
    [["ls", "-la"], ""],
    [["git"], ""],
    [[], ""],
  ] as const) {
    const expected = verb === "git-push" ? "push" : verb;
    test(argv.join(" "), () => {
      const names = verb === "git-push" ? ["git-push", "git"] : [argv[0] ?? ""];
      assert.equal(new Arguments(argv, { names, cwd: "/", workspace: "/w" }).verb(), expected);
    });
  }

  test("argv[0] makes no git of another program", () => {
    const split = new Arguments(["git-push", "x"], { names: ["node"], cwd: "/", workspace: "/w" });
    assert.equal(split.verb(), "x");
  });
});

test("flags do not depend on order, clustering, values or abbreviation", () => {
  for (const argv of [
    ["rm", "-rf", "x"],
    ["rm", "-r", "-f", "x"],
    ["rm", "x", "-fr"],
    ["rm", "-fvr", "x"],
  ]) {
    assert.ok(
      facts(...argv)
        .flags()
        .has("-r") &&
        facts(...argv)
          .flags()
          .has("-f"),
      argv.join(" "),
    );
  }
  assert.ok(facts("rm", "--rec", "--forc", "x").flags().has("--recursive"));
  assert.ok(facts("git", "push", "--del", "origin", "b").flags().has("--delete"));
  assert.ok(facts("git", "push", "--force-with-lease=main:abc").flags().has("--force-with-lease"));
  assert.ok(facts("find", ".", "-delete").flags().has("-delete"));
});

test("nothing after -- is a flag, and a value of an option is none", () => {
  assert.ok(!facts("rm", "--", "-rf").flags().has("-r"));
  assert.ok(facts("rm", "--", "-rf").operands().has("-rf"));
  assert.ok(!facts("git", "push", "-o", "--dry-run", "--force").flags().has("--dry-run"));
  assert.ok(facts("git", "push", "-o", "--dry-run", "--force").flags().has("--force"));
});

test("operands are counted without the values of options", () => {
  assert.equal(facts("git", "push").operandCount(), 1);
  assert.equal(facts("git", "push", "-o", "ci.skip", "origin").operandCount(), 2);
  assert.equal(facts("git", "-C", "/x", "push", "-u", "origin", "b").operandCount(), 3);
});

test("settings are lower-cased names, with the middle left out as well", () => {
  const settings = facts(
    "git",
    "-c",
    "Core.SSHCommand=evil",
    "clone",
    "-cdiff.X.Command=y",
    "--config-env=Alias.z=E",
  ).settings();
  for (const name of ["core.sshcommand", "diff.x.command", "diff.*.command", "alias.z", "alias.*"]) {
    assert.ok(settings.has(name), name);
  }
  assert.ok(facts("git", "config", "core.hooksPath", "x").settings().has("core.hookspath"));
});

test("a setting that is only turned off sets nothing; one that is set as well does", () => {
  const off = ["core.hooksPath=/dev/null", "core.fsmonitor=", "core.fsmonitor=false", "protocol.ext.allow=never"];
  assert.deepEqual([...facts("git", ...off.flatMap((each) => ["-c", each])).settings()], []);
  assert.ok(facts("git", "-c", "core.fsmonitor=", "-c", "core.fsmonitor=evil").settings().has("core.fsmonitor"));
  for (const set of ["core.sshCommand=false", "core.hooksPath=never", "protocol.ext.allow=always", "core.fsmonitor"]) {
    assert.equal(
      facts("git", `-c${set}`)
        .settings()
        .has((set.split("=")[0] ?? "").toLowerCase()),
      true,
      set,
    );
  }
  assert.ok(facts("git", "--config-env=core.fsmonitor=").settings().has("core.fsmonitor"));
});

test("words are lower-case pieces", () => {
  const words = facts("git", "push", "origin", "HEAD:refs/heads/Main", "+dev").words();
  for (const word of ["head", "refs", "heads", "main", "dev"]) assert.ok(words.has(word), word);
});

test("paths are found in operands, values and after @ : = ,", () => {
  for (const argv of [
    ["cat", "/home/ada/.ssh/id_rsa"],
    ["cat", "../.ssh/./id_rsa"],
    ["curl", "-d", "@/home/ada/.ssh/id_rsa"],
    ["curl", "--data=@../.ssh/id_rsa"],
    ["scp", "host:x", "../.ssh/id_rsa"],
    ["dd", "if=/home/ada/.ssh/id_rsa"],
    ["cat", "/proc/self/root/home/ada/.ssh/id_rsa"],
    ["cat", "/proc/self/cwd/../.ssh/id_rsa"],
    ["cc", "-I/home/ada/.ssh/id_rsa"],
    ["cat", "--", "/home//ada/x/../.ssh/id_rsa"],
  ]) {
    assert.ok(
      facts(...argv)
        .paths()
        .has("/home/ada/.ssh/id_rsa"),
      argv.join(" "),
    );
    assert.ok(
      facts(...argv)
        .pathParts()
        .has(".ssh/id_rsa"),
      argv.join(" "),
    );
  }
});

describe("places", () => {
  for (const [operand, place] of [
    ["/", "root"],
    ["//.", "root"],
    ["../../..", "root"],
    ["/proc/self/root", "root"],
    ["/home/ada", "home"],
    ["/root/", "home"],
    ["..", "home"],
    [".", "workspace"],
    ["/home/ada/work/", "workspace"],
    ["../work", "workspace"],
    ["/home", "above-workspace"],
    ["/etc/passwd", "system"],
    ["/dev/sda", "device"],
  ] as const) {
    test(operand, () => {
      assert.ok(facts("rm", "-rf", operand).places().has(place));
    });
  }

  test("what is harmless is no place", () => {
    assert.deepEqual([...facts("rm", "-rf", "build", "/tmp/x", "node_modules/.cache", "/dev/null").places()], []);
  });
});

test("2 MB of arguments are read whole and in bounded time", () => {
  const many = facts("rm", ...Array.from({ length: 100_000 }, (_, index) => `build/${String(index)}.o`), "-rf", "/");
  assert.ok(many.flags().has("-r"));
  assert.ok(many.places().has("root"));
});
