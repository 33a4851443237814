/*
 * The run's own cgroup, where this process's group is delegated (cgroups(7), version 2). It is the only limit on memory as a whole that an ordinary
 * user can set. Everything here runs in the outer half, as whoever started us; where nothing is delegated that is reported, not passed over.
 */
#include "inner.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOUNT "/sys/fs/cgroup"
#define PREFIX "bailiwick-"

static char own_group[PATH_MAX]; /* made by us, removed when the run is over */

static bool in_folder(char *path, size_t size, const char *folder, const char *name) {
  return snprintf(path, size, "%s/%s", folder, name) < (int)size;
}

static bool write_file(const char *folder, const char *name, const char *text) {
  char path[PATH_MAX];
  if (!in_folder(path, sizeof path, folder, name)) return false;
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  bool done = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
  close(fd);
  return done;
}

/* Whether the word stands in the file: a controller in cgroup.subtree_control. */
static bool has_word(const char *folder, const char *name, const char *word) {
  char path[PATH_MAX], text[512] = { 0 };
  if (!in_folder(path, sizeof path, folder, name)) return false;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t length = read(fd, text, sizeof text - 1);
  close(fd);
  for (char *at = length > 0 ? strtok(text, " \n") : NULL; at != NULL; at = strtok(NULL, " \n"))
    if (strcmp(at, word) == 0) return true;
  return false;
}

static bool find_group_of_ours(char *folder, size_t size) {
  char line[PATH_MAX];
  bool found = false;
  FILE *file = fopen("/proc/self/cgroup", "re");
  while (file != NULL && !found && fgets(line, sizeof line, file) != NULL) {
    if (strncmp(line, "0::/", 4) != 0) continue;
    line[strcspn(line, "\n")] = '\0';
    found = snprintf(folder, size, MOUNT "%s", strcmp(line + 3, "/") == 0 ? "" : line + 3) < (int)size;
  }
  if (file != NULL) fclose(file);
  return found;
}

/* A killed launcher could not remove its group. Those of runs that live (the name is their pid 1) are left alone. */
static void sweep(const char *folder) {
  DIR *open_folder = opendir(folder);
  if (open_folder == NULL) return;
  for (struct dirent *entry; (entry = readdir(open_folder)) != NULL;)
    if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) == 0 && kill(atoi(entry->d_name + strlen(PREFIX)), 0) < 0 && errno == ESRCH)
      unlinkat(dirfd(open_folder), entry->d_name, AT_REMOVEDIR);
  closedir(open_folder);
}

static void remove_group(void) { rmdir(own_group); }

/* A group whose children may be limited in memory and that we may move processes in: a group with processes of its own gives its children no
   controllers, so it is seldom our own and mostly the one above. */
static bool holds_limited_groups(const char *folder) {
  char path[PATH_MAX];
  bool movable = in_folder(path, sizeof path, folder, "cgroup.procs") && access(path, W_OK) == 0;
  if (!movable || access(folder, W_OK) < 0) return false;
  return has_word(folder, "cgroup.subtree_control", "memory");
}

static void report(struct inner *out, bool enforced, const char *detail) {
  put_str(&out->enforcement, "limit:memory", strlen("limit:memory"));
  put_u8(&out->enforcement, enforced);
  put_str(&out->enforcement, detail, strlen(detail));
  out->enforcement_count++;
}

static void set_limit(const char *name, uint64_t value) {
  char text[32];
  snprintf(text, sizeof text, "%llu", (unsigned long long)value);
  if (!write_file(own_group, name, text)) die(errno, "cannot set %s of the run's cgroup", name);
}

void join_own_group(const struct spec *spec, pid_t child, struct inner *out) {
  char folder[PATH_MAX - 64], text[64];
  if (spec->memory == UINT64_MAX) return;
  if (!find_group_of_ours(folder, sizeof folder)) return report(out, false, "this host has no cgroup version 2");
  if (!holds_limited_groups(folder)) {
    char *last = strrchr(folder, '/');
    if (strlen(folder) > strlen(MOUNT)) *last = '\0';
    if (!holds_limited_groups(folder)) return report(out, false, "the memory controller is not delegated to this user (systemd: `Delegate=memory`)");
  }
  sweep(folder);
  snprintf(own_group, sizeof own_group, "%s/" PREFIX "%d", folder, child);
  if (mkdir(own_group, 0755) < 0) return report(out, false, "no cgroup can be made beside the own one");
  atexit(remove_group);
  set_limit("memory.max", spec->memory);
  /* Beside RLIMIT_NPROC, which holds anyway. */
  if (spec->processes != UINT64_MAX && has_word(own_group, "cgroup.controllers", "pids")) set_limit("pids.max", spec->processes + 1);
  snprintf(text, sizeof text, "%d", child);
  if (!write_file(own_group, "cgroup.procs", text)) return report(out, false, "the own cgroup is not delegated to this user");
  snprintf(text, sizeof text, "%llu bytes for the whole run", (unsigned long long)spec->memory);
  report(out, true, text);
}
