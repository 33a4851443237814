/*
 * The command's standard streams come from outside and keep the powers they have there: a directory would lead past the new root (openat), a
 * network socket past the new network (connect it again). Only what carries bytes and nothing else is handed on.
 */
#include "inner.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { STREAMS = 3, PIPEFS = 0x50495045 };

static bool is_connected_unix_stream(int fd) {
  struct sockaddr_storage name;
  socklen_t size = sizeof name, integer = sizeof(int);
  int type = 0;
  if (getsockname(fd, (struct sockaddr *)&name, &size) < 0 || name.ss_family != AF_UNIX) return false;
  if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &integer) < 0 || type != SOCK_STREAM) return false;
  size = sizeof name;
  return getpeername(fd, (struct sockaddr *)&name, &size) == 0;
}

static bool carries_bytes_only(int fd, mode_t mode) {
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || (flags & O_PATH) != 0) return false;
  return S_ISREG(mode) || S_ISFIFO(mode) || S_ISCHR(mode) || (S_ISSOCK(mode) && is_connected_unix_stream(fd));
}

void check_streams(const struct spec *spec) {
  static const char *const NAMES[STREAMS] = { "input", "output", "error" };
  if (spec->terminal) return; /* the command gets the inner terminal instead */
  for (int fd = 0; fd < STREAMS; fd++) {
    struct stat status;
    struct statfs system;
    if (fstat(fd, &status) < 0) die(errno, "there is no standard %s", NAMES[fd]);
    if (!carries_bytes_only(fd, status.st_mode))
      die(EINVAL, "standard %s is a directory, a device or a network socket, which leads out of the sandbox: put a pipe between (`| cat`)", NAMES[fd]);
    /* Opening /dev/stderr opens the pipe anew, with the rights of its owner, whom a run by root is not (nobody else can name an anonymous pipe). */
    if (geteuid() == 0 && S_ISFIFO(status.st_mode) && fstatfs(fd, &system) == 0 && system.f_type == PIPEFS && fchown(fd, spec->map_root_to, spec->map_root_to) < 0)
      die(errno, "cannot give standard %s to the run", NAMES[fd]);
  }
}
