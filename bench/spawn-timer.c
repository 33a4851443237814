/*
 * Times one process from spawn to reaping and prints nanoseconds: the same way for the launcher (with a payload: descriptors 3 and 4 are stream
 * sockets, the payload goes to 4, what comes back is drained) and for its peers (`-`: none). spawn-timer PAYLOAD|- COMMAND [ARG…]
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int main(int argc, char **argv) {
  static char payload[1 << 20], answer[1 << 16];
  ssize_t length = 0;
  if (argc < 3) return 2;
  if (strcmp(argv[1], "-") != 0) {
    int file = open(argv[1], O_RDONLY | O_CLOEXEC);
    length = read(file, payload, sizeof payload);
    if (length <= 0) return 2;
  }
  int ipc[2], control[2], null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ipc) < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) < 0) return 2;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, null, 0);
  posix_spawn_file_actions_adddup2(&actions, null, 1);
  if (length > 0) {
    /* Out of the way first: the pairs may themselves be 3 and 4. */
    int ipc_end = fcntl(ipc[1], F_DUPFD_CLOEXEC, 20), control_end = fcntl(control[1], F_DUPFD_CLOEXEC, 20);
    posix_spawn_file_actions_adddup2(&actions, ipc_end, 3);
    posix_spawn_file_actions_adddup2(&actions, control_end, 4);
  }
  long long start = now();
  pid_t child;
  if (posix_spawnp(&child, argv[2], &actions, NULL, argv + 2, environ) != 0) return 2;
  close(control[1]);
  if (length > 0 && write(control[0], payload, (size_t)length) != length) return 2;
  int status;
  size_t got = 0;
  /* The launcher stays until what it said has been read to its end, and its other side is closed. */
  for (ssize_t more = 1; length > 0 && more > 0 && got < sizeof answer; got += more > 0 ? (size_t)more : 0)
    more = read(control[0], answer + got, sizeof answer - got);
  close(control[0]);
  while (waitpid(child, &status, 0) < 0) continue;
  long long elapsed = now() - start;
  if (got > 9 && answer[4] == 65) fprintf(stderr, "%.*s\n", (int)got - 9, answer + 9);
  printf("%lld\n", elapsed);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
