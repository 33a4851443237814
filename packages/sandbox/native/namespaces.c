/* New namespaces, and which host id stands behind the ids inside. */
#include "inner.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NAMESPACES = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP };

static long read_number(const char *path) {
  char text[32] = { 0 };
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  ssize_t got = read(fd, text, sizeof text - 1);
  close(fd);
  long value = -1;
  return got > 0 && sscanf(text, "%ld", &value) == 1 ? value : -1;
}

const char *user_namespace_remedy(int error) {
  if (geteuid() == 0 || (error != EPERM && error != EACCES)) return "";
  if (read_number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") > 0)
    return ": AppArmor keeps user namespaces from this program (kernel.apparmor_restrict_unprivileged_userns); `bailiwick doctor` prints the profile that permits it";
  return "";
}

pid_t clone_into_namespaces(void) {
  pid_t child = (pid_t)syscall(SYS_clone, NAMESPACES | SIGCHLD, 0, 0, 0, 0);
  if (child >= 0) return child;
  int error = errno;
  if (read_number("/proc/sys/kernel/unprivileged_userns_clone") == 0)
    die(error, "user namespaces are switched off: set `sysctl kernel.unprivileged_userns_clone=1`");
  if (read_number("/proc/sys/user/max_user_namespaces") == 0)
    die(error, "user namespaces are switched off: set `sysctl user.max_user_namespaces` above 0");
  if (error == ENOSPC) die(error, "no more namespaces: raise `sysctl user.max_user_namespaces` and its neighbours, or end runs");
  if (error == EINVAL) die(error, "this kernel is built without user namespaces (CONFIG_USER_NS)");
  die(error, "cannot create namespaces%s: a container or a sandbox around this one forbids them; run on the host, or let it allow unshare", user_namespace_remedy(error));
}

/* A map must be one write. */
static void write_map(pid_t child, const char *name, const char *text) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", child, name);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text)) die(errno, "cannot write %s of the new user namespace%s", name, user_namespace_remedy(errno));
  close(fd);
}

/*
 * As a user: the own id, and nothing else. As root: uid 0 inside is an unprivileged id of the host, so that what plain file permissions
 * give to uid 0 (/proc/sys, /etc/shadow, devices) is out of reach (ADR 2).
 */
void map_ids(const struct spec *spec, pid_t child) {
  char text[64];
  bool root = geteuid() == 0;
  if (root && spec->map_root_to < 1000) die(EINVAL, "a run by root needs an unprivileged host id, not %u", spec->map_root_to);
  if (!root) write_map(child, "setgroups", "deny");
  snprintf(text, sizeof text, "%u %u 1", geteuid(), root ? spec->map_root_to : geteuid());
  write_map(child, "uid_map", text);
  snprintf(text, sizeof text, "%u %u 1", root ? 0 : getegid(), root ? spec->map_root_to : getegid());
  write_map(child, "gid_map", text);
}

/* For a run by root: its own id has no mapping inside, so that the mapped one is taken. */
void become_mapped(void) {
  if (setgroups(0, NULL) < 0) die(errno, "cannot drop supplementary groups");
  if (syscall(SYS_setresgid, 0, 0, 0) < 0 || syscall(SYS_setresuid, 0, 0, 0) < 0) die(errno, "cannot take the mapped id");
}

void lock_namespaces(int setup) {
  int fd = open("/proc/sys/user/max_user_namespaces", O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, "0", 1) != 1)
    die(errno, "cannot forbid nested user namespaces%s", errno == EROFS ? ": /proc/sys is read-only, as in a container; run on the host, or with a writable /proc" : "");
  close(fd);
  report_layer(setup, true, "nested-namespaces", "none can be created inside");
}
