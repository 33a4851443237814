/** `bailiwick run` as a command among others: statuses, streams, arguments, environment, what it says when it can't. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readFileSync, realpathSync, symlinkSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { bailiwick, makePlace, ofType, personEnvironment, readEvents, runGoverned } from "../support/governed.ts";

const command = fileURLToPath(new URL("../../packages/cli/bin/bailiwick.js", import.meta.url));
const place = makePlace();
after(() => {
  place.remove();
});

const run = (...argv: string[]) => runGoverned(place, { argv });

test("started as it is installed, by its first line, it keeps Node's heaps few, which is not in the run's environment unless it is passed", () => {
  const started = (given: Record<string, string>, ...options: string[]) =>
    spawnSync(command, ["run", "--quiet", ...options, "--", "sh", "-c", 'echo "[$MALLOC_ARENA_MAX]"'], {
      cwd: place.workspace,
      env: {
        ...personEnvironment(place),
        PATH: `${dirname(process.execPath)}${delimiter}${process.env["PATH"] ?? ""}`,
        ...given,
      },
      encoding: "utf8",
    });
  assert.equal(started({}).stdout, "[]\n");
  assert.equal(started({}, "--env", "MALLOC_ARENA_MAX").stdout, "[2]\n");
  assert.equal(started({ MALLOC_ARENA_MAX: "7" }, "--env", "MALLOC_ARENA_MAX").stdout, "[7]\n");
});

describe("exit status", () => {
  test("is the command's own", async () => {
    for (const status of [0, 1, 42, 255])
      assert.equal((await run("sh", "-c", `exit ${String(status)}`)).status, status);
  });

  test("is 128 and the signal's number for a command that a signal ended", async () => {
    assert.equal((await run("sh", "-c", "kill -TERM $$")).status, 143);
  });

  test("is 127 for a command that does not exist, and nothing was started", async () => {
    const { status, stderr, events } = await run("no-such-program");
    assert.equal(status, 127);
    assert.match(stderr, /no-such-program/);
    assert.equal(ofType(events, "exec.allowed").length, 0);
    assert.equal(ofType(events, "run.ended")[0]?.status, 127);
  });

  test("is 126 for a command that the policies refuse", async () => {
    const policy =
      '@id("test.no-id")\n@severity("high")\n@reason("who you are is nobody\'s business")\nforbid (principal, action == Action::"exec", resource in ProgramGroup::"id");';
    const { status, stderr, events } = await runGoverned(place, { argv: ["id"], policy });
    assert.equal(status, 126);
    assert.equal(ofType(events, "exec.refused")[0]?.decision.severity, "high");
    assert.match(stderr, /bailiwick: refused: who you are is nobody's business \[policy test\.no-id\]/);
  });
});

describe("what can't be set up runs nothing, says why and what to do, and exits with 125", () => {
  const cases: readonly (readonly [what: string, args: readonly string[], message: RegExp])[] = [
    ["no command", [], /there is no command/],
    ["an unknown option", ["--polcy", "x", "--", "true"], /no option `--polcy`/],
    ["a profile that is not there", ["--profile", "./nowhere.toml", "--", "true"], /nowhere\.toml/],
    ["a profile with an unknown key", ["--profile", "unknown.toml", "--", "true"], /colour/],
    [
      "a policy that is not there",
      ["--policy", "nowhere.cedar", "--", "true"],
      /cannot read the policy `nowhere\.cedar`: ENOENT/,
    ],
    ["a policy that does not validate", ["--policy", "wrong.cedar", "--", "true"], /wrong\.cedar:2/],
    ["a workspace that is the root", ["--workspace", "/", "--", "true"], /root of the file system/],
    ["a workspace that is the home", ["--workspace", "..", "--", "true"], /home directory/],
    ["a workspace that is not there", ["--workspace", "nowhere", "--", "true"], /nowhere/],
    ["a host without a port", ["--allow-host", "example.test", "--", "true"], /example\.test/],
    ["a port that is none", ["--publish", "0", "--", "true"], /port from 1 to 65535/],
    ["an environment variable that is none", ["--env", "A-B=1", "--", "true"], /A-B=1/],
    ["an answer that nobody gives", ["--approvals", "maybe", "--", "true"], /terminal, deny/],
  ];
  place.write("home/project/unknown.toml", '[filesystem]\ncolour = "red"\n');
  place.write("home/project/wrong.cedar", '\npermit (principal, action == Action::"fly", resource);\n');
  for (const [what, args, message] of cases) {
    test(what, async () => {
      const { status, stdout, stderr } = await bailiwick(place, ["run", ...args]);
      assert.equal(status, 125);
      assert.equal(stdout, "");
      assert.match(stderr, message);
      assert.match(stderr, /^bailiwick: .+\n {2}.+\n$/);
    });
  }

  test("a state directory that others can write to", async () => {
    const open = join(place.root, "open");
    mkdirSync(open, { mode: 0o777 });
    await once(spawn("chmod", ["777", open]), "close");
    const { status, stderr } = await bailiwick(place, ["run", "--", "true"], { env: { BAILIWICK_HOME: open } });
    assert.equal(status, 125);
    assert.match(stderr, /others can write to the state directory/);
  });
});

describe("streams", () => {
  test("pipes stay pipes: any bytes go through, and stdout and stderr stay apart", async () => {
    const data = randomBytes(3_000_000);
    const child = spawn(
      process.execPath,
      [command, "run", "--quiet", "--", "sh", "-c", "echo error >&2; cat; test -t 1 || test -t 0 || echo pipe >&2"],
      {
        cwd: place.workspace,
        env: personEnvironment(place),
      },
    );
    const out: Buffer[] = [];
    let errors = "";
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk) => (errors += String(chunk)));
    // What was not taken is missing from the output, and the status and errors say why.
    child.stdin.on("error", () => undefined);
    child.stdin.end(data);
    const [status] = (await once(child, "close")) as [number];
    assert.equal(status, 0, errors);
    assert.equal(Buffer.compare(Buffer.concat(out), data), 0);
    assert.equal(errors, "error\npipe\n");
  });

  test("stay as they are for the command, also in a first run, which starts threads, and with a reader that is slow", async (context) => {
    const fresh = makePlace();
    context.after(() => {
      fresh.remove();
    });
    const script =
      "curl -s http://nowhere.test; cat /proc/self/fdinfo/1 | grep flags >&2; head -c 2000000 /dev/zero; head -c 2000000 /dev/zero >&2";
    const child = spawn(process.execPath, [command, "run", "--quiet", "--", "sh", "-c", `${script}; true`], {
      cwd: fresh.workspace,
      env: personEnvironment(fresh),
      stdio: ["ignore", "pipe", "pipe"],
    });
    let [out, errors, status] = [0, "", -1];
    child.on("exit", (code) => (status = code ?? -1));
    // Nothing is read for a while: both pipes are full.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.length));
    child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString("latin1")));
    await once(child, "close");
    const said = errors.replaceAll("\0", "");
    assert.equal(status, 0, said);
    assert.equal(out, 2_000_000, said);
    assert.equal(errors.length - said.length, 2_000_000, said);
    assert.doesNotMatch(said, /temporarily unavailable/);
  });

  test("a run that went as it should adds nothing to them", async () => {
    const { stdout, stderr } = await run("echo", "hello");
    assert.deepEqual([stdout, stderr], ["hello\n", ""]);
  });

  test("with --json, events and summary are JSON lines on stderr", async () => {
    const { stdout, stderr } = await bailiwick(place, ["run", "--json", "--", "echo", "hello"]);
    assert.equal(stdout, "hello\n");
    const lines = stderr
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string; verified?: boolean });
    assert.deepEqual(
      lines.map(({ type }) => type),
      ["run.started", "exec.allowed", "exec.ended", "run.ended", "summary"],
    );
    assert.equal(lines.at(-1)?.verified, true);
  });
});

describe("arguments and environment", () => {
  test("arguments arrive as they are, also those that look like Bailiwick's, and those that are no text", async () => {
    const words = ["--json", "--", "-h", "", " two  words ", "ä\n", "$(x)"];
    const { stdout } = await run("printf", "[%s]", ...words);
    assert.equal(stdout, words.map((word) => `[${word}]`).join(""));
    // Node can't pass bytes that are no UTF-8, so a shell does.
    const script = `exec "$0" "$1" run --quiet -- printf '%s' "$(printf 'a\\377b')"`;
    const child = spawn("sh", ["-c", script, process.execPath, command], {
      cwd: place.workspace,
      env: personEnvironment(place),
    });
    const out: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    await once(child, "close");
    assert.deepEqual(Buffer.concat(out), Buffer.of(0x61, 0xff, 0x62));
    const [allowed] = ofType(await readEvents(place), "exec.allowed");
    assert.deepEqual(allowed?.argv.values, ["printf", "%s", "a\udcffb"]);
  });

  test("two megabytes of arguments", async () => {
    const words = Array.from({ length: 18 }, () => "x".repeat(110_000));
    const { stdout, status, events } = await run("sh", "-c", "echo $# ${#18}", "sh", ...words);
    assert.deepEqual([status, stdout], [0, "18 110000\n"]);
    // Too long for one entry: the record has the beginning, and the digest of all.
    assert.match(ofType(events, "exec.allowed")[0]?.argv.whole ?? "", /^sha256:/);
  });

  test("nothing of the person's environment comes in but what is let in", async () => {
    const { stdout } = await bailiwick(
      place,
      ["run", "--env", "SEEN", "--env=SET=a=b", "--env", "UNSET", "--", "env"],
      {
        env: { SECRET: "hunter2", SEEN: "yes" },
      },
    );
    const names = stdout.trimEnd().split("\n");
    assert.ok(names.includes("SEEN=yes") && names.includes("SET=a=b"), stdout);
    assert.doesNotMatch(stdout, /hunter2|UNSET|BAILIWICK_HOME/);
  });
});

describe("workspace", () => {
  test("one behind a symbolic link is where it really is", async () => {
    symlinkSync(place.workspace, join(place.root, "link"));
    const real = realpathSync(place.workspace);
    const { stdout, status } = await bailiwick(place, [
      "run",
      "--workspace",
      "../../link",
      "--",
      "sh",
      "-c",
      "pwd; echo hi > made",
    ]);
    assert.deepEqual([status, stdout], [0, `${real}\n`]);
    assert.equal(readFileSync(join(real, "made"), "utf8"), "hi\n");
    assert.equal(ofType(await readEvents(place), "run.started")[0]?.workspace, real);
    assert.deepEqual(ofType(await readEvents(place), "files.changed")[0]?.paths, ["made"]);
  });

  test("the command starts in the directory that the person is in, below it", async () => {
    mkdirSync(join(place.workspace, "deep/er"), { recursive: true });
    const options = { cwd: join(place.workspace, "deep/er") };
    const { stdout } = await bailiwick(place, ["run", "--workspace", "../..", "--", "pwd"], options);
    assert.equal(stdout, `${realpathSync(place.workspace)}/deep/er\n`);
  });
});

describe("help", () => {
  for (const [args, expected] of [
    [["--help"], /Usage: bailiwick/],
    [["run", "--help"], /--allow-host <NAME:PORT>/],
    [["runs", "--help"], /list.*show.*tail/s],
    [["policy", "explain", "--help"], /git push --force/],
    [["audit", "verify", "--help"], /Usage: bailiwick audit verify/],
    [["completion", "bash"], /complete/],
    [["--version"], /^\d+\.\d+\.\d+\n$/],
  ] as const) {
    test(`bailiwick ${args.join(" ")}`, async () => {
      const { status, stdout, stderr } = await bailiwick(place, args);
      assert.deepEqual([status, stderr], [0, ""]);
      assert.match(stdout, expected);
    });
  }

  test("a verb that does not exist is an error", async () => {
    const { status, stderr } = await bailiwick(place, ["rnu", "--", "true"]);
    assert.equal(status, 125);
    assert.match(stderr, /^bailiwick: unknown command `rnu`/);
  });
});

test("compiled code is kept in the state directory, and not where others may have put theirs", async () => {
  await bailiwick(place, ["run", "--", "true"]);
  const { status } = await bailiwick(place, ["run", "--", "true"]);
  assert.equal(status, 0);
  assert.ok(existsSync(join(place.state, "cache/compiled")));
  const shared = join(place.root, "shared");
  mkdirSync(join(shared, "cache"), { recursive: true });
  chmodSync(join(shared, "cache"), 0o777);
  await bailiwick(place, ["runs"], { env: { BAILIWICK_HOME: shared } });
  assert.ok(!existsSync(join(shared, "cache/compiled")), "negative control: others can write there");
});
