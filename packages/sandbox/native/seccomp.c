/* The deny list (its rules come with their reasons from Node) and, above it, the notification that stops every exec. */
#include "inner.h"
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { WAIT_KILLABLE_RECEIVE = 1 << 5 };

#if defined(__x86_64__)
enum { NATIVE = AUDIT_ARCH_X86_64, X32_BIT = 0x40000000 }; /* x32 has the same architecture, and other numbers */
#elif defined(__aarch64__)
enum { NATIVE = AUDIT_ARCH_AARCH64 };
#else
#error "the launcher knows x86-64 and arm64"
#endif

void apply_deny_filter(const struct spec *spec, int setup) {
  struct sock_fprog program = { (unsigned short)(spec->deny_filter.length / sizeof(struct sock_filter)), (struct sock_filter *)(uintptr_t)spec->deny_filter.data };
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0) die(errno, "the kernel does not take the system-call filter");
  report_layer(setup, true, "seccomp", "%u instructions", program.len);
}

/*
 * execve and execveat of the native ABI wait for the outer half; so does exit_group, for the moment that it takes to read the process's time on
 * the processors, which is gone once its parent has reaped it. Foreign ABIs get ENOSYS for everything here too, whatever
 * the deny list says: their exec would pass unseen.
 */
int install_notification(void) {
  struct sock_filter rules[] = {
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
#if defined(__x86_64__)
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
#endif
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execve, 2, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execveat, 1, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = { sizeof rules / sizeof *rules, rules };
  /* Without WAIT_KILLABLE any signal would cancel a pending question, and the answer would come too late. */
  int listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER | WAIT_KILLABLE_RECEIVE, &program);
  if (listener < 0 && errno == EBUSY) die(errno, "another supervisor already holds this process's execs; a sandbox can't run inside a sandbox");
  if (listener < 0) die(errno, "cannot watch execs (kernel 5.19 or newer is needed)");
  return listener;
}
