/* Detached mounts and paths in the new root. Nothing here follows a path out of that root: what lies in it may be an agent's work. */
#include "inner.h"
#include "tree.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { RESOLVE_NO_MAGICLINKS_ = 0x02, RESOLVE_NO_SYMLINKS_ = 0x04, RESOLVE_IN_ROOT_ = 0x10 };
enum { OPEN_TREE_CLONE_ = 1, AT_RECURSIVE_ = 0x8000 };
enum { MOVE_MOUNT_F_EMPTY = 4, MOVE_MOUNT_T_EMPTY = 0x40 };

struct how { uint64_t flags, mode, resolve; };
struct attributes { uint64_t set, clear, propagation, user_namespace; };

static int open_beneath(int root, const char *path, uint64_t flags, uint64_t resolve) {
  while (*path == '/') path++;
  struct how how = { flags | O_CLOEXEC, 0, resolve | RESOLVE_IN_ROOT_ | RESOLVE_NO_MAGICLINKS_ };
  return (int)syscall(SYS_openat2, root, *path ? path : ".", &how, sizeof how);
}

int open_existing(int root, const char *path) { return open_beneath(root, path, O_PATH | O_NOFOLLOW, RESOLVE_NO_SYMLINKS_); }

int make_target(int root, const char *path, bool directory) {
  int found = open_beneath(root, path, O_PATH, 0);
  if (found >= 0) return found;
  if (errno != ENOENT) die(errno, "cannot reach `%s` in the new root", path);

  char part[4096];
  int parent = root;
  for (const char *end = path; *end != '\0';) {
    end += 1 + strcspn(end + 1, "/");
    bool last = *end == '\0';
    int length = snprintf(part, sizeof part, "%.*s", (int)(end - path), path);
    if (length >= (int)sizeof part) die(ENAMETOOLONG, "`%s`", path);
    const char *name = strrchr(part, '/') + 1;
    int next = open_beneath(root, part, O_PATH, 0);
    if (next < 0) {
      if (last && !directory) {
        next = openat(parent, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_WRONLY, 0644);
      } else if (mkdirat(parent, name, 0755) == 0) {
        next = openat(parent, name, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
      }
      /* Somebody outside was quicker: a name that is made while the run goes on is one that they are replacing. */
      if (next < 0 && errno == EEXIST) next = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
      if (next < 0) die(errno, "cannot make `%s` in the new root", part);
    }
    if (parent != root) close(parent);
    parent = next;
  }
  return parent;
}

static int change(int tree, unsigned flags, uint64_t set, uint64_t propagation, int user_namespace) {
  struct attributes attributes = { set, 0, propagation, user_namespace >= 0 ? (uint64_t)user_namespace : 0 };
  if (user_namespace >= 0) attributes.set |= MOUNT_IDMAP;
  return (int)syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH | flags, &attributes, sizeof attributes);
}

int set_attributes(int tree, unsigned flags, uint64_t set, int user_namespace) { return change(tree, flags, set, 0, user_namespace); }

int clone_tree(int at, const char *path, unsigned flags, uint64_t set) {
  int tree = (int)syscall(SYS_open_tree, at, path, OPEN_TREE_CLONE_ | O_CLOEXEC | AT_RECURSIVE_ | flags);
  if (tree < 0) return -1;
  /* Private always: a copy of a shared mount (systemd makes all of them so) would carry the covers of a run by root out to the host. */
  if (change(tree, AT_RECURSIVE_, set, MS_PRIVATE, -1) < 0) {
    int error = errno;
    close(tree);
    errno = error;
    return -1;
  }
  return tree;
}

int try_attach(int tree, int target) { return (int)syscall(SYS_move_mount, tree, "", target, "", MOVE_MOUNT_F_EMPTY | MOVE_MOUNT_T_EMPTY); }

void attach(int tree, int target, const char *what) {
  if (try_attach(tree, target) < 0) die(errno, "cannot mount `%s`", what);
}
