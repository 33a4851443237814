/*
 * The outer half's event loop. It waits for everything at once and for nothing in particular: the kernel's notices, Node, the ends
 * of processes, pid 1 inside, signals, the terminal. Modes:
 *   READY     the sandbox stands; the command waits for START
 *   RUNNING   execs are decided
 *   DRAINING  the command has ended, what it left behind is about to
 * `frozen` stops answering the kernel in any mode; `ending` means that pid 1 inside got SIGKILL, and only ends are told. The loop
 * is over when pid 1 is gone, the end of each exec was told and Node has read it.
 */
#define _GNU_SOURCE
#include "supervise.h"
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <grp.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

enum { FRAME_START = 2, FRAME_VERDICT, FRAME_PONG, FRAME_SIGNAL, FRAME_FREEZE, FRAME_TERMINAL, FRAME_OWNER, FRAME_CONNECT, FRAME_KILL, FRAME_TAKEN };
enum { FRAME_MAX = 16 << 20, OUT_MAX = 64 << 20, IN_CHUNK = 64 << 10, EVENTS = 64, GRACE_MS = 200, SLICE_NS = 100000 };
#define SET_FLAGS _IOW('!', 4, uint64_t) /* SECCOMP_IOCTL_NOTIF_SET_FLAGS, Linux 6.6; 1: SYNC_WAKE_UP */

uint64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

uint64_t wall_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void watch(struct supervisor *s, int fd, uint32_t events, enum source source, void *pointer) {
  /* User-space addresses have 48 bits, so the source fits above. */
  struct epoll_event event = { .events = events, .data.u64 = ((uint64_t)(uintptr_t)pointer << 8) | source };
  if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event) < 0 && errno != EEXIST) die(errno, "cannot watch descriptor %d", fd);
}

void tell_init(struct supervisor *s, enum control kind, uint32_t query, uint32_t value) {
  struct control_message message = { .kind = kind, .query = query, .value = value };
  if (send(s->inner->control, &message, sizeof message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && !s->init_gone) end_run(s);
}

void end_run(struct supervisor *s) {
  if (s->ending) return;
  s->ending = true;
  set_frozen(s, true);
  syscall(SYS_pidfd_send_signal, s->inner->init_pidfd, SIGKILL, NULL, 0);
}

void set_frozen(struct supervisor *s, bool frozen) {
  if (s->frozen == frozen || (s->ending && !frozen)) return;
  s->frozen = frozen;
  if (!s->ending) tell_init(s, frozen ? CONTROL_FREEZE : CONTROL_THAW, 0, 0);
  if (s->inner->listener >= 0) {
    struct epoll_event event = { .events = frozen ? 0 : EPOLLIN, .data.u64 = SOURCE_LISTENER };
    epoll_ctl(s->epoll, EPOLL_CTL_MOD, s->inner->listener, &event);
  }
  if (!frozen) release_held(s);
}

/* Both sides end the run on what the protocol does not have. */
static void break_off(struct supervisor *s, const char *what) {
  tell_failure(s, what, EPROTO);
  end_run(s);
}

static void take_owner(struct supervisor *s, struct reader *reader) {
  uint32_t query = read_u32(reader);
  struct socket_ends ends = { .protocol = read_u8(reader), .family = read_u8(reader) };
  ends.local = read_bytes(reader, 16).data;
  ends.local_port = read_u16(reader);
  ends.remote = read_bytes(reader, 16).data;
  ends.remote_port = read_u16(reader);
  if (!reader->failed) tell_owned(s, query, find_owner(s, &ends));
}

static void take_frame(struct supervisor *s, uint8_t type, struct reader *reader) {
  if (type == FRAME_KILL) {
    end_run(s);
  } else if (type == FRAME_PONG) {
    if (!s->ping_open) reader->failed = true;
    s->ping_open = false;
    s->ping_at_ms = now_ms() + s->spec->answer_timeout_ms / 2;
  } else if (type == FRAME_START && s->phase == PHASE_READY) {
    s->phase = PHASE_RUNNING;
    start_terminal(s);
    tell_init(s, CONTROL_START, 0, 0);
  } else if (s->phase == PHASE_READY) {
    break_off(s, "frame out of order");
  } else if (type == FRAME_VERDICT) {
    uint64_t id = read_u64(reader);
    uint8_t allow = read_u8(reader), reuse = read_u8(reader);
    struct bytes message = read_str(reader);
    if (allow > 1 || reuse > REUSE_PROGRAM) reader->failed = true;
    if (!reader->failed) take_verdict(s, id, allow == 1, reuse, message);
  } else if (type == FRAME_SIGNAL) {
    tell_init(s, CONTROL_SIGNAL, 0, read_u32(reader));
  } else if (type == FRAME_FREEZE) {
    set_frozen(s, read_u8(reader) != 0);
  } else if (type == FRAME_TERMINAL) {
    if (read_u8(reader) != 0) pause_terminal(s);
    else resume_terminal(s);
  } else if (type == FRAME_OWNER) {
    take_owner(s, reader);
  } else if (type == FRAME_TAKEN) {
    uint64_t bytes = read_u64(reader);
    if (bytes > s->output_open) reader->failed = true;
    else s->output_open -= bytes;
  } else if (type == FRAME_CONNECT) {
    uint32_t query = read_u32(reader);
    tell_init(s, CONTROL_CONNECT, query, read_u16(reader));
  } else {
    break_off(s, "unknown frame");
  }
  if (reader->failed || reader->at != reader->end) break_off(s, "malformed frame");
}

static void take_frames(struct supervisor *s) {
  while (!s->ending && s->in.length - s->in_used >= 4) {
    struct reader header = { .at = s->in.data + s->in_used, .end = s->in.data + s->in.length };
    uint32_t length = read_u32(&header);
    if (length == 0 || length > FRAME_MAX) {
      break_off(s, "frame of a forbidden length");
      return;
    }
    if ((size_t)(header.end - header.at) < length) break;
    struct reader payload = { .at = header.at + 1, .end = header.at + length };
    s->in_used += 4 + (size_t)length;
    take_frame(s, header.at[0], &payload);
  }
  if (s->in_used == s->in.length) s->in_used = s->in.length = 0;
  if (s->in_used > FRAME_MAX) {
    memmove(s->in.data, s->in.data + s->in_used, s->in.length - s->in_used);
    s->in.length -= s->in_used;
    s->in_used = 0;
  }
}

static void on_node(struct supervisor *s, uint32_t events) {
  static uint8_t chunk[IN_CHUNK];
  if ((events & ~(uint32_t)EPOLLOUT) == 0) return; /* flushed at the end of the turn */
  ssize_t length = recv(FD_CONTROL, chunk, sizeof chunk, MSG_DONTWAIT);
  if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (length <= 0) {
    /* Node is gone: nobody decides any more. */
    epoll_ctl(s->epoll, EPOLL_CTL_DEL, FD_CONTROL, NULL);
    s->out.length = s->out_sent = 0;
    s->node_gone = true;
    end_run(s);
    return;
  }
  put_bytes(&s->in, chunk, (size_t)length);
  take_frames(s);
}

/* False when there is nothing more to receive now. */
static bool on_control(struct supervisor *s) {
  struct control_message message;
  char space[CMSG_SPACE(sizeof(int))];
  struct iovec area = { .iov_base = &message, .iov_len = sizeof message };
  struct msghdr header = { .msg_iov = &area, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space };
  ssize_t length = recvmsg(s->inner->control, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (length < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  if (length <= 0) {
    epoll_ctl(s->epoll, EPOLL_CTL_DEL, s->inner->control, NULL); /* pid 1 is ending; SIGCHLD says how */
    return false;
  }
  int passed = -1;
  const struct cmsghdr *attached = CMSG_FIRSTHDR(&header);
  if (attached != NULL && attached->cmsg_type == SCM_RIGHTS) memcpy(&passed, CMSG_DATA(attached), sizeof passed);
  if (length != sizeof message) return true;
  if (message.kind == CONTROL_MAIN_STOPPED) {
    on_main_stopped(s);
  } else if (message.kind == CONTROL_MAIN_EXIT && !s->main_told) {
    s->main_told = true;
    s->phase = PHASE_DRAINING;
    tell_main_exit(s, (int)message.value);
  } else if (message.kind == CONTROL_CONNECTED) {
    tell_connected(s, message.query, passed >= 0 ? hand_over(passed, message.query) : (int)message.value);
  }
  if (passed >= 0) close(passed);
  return true;
}

static void on_children(struct supervisor *s) {
  int status;
  pid_t pid;
  while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0) {
    if (pid != s->inner->init) {
      on_traced(s, pid, status);
    } else if (!WIFSTOPPED(status)) {
      s->init_gone = true;
      s->init_status = status;
    }
  }
}

static void on_signals(struct supervisor *s) {
  struct signalfd_siginfo arrived[8];
  ssize_t length = read(s->signals, arrived, sizeof arrived);
  for (ssize_t index = 0; (index + 1) * (ssize_t)sizeof arrived[0] <= length; index++) {
    switch (arrived[index].ssi_signo) {
      case SIGCHLD: on_children(s); break;
      case SIGWINCH: on_window_size(s); break;
      case SIGCONT:
        if (s->ping_open) s->ping_at_ms = now_ms(); /* Node slept as we did */
        on_continued(s);
        break;
      case SIGTERM: case SIGHUP: end_run(s); break; /* whoever sends these to the launcher itself wants the run to end */
      default: break;
    }
  }
}

/*
 * The kernel tells a set of listeners apart from an empty one only by EPOLLHUP; without a task left that could exec there is nothing
 * to receive any more.
 */
static void on_listener(struct supervisor *s, uint32_t events) {
  if ((events & EPOLLIN) != 0 && !s->frozen) receive_notice(s);
  else if ((events & (EPOLLHUP | EPOLLERR)) != 0) epoll_ctl(s->epoll, EPOLL_CTL_DEL, s->inner->listener, NULL);
}

static void dispatch(struct supervisor *s, const struct epoll_event *event) {
  struct process *process = (struct process *)(uintptr_t)(event->data.u64 >> 8);
  switch ((enum source)(event->data.u64 & 0xff)) {
    case SOURCE_NODE: on_node(s, event->events); break;
    case SOURCE_LISTENER: on_listener(s, event->events); break;
    case SOURCE_SIGNALS: on_signals(s); break;
    case SOURCE_CONTROL: (void)on_control(s); break;
    case SOURCE_PROCESS: on_process_exit(s, process); break;
    case SOURCE_IPC: on_ipc(s); break;
    case SOURCE_TERMINAL_IN: on_terminal_input(s); break;
    case SOURCE_TERMINAL_INNER: on_terminal_output(s, event->events); break;
    case SOURCE_TERMINAL_OUT: on_terminal_writable(s); break;
    case SOURCE_NAMES: on_names_changed(s); break;
  }
}

/* Is Node there? Asked now and then; when it does not say so in time, all is stopped first, and ended a moment later. */
static void check_node(struct supervisor *s) {
  uint64_t now = now_ms(), timeout = s->spec->answer_timeout_ms;
  if (s->end_at_ms != 0) {
    if (now >= s->end_at_ms) end_run(s);
    return;
  }
  if (s->ending || s->node_gone) return;
  bool silent = s->ping_open && now >= s->ping_at_ms + timeout, full = out_waiting(s) > OUT_MAX;
  if (silent || full) {
    set_frozen(s, true);
    tell_failure(s, silent ? "the supervisor did not answer in time" : "the supervisor does not read", ETIMEDOUT);
    s->failed = true;
    s->end_at_ms = now + GRACE_MS;
  } else if (!s->ping_open && now >= s->ping_at_ms) {
    tell_ping(s);
    s->ping_open = true;
    s->ping_at_ms = now;
  }
}

static int turn_delay(const struct supervisor *s) {
  uint64_t now = now_ms(), due = s->ping_at_ms + (s->ping_open ? s->spec->answer_timeout_ms : 0);
  if (s->end_at_ms != 0 && !s->ending) due = s->end_at_ms;
  int wait = s->ending ? 1000 : due <= now ? 0 : due - now > 60000 ? 60000 : (int)(due - now);
  int held = s->node_gone ? -1 : out_delay(s);
  return held >= 0 && held < wait ? held : wait;
}

/* pid 1 is gone, and the kernel has ended and reaped everything with it. */
static void conclude(struct supervisor *s) {
  drain_terminal(s);
  /* What pid 1 said last, how the command ended, may not have been read yet: its end and its words arrive by different ways. */
  while (on_control(s)) continue;
  while (s->notices != NULL) abandon_notice(s, s->notices);
  for (size_t index = 0; index < BUCKETS; index++)
    while (s->buckets[index] != NULL) on_process_exit(s, s->buckets[index]);
  bury_processes(s);
  if (!s->main_told && s->phase != PHASE_READY) tell_main_exit(s, SIGKILL);
  s->main_told = true;
}

static void loop(struct supervisor *s) {
  struct epoll_event events[EVENTS];
  uint64_t give_up = 0;
  for (;;) {
    int count = epoll_wait(s->epoll, events, EVENTS, turn_delay(s));
    if (count < 0 && errno != EINTR) die(errno, "cannot wait for events");
    for (int index = 0; index < count; index++) dispatch(s, &events[index]);
    bury_processes(s);
    if (!s->frozen) release_held(s);
    check_node(s);
    if (s->init_gone) {
      conclude(s);
      if (give_up == 0) give_up = now_ms() + s->spec->answer_timeout_ms;
    }
    if (!s->node_gone && (s->out_armed || out_delay(s) == 0 || s->init_gone) && !flush_out(s)) s->node_gone = true;
    if (s->node_gone && !s->ending) end_run(s);
    if (s->init_gone && (s->node_gone || out_waiting(s) == 0 || now_ms() > give_up)) return;
  }
}

/*
 * As root, paths are walked with the rights that the run has: the file-system uid takes the capabilities that override permissions
 * along, and leaves those that supervision needs. Files of the run must not be found or read by more than its own rights.
 */
static void take_file_rights_of_the_run(const struct spec *spec) {
  if (geteuid() != 0) return;
  if (setgroups(0, NULL) < 0 && errno != EPERM) die(errno, "cannot drop the groups");
  setfsgid(spec->map_root_to);
  setfsuid(spec->map_root_to);
  if ((uint32_t)setfsuid((uid_t)-1) != spec->map_root_to) die(EPERM, "cannot take the file-system uid of the run");
  /* Changing it made us undumpable; Node opens our descriptors by /proc. */
  if (prctl(PR_SET_DUMPABLE, 1) < 0) die(errno, "cannot become dumpable");
}

static void watch_signals(struct supervisor *s) {
  static const int ignored[] = { SIGPIPE, SIGXFSZ, SIGINT, SIGQUIT, SIGIO /* a writer waits for a lease of still.c */ };
  for (size_t index = 0; index < sizeof ignored / sizeof ignored[0]; index++) signal(ignored[index], SIG_IGN);
  /* Without a relay we only write to the terminal; with one, a shell must be able to stop us in the background. */
  if (s->inner->terminal < 0) signal(SIGTTOU, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  static const int watched[] = { SIGCHLD, SIGWINCH, SIGCONT, SIGTERM, SIGHUP };
  for (size_t index = 0; index < sizeof watched / sizeof watched[0]; index++) sigaddset(&set, watched[index]);
  sigprocmask(SIG_BLOCK, &set, NULL);
  s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (s->signals < 0) die(errno, "cannot receive signals");
  watch(s, s->signals, EPOLLIN, SOURCE_SIGNALS, NULL);
}

/*
 * Every exec waits for us, and the run may keep all processors busy. A short slice means an early deadline, so that whoever wakes up
 * is let in at once (sched_setattr(2); Linux 6.12, before which it has no effect). It takes nothing from anybody: the share stays the same.
 */
static void ask_for_short_slices(pid_t pid) {
  struct { uint32_t size, policy; uint64_t flags; int32_t nice; uint32_t priority; uint64_t runtime, deadline, period; } attributes;
  if (syscall(SYS_sched_getattr, pid, &attributes, sizeof attributes, 0) < 0 || attributes.policy != SCHED_OTHER) return;
  attributes.size = sizeof attributes;
  attributes.flags = 0;
  attributes.runtime = SLICE_NS;
  syscall(SYS_sched_setattr, pid, &attributes, 0);
}

static void watch_listener(struct supervisor *s) {
  if (s->inner->listener < 0) return;
  uint64_t sync_wake_up = 1; /* keeps caller and us on one processor; older kernels do not have it, and need it not */
  ioctl(s->inner->listener, SET_FLAGS, sync_wake_up);
  struct seccomp_notif_sizes sizes;
  if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0) die(errno, "cannot read the size of a notice");
  s->request_size = sizes.seccomp_notif > sizeof *s->request ? sizes.seccomp_notif : sizeof *s->request;
  s->request = calloc(1, s->request_size);
  if (s->request == NULL) die(ENOMEM, "cannot receive notices");
  watch(s, s->inner->listener, EPOLLIN, SOURCE_LISTENER, NULL);
}

/*
 * What was written may not have been read yet, and would be lost: Node gives a socket up, unread, when it writes to one that nobody
 * holds any more. So we stay until Node, having read to the end, closes its side.
 */
static void take_leave(const struct supervisor *s) {
  struct pollfd node = { .fd = FD_CONTROL, .events = POLLIN };
  uint64_t give_up = now_ms() + s->spec->answer_timeout_ms, now;
  uint8_t ignored[4096];
  shutdown(FD_CONTROL, SHUT_WR);
  while (!s->node_gone && (now = now_ms()) < give_up) {
    if (poll(&node, 1, (int)(give_up - now)) < 0 && errno != EINTR) return;
    ssize_t length = recv(FD_CONTROL, ignored, sizeof ignored, MSG_DONTWAIT);
    if (length == 0 || (length < 0 && errno != EAGAIN && errno != EINTR)) return;
  }
}

int supervise(const struct spec *spec, struct inner *inner) {
  struct supervisor *s = calloc(1, sizeof *s);
  if (s == NULL) die(ENOMEM, "cannot supervise");
  s->spec = spec;
  s->inner = inner;
  s->next_id = 1;
  s->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (s->epoll < 0) die(errno, "cannot watch descriptors");
  /* Each process of the run costs one descriptor. */
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  ask_for_short_slices(0);
  ask_for_short_slices(getppid());
  open_terminal(s);
  take_file_rights_of_the_run(spec);
  watch_signals(s);
  watch_listener(s);
  watch(s, FD_CONTROL, EPOLLIN, SOURCE_NODE, NULL);
  watch(s, inner->control, EPOLLIN, SOURCE_CONTROL, NULL);
  watch(s, FD_IPC, EPOLLIN, SOURCE_IPC, NULL);
  if (inner->watches >= 0) watch(s, inner->watches, EPOLLIN, SOURCE_NAMES, NULL);
  s->ping_at_ms = now_ms() + spec->answer_timeout_ms / 2;
  tell_ready(s);
  if (!flush_out(s)) end_run(s);
  loop(s);
  restore_terminal();
  take_leave(s);
  leave_watches(s); /* last: the child has to be the one that closes them */
  return s->failed ? 125 : 0;
}
