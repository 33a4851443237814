/*
 * Names that something lies over: covered, read-only or pinned. The kernel takes a mount away when somebody outside removes or replaces the
 * name under it (detach_mounts() of rename(2) and unlink(2); a rename takes the mount along), as git and editors do whenever they save. Then
 * an agent could write what it must not, or read what was masked. So each name is watched, and what is gone is laid anew, within about a
 * millisecond. It is done by a child of the outer half that enters the sandbox's namespaces, which their owner may (user_namespaces(7)).
 */
#define _GNU_SOURCE
#include "inner.h"
#include "supervise.h"
#include "tree.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NAME_LOST = IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF, NAMES_CHANGED = IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE };
enum { FSCONFIG_CREATE = 6, ATTEMPTS = 5, PATIENCE_S = 5 };
enum { KEEP_FAILED = SETUP_ERROR, KEEP_RENEWED, KEEP_MADE };

bool is_laid_over(const struct mount *mount) { return mount->kind == MOUNT_COVER || mount->kind == MOUNT_PROTECT || mount->kind == MOUNT_PIN; }

/* The directory of `path`, O_PATH; *name is what is in it. -1 when it is not there. */
static int open_parent(int root, const char *path, const char **name) {
  char parent[PATH_MAX];
  const char *slash = strrchr(path, '/');
  *name = slash + 1;
  snprintf(parent, sizeof parent, "%.*s", slash == path ? 1 : (int)(slash - path), path);
  return open_existing(root, parent);
}

/* 0, or ENOENT when the name has just gone. */
static int watch_name(int watches, int root, const char *path) {
  const char *name;
  int parent = open_parent(root, path, &name);
  if (parent < 0 && errno == ENOENT) return ENOENT;
  /* inotify takes names only; /proc may be another pid namespace's here. */
  if (parent < 0 || fchdir(parent) < 0) die(errno, "cannot watch `%s`", path);
  int watched = inotify_add_watch(watches, name, NAME_LOST | IN_DONT_FOLLOW);
  /* What can't be read can't be watched itself: then its directory is. */
  if (watched < 0 && errno == EACCES) watched = inotify_add_watch(watches, ".", NAMES_CHANGED | IN_MASK_ADD);
  int error = watched < 0 ? errno : 0;
  close(parent);
  if (error != 0 && error != ENOENT)
    die(error, "cannot watch `%s`%s", path, error == ENOSPC ? ": raise `sysctl fs.inotify.max_user_watches`" : "");
  return error;
}

/* What is to lie over a name, made in a directory of a file system of its own; a detached mount. */
static int make_cover(int covers, const struct mount *mount, size_t index) {
  char name[32];
  snprintf(name, sizeof name, "%zu", index);
  if (mount->directory) {
    if (mkdirat(covers, name, 0755) < 0) die(errno, "cannot make a cover");
  } else {
    int file = openat(covers, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0644);
    if (file < 0) die(errno, "cannot make a cover");
    write_all(file, mount->content, mount->target);
    close(file);
  }
  return clone_tree(covers, name, 0, MOUNT_RDONLY | MOUNT_NOSUID | MOUNT_NODEV | MOUNT_NOEXEC);
}

/* A copy of the place itself: read-only to protect it, as it is to pin it. */
static int copy_place(int target, const struct mount *mount) {
  return clone_tree(target, "", AT_EMPTY_PATH, mount->kind == MOUNT_PROTECT ? MOUNT_RDONLY : 0);
}

/* 0, or ENOENT when the name has just gone. */
static int try_to_lay_over(int root, int covers, const struct mount *mount, size_t index, int watches) {
  struct stat status;
  /* Opened with no symbolic link anywhere: an earlier run may have put one there. */
  int target = open_existing(root, mount->target);
  if (target < 0 && errno == ENOENT) return ENOENT;
  if (target < 0 || fstat(target, &status) < 0) die(errno, "cannot protect `%s`", mount->target);
  bool cover = mount->kind == MOUNT_COVER;
  if (cover && S_ISDIR(status.st_mode) != mount->directory) die(mount->directory ? ENOTDIR : EISDIR, "cannot cover `%s`", mount->target);
  int error = watch_name(watches, root, mount->target);
  int tree = error != 0 ? -1 : cover ? make_cover(covers, mount, index) : copy_place(target, mount);
  if (error == 0 && tree < 0) error = errno;
  if (error == 0 && try_attach(tree, target) < 0) error = errno;
  if (error != 0 && error != ENOENT) die(error, "cannot mount `%s`", mount->target);
  if (tree >= 0) close(tree);
  close(target);
  return error;
}

void lay_over(int root, int covers, const struct mount *mount, size_t index, int watches) {
  int error = try_to_lay_over(root, covers, mount, index, watches);
  if (error != 0) die(error, "cannot protect `%s`", mount->target);
}

/* ---- in the child that enters the sandbox ---- */

static bool is_in_place(int root, const char *path) {
  uint64_t facts[32] = { 0 }; /* struct statx: stx_attributes is the second 64-bit word */
  const uint64_t mount_root = 0x2000; /* STATX_ATTR_MOUNT_ROOT, Linux 5.8 */
  int place = open_existing(root, path);
  bool laid = place >= 0 && syscall(SYS_statx, place, "", AT_EMPTY_PATH, 0, facts) == 0 && (facts[1] & mount_root) != 0;
  if (place >= 0) close(place);
  return laid;
}

/* A file system for covers, over `/`, where nothing that runs already looks. */
static int mount_covers(int root) {
  int context = (int)syscall(SYS_fsopen, "tmpfs", 1);
  if (context < 0 || syscall(SYS_fsconfig, context, FSCONFIG_CREATE, NULL, NULL, 0) < 0) die(errno, "cannot make new covers");
  int covers = (int)syscall(SYS_fsmount, context, 1, MOUNT_NOSUID | MOUNT_NODEV);
  if (covers < 0) die(errno, "cannot make new covers");
  attach(covers, root, "new covers");
  close(context);
  return covers;
}

/* Gives the name something to lie over. True when it had to be made. */
static bool make_name(int root, const struct mount *mount) {
  int found = open_existing(root, mount->target);
  if (found < 0 && errno != ENOENT && errno != ENOTDIR && errno != ELOOP) die(errno, "cannot reach `%s` again", mount->target);
  if (found < 0 && errno != ENOENT) die(errno, "`%s` became a symbolic link or lies in one", mount->target);
  bool directory = mount->kind == MOUNT_PIN || (mount->kind == MOUNT_COVER && mount->directory);
  int place = found >= 0 ? found : make_target(root, mount->target, directory);
  close(place);
  return found < 0;
}

static void renew(int root, int *covers, const struct spec *spec, size_t index, const struct inner *inner, int report) {
  static size_t made_covers;
  struct mount mount = spec->mounts[index];
  bool made = false;
  for (int attempt = 0; !is_in_place(root, mount.target); attempt++) {
    struct stat status;
    if (attempt == ATTEMPTS) die(EAGAIN, "`%s` is replaced again and again", mount.target);
    made |= make_name(root, &mount);
    int target = open_existing(root, mount.target);
    if (target < 0 || fstat(target, &status) < 0) continue; /* gone once more */
    close(target);
    /* A file may have become a directory, or the other way round: either is covered as what it is now. */
    if (mount.kind == MOUNT_COVER) mount.directory = S_ISDIR(status.st_mode);
    if (mount.kind == MOUNT_COVER && *covers < 0) *covers = mount_covers(root);
    try_to_lay_over(root, *covers, &mount, made_covers++, inner->watches);
  }
  send_setup(report, made ? KEEP_MADE : KEEP_RENEWED, (uint32_t)index, NULL, 0, -1);
}

static _Noreturn void renew_all(const struct supervisor *s, int report) {
  die_through(report);
  bool root_run = geteuid() == 0;
  if (setns(s->inner->user_namespace, CLONE_NEWUSER) < 0 || setns(s->inner->mount_namespace, CLONE_NEWNS) < 0)
    die(errno, "cannot enter the sandbox");
  if (root_run) become_mapped();
  int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), covers = -1;
  if (root < 0) die(errno, "cannot open the root of the sandbox");
  for (size_t index = 0; index < s->spec->mount_count; index++) {
    const struct mount *mount = &s->spec->mounts[index];
    if (is_laid_over(mount) && !is_in_place(root, mount->target)) renew(root, &covers, s->spec, index, s->inner, report);
  }
  if (covers >= 0 && (fchdir(covers) < 0 || umount2(".", MNT_DETACH) < 0)) die(errno, "cannot remove the new covers");
  _exit(0);
}

/* ---- in the outer half ---- */

static void fail_to_keep(struct supervisor *s, const char *what, int error) {
  tell_failure(s, what, error);
  s->failed = true;
  end_run(s);
}

static void take_report(struct supervisor *s, int report) {
  struct timeval patience = { .tv_sec = PATIENCE_S };
  struct setup_message head;
  char text[1024];
  int none;
  setsockopt(report, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  for (;;) {
    errno = 0;
    ssize_t length = receive_setup(report, &head, text, sizeof text - 1, &none);
    if (length < 0 && errno != EAGAIN) return;
    if (length < 0) {
      fail_to_keep(s, "protected names could not be protected again in time", ETIMEDOUT);
      return;
    }
    if (head.kind == KEEP_FAILED) {
      text[length] = '\0';
      fail_to_keep(s, text, (int)head.value);
      return;
    }
    if (head.value < s->spec->mount_count) tell_renewed(s, s->spec->mounts[head.value].target, head.kind == KEEP_MADE);
  }
}

void leave_watches(struct supervisor *s) {
  if (s->inner->watches < 0) return;
  pid_t child = fork();
  if (child != 0) return; /* without a child it is we who wait */
  syscall(SYS_close_range, 0, s->inner->watches - 1, 0);
  _exit(0);
}

void on_names_changed(struct supervisor *s) {
  char events[4096];
  while (read(s->inner->watches, events, sizeof events) > 0) continue;
  int ends[2];
  if (s->ending || s->init_gone) return;
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) die(errno, "cannot protect names again");
  pid_t child = fork();
  if (child < 0) die(errno, "cannot protect names again");
  if (child == 0) {
    close(ends[0]);
    renew_all(s, ends[1]);
  }
  close(ends[1]);
  take_report(s, ends[0]);
  close(ends[0]);
  int status;
  if (s->ending) kill(child, SIGKILL);
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (!s->ending && status != 0) fail_to_keep(s, "protected names could not be protected again", 0);
}
