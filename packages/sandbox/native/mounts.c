/* The new root, from nothing: what the LaunchSpec names is there, and only that. */
#include "inner.h"
#include "tree.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Where the new root is put together; covered only in this mount namespace. Sources are open before that. */
#define STAGE "/tmp"
/* Holds what lies over masked names while the root is built; gone before anything runs. */
#define COVERS "/.covers"
enum { AT_RECURSIVE_ALL = 0x8000, ROOT_BYTES = 16 << 20, INODE_BYTES = 4096, INODES_LEAST = 1024 };

int *open_sources(const struct spec *spec, int user_namespace) {
  int *sources = calloc(spec->mount_count + 1, sizeof *sources);
  if (sources == NULL) die(errno, "out of memory");
  for (size_t i = 0; i < spec->mount_count; i++) {
    const struct mount *mount = &spec->mounts[i];
    sources[i] = -1;
    if (mount->kind != MOUNT_BIND) continue;
    uint64_t attributes = MOUNT_NOSUID | MOUNT_NODEV | (mount->writable ? 0 : MOUNT_RDONLY);
    sources[i] = clone_tree(AT_FDCWD, mount->source, 0, attributes);
    if (sources[i] < 0) {
      if (mount->optional && (errno == ENOENT || errno == ENOTDIR || errno == EACCES)) continue;
      die(errno, "cannot take `%s` into the sandbox%s", mount->source, errno == ENOSYS ? " (kernel 5.12 or newer is needed)" : "");
    }
    if (mount->owned && user_namespace >= 0 && set_attributes(sources[i], AT_RECURSIVE_ALL, 0, user_namespace) < 0)
      die(errno, "the file system of `%s` can't be id-mapped, which a run by root needs: run as an ordinary user", mount->source);
  }
  return sources;
}

static bool is_directory(int fd) {
  struct stat status;
  if (fstat(fd, &status) < 0) die(errno, "cannot look at a mount source");
  return S_ISDIR(status.st_mode);
}

static void attach_bind(int root, const struct mount *mount, int source) {
  if (source < 0) return;
  int target = make_target(root, mount->target, is_directory(source));
  attach(source, target, mount->target);
  close(target);
  close(source);
}

/* Empty files cost memory that `size` does not count, and the kernel would allow one for every second page of the machine. */
unsigned long long inodes_for(uint64_t bytes) { return bytes / INODE_BYTES + INODES_LEAST; }

static void mount_tmpfs(int root, const struct mount *mount) {
  char options[96], place[PATH_MAX];
  int target = make_target(root, mount->target, true);
  snprintf(options, sizeof options, "size=%llu,nr_inodes=%llu,mode=%o", (unsigned long long)mount->size, inodes_for(mount->size), mount->mode);
  snprintf(place, sizeof place, "/proc/self/fd/%d", target);
  unsigned long flags = MS_NOSUID | MS_NODEV | (mount->writable ? 0 : MS_RDONLY);
  if (syscall(SYS_mount, "tmpfs", place, "tmpfs", flags, options) < 0) die(errno, "cannot mount memory at `%s`", mount->target);
  close(target);
}

void write_all(int fd, struct bytes content, const char *what) {
  for (size_t done = 0; done < content.length;) {
    ssize_t got = write(fd, content.data + done, content.length - done);
    if (got < 0 && errno != EINTR) die(errno, "cannot write `%s`", what);
    if (got > 0) done += (size_t)got;
  }
}

/* The directory that is to hold `path`, and the last component in *name. */
static int make_parent(int root, const char *path, const char **name) {
  char parent[PATH_MAX];
  const char *slash = strrchr(path, '/');
  *name = slash + 1;
  snprintf(parent, sizeof parent, "%.*s", slash == path ? 1 : (int)(slash - path), path);
  return make_target(root, parent, true);
}

static void make_entry(int root, const struct mount *mount) {
  const char *name;
  int parent = make_parent(root, mount->target, &name);
  if (mount->kind == MOUNT_SYMLINK) {
    if (symlinkat(mount->source, parent, name) < 0) die(errno, "cannot make the link `%s`", mount->target);
  } else if (mount->kind == MOUNT_DIRECTORY) {
    if (mkdirat(parent, name, 0700) < 0 && errno != EEXIST) die(errno, "cannot make `%s`", mount->target);
    if (fchmodat(parent, name, mount->mode & 01777, 0) < 0) die(errno, "cannot set the mode of `%s`", mount->target);
  } else {
    int file = openat(parent, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, mount->mode & 0777);
    if (file < 0) die(errno, "cannot make `%s`", mount->target);
    write_all(file, mount->content, mount->target);
    if (fchmod(file, mount->mode & 0777) < 0) die(errno, "cannot set the mode of `%s`", mount->target);
    close(file);
  }
  close(parent);
}

struct places { int root, covers, watches; };

static void apply(struct places at, const struct spec *spec, size_t index, int source) {
  const struct mount *mount = &spec->mounts[index];
  int root = at.root;
  switch (mount->kind) {
    case MOUNT_BIND: attach_bind(root, mount, source); return;
    case MOUNT_TMPFS: mount_tmpfs(root, mount); return;
    case MOUNT_PROC: mount_proc(root, mount->target); return;
    case MOUNT_DEV: mount_dev(root, mount->target, mount->size); return;
    case MOUNT_SYMLINK:
    case MOUNT_DIRECTORY:
    case MOUNT_FILE: make_entry(root, mount); return;
    case MOUNT_COVER:
    case MOUNT_PROTECT:
    case MOUNT_PIN: lay_over(root, at.covers, mount, index, at.watches); return;
  }
}

void build_root(const struct spec *spec, const int *sources, int watches) {
  char options[64];
  /* What is mounted here must not appear on the host. */
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) die(errno, "cannot part from the host's mounts");
  snprintf(options, sizeof options, "size=%d,mode=755", ROOT_BYTES);
  if (mount("tmpfs", STAGE, "tmpfs", MS_NOSUID | MS_NODEV, options) < 0) die(errno, "cannot mount the new root");
  int root = open(STAGE, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root < 0) die(errno, "cannot open the new root");
  /* The covers' own file system: it has to be attached while it is cloned from, and is detached before the end. */
  int covers = make_target(root, COVERS, true);
  close(covers);
  if (mount("tmpfs", STAGE COVERS, "tmpfs", MS_NOSUID | MS_NODEV, "size=16m,mode=755") < 0) die(errno, "cannot mount the covers");
  struct places at = { root, make_target(root, COVERS, true), watches };

  for (size_t i = 0; i < spec->mount_count; i++) apply(at, spec, i, sources[i]);

  close(at.covers);
  if (umount2(STAGE COVERS, MNT_DETACH) < 0 || rmdir(STAGE COVERS) < 0) die(errno, "cannot remove the covers");
  /* The old root goes under the new one and is detached: no path and no descriptor leads back to it. */
  if (fchdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0) die(errno, "cannot change the root");
  if (umount2(".", MNT_DETACH) < 0 || chdir("/") < 0) die(errno, "cannot leave the old root");
  close(root);
  int own = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (own < 0 || set_attributes(own, 0, MOUNT_RDONLY | MOUNT_NOSUID | MOUNT_NODEV, -1) < 0) die(errno, "cannot make the root read-only");
  close(own);
}
