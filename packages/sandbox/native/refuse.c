/* Why a command was refused, on the standard error of the one who asked: a model reads it there, whatever agent runs it. */
#define _GNU_SOURCE
#include "supervise.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { FD_STDERR = 2 };

/* Our own rights must not be lent: what is written with the writer's rights (files of /proc and /sys) is left alone. */
static bool plain_storage(int fd) {
  struct statfs fs;
  if (fstatfs(fd, &fs) < 0) return false;
  switch ((unsigned long)fs.f_type) {
    case PROC_SUPER_MAGIC: case SYSFS_MAGIC: case CGROUP_SUPER_MAGIC: case CGROUP2_SUPER_MAGIC: case DEBUGFS_MAGIC:
    case TRACEFS_MAGIC: case SECURITYFS_MAGIC: case BPF_FS_MAGIC: case NSFS_MAGIC:
      return false;
    default:
      return true;
  }
}

static void send_quietly(int fd, const char *text, size_t length) {
  while (length > 0) {
    ssize_t sent = send(fd, text, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent <= 0) return;
    text += sent;
    length -= (size_t)sent;
  }
}

/* Whoever made the pipe may be somebody else (`su - user -c 'bailiwick run …' | cat`): then only its descriptor may be used. Kernels before 6.4 can't. */
static void write_without_waiting(int fd, const char *text, size_t length) {
  const struct iovec line = { .iov_base = (void *)text, .iov_len = length };
  (void)!syscall(SYS_pwritev2, fd, &line, 1, -1L, -1L, RWF_NOWAIT); /* musl has no pwritev2 before 1.2.5 */
}

/* A pipe or terminal is opened anew: its own descriptor's O_NONBLOCK belongs to the caller, and without it a write could wait. */
static void write_reopened(int fd, const char *text, size_t length) {
  char path[40];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  int own = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (own < 0) {
    write_without_waiting(fd, text, length);
    return;
  }
  while (length > 0) {
    ssize_t written = write(own, text, length);
    if (written <= 0) break;
    text += written;
    length -= (size_t)written;
  }
  close(own);
}

/* A regular file: through the caller's own descriptor, for its position and O_APPEND. */
static void write_shared(int fd, const char *text, size_t length) {
  while (length > 0) {
    ssize_t written = write(fd, text, length);
    if (written <= 0) return;
    text += written;
    length -= (size_t)written;
  }
}

void write_reason(const struct caller *caller, const char *message, size_t length) {
  int fd = (int)syscall(SYS_pidfd_getfd, caller->pidfd, FD_STDERR, 0);
  if (fd < 0) return; /* it has no standard error, or is gone */
  char *line = malloc(length + 1);
  struct stat status;
  struct pollfd writable = { .fd = fd, .events = POLLOUT };
  int mode = fcntl(fd, F_GETFL);
  if (line != NULL && mode >= 0 && (mode & O_ACCMODE) != O_RDONLY && (mode & O_PATH) == 0 && fstat(fd, &status) == 0 && poll(&writable, 1, 0) == 1 &&
      (writable.revents & POLLOUT) != 0) {
    memcpy(line, message, length);
    line[length] = '\n';
    if (S_ISSOCK(status.st_mode)) send_quietly(fd, line, length + 1);
    else if (S_ISFIFO(status.st_mode) || (S_ISCHR(status.st_mode) && isatty(fd))) write_reopened(fd, line, length + 1);
    else if (S_ISREG(status.st_mode) && plain_storage(fd)) write_shared(fd, line, length + 1);
  }
  free(line);
  close(fd);
}
