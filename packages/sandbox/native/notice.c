/* One exec: received, described as the kernel would see it, asked about (or answered from a verdict that may be repeated), answered. */
#define _GNU_SOURCE
#include "supervise.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef AT_EXECVE_CHECK
enum { AT_EXECVE_CHECK = 0x10000 };
#endif

/* The arguments of execve and execveat in one form. */
struct request { int directory; uint64_t path, argv; unsigned flags; };

static int read_request(const struct seccomp_data *data, struct request *out) {
  if (data->nr == SYS_execve) {
    *out = (struct request){ .directory = AT_FDCWD, .path = data->args[0], .argv = data->args[1] };
    return 0;
  }
  *out = (struct request){ .directory = (int)data->args[0], .path = data->args[1], .argv = data->args[2], .flags = (unsigned)data->args[4] };
  return (out->flags & ~(unsigned)(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW)) != 0 ? EINVAL : 0;
}

static bool answer(struct supervisor *s, uint64_t cookie, int error, uint32_t flags) {
  struct seccomp_notif_resp response = { .id = cookie, .error = -error, .flags = flags };
  return ioctl(s->inner->listener, SECCOMP_IOCTL_NOTIF_SEND, &response) == 0;
}

bool answer_error(struct supervisor *s, uint64_t cookie, int error) { return answer(s, cookie, error, 0); }
bool answer_continue(struct supervisor *s, uint64_t cookie) { return answer(s, cookie, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE); }

void drop_notice(struct supervisor *s, struct notice *notice) {
  (void)s;
  if (notice->link != NULL) {
    *notice->link = notice->next;
    if (notice->next != NULL) notice->next->link = notice->link;
  }
  release_files(notice);
  release_caller(&notice->caller);
  free(notice->asked);
  free(notice->cwd);
  free(notice->message);
  free(notice);
}

void abandon_notice(struct supervisor *s, struct notice *notice) {
  tell_end(s, notice->id, END_FAILED, ESRCH, 0);
  drop_notice(s, notice);
}

struct notice *find_notice_by_thread(struct supervisor *s, pid_t tid) {
  struct notice *notice = s->notices;
  while (notice != NULL && notice->caller.tid != tid) notice = notice->next;
  return notice;
}

void abandon_process_notices(struct supervisor *s, pid_t tgid, const struct notice *except) {
  for (struct notice *notice = s->notices, *next; notice != NULL; notice = next) {
    next = notice->next;
    /* A traced one is told by waitpid, which must reap it too. */
    if (notice != except && notice->caller.tgid == tgid && notice->state != NOTICE_TRACED) abandon_notice(s, notice);
  }
}

static void add_notice(struct supervisor *s, struct notice *notice) {
  notice->next = s->notices;
  notice->link = &s->notices;
  if (s->notices != NULL) s->notices->link = &notice->next;
  s->notices = notice;
}

/* Opens the file that was asked for (O_PATH) and says by which name the kernel passes it to an interpreter. */
static int open_program(struct notice *notice, const struct request *request, char **named, bool *unreachable, int *out) {
  struct caller *caller = &notice->caller;
  char *path = NULL;
  int error = read_caller_string(caller->tid, request->path, PATH_MAX, ENAMETOOLONG, &path);
  if (error != 0) return error;
  bool by_descriptor = path[0] != '/' && request->directory != AT_FDCWD, whole = path[0] == '\0';
  int directory = AT_FDCWD, fd;
  *named = path;
  if (whole && (request->flags & AT_EMPTY_PATH) == 0) return ENOENT;
  if (by_descriptor) {
    directory = open_caller_descriptor(caller, request->directory, unreachable);
    if (directory < 0) return -directory;
    int length = whole ? asprintf(named, "/dev/fd/%d", request->directory) : asprintf(named, "/dev/fd/%d/%s", request->directory, path);
    if (length < 0) {
      close(directory);
      *named = path;
      return ENOMEM;
    }
  }
  if (whole) {
    if (!by_descriptor) return EACCES; /* AT_FDCWD itself: a directory */
    fd = directory;
  } else {
    fd = resolve_for(caller, directory, path, (request->flags & AT_SYMLINK_NOFOLLOW) != 0 ? RESOLVE_LAST_LINK_REFUSED : 0);
    if (by_descriptor) close(directory);
  }
  if (by_descriptor) free(path);
  *out = fd;
  return fd < 0 ? -fd : 0;
}

/* Everything about this exec; 0, or the errno that the kernel would give. */
static int describe(struct notice *notice, const struct request *request) {
  bool unreachable = false;
  int program = -1;
  struct strings argv = { 0 };
  int error = open_program(notice, request, &notice->asked, &unreachable, &program);
  if (error != 0) return error;
  error = read_caller_vector(request->argv, &argv);
  if (error == 0) error = read_caller_cwd(&notice->caller, &notice->cwd, &notice->cwd_place);
  if (error != 0) {
    close(program);
    free(argv.data);
    return error;
  }
  return describe_files(notice, program, notice->asked, &argv, unreachable);
}

static void refuse(struct supervisor *s, struct notice *notice) {
  write_reason(&notice->caller, notice->message, notice->message_length);
  answer_error(s, notice->cookie, EACCES);
  drop_notice(s, notice);
}

static void apply_verdict(struct supervisor *s, struct notice *notice) {
  if (!notice->allow) {
    refuse(s, notice);
    return;
  }
  remember_verdict(notice, notice->reuse);
  let_go(s, notice);
}

static void handle_exec(struct supervisor *s, const struct seccomp_notif *request) {
  struct request asked;
  /* AT_EXECVE_CHECK starts nothing, and it is in a register: nobody can change it. */
  if (request->data.nr == SYS_execveat && (request->data.args[4] & AT_EXECVE_CHECK) != 0) {
    answer_continue(s, request->id);
    return;
  }
  int error = read_request(&request->data, &asked);
  struct notice *notice = calloc(1, sizeof *notice);
  if (notice == NULL) die(ENOMEM, "cannot take an exec in");
  notice->cookie = request->id;
  notice->received_ns = wall_ns();
  struct process *known = NULL;
  if (error == 0) error = identify_caller(s, &notice->caller, (pid_t)request->pid, &known);
  else notice->caller = (struct caller){ .pidfd = -1, .root = -1, .cwd = -1 };
  if (error == 0) error = describe(notice, &asked);
  uint64_t cookie = request->id;
  if (error != 0 || ioctl(s->inner->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &cookie) < 0) {
    if (error != 0 && notice->refusal != NULL) write_reason(&notice->caller, notice->refusal, strlen(notice->refusal));
    if (error != 0) answer_error(s, request->id, error);
    drop_notice(s, notice);
    return;
  }
  notice->id = s->next_id;
  notice->replaces = known != NULL && !known->forked;
  notice->parent = known != NULL ? known->id : find_parent_id(s, &notice->caller);
  notice->decided = may_repeat(notice);
  error = notice->decided ? 0 : open_files(notice);
  if (error != 0 || !tell_exec(s, notice)) {
    answer_error(s, request->id, error != 0 ? error : E2BIG);
    drop_notice(s, notice);
    return;
  }
  s->next_id++;
  add_notice(s, notice);
  if (notice->decided) let_go(s, notice);
}

void receive_notice(struct supervisor *s) {
  memset(s->request, 0, s->request_size);
  if (ioctl(s->inner->listener, SECCOMP_IOCTL_NOTIF_RECV, s->request) < 0) return; /* the caller died: ENOENT */
  const struct seccomp_notif *request = s->request;
  if (request->data.nr == SYS_exit_group) {
    note_own_exit(s, (pid_t)request->pid, (int)request->data.args[0]);
    answer_continue(s, request->id);
  } else {
    handle_exec(s, request);
  }
}

void take_verdict(struct supervisor *s, uint64_t id, bool allow, uint8_t reuse, struct bytes message) {
  struct notice *notice = s->notices;
  while (notice != NULL && (notice->id != id || notice->state != NOTICE_ASKED)) notice = notice->next;
  if (notice == NULL) return; /* its caller is gone meanwhile; Node was told */
  notice->allow = allow;
  notice->reuse = reuse;
  notice->message = malloc(message.length + 1);
  if (notice->message == NULL) die(ENOMEM, "cannot keep a verdict");
  memcpy(notice->message, message.data, message.length);
  notice->message_length = message.length;
  notice->state = NOTICE_HELD;
  if (!s->frozen) apply_verdict(s, notice);
}

void release_held(struct supervisor *s) {
  for (struct notice *notice = s->notices, *next; notice != NULL; notice = next) {
    next = notice->next;
    if (notice->state == NOTICE_HELD) apply_verdict(s, notice);
  }
}
