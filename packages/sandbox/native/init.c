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
#include <time.h>
#include <unistd.h>

enum { NO_SUCH_PROGRAM = 127, NOT_EXECUTABLE = 126, CONNECTS_MAX = 64, CONNECT_TIMEOUT_MS = 2000, CONNECT_CHECK_MS = 100 };

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

/* The command leads a process group of its own in pid 1's session, in the foreground. */
static bool take_terminal(int terminal) {
  if (setpgid(0, 0) < 0) return false;
  signal(SIGTTOU, SIG_IGN);
  bool taken = tcsetpgrp(terminal, getpid()) == 0;
  signal(SIGTTOU, SIG_DFL);
  return taken && dup2(terminal, 0) >= 0 && dup2(terminal, 1) >= 0 && dup2(terminal, 2) >= 0;
}

static _Noreturn void run_command(const struct spec *spec, int terminal) {
  sigset_t nothing;
  sigemptyset(&nothing);
  for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
  sigprocmask(SIG_SETMASK, &nothing, NULL);
  if (terminal >= 0 && !take_terminal(terminal)) {
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

/* pid 1's own state. `pending` holds connections that are being made for Node; each entry ends with one answer. */
struct pending { int fd; uint32_t query; uint64_t until_ms; };
static struct {
  const struct spec *spec;
  int control, signals;
  struct terminal terminal;
  pid_t command;
  struct pending pending[CONNECTS_MAX];
  size_t pending_count;
} init;

static uint64_t now_ms_inside(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

static void answer(uint32_t kind, uint32_t query, uint32_t value, int descriptor) {
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
  ssize_t sent;
  do sent = sendmsg(init.control, &packet, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  if (sent < 0) _exit(0); /* the outer half is gone; with pid 1 everything ends */
}

static void answer_connect(uint32_t query, int fd, int error) {
  answer(CONTROL_CONNECTED, query, (uint32_t)error, error == 0 ? fd : -1);
  if (fd >= 0) close(fd);
}

/* Never waits: a server inside that accepts nothing must not keep pid 1 from what it is there for. */
static void start_connect(uint32_t query, uint32_t port) {
  struct sockaddr_in name = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  int fd = init.pending_count < CONNECTS_MAX ? socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0) : -1;
  if (fd < 0) answer_connect(query, -1, init.pending_count < CONNECTS_MAX ? errno : EAGAIN);
  else if (connect(fd, (struct sockaddr *)&name, sizeof name) == 0) answer_connect(query, fd, 0);
  else if (errno != EINPROGRESS) answer_connect(query, fd, errno);
  else init.pending[init.pending_count++] = (struct pending){ fd, query, now_ms_inside() + CONNECT_TIMEOUT_MS };
}

/* Answers what is decided, by the kernel or by time. */
static void finish_connects(const struct pollfd *watched) {
  uint64_t now = now_ms_inside();
  for (size_t i = init.pending_count; i-- > 0;) {
    struct pending one = init.pending[i];
    int error = 0;
    socklen_t size = sizeof error;
    if (watched[i].revents == 0 && now < one.until_ms) continue;
    if (watched[i].revents == 0) error = ETIMEDOUT;
    else if (getsockopt(one.fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0) error = errno;
    init.pending[i] = init.pending[--init.pending_count];
    answer_connect(one.query, one.fd, error);
  }
}

/* To whoever has the terminal inside, as a key would; without a terminal to the command. */
static void signal_command(int number) {
  pid_t group = 0;
  if (init.command <= 0) return;
  if (init.terminal.master >= 0 && ioctl(init.terminal.master, TIOCGPGRP, &group) < 0) group = 0;
  kill(group > 1 ? -group : init.command, number);
}

static void start_command(void) {
  if (init.command > 0) _exit(0);
  init.command = fork();
  if (init.command == 0) run_command(init.spec, init.terminal.slave);
  if (init.command < 0) _exit(125);
}

static void serve(void) {
  struct control_message message;
  ssize_t got = recv(init.control, &message, sizeof message, 0);
  if (got < 0 && errno == EINTR) return;
  if (got != (ssize_t)sizeof message) _exit(0);
  switch ((enum control)message.kind) {
    case CONTROL_START: start_command(); return;
    case CONTROL_FREEZE: freeze_all(); return;
    case CONTROL_THAW: thaw_all(); return;
    case CONTROL_CONNECT: start_connect(message.query, message.value); return;
    case CONTROL_SIGNAL: signal_command((int)message.value); return;
  }
  _exit(125); /* not in the protocol */
}

static void reap(void) {
  int status;
  pid_t gone;
  while ((gone = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
    if (gone != init.command) continue;
    if (WIFSTOPPED(status)) {
      if (!is_frozen()) answer(CONTROL_MAIN_STOPPED, 0, (uint32_t)status, -1);
      continue;
    }
    /* The run is over with its command: what it left behind ends here, not later. */
    kill(-1, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR) continue;
    answer(CONTROL_MAIN_EXIT, 0, (uint32_t)status, -1);
    _exit(0);
  }
}

_Noreturn void run_init(const struct spec *spec, int control, struct terminal terminal) {
  sigset_t children;
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  sigprocmask(SIG_BLOCK, &children, NULL);
  init.spec = spec;
  init.control = control;
  init.terminal = terminal;
  /* pid 1 leads the session: a group whose parent lies outside its session is an orphan, which ^Z would not stop. */
  if (terminal.slave >= 0 && (setsid() < 0 || ioctl(terminal.slave, TIOCSCTTY, 0) < 0)) _exit(125);
  init.signals = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
  if (init.signals < 0) _exit(125);
  for (;;) {
    struct pollfd watched[2 + CONNECTS_MAX] = { { init.control, POLLIN, 0 }, { init.signals, POLLIN, 0 } };
    for (size_t i = 0; i < init.pending_count; i++) watched[2 + i] = (struct pollfd){ init.pending[i].fd, POLLOUT, 0 };
    if (poll(watched, 2 + init.pending_count, init.pending_count > 0 ? CONNECT_CHECK_MS : -1) < 0 && errno != EINTR) _exit(125);
    struct signalfd_siginfo information;
    if (watched[1].revents != 0 && read(init.signals, &information, sizeof information) > 0) reap();
    finish_connects(watched + 2);
    if (watched[0].revents != 0) serve();
  }
}
