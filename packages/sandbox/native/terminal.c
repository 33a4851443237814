/*
 * The person's terminal, relayed to the terminal inside. Modes: CLOSED (no relay), OPEN (held, untouched), RELAYING (raw), PAUSED
 * (handed back for a question), SUSPENDED (the job is stopped). Only RELAYING reads or writes; every way out of it restores.
 * Nothing here waits: the person's terminal is written through a description of our own, in non-blocking mode.
 */
#define _GNU_SOURCE
#include "supervise.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum { FD_IN = 0, FD_OUT = 1, INPUT_MAX = 4096, OUTPUT_MAX = 65536, DRAIN_WAIT_MS = 2000 };
enum terminal_mode { CLOSED, OPEN, RELAYING, PAUSED, SUSPENDED };

static struct {
  enum terminal_mode mode;
  struct termios original;
  int inner, out;
  bool reading_in, reading_inner, writing_out, free_asked;
  char input[INPUT_MAX], output[OUTPUT_MAX];
  size_t input_length, output_length, output_sent;
} terminal = { .out = FD_OUT };

static void subscribe(struct supervisor *s, int fd, bool *state, bool wanted, uint32_t events, enum source source) {
  if (*state == wanted) return;
  *state = wanted;
  if (wanted) watch(s, fd, events, source, NULL);
  else epoll_ctl(s->epoll, EPOLL_CTL_DEL, fd, NULL);
}

/* Reads where there is room, writes where there is something: each direction has one buffer, and its reader waits for it. */
static void settle(struct supervisor *s) {
  bool relaying = terminal.mode == RELAYING, showing = terminal.output_length > terminal.output_sent;
  subscribe(s, FD_IN, &terminal.reading_in, relaying && terminal.input_length == 0, EPOLLIN, SOURCE_TERMINAL_IN);
  if (terminal.inner >= 0)
    subscribe(s, terminal.inner, &terminal.reading_inner, relaying && !showing, EPOLLIN, SOURCE_TERMINAL_INNER);
  subscribe(s, terminal.out, &terminal.writing_out, showing, EPOLLOUT, SOURCE_TERMINAL_OUT);
}

static void copy_window_size(int narrower) {
  struct winsize size;
  if (ioctl(FD_IN, TIOCGWINSZ, &size) < 0) return;
  if (narrower != 0 && size.ws_col > 1) size.ws_col = (unsigned short)(size.ws_col - narrower);
  ioctl(terminal.inner, TIOCSWINSZ, &size);
}

static void make_raw(void) {
  struct termios raw = terminal.original;
  cfmakeraw(&raw);
  while (tcsetattr(FD_IN, TCSADRAIN, &raw) < 0 && errno == EINTR) {}
}

void restore_terminal(void) {
  if (terminal.mode != RELAYING) return;
  terminal.mode = OPEN;
  while (tcsetattr(FD_IN, TCSADRAIN, &terminal.original) < 0 && errno == EINTR) {}
}

void open_terminal(struct supervisor *s) {
  terminal.inner = s->inner->terminal;
  if (terminal.inner < 0) return;
  if (tcgetattr(FD_IN, &terminal.original) < 0) die(errno, "standard input is not a terminal");
  int own = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (own >= 0) terminal.out = own; /* else, after su(1), writes wait for the terminal; epoll says when they need not */
  int flags = fcntl(terminal.inner, F_GETFL);
  if (flags < 0 || fcntl(terminal.inner, F_SETFL, flags | O_NONBLOCK) < 0) die(errno, "cannot prepare the terminal inside");
  /* Inside, the terminal behaves as the person had set theirs: erase character, flow control, UTF-8. */
  tcsetattr(terminal.inner, TCSANOW, &terminal.original);
  copy_window_size(0);
  before_dying(restore_terminal);
  terminal.mode = OPEN;
}

void start_terminal(struct supervisor *s) {
  if (terminal.mode != OPEN) return;
  make_raw();
  terminal.mode = RELAYING;
  copy_window_size(0);
  settle(s);
}

static void push_input(void) {
  ssize_t written = write(terminal.inner, terminal.input, terminal.input_length);
  if (written < 0 && errno != EAGAIN && errno != EINTR) terminal.input_length = 0; /* nobody inside can read it any more */
  if (written <= 0) return;
  terminal.input_length -= (size_t)written;
  memmove(terminal.input, terminal.input + written, terminal.input_length);
}

void on_terminal_input(struct supervisor *s) {
  ssize_t length = read(FD_IN, terminal.input, sizeof terminal.input);
  if (length == 0 || (length < 0 && errno == EIO)) {
    end_run(s); /* the person's terminal hung up */
    return;
  }
  if (length < 0) return;
  terminal.input_length = (size_t)length;
  push_input();
  settle(s);
}

/* False when the terminal takes no more for now. */
static bool show(void) {
  while (terminal.output_sent < terminal.output_length) {
    ssize_t written = write(terminal.out, terminal.output + terminal.output_sent, terminal.output_length - terminal.output_sent);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) return false;
    if (written < 0) break; /* it hung up; input says so too */
    terminal.output_sent += (size_t)written;
  }
  terminal.output_sent = terminal.output_length = 0;
  return true;
}

void on_terminal_output(struct supervisor *s, uint32_t events) {
  ssize_t length = read(terminal.inner, terminal.output, sizeof terminal.output);
  if (length > 0) {
    terminal.output_length = (size_t)length;
    show();
  } else if (length < 0 && errno != EAGAIN && errno != EINTR && (events & EPOLLHUP) != 0) {
    /* Nobody inside holds it just now. The event would come again at once; the end of the run reads what is left. */
    subscribe(s, terminal.inner, &terminal.reading_inner, false, 0, SOURCE_TERMINAL_INNER);
    return;
  }
  if (terminal.input_length > 0) push_input();
  settle(s);
}

static void answer_pause(struct supervisor *s) {
  if (!terminal.free_asked || terminal.output_length > terminal.output_sent) return;
  terminal.free_asked = false;
  tell_terminal_free(s);
}

void on_terminal_writable(struct supervisor *s) {
  show();
  settle(s);
  answer_pause(s);
}

void on_window_size(struct supervisor *s) {
  (void)s;
  if (terminal.mode == RELAYING) copy_window_size(0);
}

void pause_terminal(struct supervisor *s) {
  show();
  restore_terminal();
  if (terminal.mode == OPEN) terminal.mode = PAUSED;
  terminal.free_asked = true;
  settle(s);
  answer_pause(s);
}

static void relay_again(struct supervisor *s) {
  make_raw();
  terminal.mode = RELAYING;
  /* What was on the screen is gone; a change of size makes any full-screen program draw again. */
  copy_window_size(1);
  copy_window_size(0);
  settle(s);
}

void resume_terminal(struct supervisor *s) {
  if (terminal.mode == PAUSED) relay_again(s);
}

void on_main_stopped(struct supervisor *s) {
  if (terminal.mode != RELAYING) return;
  show();
  restore_terminal();
  terminal.mode = SUSPENDED;
  settle(s);
  kill(0, SIGTSTP); /* our whole job stops here, as the shell expects; without a shell to wait for it, nothing stops */
  on_continued(s);
}

void on_continued(struct supervisor *s) {
  if (terminal.mode == RELAYING) make_raw(); /* stopped from outside: the shell has set its own mode meanwhile */
  if (terminal.mode != SUSPENDED) return;
  relay_again(s);
  tell_init(s, CONTROL_SIGNAL, 0, SIGCONT);
}

void drain_terminal(struct supervisor *s) {
  if (terminal.mode != RELAYING && terminal.mode != PAUSED) return;
  for (;;) {
    if (!show()) {
      struct pollfd writable = { .fd = terminal.out, .events = POLLOUT };
      if (poll(&writable, 1, DRAIN_WAIT_MS) <= 0) break; /* nothing runs any more: waiting holds nobody */
      continue;
    }
    ssize_t length = read(terminal.inner, terminal.output, sizeof terminal.output);
    if (length < 0 && errno == EINTR) continue;
    if (length <= 0) break; /* EIO: empty, and closed inside */
    terminal.output_length = (size_t)length;
  }
  answer_pause(s);
  restore_terminal();
  terminal.mode = CLOSED;
  settle(s);
}
