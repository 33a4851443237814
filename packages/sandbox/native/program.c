/* The files of an exec, as the kernel finds them one after the other: fs/exec.c, fs/binfmt_script.c, fs/binfmt_elf.c. */
#define _GNU_SOURCE
#include "supervise.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SCRIPT_LINE_MAX = 256 /* BINPRM_BUF_SIZE */, HEAD_MAX = 1024, INTERPRETERS_MAX = 5 };

void identify(const struct stat *status, struct identity *out) {
  *out = (struct identity){
    .device = status->st_dev, .inode = status->st_ino, .size = (uint64_t)status->st_size,
    .mtime_ns = (uint64_t)status->st_mtim.tv_sec * 1000000000u + (uint64_t)status->st_mtim.tv_nsec,
    .ctime_ns = (uint64_t)status->st_ctim.tv_sec * 1000000000u + (uint64_t)status->st_ctim.tv_nsec,
    .mode = status->st_mode,
  };
}

bool same_identity(const struct identity *a, const struct identity *b) {
  return a->device == b->device && a->inode == b->inode && a->size == b->size && a->mtime_ns == b->mtime_ns &&
         a->ctime_ns == b->ctime_ns && a->mode == b->mode;
}

bool files_unchanged(const struct notice *notice) {
  for (size_t index = 0; index < notice->file_count; index++) {
    struct stat status;
    struct identity now;
    if (fstat(notice->files[index].fd, &status) < 0) return false;
    identify(&status, &now);
    if (!same_identity(&now, &notice->files[index].identity) || !held_still(&notice->files[index])) return false;
  }
  return true;
}

void release_files(struct notice *notice) {
  for (size_t index = 0; index < notice->file_count; index++) {
    struct exec_file *file = &notice->files[index];
    if (file->fd >= 0) close(file->fd);
    free(file->path);
    free(file->named);
    free(file->argv.data);
  }
  notice->file_count = 0;
}

static int open_file(struct exec_file *file) {
  char link[40];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file->fd);
  int fd = open_at(AT_FDCWD, link, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return errno == EMFILE || errno == ENFILE ? EAGAIN : 0;
  close(file->fd);
  file->fd = fd;
  file->readable = file->opened = true;
  return hold_still(file);
}

int open_files(struct notice *notice) {
  for (size_t index = 0; index < notice->file_count; index++) {
    int error = notice->files[index].opened ? 0 : open_file(&notice->files[index]);
    if (error != 0) return error;
  }
  return 0;
}

/* Takes `fd` (O_PATH) over. A file that only may be executed stays an O_PATH descriptor: Node sees its identity, not its bytes. */
static int take_file(struct notice *notice, enum file_kind kind, int fd, const char *named) {
  struct exec_file *file = &notice->files[notice->file_count++];
  *file = (struct exec_file){ .kind = kind, .fd = fd };
  struct stat status;
  if (fstat(fd, &status) < 0) return errno;
  if (!S_ISREG(status.st_mode)) return EACCES;
  int error = look_at_mount(file, status.st_uid);
  if (error != 0) return error;
  /* Everybody's x bits say enough; what an access control list takes away, the kernel does. */
  bool everybody = (status.st_mode & 0111) == 0111;
  if (kind != FILE_LOADER_TARGET && !everybody && syscall(SYS_faccessat2, fd, "", X_OK, AT_EACCESS | AT_EMPTY_PATH) < 0) return errno;
  identify(&status, &file->identity);
  file->readable = known_plain(&file->identity);
  error = file->readable ? 0 : open_file(file);
  if (error != 0) return error;
  file->path = path_of_descriptor(file->fd);
  file->named = strdup(named);
  return file->path == NULL || file->named == NULL ? ENOMEM : 0;
}

static bool blank(char c) { return c == ' ' || c == '\t'; }

/* The interpreter line as load_script() reads it. `line` holds SCRIPT_LINE_MAX bytes, zeros after the file's end. */
static int parse_script_line(char line[SCRIPT_LINE_MAX], char **interpreter, char **argument) {
  char *last = line + SCRIPT_LINE_MAX - 1, *end = memchr(line, '\n', SCRIPT_LINE_MAX), *nul = memchr(line, '\0', SCRIPT_LINE_MAX);
  if (end != NULL && nul != NULL && nul < end) end = NULL; /* strnchr() stops at a NUL */
  if (end == NULL) {
    char *at = line + 2;
    while (at <= last && blank(*at)) at++;
    if (at > last) return ENOEXEC;
    while (at <= last && !blank(*at) && *at != '\0') at++;
    if (at > last) return ENOEXEC; /* the name may go on beyond what the kernel reads */
    end = last;
  }
  while (blank(end[-1])) end--;
  char *name = line + 2;
  while (name <= end && blank(*name)) name++;
  if (name >= end) return ENOEXEC;
  char *gap = name;
  while (gap <= end && !blank(*gap) && *gap != '\0') gap++;
  *argument = NULL;
  if (gap <= end && *gap != '\0') {
    char *at = gap;
    while (at <= end && blank(*at)) at++;
    if (at <= end) *argument = at;
  }
  *end = '\0';
  if (*argument != NULL) *gap = '\0';
  *interpreter = name;
  return *name == '\0' ? ENOENT : 0;
}

/* Opens the interpreter of the last file as the next file, with the argument list that the kernel rebuilds for it. */
static int add_interpreter(struct notice *notice, const uint8_t *head, size_t length) {
  char line[SCRIPT_LINE_MAX] = { 0 }, *interpreter, *argument;
  memcpy(line, head, length < SCRIPT_LINE_MAX ? length : SCRIPT_LINE_MAX);
  int error = parse_script_line(line, &interpreter, &argument);
  if (error != 0) return error;
  if (notice->file_count > INTERPRETERS_MAX) return ELOOP;
  int fd = resolve_for(&notice->caller, AT_FDCWD, interpreter, 0);
  if (fd < 0) return -fd;
  const struct exec_file *script = &notice->files[notice->file_count - 1];
  error = take_file(notice, FILE_INTERPRETER, fd, interpreter);
  if (error != 0) return error;
  struct strings *argv = &notice->files[notice->file_count - 1].argv;
  if (!append_string(argv, interpreter, strlen(interpreter)) || (argument != NULL && !append_string(argv, argument, strlen(argument))) ||
      !append_string(argv, script->named, strlen(script->named)) || !copy_strings(argv, &script->argv, 1))
    return ENOMEM;
  return 0;
}

/* A dynamic loader run as a program: what it was told to run is what runs. */
static int add_loader_target(struct notice *notice) {
  const struct strings *argv = &notice->files[notice->image].argv;
  uint32_t target, name;
  enum loader_order order = read_loader_arguments(argv, &target, &name);
  if (order == LOADER_RUNS_NOTHING) return 0;
  const char *path = order == LOADER_RUNS ? string_at(argv, target) : "";
  if (strchr(path, '/') == NULL) {
    notice->refusal = "bailiwick: cannot tell what the dynamic loader would run; start the program itself, or name it by a path";
    return EACCES;
  }
  int fd = resolve_for(&notice->caller, AT_FDCWD, path, 0);
  if (fd < 0) return -fd;
  int error = take_file(notice, FILE_LOADER_TARGET, fd, path);
  if (error != 0) return error;
  struct strings *own = &notice->files[notice->file_count - 1].argv;
  const char *zero = name != 0 ? string_at(argv, name) : path;
  return append_string(own, zero, strlen(zero)) && copy_strings(own, argv, target + 1) ? 0 : ENOMEM;
}

int describe_files(struct notice *notice, int program, const char *named, struct strings *argv, bool unreachable_by_name) {
  int error = take_file(notice, FILE_PROGRAM, program, named);
  notice->files[0].argv = *argv;
  *argv = (struct strings){ 0 };
  while (error == 0) {
    struct exec_file *file = &notice->files[notice->file_count - 1];
    notice->image = notice->file_count - 1;
    if (!file->opened) return 0; /* known, or not for us to read */
    uint8_t head[HEAD_MAX];
    ssize_t length = pread(file->fd, head, sizeof head, 0);
    if (length < 0) return errno;
    if (length >= 2 && head[0] == '#' && head[1] == '!') {
      /* The kernel knows that /dev/fd/N would be closed before the interpreter can open it. */
      if (unreachable_by_name) return ENOENT;
      error = add_interpreter(notice, head, (size_t)length);
      if (error == ENOEXEC) {
        notice->foreign = true;
        return 0;
      }
      continue;
    }
    struct image image;
    inspect_image(file->fd, head, (size_t)length, &image);
    notice->foreign = !image.native;
    if (image.native && !image.loader && file->vouched) remember_plain(&file->identity, notice->received_ns);
    return image.loader ? add_loader_target(notice) : 0;
  }
  return error;
}
