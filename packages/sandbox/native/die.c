/* The only error path. Nothing has run when the inner half dies before START, so the run is refused as a whole. */
#include "launcher.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FRAME_ERROR = 65, EXIT_NOTHING_RAN = 125 };

static int through = -1;
static void (*before_death)(void);

void before_dying(void (*what)(void)) { before_death = what; }

void die_through(int fd) { through = fd; }

_Noreturn void die(int error, const char *format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  int written = vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  size_t length = written < 0 ? 0 : (size_t)written < sizeof text ? (size_t)written : sizeof text - 1;

  /* No allocation: die() also reports that there is no memory. Both forms fit the reader's. */
  uint8_t frame[sizeof text + 16];
  size_t at = 0;
  uint32_t head[3] = { (uint32_t)(1 + 4 + length + 4), (uint32_t)length, (uint32_t)error };
  if (through < 0) {
    if (before_death != NULL) before_death();
    memcpy(frame, &head[0], 4), at = 4;
    frame[at++] = FRAME_ERROR;
    memcpy(frame + at, &head[1], 4), at += 4;
    memcpy(frame + at, text, length), at += length;
    memcpy(frame + at, &head[2], 4), at += 4;
    for (size_t sent = 0; sent < at;) {
      ssize_t got = write(FD_CONTROL, frame + sent, at - sent);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) break;
      sent += (size_t)got;
    }
  } else {
    uint32_t kind = 0; /* SETUP_ERROR of inner.h */
    memcpy(frame, &kind, 4);
    memcpy(frame + 4, &error, 4);
    memcpy(frame + 8, text, length);
    if (send(through, frame, 8 + length, MSG_NOSIGNAL) < 0) _exit(EXIT_NOTHING_RAN);
  }
  _exit(EXIT_NOTHING_RAN);
}
