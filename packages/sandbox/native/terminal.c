/*
 * The person's terminal, relayed to the terminal inside. Modes: CLOSED (no relay), OPEN (held, untouched), RELAYING (raw), PAUSED
 * (handed back for a question), SUSPENDED (the job is stopped). Only RELAYING reads or writes; every way out of it restores.
 * Nothing here waits: the person's terminal is written through a description of our own, in non-blocking mode.
 * A question stands on a screen of its own (PAUSED, `borrowed`), so that what the program inside had drawn, and where its cursor
 * was, is there again afterwards. A program that uses that screen itself draws anew when its size changes.
 * What comes from inside is shown, and then told to Node for a recording; what the person types is not told to anybody.
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
  unsigned short told_columns, told_rows; /* of which size Node knows */
  bool dumb; /* it knows no control sequences */
  bool alternate, borrowed; /* the program inside is on the alternate screen; we are, for a question */
  char sequence[16];        /* what has been seen of a control sequence that may switch screens */
  size_t sequence_length;
} terminal = { .out = FD_OUT };

/* DEC private modes 47, 1047 and 1049 (xterm's control sequences), and a full reset. Sequences may be cut anywhere. */
static void note_screen(const char *bytes, size_t length) {
  for (size_t at = 0; at < length; at++) {
    if (terminal.sequence_length == 0 && (bytes[at] != '\033')) {
      const char *next = memchr(bytes + at, '\033', length - at);
      if (next == NULL) return;
      at = (size_t)(next - bytes);
    }
    if (bytes[at] == '\033') terminal.sequence_length = 0;
    terminal.sequence[terminal.sequence_length++] = bytes[at];
    terminal.sequence[terminal.sequence_length] = '\0';
    bool private = terminal.sequence_length < 3 || terminal.sequence[2] == '?';
    bool goes_on = terminal.sequence_length == 1 || (private && (strchr("[?;", bytes[at]) != NULL || (bytes[at] >= '0' && bytes[at] <= '9')));
    if (goes_on && terminal.sequence_length < sizeof terminal.sequence - 1) continue;
    if (strcmp(terminal.sequence, "\033c") == 0) terminal.alternate = false;
    if ((bytes[at] == 'h' || bytes[at] == 'l') && strstr(terminal.sequence, "47") != NULL) terminal.alternate = bytes[at] == 'h';
    if ((bytes[at] == 'h' || bytes[at] == 'l') && strstr(terminal.sequence, "1049") != NULL) terminal.alternate = bytes[at] == 'h';
    terminal.sequence_length = 0;
  }
}

static void put_on_screen(const char *sequence) {
  if (terminal.dumb) return;
  if (write(terminal.out, sequence, strlen(sequence)) < 0) return; /* it hung up; input says so too */
}

static void borrow_screen(void) {
  if (terminal.mode != PAUSED || terminal.borrowed) return;
  terminal.borrowed = true;
  put_on_screen(terminal.alternate ? "\033[0m\033[?25h\033[2J\033[H" : "\033[?1049h\033[0m\033[?25h\033[2J\033[H");
}

static void return_screen(void) {
  if (!terminal.borrowed) return;
  terminal.borrowed = false;
  put_on_screen(terminal.alternate ? "\033[2J\033[H" : "\033[?1049l");
}

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

static void copy_window_size(struct supervisor *s, int narrower) {
  struct winsize size;
  if (ioctl(FD_IN, TIOCGWINSZ, &size) < 0) return;
  if (narrower != 0 && size.ws_col > 1) size.ws_col = (unsigned short)(size.ws_col - narrower);
  ioctl(terminal.inner, TIOCSWINSZ, &size);
  if (s->phase == PHASE_READY || narrower != 0 || (size.ws_col == terminal.told_columns && size.ws_row == terminal.told_rows)) return;
  terminal.told_columns = size.ws_col;
  terminal.told_rows = size.ws_row;
  tell_size(s, size.ws_col, size.ws_row);
}

static void make_raw(void) {
  struct termios raw = terminal.original;
  cfmakeraw(&raw);
  while (tcsetattr(FD_IN, TCSADRAIN, &raw) < 0 && errno == EINTR) {}
}

void restore_terminal(void) {
  return_screen();
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
  copy_window_size(s, 0);
  for (char *const *each = s->spec->environment; *each != NULL; each++)
    if (strcmp(*each, "TERM=dumb") == 0) terminal.dumb = true;
  before_dying(restore_terminal);
  terminal.mode = OPEN;
}

void start_terminal(struct supervisor *s) {
  if (terminal.mode != OPEN) return;
  make_raw();
  terminal.mode = RELAYING;
  copy_window_size(s, 0);
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
    note_screen(terminal.output, (size_t)length);
    show();
    tell_output(s, terminal.output, (size_t)length);
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
  borrow_screen();
  tell_terminal_free(s);
}

void on_terminal_writable(struct supervisor *s) {
  show();
  settle(s);
  answer_pause(s);
}

void on_window_size(struct supervisor *s) {
  if (terminal.mode == RELAYING) copy_window_size(s, 0);
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
  return_screen();
  make_raw();
  terminal.mode = RELAYING;
  /* A program on the alternate screen lost what it had drawn; a change of size makes it draw again. */
  copy_window_size(s, 1);
  copy_window_size(s, 0);
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
    tell_output(s, terminal.output, (size_t)length);
    terminal.output_length = (size_t)length;
  }
  if (s->unrecorded > 0) tell_output(s, "", 0);
  answer_pause(s);
  restore_terminal();
  terminal.mode = CLOSED;
  settle(s);
}
