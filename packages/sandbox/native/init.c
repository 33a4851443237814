/* pid 1 inside: starts the command, reaps what is orphaned, serves the outer half, and ends everything when the command ends. */
#include "inner.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NO_SUCH_PROGRAM = 127, NOT_EXECUTABLE = 126, CONNECT_TIMEOUT_MS = 2000 };

static const char *find_variable(char *const *environment, const char *name, const char *otherwise) {
  size_t length = strlen(name);
  for (; *environment != NULL; environment++)
    if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=') return *environment + length + 1;
  return otherwise;
}

/* PATH lookup as execvp(3) does it; a refusal (EACCES) is remembered, the search goes on. */
static int execute(const struct spec *spec) {
  const char *name = spec->argv[0];
  if (strchr(name, '/') != NULL) {
    execve(name, spec->argv, spec->environment);
    return errno;
  }
  int remembered = ENOENT;
  char path[4096];
  for (const char *at = find_variable(spec->environment, "PATH", "/usr/local/bin:/usr/bin:/bin"); *at != '\0';) {
    size_t length = strcspn(at, ":");
    if (length > 0 && snprintf(path, sizeof path, "%.*s/%s", (int)length, at, name) < (int)sizeof path) {
      execve(path, spec->argv, spec->environment);
      if (errno == EACCES) remembered = EACCES;
      else if (errno != ENOENT && errno != ENOTDIR) return errno;
    }
    at += length + (at[length] == ':');
  }
  return remembered;
}

static _Noreturn void run_command(const struct spec *spec, int terminal) {
  sigset_t nothing;
  sigemptyset(&nothing);
  for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
  sigprocmask(SIG_SETMASK, &nothing, NULL);
  if (terminal >= 0 && (setsid() < 0 || ioctl(terminal, TIOCSCTTY, 0) < 0 || dup2(terminal, 0) < 0 || dup2(terminal, 1) < 0 || dup2(terminal, 2) < 0)) {
    perror("bailiwick: cannot take the terminal");
    _exit(NOT_EXECUTABLE);
  }
  /* The outer half must read what this process asks to exec. pid 1's memory, of which this is a copy, holds nothing that the command may not
     know, and nothing else runs inside yet that could look. */
  if (prctl(PR_SET_DUMPABLE, 1) < 0) _exit(NOT_EXECUTABLE);
  /* No descriptor of the launcher reaches the command. */
  if (syscall(SYS_close_range, 3, ~0U, 0) < 0) _exit(NOT_EXECUTABLE);
  if (chdir(spec->cwd) < 0) {
    fprintf(stderr, "bailiwick: cannot enter `%s`: %s\n", spec->cwd, strerror(errno));
    _exit(NOT_EXECUTABLE);
  }
  int error = execute(spec);
  fprintf(stderr, "bailiwick: cannot run `%s`: %s\n", spec->argv[0], strerror(error));
  _exit(error == ENOENT ? NO_SUCH_PROGRAM : NOT_EXECUTABLE);
}

static void answer(int control, uint32_t kind, uint32_t query, uint32_t value, int descriptor) {
  struct control_message message = { kind, query, value };
  struct iovec part = { &message, sizeof message };
  union { struct cmsghdr header; char space[CMSG_SPACE(sizeof(int))]; } rights = { 0 };
  struct msghdr packet = { .msg_iov = &part, .msg_iovlen = 1 };
  if (descriptor >= 0) {
    packet.msg_control = rights.space;
    packet.msg_controllen = sizeof rights.space;
    rights.header = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
    memcpy(CMSG_DATA(&rights.header), &descriptor, sizeof descriptor);
  }
  if (sendmsg(control, &packet, MSG_NOSIGNAL) < 0) _exit(0); /* the outer half is gone; with pid 1 everything ends */
}

static void connect_for(int control, uint32_t query, uint32_t port) {
  struct sockaddr_in name = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  int error = fd < 0 ? errno : 0;
  if (error == 0 && connect(fd, (struct sockaddr *)&name, sizeof name) < 0) error = errno;
  if (error == EINPROGRESS) {
    struct pollfd wait = { fd, POLLOUT, 0 };
    socklen_t size = sizeof error;
    if (poll(&wait, 1, CONNECT_TIMEOUT_MS) != 1) error = ETIMEDOUT;
    else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0) error = errno;
  }
  answer(control, CONTROL_CONNECTED, query, (uint32_t)error, error == 0 ? fd : -1);
  if (fd >= 0) close(fd);
}

/* To whoever has the terminal inside, as a key would; without a terminal to the command. */
static void signal_command(pid_t command, int terminal, int number) {
  pid_t group = terminal >= 0 ? tcgetpgrp(terminal) : -1;
  kill(group > 1 ? -group : command, number);
}

static pid_t serve(const struct spec *spec, int control, int terminal, pid_t command) {
  struct control_message message;
  ssize_t got = recv(control, &message, sizeof message, 0);
  if (got != (ssize_t)sizeof message) _exit(0);
  switch ((enum control)message.kind) {
    case CONTROL_START:
      if (command > 0) _exit(0);
      command = fork();
      if (command == 0) run_command(spec, terminal);
      if (command < 0) _exit(0);
      break;
    case CONTROL_FREEZE: kill(-1, SIGSTOP); break;
    case CONTROL_THAW: kill(-1, SIGCONT); break;
    case CONTROL_CONNECT: connect_for(control, message.query, message.value); break;
    case CONTROL_SIGNAL:
      if (command > 0) signal_command(command, terminal, (int)message.value);
      break;
  }
  return command;
}

static void reap(int control, pid_t command) {
  int status;
  pid_t gone;
  while ((gone = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
    if (gone != command) continue;
    if (WIFSTOPPED(status)) {
      answer(control, CONTROL_MAIN_STOPPED, 0, (uint32_t)status, -1);
      continue;
    }
    /* The run is over with its command: what it left behind ends here, not later. */
    kill(-1, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR) continue;
    answer(control, CONTROL_MAIN_EXIT, 0, (uint32_t)status, -1);
    _exit(0);
  }
}

_Noreturn void run_init(const struct spec *spec, int control, int terminal) {
  sigset_t children;
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  sigprocmask(SIG_BLOCK, &children, NULL);
  int signals = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals < 0) _exit(125);
  pid_t command = 0;
  struct pollfd watched[2] = { { control, POLLIN, 0 }, { signals, POLLIN, 0 } };
  for (;;) {
    if (poll(watched, 2, -1) < 0 && errno != EINTR) _exit(125);
    struct signalfd_siginfo information;
    if (watched[1].revents != 0 && read(signals, &information, sizeof information) > 0) reap(control, command);
    if (watched[0].revents != 0) command = serve(spec, control, terminal, command);
  }
}
