/*
 * Landlock as the second layer: it holds even if a mount were wrong. Rights are scaled to what the kernel knows (landlock(7)); rights that it
 * does not know can't be asked for, which is reported.
 */
#include "inner.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CREATE_RULESET = 444, ADD_RULE = 445, RESTRICT_SELF = 446, VERSION = 1, RULE_PATH = 1, RULE_PORT = 2 };
enum {
  FS_EXECUTE = 1 << 0, FS_WRITE_FILE = 1 << 1, FS_READ_FILE = 1 << 2, FS_READ_DIR = 1 << 3, FS_REMOVE_DIR = 1 << 4, FS_REMOVE_FILE = 1 << 5,
  FS_ABI1 = (1 << 13) - 1, FS_REFER = 1 << 13, FS_TRUNCATE = 1 << 14, FS_IOCTL_DEV = 1 << 15,
  FS_OF_FILES = FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV,
  NET_BIND_TCP = 1, SCOPE_ABSTRACT_SOCKET = 1, SCOPE_SIGNAL = 2
};
enum { ACCESS_READ = 1, ACCESS_READ_EXECUTE = 2, ACCESS_WRITE = 3, ACCESS_LIST = 4 };

struct ruleset { uint64_t files, network, scope; };
struct path_rule { uint64_t allowed; int32_t parent; } __attribute__((packed));
struct port_rule { uint64_t allowed, port; };

static uint64_t rights_of(int abi) {
  uint64_t rights = FS_ABI1;
  if (abi >= 2) rights |= FS_REFER;
  if (abi >= 3) rights |= FS_TRUNCATE;
  if (abi >= 5) rights |= FS_IOCTL_DEV;
  return rights;
}

/* An optional bind whose source the host does not have left no target either. */
static bool lies_in_what_is_absent(const struct spec *spec, const char *path) {
  for (size_t i = 0; i < spec->mount_count; i++) {
    const struct mount *mount = &spec->mounts[i];
    if (mount->kind != MOUNT_BIND || !mount->optional) continue;
    size_t length = strlen(mount->target);
    bool below = strncmp(path, mount->target, length) == 0 && (path[length] == '/' || path[length] == '\0');
    if (below && access(mount->target, F_OK) < 0 && errno == ENOENT) return true;
  }
  return false;
}

/*
 * The person's own streams, opened anew by name (`> /dev/stderr`): no more than the descriptor itself permits. Pipes and sockets have no path that
 * Landlock would ask about (EBADFD).
 */
static void grant_streams(int ruleset, uint64_t known) {
  for (int fd = 0; fd <= 2; fd++) {
    int mode = fcntl(fd, F_GETFL);
    if (mode < 0) die(errno, "cannot look at descriptor %d", fd);
    mode &= O_ACCMODE;
    uint64_t wanted = FS_IOCTL_DEV | (mode != O_WRONLY ? FS_READ_FILE : 0) | (mode != O_RDONLY ? FS_WRITE_FILE | FS_TRUNCATE : 0);
    struct path_rule path = { wanted & known, fd };
    if (syscall(ADD_RULE, ruleset, RULE_PATH, &path, 0) < 0 && errno != EBADFD) die(errno, "cannot grant the standard streams");
  }
}

static void grant(const struct spec *spec, int ruleset, const struct landlock_grant *rule, uint64_t known) {
  uint64_t wanted = FS_READ_DIR;
  if (rule->access != ACCESS_LIST) wanted |= FS_READ_FILE;
  if (rule->access == ACCESS_READ_EXECUTE) wanted |= FS_EXECUTE;
  if (rule->access == ACCESS_WRITE) wanted = known;
  int fd = open(rule->path, O_PATH | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT && lies_in_what_is_absent(spec, rule->path)) return;
  if (fd < 0) die(errno, "cannot grant access to `%s`", rule->path);
  struct stat status;
  if (fstat(fd, &status) < 0) die(errno, "cannot look at `%s`", rule->path);
  if (!S_ISDIR(status.st_mode)) wanted &= FS_OF_FILES;
  struct path_rule path = { wanted & known, fd };
  if (syscall(ADD_RULE, ruleset, RULE_PATH, &path, 0) < 0) die(errno, "cannot grant access to `%s`", rule->path);
  close(fd);
}

void apply_landlock(const struct spec *spec, int setup) {
  int abi = (int)syscall(CREATE_RULESET, NULL, 0, VERSION);
  if (abi < 1) die(errno, "this kernel has no Landlock (5.13 or newer with `landlock` in lsm= is needed)");
  uint64_t known = rights_of(abi);
  struct ruleset rules = { known, 0, 0 };
  size_t size = sizeof rules.files;
  if (abi >= 4) {
    size = sizeof rules.files + sizeof rules.network;
    if (!spec->bind_any) rules.network = NET_BIND_TCP;
  }
  if (abi >= 6) {
    size = sizeof rules;
    rules.scope = SCOPE_ABSTRACT_SOCKET | SCOPE_SIGNAL;
  }
  int ruleset = (int)syscall(CREATE_RULESET, &rules, size, 0);
  if (ruleset < 0) die(errno, "cannot create the Landlock rules");
  for (size_t i = 0; i < spec->grant_count; i++) grant(spec, ruleset, &spec->grants[i], known);
  if (!spec->terminal) grant_streams(ruleset, known);
  for (size_t i = 0; rules.network != 0 && i < spec->bind_count; i++) {
    struct port_rule port = { NET_BIND_TCP, spec->bind_ports[i] };
    if (syscall(ADD_RULE, ruleset, RULE_PORT, &port, 0) < 0) die(errno, "cannot grant port %u", spec->bind_ports[i]);
  }
  if (syscall(RESTRICT_SELF, ruleset, 0) < 0) die(errno, "cannot apply the Landlock rules");
  close(ruleset);

  report_layer(setup, true, "landlock", "ABI %d, %zu paths", abi, spec->grant_count);
  report_layer(setup, abi >= 6, "landlock:scopes", abi >= 6 ? "signals and abstract sockets end at the sandbox" : "needs ABI 6 (kernel 6.12); the namespaces hold them");
  if (!spec->bind_any) report_layer(setup, abi >= 4, "landlock:ports", abi >= 4 ? "only %zu ports can be listened on" : "needs ABI 4 (kernel 6.7)", spec->bind_count);
}
