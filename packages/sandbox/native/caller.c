/* The process that asks: what can be read of it, bounded by pages, while its exec waits. */
#define _GNU_SOURCE
#include "supervise.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PAGE = 4096, WINDOW_PAGES = 16, STRING_MAX = 32 * PAGE /* MAX_ARG_STRLEN */ };

/*
 * Parts of the memory of the caller that is being described. They may change while we read: what counts is compared again when the
 * new program stands. Path, pointers and strings often share a page, so a page that is here is not read again.
 */
struct window { uint64_t start; size_t length, pages; char data[WINDOW_PAGES * PAGE]; };
static struct { pid_t tid; struct window windows[3]; size_t next; } memory;

int open_at(int directory, const char *path, int flags) { return (int)syscall(SYS_openat, directory, path, flags | O_CLOEXEC, 0); }

/* One iovec a page, so that an unmapped page ends the answer instead of spoiling it. Bytes read, 0 for none. */
static size_t read_pages(pid_t tid, uint64_t address, char *to, size_t length) {
  struct iovec remote[WINDOW_PAGES + 1], local = { .iov_base = to, .iov_len = length };
  size_t count = 0;
  while (length > 0 && count < WINDOW_PAGES + 1) {
    size_t part = PAGE - address % PAGE;
    if (part > length) part = length;
    remote[count++] = (struct iovec){ .iov_base = (void *)(uintptr_t)address, .iov_len = part };
    address += part;
    length -= part;
  }
  ssize_t got = process_vm_readv(tid, &local, 1, remote, count, 0);
  return got < 0 ? 0 : (size_t)got;
}

size_t read_memory(pid_t tid, uint64_t address, void *to, size_t length) {
  size_t done = 0;
  while (done < length) {
    size_t part = length - done < WINDOW_PAGES * PAGE ? length - done : WINDOW_PAGES * PAGE;
    size_t got = read_pages(tid, address + done, (char *)to + done, part);
    done += got;
    if (got < part) break;
  }
  return done;
}

static void forget_memory(pid_t tid) {
  memory.tid = tid;
  for (size_t index = 0; index < 3; index++) memory.windows[index].length = memory.windows[index].pages = 0;
}

/* The bytes from `address` on that are here or can be read; NULL when there is none. A window grows while it is moved forward. */
static const char *look_at(uint64_t address, size_t *length) {
  struct window *window = memory.windows;
  for (size_t index = 0; index < 3; index++, window++)
    if (address >= window->start && address < window->start + window->length) break;
  if (window == memory.windows + 3) {
    size_t before = memory.next++ % 3, pages = 1;
    for (size_t index = 0; index < 3; index++)
      if (memory.windows[index].length > 0 && memory.windows[index].start + memory.windows[index].length == address) before = index, pages = memory.windows[index].pages * 2;
    window = &memory.windows[before];
    window->pages = pages < WINDOW_PAGES ? pages : WINDOW_PAGES;
    window->start = address - address % PAGE;
    window->length = read_pages(memory.tid, window->start, window->data, window->pages * PAGE);
    if (address >= window->start + window->length) return NULL;
  }
  *length = window->length - (size_t)(address - window->start);
  return window->data + (address - window->start);
}

static bool reserve(struct strings *strings, size_t more) {
  if (strings->length + more <= strings->capacity) return true;
  size_t capacity = strings->capacity == 0 ? 256 : strings->capacity;
  while (capacity < strings->length + more) capacity *= 2;
  char *data = realloc(strings->data, capacity);
  if (data == NULL) return false;
  strings->data = data;
  strings->capacity = capacity;
  return true;
}

bool append_string(struct strings *strings, const char *text, size_t length) {
  if (!reserve(strings, length + 1)) return false;
  memcpy(strings->data + strings->length, text, length);
  strings->data[strings->length + length] = '\0';
  strings->length += length + 1;
  strings->count++;
  return true;
}

const char *string_at(const struct strings *strings, uint32_t index) {
  const char *at = strings->data;
  while (index-- > 0) at += strlen(at) + 1;
  return at;
}

bool copy_strings(struct strings *to, const struct strings *from, uint32_t skip) {
  if (skip >= from->count) return true;
  const char *at = string_at(from, skip);
  size_t length = from->length - (size_t)(at - from->data);
  if (!reserve(to, length)) return false;
  memcpy(to->data + to->length, at, length);
  to->length += length;
  to->count += from->count - skip;
  return true;
}

/* Appends the string at `address`; `limit` counts its terminator. */
static int append_caller_string(uint64_t address, size_t limit, int too_long, struct strings *out) {
  size_t before = out->length;
  for (;;) {
    size_t there;
    const char *from = look_at(address, &there);
    if (from == NULL) return EFAULT;
    const char *end = memchr(from, '\0', there);
    size_t part = end != NULL ? (size_t)(end - from) + 1 : there;
    if (out->length - before + part > limit) return too_long;
    if (!reserve(out, part)) return ENOMEM;
    memcpy(out->data + out->length, from, part);
    out->length += part;
    if (end != NULL) break;
    address += part;
  }
  out->count++;
  return 0;
}

int read_caller_string(pid_t tid, uint64_t address, size_t limit, int too_long, char **out) {
  forget_memory(tid);
  struct strings one = { 0 };
  int error = append_caller_string(address, limit, too_long, &one);
  if (error != 0) free(one.data);
  else *out = one.data;
  return error;
}

int read_caller_vector(uint64_t address, struct strings *out) {
  while (address != 0) {
    uint64_t pointer = 0;
    for (size_t done = 0; done < sizeof pointer;) { /* nobody has to align the array */
      size_t there;
      const char *from = look_at(address + done, &there);
      if (from == NULL) return EFAULT;
      size_t part = there < sizeof pointer - done ? there : sizeof pointer - done;
      memcpy((char *)&pointer + done, from, part);
      done += part;
    }
    if (pointer == 0) break;
    int error = append_caller_string(pointer, STRING_MAX, E2BIG, out);
    if (error != 0) return error;
    /* The kernel never takes more than 6 MiB of strings and pointers (three quarters of _STK_LIM). */
    if (out->length + sizeof pointer * (size_t)out->count > EXEC_BYTES_MAX) return E2BIG;
    address += sizeof pointer;
  }
  /* Since Linux 5.18 an empty argv becomes one empty string. */
  return out->count > 0 || append_string(out, "", 0) ? 0 : ENOMEM;
}

static int open_link(pid_t tid, const char *name, int *out) {
  if (*out >= 0) return 0;
  char path[48];
  snprintf(path, sizeof path, "/proc/%d/%s", tid, name);
  *out = open_at(AT_FDCWD, path, O_PATH | O_DIRECTORY);
  return *out < 0 ? errno : 0;
}

/*
 * INVARIANT(one-root): nothing inside can change its root (no CAP_SYS_CHROOT, no new user namespace), so the first caller's is
 * everyone's. Were it broken, the wrong file would be found and verification would end the run.
 */
int open_caller_root(struct caller *caller) {
  static int root = -1;
  int error = open_link(caller->tid, "root", &root);
  caller->root = root;
  return error;
}

int open_caller_cwd(struct caller *caller) { return open_link(caller->tid, "cwd", &caller->cwd); }

/* Name and place of one and the same directory: a thread that shares it may be changing it. */
int read_caller_cwd(struct caller *caller, char **out, struct place *place) {
  char path[48], text[PATH_MAX + 1];
  struct stat status;
  int error = open_caller_cwd(caller);
  if (error != 0) return error;
  if (fstat(caller->cwd, &status) < 0) return errno;
  *place = (struct place){ .device = status.st_dev, .inode = status.st_ino };
  snprintf(path, sizeof path, "/proc/self/fd/%d", caller->cwd);
  ssize_t length = readlink(path, text, sizeof text - 1);
  if (length < 0) return errno;
  text[length] = '\0';
  *out = strdup(text);
  return *out == NULL ? ENOMEM : 0;
}

/* The value of one line of /proc/TID/status: its last number (of NSpid, the innermost namespace's). */
static pid_t read_status_line(pid_t tid, const char *name) {
  char path[48], text[8192];
  snprintf(path, sizeof path, "/proc/%d/status", tid);
  int fd = open_at(AT_FDCWD, path, O_RDONLY);
  if (fd < 0) return -1;
  ssize_t length = read(fd, text, sizeof text - 1);
  close(fd);
  if (length <= 0) return -1;
  text[length] = '\0';
  const char *line = strstr(text, name);
  if (line == NULL) return -1;
  line += strlen(name);
  size_t width = strcspn(line, "\n");
  while (width > 0 && line[width - 1] >= '0' && line[width - 1] <= '9') width--;
  return (pid_t)strtol(line + width, NULL, 10);
}

int read_inner_ids(pid_t tid, pid_t *process, pid_t *thread) {
  *process = read_status_line(tid, "\nNStgid:");
  *thread = read_status_line(tid, "\nNSpid:");
  return *process <= 0 || *thread <= 0 ? ESRCH : 0;
}

pid_t read_parent(pid_t pid) {
  return read_status_line(pid, "\nPPid:");
}

/* linux/pidfd.h of Linux 6.13: the parent without a text to parse. */
struct pidfd_parentage { uint64_t mask, cgroup; uint32_t pid, tgid, ppid, ids[8]; int32_t exit_code; };
#define PIDFD_GET_PARENTAGE _IOWR(0xFF, 11, struct pidfd_parentage)

int identify_caller(struct supervisor *s, struct caller *caller, pid_t tid, struct process **known) {
  *caller = (struct caller){ .tid = tid, .tgid = tid, .pidfd = -1, .root = -1, .cwd = -1 };
  *known = find_process(s, tid);
  if (*known == NULL) {
    caller->pidfd = (int)syscall(SYS_pidfd_open, tid, 0);
    if (caller->pidfd < 0) {
      if (errno == ESRCH || errno == EMFILE || errno == ENFILE) return errno == ESRCH ? ESRCH : EAGAIN;
      /* Not the leader of its thread group. */
      caller->tgid = read_status_line(tid, "\nTgid:");
      if (caller->tgid <= 0) return ESRCH;
      *known = find_process(s, caller->tgid);
      if (*known == NULL) caller->pidfd = (int)syscall(SYS_pidfd_open, caller->tgid, 0);
    }
  }
  if (*known != NULL) {
    caller->pidfd = (*known)->pidfd;
    caller->pidfd_borrowed = true;
    return 0;
  }
  if (caller->pidfd < 0) return errno == ESRCH ? ESRCH : EAGAIN;
  struct pidfd_parentage info = { .mask = 1 };
  caller->parent = ioctl(caller->pidfd, PIDFD_GET_PARENTAGE, &info) == 0 ? (pid_t)info.ppid : read_parent(caller->tgid);
  return 0;
}

void forget_places(struct caller *caller) {
  if (caller->cwd >= 0) close(caller->cwd);
  caller->cwd = -1;
}

void release_caller(struct caller *caller) {
  if (!caller->pidfd_borrowed && caller->pidfd >= 0) close(caller->pidfd);
  caller->pidfd = -1;
  forget_places(caller);
}

int open_caller_descriptor(const struct caller *caller, int fd, bool *close_on_exec) {
  char path[64], text[128];
  snprintf(path, sizeof path, "/proc/%d/fd/%d", caller->tid, fd);
  int own = open_at(AT_FDCWD, path, O_PATH);
  if (own < 0) return errno == ENOENT ? -EBADF : -errno;
  snprintf(path, sizeof path, "/proc/%d/fdinfo/%d", caller->tid, fd);
  int info = open_at(AT_FDCWD, path, O_RDONLY);
  ssize_t length = info < 0 ? -1 : read(info, text, sizeof text - 1);
  if (info >= 0) close(info);
  text[length < 0 ? 0 : length] = '\0';
  const char *flags = strstr(text, "flags:");
  *close_on_exec = flags == NULL || (strtoul(flags + 6, NULL, 8) & O_CLOEXEC) != 0;
  return own;
}
