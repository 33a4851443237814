/**
 * Promise 1: a layer that can't be applied ends the launch (entry 56). Each system call that the launcher needs for a layer is taken away from the
 * command, by a filter around it, as an old kernel, a container or a policy of the host would: nothing runs, what is missing is named, and
 * what to do. The negative control is the same without anything taken away.
 */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { makePlace, personEnvironment } from "../support/governed.ts";

const command = fileURLToPath(new URL("../../packages/cli/bin/bailiwick.js", import.meta.url));

/** `without ERRNO BITS NUMBER… -- COMMAND…`: the calls fail for what comes after it, where their first argument has one of the bits; 0: always. */
const WITHOUT = String.raw`
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
int main(int argc, char **argv) {
  struct sock_filter rules[64]; unsigned short count = 0; int at = 3;
  unsigned error = atoi(argv[1]), bits = strtoul(argv[2], 0, 0);
  for (; strcmp(argv[at], "--"); at++) {
    rules[count++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    rules[count++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, atoi(argv[at]), 0, bits ? 3 : 1);
    if (bits) rules[count++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args));
    if (bits) rules[count++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1);
    rules[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error);
  }
  rules[count++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  struct sock_fprog program = { count, rules };
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)) return 124;
  execvp(argv[at + 1], argv + at + 1);
  return 124;
}`;

const [EPERM, ENOSYS, EINVAL] = [1, 38, 22];
const CLONE_NEWUSER = 0x10000000;
const isX64 = process.arch === "x64";
/** Numbers of system calls: those from 424 on are the same everywhere. */
const CALLS = {
  clone: isX64 ? 56 : 220,
  mount: isX64 ? 165 : 40,
  pivot_root: isX64 ? 155 : 41,
  sethostname: isX64 ? 170 : 161,
  capset: isX64 ? 126 : 91,
  seccomp: isX64 ? 317 : 277,
  open_tree: 428,
  move_mount: 429,
  mount_setattr: 442,
  openat2: 437,
  landlock_create_ruleset: 444,
  landlock_restrict_self: 446,
} as const;

interface Missing {
  readonly call: keyof typeof CALLS;
  readonly errno: number;
  readonly bits?: number;
  readonly says: RegExp;
}

const MISSING: Readonly<Record<string, Missing>> = {
  "user namespaces, forbidden by a container": {
    call: "clone",
    errno: EPERM,
    bits: CLONE_NEWUSER,
    says: /cannot create namespaces.*a container or a sandbox around this one forbids them/,
  },
  "user namespaces, not in the kernel": {
    call: "clone",
    errno: EINVAL,
    bits: CLONE_NEWUSER,
    says: /without user namespaces \(CONFIG_USER_NS\)/,
  },
  mounts: { call: "mount", errno: EPERM, says: /cannot part from the host's mounts/ },
  "copies of mounts": {
    call: "open_tree",
    errno: ENOSYS,
    says: /into the sandbox \(kernel 5\.12 or newer is needed\)/,
  },
  "attributes of mounts": { call: "mount_setattr", errno: ENOSYS, says: /into the sandbox/ },
  "attaching mounts": { call: "move_mount", errno: EPERM, says: /cannot mount/ },
  "paths that do not follow links": { call: "openat2", errno: ENOSYS, says: /cannot reach|cannot make|cannot open/ },
  "a root of its own": { call: "pivot_root", errno: EPERM, says: /cannot change the root/ },
  "a host name": { call: "sethostname", errno: EPERM, says: /cannot set the host name/ },
  "dropping capabilities": { call: "capset", errno: EPERM, says: /cannot drop the capabilities/ },
  "Landlock, not in the kernel": {
    call: "landlock_create_ruleset",
    errno: ENOSYS,
    says: /this kernel has no Landlock \(5\.13 or newer with `landlock` in lsm= is needed\)/,
  },
  "Landlock, that does not take the rules": {
    call: "landlock_restrict_self",
    errno: EPERM,
    says: /cannot apply the Landlock rules/,
  },
  "system-call filters": { call: "seccomp", errno: EINVAL, says: /does not take the system-call filter/ },
};

describe("a layer that is missing ends the launch", () => {
  const place = makePlace();
  let without: string;
  before(() => {
    without = join(place.root, "without");
    execFileSync("cc", ["-O1", "-x", "c", "-o", without, "-"], { input: WITHOUT });
  });
  after(place.remove);

  function run(...prefix: string[]) {
    const [program = "", ...args] = [...prefix, process.execPath, command, "run", "--quiet", "--", "touch", "made"];
    const options = { cwd: place.workspace, env: personEnvironment(place), encoding: "utf8" } as const;
    const { status, stderr } = spawnSync(program, args, options);
    return { status, stderr, ran: existsSync(join(place.workspace, "made")) };
  }

  for (const [name, { call, errno, bits = 0, says }] of Object.entries(MISSING)) {
    test(name, () => {
      const { status, stderr, ran } = run(without, String(errno), String(bits), String(CALLS[call]), "--");
      assert.equal(status, 125, stderr);
      assert.equal(ran, false);
      assert.match(stderr, says);
      assert.match(stderr, /^bailiwick: cannot build the sandbox: .+; run `bailiwick doctor`\n$/, "and nothing else");
    });
  }

  test("user namespaces, switched off by a sysctl: it is named", () => {
    const off = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"';
    const { status, stderr, ran } = run("unshare", "--user", "--map-root-user", "sh", "-c", off, "sh");
    assert.equal(status, 125, stderr);
    assert.equal(ran, false);
    assert.match(stderr, /user namespaces are switched off: set `sysctl user\.max_user_namespaces` above 0/);
  });

  test("negative control: with nothing taken away, the same runs", () => {
    const { status, stderr, ran } = run(without, String(EPERM), "0", "--");
    assert.deepEqual([status, ran], [0, true], stderr);
  });
});
