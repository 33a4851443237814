/**
 * Promise 1, kernel: entries 49 to 53, 57 and 58 (class C5). Each call is made from inside by a small C program, compiled outside; what it
 * answers is compared with what the same call answers outside as the same person (the negative control: a call that fails outside as well
 * shows nothing, and is then named in the output of the test).
 */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { makePlace, personEnvironment, runGoverned } from "../support/governed.ts";

const PROGRAM = String.raw`
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>
static void say(const char *name, long result) { printf("%s %s\n", name, result < 0 ? strerrorname_np(errno) : "ok"); fflush(stdout); }
static long in_child(long (*f)(void)) {
  int p[2]; if (pipe(p)) return -1;
  pid_t c = fork();
  if (c == 0) { long r = f(); int e = r < 0 ? errno : 0; if (write(p[1], &e, sizeof e) < 0) _exit(1); _exit(0); }
  int e = ENOSYS; if (read(p[0], &e, sizeof e) != sizeof e) e = ESRCH; waitpid(c, 0, 0); close(p[0]); close(p[1]);
  errno = e; return e ? -1 : 0;
}
static long unshare_user(void) { return unshare(CLONE_NEWUSER); }
static long unshare_net(void) { return unshare(CLONE_NEWUSER | CLONE_NEWNET); }
static long clone_user(void) { return syscall(SYS_clone, CLONE_NEWUSER | 17, 0, 0, 0, 0); }
static long clone3_user(void) { struct { unsigned long long a[11]; } args = { { CLONE_NEWUSER, 0, 0, 0, 17 } }; return syscall(435, &args, 88); }
static long do_mount(void) { return mount("none", "/tmp", "tmpfs", 0, 0); }
static long do_chroot(void) { return chroot("/tmp"); }
static long trace(void) { return ptrace(PTRACE_TRACEME, 0, 0, 0); }
int main(void) {
  char line[64];
  say("unshare-user", in_child(unshare_user));
  say("unshare-net", in_child(unshare_net));
  say("clone-user", in_child(clone_user));
  say("clone3-user", in_child(clone3_user));
  say("mount", in_child(do_mount));
  say("open_tree", syscall(428, AT_FDCWD, "/", 1));
  say("chroot", in_child(do_chroot));
  say("ptrace", in_child(trace));
  struct iovec v = { line, 1 }; say("process_vm_writev", syscall(SYS_process_vm_writev, getppid(), &v, 1, &v, 1, 0));
  say("bpf", syscall(SYS_bpf, 0, line, 48));
  say("perf_event_open", syscall(SYS_perf_event_open, (char[128]){ 1, 0, 0, 0, 112 }, 0, -1, -1, 0));
  say("keyctl", syscall(SYS_keyctl, 0, -3, 1));
  say("add_key", syscall(SYS_add_key, "user", "bailiwick-test", "x", 1, -2));
  say("userfaultfd", syscall(SYS_userfaultfd, 1));
  say("io_uring_setup", syscall(425, 4, (char[256]){ 0 }));
  say("pidfd_getfd", syscall(438, syscall(434, getppid(), 0), 0, 0));
  say("kexec_load", syscall(SYS_kexec_load, 0, 0, 0, 0));
  say("init_module", syscall(SYS_init_module, line, 1, ""));
  say("open_by_handle_at", syscall(SYS_open_by_handle_at, AT_FDCWD, line, 0));
  say("AF_PACKET", socket(17, SOCK_RAW, 0));
  say("AF_VSOCK", socket(40, SOCK_STREAM, 0));
  say("AF_ALG", socket(38, SOCK_SEQPACKET, 0));
  say("NETLINK_GENERIC", socket(16, SOCK_RAW, 16));
  say("NETLINK_NETFILTER", socket(16, SOCK_RAW, 12));
  int pty = posix_openpt(O_RDWR | O_NOCTTY);
  grantpt(pty); unlockpt(pty);
  int tty = open(ptsname(pty), O_RDWR);
  say("TIOCSTI", ioctl(tty, TIOCSTI, "x"));
  say("TIOCSTI-high", syscall(SYS_ioctl, tty, 0x100000000UL | TIOCSTI, "x"));
  say("TIOCLINUX", ioctl(tty, TIOCLINUX, "\2"));
#ifdef __x86_64__
  say("x32", syscall(0x40000000 | 39));
  long r; __asm__ volatile("int $0x80" : "=a"(r) : "a"(20) : "memory"); errno = r < 0 ? -r : 0; say("i386", r);
#endif
  say("proc-sys", open("/proc/sys/kernel/core_pattern", O_WRONLY));
  say("sysrq", open("/proc/sysrq-trigger", O_WRONLY));
  say("kcore", open("/proc/kcore", O_RDONLY));
  say("dev-mem", open("/dev/mem", O_RDONLY));
  say("dev-kmsg", open("/dev/kmsg", O_RDONLY));
  say("dev-disk", open("/dev/vda", O_RDONLY));
  say("pid1-mem", open("/proc/1/mem", O_RDWR));
  say("parent-mem", open("/proc/self/mem", O_RDONLY));
  int shadow = open("/etc/shadow", O_RDONLY); say("shadow", shadow < 0 || read(shadow, line, 1) < 1 ? -1 : 0); /* covered: it reads as empty */
  say("etc", open("/etc/bailiwick-test", O_CREAT | O_WRONLY, 0600));
  say("usr", open("/usr/bailiwick-test", O_CREAT | O_WRONLY, 0600));
  say("mknod", mknod("/tmp/m", 0020644, 0x0101));
  say("set-uid", setuid(getuid() == 0 ? 1 : 0));
  return 0;
}
`;

/** What a run may still do; everything else that works outside must fail inside. */
const HARMLESS = new Set(["parent-mem"]);

describe("the kernel's surface", () => {
  const place = makePlace();
  let inside: Map<string, string>;
  let outside: Map<string, string>;
  const parse = (text: string): Map<string, string> =>
    new Map(
      text
        .trim()
        .split("\n")
        .map((line) => line.split(" ") as [string, string]),
    );
  before(async () => {
    const source = place.write("surface.c", PROGRAM);
    const binary = join(place.workspace, "surface");
    execFileSync("cc", ["-O1", "-o", binary, source]);
    const result = await runGoverned(place, { argv: [binary] });
    inside = parse(result.stdout);
    assert.equal(result.status, 0, result.stderr);
    // Outside only what can't change the machine is comparable: never as root.
    const asWhom =
      process.getuid?.() === 0 ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", binary] : [binary];
    if (process.getuid?.() === 0) execFileSync("chmod", ["-R", "a+rX", place.root]);
    const [command = "", ...args] = asWhom;
    outside = parse(spawnSync(command, args, { encoding: "utf8", env: personEnvironment(place), cwd: "/tmp" }).stdout);
  });
  after(place.remove);

  test("the program asked everything, inside and outside", () => {
    assert.ok(inside.size >= 40, [...inside.keys()].join(" "));
    assert.deepEqual([...inside.keys()], [...outside.keys()]);
  });
  test("nothing that could leave the sandbox works", () => {
    const works = [...inside].filter(([name, result]) => result === "ok" && !HARMLESS.has(name));
    assert.deepEqual(works, []);
  });
  test("negative control: outside, an ordinary person can do what is refused here", () => {
    const both = [...outside]
      .filter(([name, result]) => result === "ok" && inside.get(name) !== "ok")
      .map(([name]) => name);
    for (const name of [
      "unshare-user",
      "clone-user",
      "userfaultfd",
      "ptrace",
      "io_uring_setup",
      "AF_VSOCK",
      "NETLINK_GENERIC",
    ]) {
      if (outside.get(name) === "ok") assert.ok(both.includes(name), name);
    }
    assert.ok(both.length >= 8, `refused inside, fine outside: ${both.join(" ")}`);
  });
});
