/* /proc and /dev of the sandbox. */
#include "inner.h"
#include "tree.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Settings of the whole machine: read-only even where file permissions would let an owner write. */
static const char *const READ_ONLY[] = { "sys", "sysrq-trigger", "irq", "bus", "fs", "acpi", "scsi", "mtrr" };
/* What tells of the machine's memory and of other people's keys. */
static const char *const HIDDEN[] = { "kcore", "keys", "timer_list", "sched_debug", "latency_stats", "kmsg", "kpagecount", "kpageflags", "kpagecgroup" };

static void mount_at(int target, const char *type, unsigned long flags, const char *options, const char *what) {
  char place[64];
  snprintf(place, sizeof place, "/proc/self/fd/%d", target);
  if (syscall(SYS_mount, type, place, type, flags, options) == 0) return;
  if (errno == EPERM && strcmp(type, "proc") == 0)
    die(errno, "cannot mount a private /proc: parts of the host's are covered, as in a container; run the container with an unmasked /proc, or run on the host");
  die(errno, "cannot mount %s at `%s`", type, what);
}

static int open_in(const char *target, const char *name, int root) {
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/%s", target, name);
  return open_existing(root, path);
}

static void lay(int from, const char *path, unsigned flags, uint64_t attributes, int target) {
  int tree = clone_tree(from, path, flags, attributes);
  if (tree < 0) die(errno, "cannot cover a part of /proc");
  attach(tree, target, "/proc");
  close(tree);
}

void mount_proc(int root, const char *target) {
  int place = make_target(root, target, true);
  mount_at(place, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, target);
  close(place);
  for (size_t i = 0; i < sizeof READ_ONLY / sizeof *READ_ONLY; i++) {
    int part = open_in(target, READ_ONLY[i], root);
    if (part < 0) continue; /* this kernel has none */
    lay(part, "", AT_EMPTY_PATH, MOUNT_RDONLY | MOUNT_NOSUID | MOUNT_NODEV | MOUNT_NOEXEC, part);
    close(part);
  }
  for (size_t i = 0; i < sizeof HIDDEN / sizeof *HIDDEN; i++) {
    int part = open_in(target, HIDDEN[i], root);
    if (part < 0) continue;
    lay(AT_FDCWD, "/dev/null", 0, MOUNT_RDONLY | MOUNT_NOSUID | MOUNT_NOEXEC, part);
    close(part);
  }
}

static void make_link(int dev, const char *name, const char *to) {
  if (symlinkat(to, dev, name) < 0) die(errno, "cannot make /dev/%s", name);
}

void mount_dev(int root, const char *target, uint64_t shm_bytes) {
  static const char *const NODES[] = { "null", "zero", "full", "random", "urandom", "tty" };
  char path[PATH_MAX], options[96];
  int place = make_target(root, target, true);
  mount_at(place, "tmpfs", MS_NOSUID | MS_NOEXEC, "size=64k,mode=755", target);
  close(place);
  int dev = make_target(root, target, true);

  for (size_t i = 0; i < sizeof NODES / sizeof *NODES; i++) {
    snprintf(path, sizeof path, "/dev/%s", NODES[i]);
    int tree = clone_tree(AT_FDCWD, path, 0, MOUNT_NOSUID | MOUNT_NOEXEC);
    if (tree < 0) die(errno, "cannot take `%s` into the sandbox", path);
    int node = openat(dev, NODES[i], O_CREAT | O_EXCL | O_CLOEXEC | O_WRONLY, 0644);
    if (node < 0) die(errno, "cannot make `%s`", path);
    attach(tree, node, path);
    close(node);
    close(tree);
  }
  snprintf(path, sizeof path, "%s/pts", target);
  int pts = make_target(root, path, true);
  mount_at(pts, "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620", path);
  close(pts);
  snprintf(path, sizeof path, "%s/shm", target);
  int shm = make_target(root, path, true);
  snprintf(options, sizeof options, "size=%llu,nr_inodes=%llu,mode=1777", (unsigned long long)shm_bytes, inodes_for(shm_bytes));
  mount_at(shm, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, options, path);
  close(shm);

  make_link(dev, "ptmx", "pts/ptmx");
  make_link(dev, "fd", "/proc/self/fd");
  make_link(dev, "stdin", "/proc/self/fd/0");
  make_link(dev, "stdout", "/proc/self/fd/1");
  make_link(dev, "stderr", "/proc/self/fd/2");
  if (set_attributes(dev, 0, MOUNT_RDONLY, -1) < 0) die(errno, "cannot make /dev read-only");
  close(dev);
}
