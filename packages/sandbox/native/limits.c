/* Limits by rlimit, which any user has. Each says what holds; the memory of the whole run is in cgroup.c. */
#include "inner.h"
#include <errno.h>
#include <sys/resource.h>

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
     the kernel leaves it alone at this one value, and writes no file of a byte. A program that lowers it to 0 itself loses that. */
  limit(setup, "limit:core", RLIMIT_CORE, spec->core == 0 ? 1 : spec->core, spec->core == 0 ? "byte: no core dump, and no handler of the host" : "bytes of core dump");
}
