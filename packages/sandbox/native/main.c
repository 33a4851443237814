/* The outer half: takes one LaunchSpec, builds what it says, and stays to supervise it. */
#define _GNU_SOURCE
#include "launcher.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FRAME_SPEC = 1, FRAME_MAX = 16 << 20, HEADER = 4 };

static void read_exactly(uint8_t *to, size_t length) {
  while (length > 0) {
    ssize_t got = read(FD_CONTROL, to, length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) die(errno, "cannot read the launch specification");
    if (got == 0) die(EPIPE, "the launch specification ends early");
    to += got;
    length -= (size_t)got;
  }
}

static struct bytes read_spec_frame(void) {
  uint8_t header[HEADER];
  read_exactly(header, sizeof header);
  struct reader reader = { .at = header, .end = header + sizeof header };
  uint32_t length = read_u32(&reader);
  if (length == 0 || length > FRAME_MAX) die(EPROTO, "launch specification of a forbidden length");
  uint8_t *frame = malloc(length);
  if (frame == NULL) die(ENOMEM, "cannot keep the launch specification");
  read_exactly(frame, length);
  if (frame[0] != FRAME_SPEC) die(EPROTO, "the first frame is not a launch specification");
  return (struct bytes){ .data = frame + 1, .length = length - 1 };
}

static void check_descriptors(void) {
  struct stat status;
  for (int fd = FD_IPC; fd <= FD_CONTROL; fd++) {
    if (fstat(fd, &status) < 0) die(errno, "descriptor %d is missing; bailiwick-launch is started by `bailiwick run`", fd);
    if (!S_ISSOCK(status.st_mode)) die(ENOTSOCK, "descriptor %d is not a socket; bailiwick-launch is started by `bailiwick run`", fd);
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) die(errno, "cannot keep descriptor %d to ourselves", fd);
  }
  /* A missing standard stream would let the next descriptor that is opened take its place. */
  for (int fd = 0; fd < FD_IPC; fd++)
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd) die(errno, "cannot replace the missing descriptor %d", fd);
}

/* In the place of a Node that is done: its own way to end waits for its threads, which may wait for it. Nothing is read and nothing else is done. */
static void end_with(const char *status) {
  char *rest;
  long value = strtol(status, &rest, 10);
  _exit(*status != '\0' && *rest == '\0' && value >= 0 && value <= 255 ? (int)value : 125);
}

int main(int argc, char **argv) {
  if (argc == 3 && strcmp(argv[1], "exit") == 0) end_with(argv[2]);
  /* Phase 1, alone. Whoever started us, with all their rights, in their namespaces. After it nothing is inherited but 0 to 4, and
     we end with Node even while we are stopped. */
  signal(SIGPIPE, SIG_IGN);
  check_descriptors();
  if (argc != 1) die(EINVAL, "bailiwick-launch takes no arguments");
  if (syscall(SYS_close_range, FD_CONTROL + 1, ~0u, 0) < 0) die(errno, "cannot close inherited descriptors");
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) die(errno, "cannot tie our life to Node's");

  /* Phase 2, the specification. Still alone; after it nothing more is read that decides how the sandbox is built. */
  struct spec *spec = parse_spec(read_spec_frame());

  /* Phase 3, the sandbox. New namespaces hold everything that will run; it has no capabilities, and waits. A layer that is missing
     has ended us by now. */
  signal(SIGPIPE, SIG_DFL);
  struct inner inner = { .listener = -1, .control = -1, .diagnosis = -1, .terminal = -1, .watches = -1 };
  build_inner(spec, &inner);

  /* Phase 4, supervision. Outside, as whoever started us (as root: files with the rights of the run). From here on we only wait,
     answer and report; when we end, for whatever reason, so does everything inside. */
  return supervise(spec, &inner);
}
