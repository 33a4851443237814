/* A path, walked as the kernel will walk it for the caller: its root, its directory, its /proc/self. */
#define _GNU_SOURCE
#include "supervise.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { LINKS_MAX = 40, PROC_ROOT_INODE = 1 };

/* What is left to walk: the text of a symbolic link goes in front of it. Filled from the end. */
struct rest { char text[(LINKS_MAX + 1) * PATH_MAX]; size_t from; };

static bool push_front(struct rest *rest, const char *text, size_t length) {
  if (length > rest->from) return false;
  rest->from -= length;
  memcpy(rest->text + rest->from, text, length);
  return true;
}

static int open_how(int directory, const char *path, uint64_t flags, uint64_t resolve) {
  struct open_how how = { .flags = flags | O_PATH | O_CLOEXEC, .resolve = resolve };
  int fd = (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
  return fd < 0 ? -errno : fd;
}

static bool same_place(int a, int b) {
  struct statx x, y;
  if (syscall(SYS_statx, a, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &x) < 0) return false;
  if (syscall(SYS_statx, b, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &y) < 0) return false;
  return x.stx_ino == y.stx_ino && x.stx_mnt_id == y.stx_mnt_id && x.stx_dev_major == y.stx_dev_major &&
         x.stx_dev_minor == y.stx_dev_minor;
}

static bool in_proc(int fd) {
  struct statfs fs;
  return fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

/*
 * The text of a plain symbolic link, or -ELOOP for a magic one, which has no text that leads anywhere. /proc/self and
 * /proc/thread-self answer whoever reads them; here they must mean the caller.
 */
static ssize_t read_link(const struct caller *caller, int parent, int link, const char *name, char text[PATH_MAX]) {
  struct stat place;
  if (in_proc(link)) {
    if (fstat(parent, &place) < 0) return -errno;
    bool process = strcmp(name, "self") == 0, thread = strcmp(name, "thread-self") == 0;
    if (place.st_ino == PROC_ROOT_INODE && (process || thread)) {
      pid_t pid, tid;
      int error = read_inner_ids(caller->tid, &pid, &tid);
      if (error != 0) return -error;
      return thread ? snprintf(text, PATH_MAX, "%d/task/%d", pid, tid) : snprintf(text, PATH_MAX, "%d", pid);
    }
    int through = open_how(parent, name, 0, RESOLVE_NO_MAGICLINKS);
    if (through == -ELOOP) return -ELOOP;
    if (through >= 0) close(through);
  }
  ssize_t length = readlinkat(link, "", text, PATH_MAX);
  if (length < 0) return -errno;
  if (length == 0) return -ENOENT;
  return length == PATH_MAX ? -ENAMETOOLONG : length;
}

/* Replaces *at by where the link leads, or puts its text in front of the rest. */
static int follow(struct caller *caller, int *at, int link, const char *name, struct rest *rest) {
  char text[PATH_MAX];
  ssize_t length = read_link(caller, *at, link, name, text);
  if (length == -ELOOP) {
    int there = open_at(*at, name, O_PATH); /* only this one link is followed, and it is magic */
    if (there < 0) return errno;
    close(*at);
    *at = there;
    return 0;
  }
  if (length < 0) return (int)-length;
  if (rest->from < sizeof rest->text && rest->text[rest->from] != '/' && !push_front(rest, "/", 1)) return ENAMETOOLONG;
  if (!push_front(rest, text, (size_t)length)) return ENAMETOOLONG;
  if (text[0] == '/') {
    int root = fcntl(caller->root, F_DUPFD_CLOEXEC, 0);
    if (root < 0) return errno;
    close(*at);
    *at = root;
  }
  return 0;
}

/* One component: *at becomes what it names. `last`: nothing follows, not even a slash. */
static int step(struct caller *caller, int *at, const char *name, bool last, unsigned flags, int *links, struct rest *rest) {
  if (strcmp(name, ".") == 0) name = "./";
  if (strcmp(name, "..") == 0 && same_place(*at, caller->root)) name = "./";
  int next = open_at(*at, name, O_PATH | O_NOFOLLOW);
  if (next < 0) return errno;
  struct stat found;
  if (fstat(next, &found) < 0) {
    int error = errno;
    close(next);
    return error;
  }
  if (S_ISLNK(found.st_mode)) {
    int error = (last && (flags & RESOLVE_LAST_LINK_REFUSED) != 0) || ++*links > LINKS_MAX ? ELOOP : follow(caller, at, next, name, rest);
    close(next);
    return error;
  }
  close(*at);
  *at = next;
  return last || S_ISDIR(found.st_mode) ? 0 : ENOTDIR;
}

static int walk(struct caller *caller, int start, const char *path, unsigned flags) {
  static struct rest rest; /* 168 KiB, and the outer half has one thread */
  rest.from = sizeof rest.text;
  if (!push_front(&rest, path, strlen(path))) return -ENAMETOOLONG;
  int links = 0, at = fcntl(path[0] == '/' ? caller->root : start, F_DUPFD_CLOEXEC, 0);
  if (at < 0) return -errno;
  for (;;) {
    while (rest.from < sizeof rest.text && rest.text[rest.from] == '/') rest.from++;
    const char *name = rest.text + rest.from, *end = rest.text + sizeof rest.text;
    if (name == end) return at;
    const char *slash = memchr(name, '/', (size_t)(end - name));
    size_t length = (size_t)((slash != NULL ? slash : end) - name);
    int error = ENAMETOOLONG;
    if (length <= NAME_MAX) {
      char component[NAME_MAX + 1];
      memcpy(component, name, length);
      component[length] = '\0';
      rest.from += length;
      error = step(caller, &at, component, slash == NULL, flags, &links, &rest);
    }
    if (error != 0) {
      close(at);
      return -error;
    }
  }
}

int resolve_for(struct caller *caller, int start, const char *path, unsigned flags) {
  if (path[0] == '\0') return -ENOENT;
  int error = open_caller_root(caller);
  if (error == 0 && start == AT_FDCWD && path[0] != '/') {
    error = open_caller_cwd(caller);
    start = caller->cwd;
  }
  if (error != 0) return -error;
  /*
   * One system call where it provably gives the same: below the caller's root or directory, with no magic link on the way, a
   * path that resolves for us resolves to the same file for the caller. /proc/self does not resolve for us (we are in no pid
   * namespace of that /proc), and whatever fails here is walked step by step, whose errno then counts.
   */
  uint64_t last = (flags & RESOLVE_LAST_LINK_REFUSED) != 0 ? O_NOFOLLOW : 0;
  if (last == 0) {
    int fd = path[0] == '/' ? open_how(caller->root, path, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)
                            : open_how(start, path, 0, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
    if (fd >= 0) return fd;
  }
  return walk(caller, start, path, flags);
}

/* The kernel's own name of an open file, as seen inside: the sandbox's root is the root of its mount namespace. */
char *path_of_descriptor(int fd) {
  char link[40], text[PATH_MAX + 1];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, text, sizeof text - 1);
  if (length < 0) return NULL;
  text[length] = '\0';
  static const char deleted[] = " (deleted)";
  size_t mark = sizeof deleted - 1;
  struct stat status;
  if ((size_t)length > mark && strcmp(text + length - mark, deleted) == 0 && fstat(fd, &status) == 0 && status.st_nlink == 0)
    text[length - (ssize_t)mark] = '\0';
  if (strncmp(text, "/memfd:", 7) == 0) return strdup(text + 1);
  return strdup(text);
}
