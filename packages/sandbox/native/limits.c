/* Limits by rlimit, which any user has, and by cgroup v2, where the own group is delegated. Each says whether it holds. */
#include "inner.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void limit(int setup, const char *layer, int which, uint64_t value, const char *meaning) {
  if (value == UINT64_MAX) return;
  struct rlimit now, wanted = { value, value };
  if (getrlimit(which, &now) < 0) die(errno, "cannot read %s", layer);
  /* Never raise: the host's own limit may be lower. */
  if (now.rlim_max < value) wanted.rlim_cur = wanted.rlim_max = now.rlim_max;
  if (setrlimit(which, &wanted) < 0) die(errno, "cannot set %s", layer);
  report_layer(setup, true, layer, "%llu %s", (unsigned long long)wanted.rlim_max, meaning);
}

void apply_limits(const struct spec *spec, int setup) {
  limit(setup, "limit:processes", RLIMIT_NPROC, spec->processes, "processes and threads of the whole run");
  limit(setup, "limit:file-size", RLIMIT_FSIZE, spec->file_size, "bytes in one file");
  limit(setup, "limit:open-files", RLIMIT_NOFILE, spec->open_files, "descriptors in one process");
  /* 1, not 0: a core_pattern of the host that is a pipe would start its handler as root outside, over the memory of a program from inside;
     the kernel leaves it alone at this one value (core(5)), and writes no file of a byte. */
  limit(setup, "limit:core", RLIMIT_CORE, spec->core == 0 ? 1 : spec->core, "bytes of core dump");
}

/* cgroups(7): a group may get children with limits only where its owner was given it. */
static bool write_file(const char *folder, const char *name, const char *text) {
  char path[PATH_MAX];
  if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path) return false;
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  bool done = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
  close(fd);
  return done;
}

static bool find_own_group(char *folder, size_t size) {
  char line[PATH_MAX];
  bool found = false;
  FILE *file = fopen("/proc/self/cgroup", "re");
  while (file != NULL && !found && fgets(line, sizeof line, file) != NULL) {
    if (strncmp(line, "0::", 3) != 0) continue;
    line[strcspn(line, "\n")] = '\0';
    found = snprintf(folder, size, "/sys/fs/cgroup%s", line + 3) < (int)size && access(folder, W_OK) == 0;
  }
  if (file != NULL) fclose(file);
  return found;
}

static void report_memory(struct inner *out, bool enforced, const char *detail) {
  put_str(&out->enforcement, "limit:memory", strlen("limit:memory"));
  put_u8(&out->enforcement, enforced);
  put_str(&out->enforcement, detail, strlen(detail));
  out->enforcement_count++;
}

void join_memory_group(const struct spec *spec, pid_t child, struct inner *out) {
  char own[PATH_MAX / 2], group[PATH_MAX], text[64];
  if (spec->memory == UINT64_MAX) return;
  if (!find_own_group(own, sizeof own)) return report_memory(out, false, "no cgroup v2 of this process can be written");
  if (!write_file(own, "cgroup.subtree_control", "+memory")) return report_memory(out, false, "the cgroup's memory controller is not delegated");
  snprintf(group, sizeof group, "%s/bailiwick-%d", own, child);
  if (mkdir(group, 0755) < 0) return report_memory(out, false, "no cgroup can be made below the own one");
  snprintf(text, sizeof text, "%llu", (unsigned long long)spec->memory);
  if (!write_file(group, "memory.max", text) || !write_file(group, "memory.oom.group", "1")) die(errno, "cannot set the memory limit");
  snprintf(text, sizeof text, "%d", child);
  if (!write_file(group, "cgroup.procs", text)) die(errno, "cannot put the sandbox under its memory limit");
  snprintf(text, sizeof text, "%llu bytes for the whole run", (unsigned long long)spec->memory);
  report_memory(out, true, text);
}
