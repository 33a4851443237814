/*
 * What was given up is tried, at every launch: a layer that is there in name only ends it. Each call is made so that without its guard the answer
 * would be another one, and so that it does nothing if the guard is missing.
 */
#include "inner.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FAMILY_ALG = 38, FAMILY_VSOCK = 40, SETNS_NOTHING = -1, URING_SETUP = 425, CLONE3 = 435 };

static void expect(const char *what, long result, int error) {
  if (result < 0 && errno == error) return;
  if (result >= 0) die(EPROTO, "%s works inside the sandbox", what);
  die(EPROTO, "%s is not refused as it should be: it fails with errno %d, not %d", what, errno, error);
}

static void expect_closed(const char *path) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd >= 0) die(EPROTO, "`%s` can be written inside the sandbox", path);
}

void probe_boundary(int setup) {
  expect("a new user namespace", unshare(CLONE_NEWUSER), EPERM);
  expect("clone3", syscall(CLONE3, NULL, 0), ENOSYS);
  expect("setns", syscall(SYS_setns, SETNS_NOTHING, 0), EPERM);
  expect("mount", mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), EPERM);
  expect("ptrace", ptrace(PTRACE_ATTACH, 0, NULL, NULL), EPERM);
  expect("bpf", syscall(SYS_bpf, -1, NULL, 0), EPERM);
  expect("io_uring", syscall(URING_SETUP, 0, NULL), ENOSYS);
  expect("a packet socket", socket(AF_PACKET, SOCK_RAW, 0), EAFNOSUPPORT);
  expect("a vsock socket", socket(FAMILY_VSOCK, SOCK_STREAM, 0), EAFNOSUPPORT);
  expect("a kernel crypto socket", socket(FAMILY_ALG, SOCK_SEQPACKET, 0), EAFNOSUPPORT);
  expect("TIOCSTI", ioctl(-1, TIOCSTI, ""), EPERM);
  expect("TIOCSTI with high bits", syscall(SYS_ioctl, -1, 0x100000000UL | TIOCSTI, ""), EPERM);
  expect("TIOCLINUX", ioctl(-1, TIOCLINUX, ""), EPERM);
  expect_closed("/proc/sys/kernel/core_pattern");
  expect_closed("/proc/sysrq-trigger");
  expect("a set-uid bit", fchmodat(AT_FDCWD, "", S_ISUID | 0700, 0), EPERM);
  expect("a set-gid bit in open", open("", O_CREAT | O_WRONLY, S_ISGID | 0700), EPERM);
  expect("a device", mknodat(AT_FDCWD, "", S_IFCHR | 0600, 0), EPERM);
#if defined(__x86_64__)
  expect("the x32 ABI", syscall(0x40000000 + SYS_getpid), ENOSYS);
#endif
  expect("a file in the root", open("/.probe", O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600), EROFS);
  if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) die(EPROTO, "no_new_privs is not set");
  report_layer(setup, true, "probes", "namespaces, mounts, tracing, bpf, io_uring, socket families, terminal injection, set-uid bits, devices, foreign ABIs, the root and /proc/sys were tried and refused");
}
