/**
 * What runs is what was approved, against programs that change path or arguments while they are being decided. Each attack has its
 * negative control: the same launcher compiled without verification lets it through.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { ExecNotice, Verdict } from "../../packages/sandbox/src/supervision.ts";
import { makeWorkspace, supervise, type Outcome, type Workspace } from "../support/supervised.ts";

const ATTACK = `
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
static volatile char *flipped; static char *path, *argument;
static void *flip(void *x) { for (;;) { *flipped = 'a'; for (volatile int i = 0; i < 200; i++); *flipped = 'b'; for (volatile int i = 0; i < 200; i++); } return x; }
static void *move(void *x) { for (;;) { chdir("/tmp/b"); for (volatile int i = 0; i < 200; i++); chdir("/tmp/a"); for (volatile int i = 0; i < 200; i++); } return x; }
static void *start(void *x) { char *a[] = { "victim", argument, 0 }; execv(path, a); _exit(1); return x; }
int main(int argc, char **argv) {
  int tries = atoi(argv[2]); pthread_t t;
  char *memory = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  char *local = malloc(4096), *text = strcmp(argv[1], "shared") ? local : memory;
  strcpy(text, "/work/a"); strcpy(text + 64, "a");
  path = text; argument = text + 64; flipped = text + 6;
  if (!strcmp(argv[1], "argv")) { flipped = text + 64; path = "/work/a"; }
  if (!strcmp(argv[1], "directory")) { mkdir("/tmp/a", 0755); mkdir("/tmp/b", 0755); path = "/work/where"; }
  if (!strcmp(argv[1], "shared")) { if (fork() == 0) flip(0); } else if (strcmp(argv[1], "thread") && strcmp(argv[1], "directory")) pthread_create(&t, 0, flip, 0);
  for (int i = 0; i < tries && access("/work/ran", F_OK) != 0; i++) {
    pid_t p = strcmp(argv[1], "path") && strcmp(argv[1], "argv") ? fork() : vfork();
    if (p == 0) {
      if (!strcmp(argv[1], "directory")) { chdir("/tmp/a"); pthread_create(&t, 0, move, 0); }
      if (!strcmp(argv[1], "thread")) { pthread_create(&t, 0, flip, 0); pthread_create(&t, 0, start, 0); pause(); }
      char *a[] = { "victim", argument, 0 }; execv(path, a); _exit(1);
    }
    waitpid(p, 0, 0);
  }
  return 0;
}`;
/** The program that may run, and the one that may not: it leaves a mark when it runs, or when it runs with the argument that may not be. */
const VICTIM = `
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
int main(int argc, char **argv) { if (EVIL || (ARGUMENT && argc > 1 && argv[1][0] == 'b')) close(open("/work/ran", O_CREAT | O_WRONLY, 0644)); return 0; }`;

/** Leaves the mark in the one directory where it may not run. */
const WHERE = `
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
int main(void) { char at[64]; if (getcwd(at, sizeof at) && !strcmp(at, "/tmp/b")) close(open("/work/ran", O_CREAT | O_WRONLY, 0644)); return 0; }`;

let workspace: Workspace;
let unverified: string;
let scratch: string;

before(() => {
  workspace = makeWorkspace();
  workspace.compile("attack", ATTACK);
  workspace.compile("where", WHERE);
  workspace.compile("b", VICTIM, "-DEVIL=1", "-DARGUMENT=0");
  scratch = mkdtempSync(join(tmpdir(), "bailiwick-unverified-"));
  unverified = join(scratch, "launcher");
  const native = join(import.meta.dirname, "../../packages/sandbox/native");
  const sources = globSync("*.c", { cwd: native }).map((name) => join(native, name));
  execFileSync("cc", [
    "-std=gnu11",
    "-O1",
    "-static",
    "-DBAILIWICK_TEST_WITHOUT_VERIFICATION",
    "-o",
    unverified,
    ...sources,
  ]);
});
after(() => {
  workspace.remove();
  rmSync(scratch, { recursive: true, force: true });
});

function decide({ cwd, files: [{ path, argv }] }: ExecNotice): Verdict {
  const evil =
    path === "/work/b" || (path === "/work/where" && cwd === "/tmp/b") || (path === "/work/a" && argv[1] === "b");
  return evil ? { allow: false, message: "" } : { allow: true, reuse: "never" };
}

async function attack(
  kind: string,
  options: { readonly tries: number; readonly launcher?: string },
): Promise<{ outcome: Outcome; ran: boolean }> {
  const mark = join(workspace.path, "ran");
  rmSync(mark, { force: true });
  workspace.compile("a", VICTIM, "-DEVIL=0", kind === "argv" ? "-DARGUMENT=1" : "-DARGUMENT=0");
  const launcher = options.launcher === undefined ? {} : { launcher: options.launcher };
  const outcome = await supervise(workspace.path, ["/work/attack", kind, String(options.tries)], {
    decide,
    ...launcher,
  });
  return { outcome, ran: existsSync(mark) };
}

describe("what ran is what was approved", () => {
  for (const [kind, what] of [
    ["path", "a sibling thread changes the path of a vfork child"],
    ["argv", "a sibling thread changes an argument of a vfork child"],
    ["shared", "another process changes the path in shared memory"],
    ["directory", "a sibling thread changes the directory"],
    ["thread", "the exec comes from a thread that does not lead its process"],
  ] as const) {
    test(`${what}: killed before its first instruction, and the run ends`, async () => {
      let caught = 0;
      for (let round = 0; round < 6; round++) {
        const { outcome, ran } = await attack(kind, { tries: 400 });
        assert.equal(ran, false, "what was not approved ran");
        if (outcome.tampered.length === 0) continue;
        caught++;
        const [{ id, detail } = { id: 0, detail: "" }] = outcome.tampered;
        assert.match(detail, /another program|other arguments|another directory/);
        assert.equal(outcome.ends.get(id)?.signal, "SIGKILL");
        assert.deepEqual(outcome.exit, { status: undefined, signal: "SIGKILL" });
        assert.equal(outcome.tampered.length, 1);
      }
      assert.ok(caught > 0, "the attack was never even tried in time");
    });

    test(`${what}: negative control: without verification it runs`, async () => {
      const { ran } = await attack(kind, { tries: 3000, launcher: unverified });
      assert.equal(ran, true);
    });
  }
});
