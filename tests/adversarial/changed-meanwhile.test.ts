/**
 * Promise 2: what the record says ran is what ran, against programs that change a file or a directory while an exec is decided, or before, without
 * a trace in the file's times. Entry 55 (class C5); arguments and paths are in tests/integration/supervision-verification.test.ts.
 */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { makePlace, ofType, runGoverned } from "../support/governed.ts";

/**
 * Makes the file of its third argument hold what the first does, runs it, and then makes it hold what the second does, through a shared mapping
 * whose pages are dirty already: no time of the file moves. Then runs it again and says how it ended.
 */
const MAPPED = String.raw`
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
static char bytes[1 << 20];
static int run(char *path) {
  pid_t child = fork();
  if (child == 0) { execl(path, path, NULL); _exit(errno == ETXTBSY ? 99 : 98); }
  int status; waitpid(child, &status, 0); return WEXITSTATUS(status);
}
int main(int argc, char **argv) {
  int one = open(argv[1], O_RDONLY), other = open(argv[2], O_RDONLY), file = open(argv[3], O_CREAT | O_RDWR | O_TRUNC, 0755);
  struct stat size, early, late; fstat(one, &size);
  if (argc < 4 || ftruncate(file, size.st_size) < 0) return 1;
  char *map = mmap(0, size.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (pread(one, map, size.st_size, 0) != size.st_size) return 1;
  usleep(300000); /* long enough that its identity would be believed */
  int mapped = run(argv[3]);
  fstat(file, &early);
  if (pread(other, bytes, size.st_size, 0) != size.st_size) return 1;
  for (long i = 0; i < size.st_size; i++) map[i] = bytes[i];
  fstat(file, &late);
  munmap(map, size.st_size); close(file);
  printf("%d %d %s\n", mapped, run(argv[3]), early.st_ctim.tv_nsec == late.st_ctim.tv_nsec && early.st_mtim.tv_nsec == late.st_mtim.tv_nsec ? "unseen" : "seen");
  return 0;
}`;

const SHARED = String.raw`
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
static char stack[1 << 16];
static int child(void *start) { char c; if (read(*(int *)start, &c, 1) < 0) return 2; execl("/bin/pwd", "pwd", "-P", NULL); return 1; }
int main(void) {
  int pipes[2]; if (pipe(pipes) < 0 || chdir("/tmp") < 0) return 1;
  pid_t pid = clone(child, stack + sizeof stack, CLONE_FS | SIGCHLD, pipes);
  if (pid < 0) { printf("%s\n", strerrorname_np(errno)); return 0; }
  if (chdir("/usr") < 0 || write(pipes[1], "x", 1) < 0) return 1;
  waitpid(pid, 0, 0);
  return 0;
}`;

describe("what changed while it was decided", () => {
  const place = makePlace();
  const digest = (name: string): string =>
    `sha256:${createHash("sha256")
      .update(readFileSync(join(place.workspace, name)))
      .digest("hex")}`;
  const compile = (name: string, source: string, ...flags: string[]): void => {
    execFileSync("cc", ["-O1", "-x", "c", "-o", join(place.workspace, name), "-", ...flags], { input: source });
  };
  before(() => {
    compile("mapped", MAPPED);
    compile("shared", SHARED);
    compile("one", "int main(void) { return CODE; }", "-DCODE=11");
    compile("two", "int main(void) { return CODE; }", "-DCODE=22");
  });
  after(place.remove);

  test("negative control: outside, a mapped file changes and its times do not; a directory that is shared moves", () => {
    const outside = (program: string, ...args: string[]): string =>
      spawnSync(join(place.workspace, program), args, { cwd: place.workspace, encoding: "utf8" }).stdout.trim();
    assert.equal(outside("mapped", "one", "two", "outside"), "99 22 unseen");
    assert.equal(outside("shared"), "/usr");
  });

  for (const target of ["./changed", "/tmp/changed"]) {
    test(`55 the digest of ${target} is that of the bytes that ran`, async () => {
      const argv = ["./mapped", "one", "two", target];
      const { stdout, stderr, events } = await runGoverned(place, { argv });
      assert.match(stdout, /^99 22 /, stderr);
      const ran = ofType(events, "exec.allowed").filter(({ argv: { values } }) => values[0] === target);
      assert.deepEqual(
        ran.map(({ program }) => program.digest),
        [digest("two")],
        "refused while it could be written to (ETXTBSY, as by the kernel), and then hashed as it was",
      );
    });
  }

  test("55 no process shares its directory with another one", async () => {
    const { stdout } = await runGoverned(place, { argv: ["./shared"] });
    assert.equal(stdout.trim(), "EPERM");
  });
});
