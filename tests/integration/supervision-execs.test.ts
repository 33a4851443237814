/** Every way to start a program is seen as what it is: once, with the file, arguments, directory and parent that count. */
import assert from "node:assert/strict";
import { linkSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { encodeOsString } from "@bailiwick/base";
import type { ExecNotice } from "../../packages/sandbox/src/supervision.ts";
import { makeWorkspace, supervise, type Outcome, type Workspace } from "../support/supervised.ts";

let workspace: Workspace;
before(() => {
  workspace = makeWorkspace();
});
after(() => workspace.remove());

const sh = (script: string): Promise<Outcome> => supervise(workspace.path, ["sh", "-c", script]);

function execOf(outcome: Outcome, path: string): ExecNotice {
  const found = outcome.execs.filter((notice) => notice.files[0].path === path);
  assert.equal(found.length, 1, `${path} in ${JSON.stringify(outcome.programs)}\n${outcome.stderr}`);
  const [notice] = found;
  assert.ok(notice);
  return notice;
}

function assertCleanEnds(outcome: Outcome): void {
  assert.deepEqual(outcome.tampered, []);
  for (const notice of outcome.execs) assert.ok(outcome.ends.has(notice.id), `exec ${String(notice.id)} ended`);
  assert.equal(outcome.ends.size, outcome.execs.length);
}

describe("who started what", () => {
  test("parent, replacement, status, signal and processor time", async () => {
    const outcome = await sh("/bin/true; (exec sh -c 'exit 7'); sh -c 'kill -TERM $$'; exec env true");
    assertCleanEnds(outcome);
    const [shell, first, second, third, env, last] = outcome.execs;
    assert.ok(shell && first && second && third && env && last);
    assert.deepEqual(
      outcome.execs.map(({ parent, replaces }) => [parent, replaces]),
      [
        [0, false],
        [shell.id, false],
        [shell.id, false],
        [shell.id, false],
        [shell.id, true],
        [env.id, true],
      ],
    );
    assert.equal(outcome.ends.get(first.id)?.status, 0);
    assert.equal(outcome.ends.get(second.id)?.status, 7);
    assert.equal(outcome.ends.get(third.id)?.signal, "SIGTERM");
    assert.equal(outcome.ends.get(shell.id)?.replacedBy, env.id);
    assert.equal(outcome.ends.get(env.id)?.replacedBy, last.id);
    assert.deepEqual(outcome.exit, { status: 0, signal: undefined });
    for (const id of [first.id, second.id, shell.id, env.id, last.id]) {
      const cpu = outcome.ends.get(id)?.cpuMs;
      assert.ok(cpu !== undefined && cpu > 0 && cpu < 5000, `cpu of ${String(id)}: ${String(cpu)}`);
    }
  });

  test("a subshell hands its id down; an orphan still knows where it comes from", async () => {
    const outcome = await sh("sh -c '(sleep 0.2; /bin/true) & exit 0'; sleep 0.6; exit 3");
    assertCleanEnds(outcome);
    const middle = outcome.execs[1];
    const orphan = execOf(outcome, "/usr/bin/true");
    assert.ok(middle);
    assert.equal(orphan.parent, middle.id);
    assert.deepEqual(outcome.exit, { status: 3, signal: undefined });
  });

  test("what is left behind ends with the command, and its end is told", async () => {
    const outcome = await sh("setsid sleep 1000 & sleep 0.2; exit 0");
    assertCleanEnds(outcome);
    const sleeper = outcome.execs.find(({ files }) => files[0].argv[1] === "1000" && files[0].path.endsWith("sleep"));
    assert.ok(sleeper);
    assert.equal(outcome.ends.get(sleeper.id)?.signal, "SIGKILL");
  });

  test("PATH probes that fail are not events", async () => {
    const outcome = await sh(
      "PATH=/nowhere:/work:/usr/local/bin:/etc/passwd/x:/usr/bin id; env -i PATH=/a:/work:/usr/bin id; env nosuch; nosuch; exit 0",
    );
    assert.deepEqual(outcome.programs.slice(1), ["/usr/bin/id", "/usr/bin/env", "/usr/bin/id", "/usr/bin/env"]);
    assertCleanEnds(outcome);
    assert.ok([...outcome.ends.values()].every(({ failed }) => failed === undefined));
  });

  test("errors come as the kernel gives them", async () => {
    const errors = workspace.compile(
      "errors",
      `#include <stdio.h>
      #include <string.h>
      #include <errno.h>
      #include <unistd.h>
      #include <sys/stat.h>
      static void t(const char *p) { char *a[] = { (char *)p, 0 }; execv(p, a); printf("%s\\n", strerrorname_np(errno)); }
      int main(void) {
        char longname[300] = "/work/"; memset(longname + 6, 'x', 280);
        char longpath[5000]; memset(longpath, '/', 4999); longpath[4999] = 0;
        symlink("/work/loop", "/work/loop"); mkfifo("/work/fifo", 0777);
        t("/work/missing"); t("/work"); t("/work/plain"); t("/work/plain/x"); t("/work/fifo"); t("/work/loop"); t(longname); t(longpath); t(""); t("/usr/bin/true/"); t("/work/empty"); t((char *)8);
        fflush(stdout); return 0; }`,
      "-D_GNU_SOURCE",
    );
    workspace.file("plain", "no x bit\n", 0o644);
    workspace.file("empty", "", 0o755);
    const outcome = await supervise(workspace.path, [errors]);
    assert.deepEqual(outcome.stdout.trim().split("\n"), [
      "ENOENT",
      "EACCES",
      "EACCES",
      "ENOTDIR",
      "EACCES",
      "ELOOP",
      "ENAMETOOLONG",
      "ENAMETOOLONG",
      "ENOENT",
      "ENOTDIR",
      "ENOEXEC",
      "EFAULT",
    ]);
    // Only the empty file was worth a question: it can be run by whoever reads it.
    assert.deepEqual(outcome.programs, [errors, "/work/empty"]);
    assert.equal(outcome.ends.get(2)?.failed, "ENOEXEC");
  });
});

describe("ways to exec", () => {
  test("vfork, posix_spawn, a thread that is not the leader, siblings that die with it", async () => {
    const program = workspace.compile(
      "ways",
      `#include <pthread.h>
      #include <spawn.h>
      #include <stdio.h>
      #include <unistd.h>
      #include <sys/wait.h>
      extern char **environ;
      static void *sleeper(void *x) { pause(); return x; }
      static void *runner(void *x) { char *a[] = { "echo", "from-thread", 0 }; usleep(20000); execv("/bin/echo", a); return x; }
      int main(void) {
        pid_t p = vfork(); if (p == 0) { execl("/bin/echo", "echo", "from-vfork", (char *)0); _exit(9); } waitpid(p, 0, 0);
        char *a[] = { "echo", "from-spawn", 0 }; posix_spawn(&p, "/bin/echo", 0, 0, a, environ); waitpid(p, 0, 0);
        pthread_t t; for (int i = 0; i < 8; i++) pthread_create(&t, 0, sleeper, 0); pthread_create(&t, 0, runner, 0); pause(); }`,
    );
    const outcome = await supervise(workspace.path, [program]);
    assert.equal(outcome.stdout, "from-vfork\nfrom-spawn\nfrom-thread\n");
    assertCleanEnds(outcome);
    const [main, byVfork, bySpawn, byThread] = outcome.execs;
    assert.ok(main && byVfork && bySpawn && byThread);
    assert.deepEqual([byVfork.parent, bySpawn.parent, byThread.parent], [main.id, main.id, main.id]);
    assert.equal(byThread.replaces, true);
    assert.equal(byThread.pid, main.pid);
    assert.equal(outcome.ends.get(main.id)?.replacedBy, byThread.id);
    assert.deepEqual(outcome.exit, { status: 0, signal: undefined });
  });

  test("two threads exec at once: one becomes the program, the other's question is withdrawn", async () => {
    const program = workspace.compile(
      "race",
      `#include <pthread.h>
      #include <unistd.h>
      static void *runner(void *x) { execl("/bin/echo", "echo", "won", (char *)0); return x; }
      int main(void) { pthread_t t; for (int i = 0; i < 4; i++) pthread_create(&t, 0, runner, 0); pause(); }`,
    );
    const answers: (() => void)[] = [];
    const outcome = await supervise(workspace.path, [program], {
      decide: ({ id }) => {
        if (id === 1) return { allow: true, reuse: "never" };
        return new Promise((resolve) => {
          answers.push(() => {
            resolve({ allow: true, reuse: "never" });
          });
          if (answers.length === 4) for (const answer of answers) answer();
        });
      },
    });
    assert.equal(outcome.stdout, "won\n");
    assert.equal(outcome.execs.length, 5);
    assertCleanEnds(outcome);
    const failed = [...outcome.ends.values()].filter((end) => end.failed !== undefined);
    assert.equal(failed.length, 3);
    assert.ok(failed.every((end) => end.failed === "ESRCH"));
  });

  test("memfd by execveat and fexecve; by directory; not through a last symbolic link", async () => {
    const program = workspace.compile(
      "memfd",
      `#include <fcntl.h>
      #include <stdio.h>
      #include <string.h>
      #include <errno.h>
      #include <unistd.h>
      #include <sys/mman.h>
      #include <sys/sendfile.h>
      #include <sys/syscall.h>
      #include <sys/wait.h>
      extern char **environ;
      static void run(int fd, const char *path, char **argv, int flags) {
        pid_t p = fork(); if (p == 0) { syscall(SYS_execveat, fd, path, argv, environ, flags); printf("%s\\n", strerrorname_np(errno)); fflush(stdout); _exit(1); } waitpid(p, 0, 0); }
      int main(void) {
        char *a[] = { "echo", "anonymous", 0 }, *b[] = { "echo", "by-directory", 0 }, *c[] = { "script", "arg", 0 };
        int f = open("/bin/echo", O_RDONLY), m = memfd_create("hidden", MFD_CLOEXEC); sendfile(m, f, 0, 1 << 24);
        run(m, "", a, AT_EMPTY_PATH);
        int d = open("/usr/bin", O_PATH | O_DIRECTORY); run(d, "echo", b, 0); run(d, "../bin/echo", b, 0);
        symlink("/bin/echo", "/work/link"); run(AT_FDCWD, "link", b, AT_SYMLINK_NOFOLLOW); run(AT_FDCWD, "link", b, 0);
        int s = memfd_create("script", 0), k = memfd_create("kept", MFD_CLOEXEC); const char *t = "#!/bin/sh\\necho script $1\\n"; write(s, t, strlen(t)); write(k, t, strlen(t));
        run(s, "", c, AT_EMPTY_PATH); run(k, "", c, AT_EMPTY_PATH); run(99, "", c, AT_EMPTY_PATH); run(m, "x", c, 0); run(m, "", c, 0); run(m, "", c, 0x40000); return 0; }`,
      "-D_GNU_SOURCE",
    );
    const outcome = await supervise(workspace.path, [program]);
    assert.deepEqual(outcome.stdout.trim().split("\n"), [
      "anonymous",
      "by-directory",
      "by-directory",
      "ELOOP",
      "by-directory",
      "script arg",
      "ENOENT",
      "EBADF",
      "ENOTDIR",
      "ENOENT",
      "EINVAL",
    ]);
    assertCleanEnds(outcome);
    assert.deepEqual(outcome.programs, [
      program,
      "memfd:hidden",
      "/usr/bin/echo",
      "/usr/bin/echo",
      "/usr/bin/echo",
      "memfd:script",
    ]);
    const script = outcome.execs.at(-1);
    assert.deepEqual(
      script?.files.map(({ kind }) => kind),
      ["program", "interpreter"],
    );
    assert.match(script?.files[1]?.argv[1] ?? "", /^\/dev\/fd\/\d+$/);
  });

  test("interpreter lines as the kernel reads them, five deep", async () => {
    workspace.file("one", "#!/bin/sh -e\necho one $0 $@\n", 0o755);
    workspace.file("two", "#! \t/work/one  -x -y \t\nignored\n", 0o755);
    workspace.file("three", "#!/work/two", 0o755);
    workspace.file("four", "#!/work/three", 0o755);
    workspace.file("five", "#!/work/four", 0o755);
    workspace.file("six", "#!/work/five", 0o755);
    workspace.file("lost", "#!/work/nowhere\n", 0o755);
    const outcome = await sh(
      "cd /; /work/two a 'b c'; /work/five z; /work/six z; cd /work && ./one q; /work/lost; exit 0",
    );
    assertCleanEnds(outcome);
    const two = execOf(outcome, "/work/two");
    assert.deepEqual(
      two.files.map(({ kind, path, argv }) => [kind, path, argv]),
      [
        ["program", "/work/two", ["/work/two", "a", "b c"]],
        ["interpreter", "/work/one", ["/work/one", "-x -y", "/work/two", "a", "b c"]],
        ["interpreter", "/usr/bin/dash", ["/bin/sh", "-e", "/work/one", "-x -y", "/work/two", "a", "b c"]],
      ].map(([kind, path, argv]) => [kind, path === "/usr/bin/dash" ? two.files[2]?.path : path, argv]),
    );
    assert.equal(two.cwd, "/");
    assert.equal(execOf(outcome, "/work/five").files.length, 6);
    assert.ok(!outcome.programs.includes("/work/six"), "six levels are too many for the kernel");
    assert.ok(!outcome.programs.includes("/work/lost"));
    assert.match(outcome.stdout, /^one \/work\/one -x -y \/work\/two a b c$/m);
    assert.match(outcome.stdout, /^one \.\/one q$/m);
    assert.equal(execOf(outcome, "/work/one").asked, "./one");
  });

  test("a file that is no program is asked about, and the shell that reads it instead is seen", async () => {
    workspace.file("plain-script", "echo plain $1\n", 0o755);
    const outcome = await supervise(workspace.path, ["env", "/work/plain-script", "x"]);
    // execvp of the C library falls back to /bin/sh.
    assert.equal(outcome.stdout, "plain x\n");
    const asked = execOf(outcome, "/work/plain-script");
    assert.equal(outcome.ends.get(asked.id)?.failed, "ENOEXEC");
    assert.deepEqual(outcome.execs.at(-1)?.files[0].argv.slice(1), ["/work/plain-script", "x"]);
    assertCleanEnds(outcome);
  });

  test("the dynamic loader run as a program names what it runs, whatever it is called", async () => {
    const loader = process.arch === "arm64" ? "/lib/ld-linux-aarch64.so.1" : "/lib64/ld-linux-x86-64.so.2";
    const outcome = await sh(
      `${loader} /bin/echo direct; cp ${loader} /work/innocent; ./innocent --argv0 renamed --library-path /usr/lib /bin/echo copied; ` +
        `${loader} echo found-by-search; ${loader} --unknown-option x /bin/echo; ${loader} ./missing; ${loader} --list /bin/echo >/dev/null; ${loader} --version >/dev/null; exit 0`,
    );
    assertCleanEnds(outcome);
    assert.equal(outcome.stdout, "direct\ncopied\n");
    const targets = outcome.execs.flatMap(({ files }) => files.filter(({ kind }) => kind === "loader-target"));
    assert.deepEqual(
      targets.map(({ path, argv }) => [path, argv]),
      [
        ["/usr/bin/echo", ["/bin/echo", "direct"]],
        ["/usr/bin/echo", ["renamed", "copied"]],
        ["/usr/bin/echo", ["/bin/echo"]],
      ],
    );
    assert.match(outcome.stderr, /cannot tell what the dynamic loader would run/);
  });

  test("/proc/self, magic links, links that climb: the caller's, not ours", async () => {
    symlinkSync("../../../../usr/bin/echo", join(workspace.path, "climber"));
    symlinkSync("/proc/self/root/usr/bin/echo", join(workspace.path, "through-proc"));
    const outcome = await sh(
      "/work/climber a; ./through-proc b; /proc/self/root/bin/echo c; /proc/thread-self/root/../usr/bin/echo d; exec 5</bin/echo; /proc/self/fd/5 e; /dev/fd/5 f; /proc/$$/cwd/../bin/echo g; cd /proc/self/root/usr/bin; ./../bin/echo h",
    );
    assert.equal(outcome.stdout, "a\nb\nc\nd\ne\nf\ng\nh\n");
    assertCleanEnds(outcome);
    assert.deepEqual(new Set(outcome.programs.slice(1)), new Set(["/usr/bin/echo"]));
  });

  test("a file that only may be executed is reported, without its bytes", async () => {
    const secret = workspace.compile("secret", `int main(void) { return 42; }`);
    const outcome = await sh("chmod 111 /work/secret; /work/secret; echo $?; chmod 755 /work/secret");
    assert.equal(outcome.stdout, "42\n");
    assert.equal(execOf(outcome, secret).files[0].identity.mode & 0o777, 0o111);
    assertCleanEnds(outcome);
  });

  test("hard links and copies have paths of their own", async () => {
    workspace.compile("original", `int main(void) { return 0; }`);
    linkSync(join(workspace.path, "original"), join(workspace.path, "alias"));
    const outcome = await sh("/work/original; /work/alias");
    const [, original, alias] = outcome.execs;
    assert.deepEqual(outcome.programs.slice(1), ["/work/original", "/work/alias"]);
    assert.equal(original?.files[0].identity.inode, alias?.files[0].identity.inode);
  });
});

describe("arguments", () => {
  test("bytes that are no text, empty arguments, no argument at all", async () => {
    const program = workspace.compile(
      "bytes",
      `#include <unistd.h>
      #include <sys/wait.h>
      int main(void) {
        char *a[] = { "x\\xff\\xfe", "", "\\xc3\\x28", "\\xf0\\x9f\\x8e\\x89", "a\\nb", 0 }, *e[] = { 0 };
        if (fork() == 0) execve("/bin/true", a, e); wait(0);
        if (fork() == 0) execve("/bin/true", e, e); wait(0);
        if (fork() == 0) execve("/bin/true", 0, 0); wait(0); return 0; }`,
      "-Wno-nonnull",
    );
    const outcome = await supervise(workspace.path, [program]);
    assertCleanEnds(outcome);
    const [, first, second, third] = outcome.execs;
    const bytes = first?.files[0].argv.map((argument) => encodeOsString(argument).toString("latin1"));
    assert.deepEqual(bytes, ["x\xff\xfe", "", "\xc3\x28", "\xf0\x9f\x8e\x89", "a\nb"]);
    assert.deepEqual([second?.files[0].argv, third?.files[0].argv], [[""], [""]]);
  });

  test("names that are no text", async () => {
    writeFileSync(Buffer.from(`${workspace.path}/n\xe4me`, "latin1"), "#!/bin/sh\necho ran\n", { mode: 0o755 });
    const outcome = await sh("./n*");
    assert.equal(outcome.stdout, "ran\n");
    assert.equal(encodeOsString(outcome.programs[1] ?? "").toString("latin1"), "/work/n\xe4me");
  });

  test("two megabytes, whole; and more than the kernel takes", async () => {
    const program = workspace.compile(
      "big",
      `#include <errno.h>
      #include <stdio.h>
      #include <stdlib.h>
      #include <string.h>
      #include <unistd.h>
      #include <sys/resource.h>
      #include <sys/wait.h>
      static char *make(size_t n, char c) { char *s = malloc(n + 1); memset(s, c, n); s[n] = 0; return s; }
      int main(void) {
        struct rlimit l = { 64 << 20, 64 << 20 }; setrlimit(RLIMIT_STACK, &l);
        char *a[40] = { "true" }, *many[70] = { "true" }, *one[] = { "true", make(140000, 'z'), 0 }; int i;
        for (i = 1; i <= 20; i++) a[i] = make(105000, 'a' + i); a[i] = 0;
        for (i = 1; i <= 60; i++) many[i] = make(120000, 'b'); many[i] = 0;
        if (fork() == 0) { execv("/bin/true", a); puts(strerror(errno)); exit(1); } wait(&i); printf("%d\\n", i); fflush(stdout);
        if (fork() == 0) { execv("/bin/true", one); puts(strerror(errno)); exit(0); } wait(&i);
        if (fork() == 0) { execv("/bin/true", many); puts(strerror(errno)); exit(0); } wait(&i); return 0; }`,
    );
    const outcome = await supervise(workspace.path, [program]);
    assert.equal(outcome.stdout, "0\nArgument list too long\nArgument list too long\n");
    assertCleanEnds(outcome);
    const argv = outcome.execs[1]?.files[0].argv ?? [];
    assert.equal(argv.length, 21);
    assert.ok(argv.slice(1).every((argument, index) => argument === String.fromCharCode(98 + index).repeat(105000)));
  });
});

describe("refusals", () => {
  const refuse = (path: string) => (notice: ExecNotice) =>
    notice.files[0].path === path
      ? ({ allow: false, message: "bailiwick: refused by policy `no-id`: use whoami" } as const)
      : ({ allow: true, reuse: "program" } as const);

  for (const shell of ["sh", "bash"]) {
    test(`the caller gets EACCES and its standard error the reason: ${shell}`, async () => {
      const outcome = await supervise(workspace.path, [shell, "-c", "id; echo $?; /bin/echo after"], {
        decide: refuse("/usr/bin/id"),
      });
      assert.equal(outcome.stdout, "126\nafter\n");
      assert.match(outcome.stderr, /^bailiwick: refused by policy `no-id`: use whoami\n/);
      assert.match(outcome.stderr, /Permission denied/);
      assert.ok(!outcome.ends.has(2), "what never ran never ends");
    });
  }

  test("the reason waits for nobody: a full pipe, a closed stream, a file", async () => {
    const script =
      "import os,subprocess,sys\nr,w=os.pipe()\nos.set_blocking(w,False)\ntry:\n  while True: os.write(w,b'x'*4096)\nexcept BlockingIOError: pass\nos.set_blocking(w,True)\n" +
      "def run(**k):\n  try: subprocess.run(['/usr/bin/id'],**k)\n  except PermissionError: print('refused',flush=True)\n" +
      "run(stderr=w)\nrun(preexec_fn=lambda: os.close(2))\nf=open('/work/reason','ab')\nf.write(b'before ');f.flush()\nrun(stderr=f)\nprint(open('/work/reason').read())\n";
    workspace.file("reasons.py", script);
    const outcome = await supervise(workspace.path, ["/usr/bin/python3", "/work/reasons.py"], {
      decide: refuse("/usr/bin/id"),
    });
    assert.match(
      outcome.stdout,
      /^refused\nrefused\nrefused\nbefore bailiwick: refused by policy `no-id`: use whoami\n/,
    );
  });

  test("a pipe that somebody else made is written to as well, and waits for nobody either", async () => {
    // Its owner alone may open a pipe anew; nobody's rights do here, unless they are root's.
    const script =
      "import os,subprocess\nr,w=os.pipe()\nos.set_blocking(r,False)\nos.chmod(f'/proc/self/fd/{w}',0)\n" +
      "def run():\n  try: subprocess.run(['/usr/bin/id'],stderr=w)\n  except PermissionError: print('refused',flush=True)\n" +
      "run()\nprint(os.read(r,4096).decode(),flush=True)\nos.set_blocking(w,False)\ntry:\n  while True: os.write(w,b'x'*4096)\nexcept BlockingIOError: pass\n" +
      "os.set_blocking(w,True)\nos.read(r,5000)\nrun()\n";
    workspace.file("others.py", script);
    const outcome = await supervise(workspace.path, ["/usr/bin/python3", "/work/others.py"], {
      decide: refuse("/usr/bin/id"),
    });
    assert.match(outcome.stdout, /^refused\nbailiwick: refused by policy `no-id`: use whoami\n\nrefused\n$/);
  });

  test("a refusal is asked anew each time, an allowance only as far as it was given", async () => {
    const decide = (notice: ExecNotice) => {
      const [{ path, argv }] = notice.files;
      if (path === "/usr/bin/id") return { allow: false, message: "no" } as const;
      return {
        allow: true,
        reuse: path.endsWith("echo") && argv[1] === "exact" ? "exact" : path.endsWith("true") ? "program" : "never",
      } as const;
    };
    const outcome = await supervise(
      workspace.path,
      [
        "bash",
        "-c",
        "id; id; /bin/true; /bin/true x; cd /; /bin/true; /bin/echo exact; /bin/echo exact; /bin/echo exact too; cd /tmp; /bin/echo exact; sleep 0; sleep 0; wait",
      ],
      { decide },
    );
    const decided = outcome.execs.map(
      ({ files, decided: byLauncher }) =>
        `${files[0].argv.join(" ").replace(/^.*\//, "")}${byLauncher ? " again" : ""}`,
    );
    assert.deepEqual(decided.slice(1), [
      "id",
      "id",
      "true",
      "true x again",
      "true again",
      "echo exact",
      "echo exact again",
      "echo exact too",
      "echo exact",
      "sleep 0",
      "sleep 0",
    ]);
  });

  test("a file that changes while its question is open is not run", async () => {
    workspace.file("changing", "#!/bin/sh\necho first\n", 0o755);
    const outcome = await supervise(workspace.path, ["sh", "-c", "./changing; echo $?"], {
      decide: async ({ files }) => {
        if (files[0].path === "/work/changing") {
          await new Promise((resolve) => setTimeout(resolve, 20));
          workspace.file("changing", "#!/bin/sh\necho second\n", 0o755);
        }
        return { allow: true, reuse: "never" };
      },
    });
    assert.equal(outcome.stdout, "126\n");
    assert.match(outcome.stderr, /changed while it was being decided/);
    assert.equal(outcome.ends.get(2)?.failed, "EACCES");
  });
});
