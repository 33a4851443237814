#include "launcher.h"
#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <sys/socket.h>
#include <unistd.h>
#include <stdio.h>
int main(void) {
  uint32_t length = 0;
  if (recv(FD_CONTROL, &length, 4, MSG_WAITALL) != 4) die(errno, "no spec");
  uint8_t *data = malloc(length);
  if (recv(FD_CONTROL, data, length, MSG_WAITALL) != (ssize_t)length) die(errno, "no spec");
  struct spec *spec = parse_spec((struct bytes){ data + 1, length - 1 });
  struct inner inner;
  build_inner(spec, &inner);
  struct control_message m = { CONTROL_START, 0, 0 };
  struct buffer b = {0};
  size_t f = begin_frame(&b, 66); put_u32(&b, inner.enforcement_count); put_bytes(&b, inner.enforcement.data, inner.enforcement.length); end_frame(&b, f);
  if (write(FD_CONTROL, b.data, b.length) < 0) return 1;
  if (send(inner.control, &m, sizeof m, 0) < 0) return 1;
  int status; waitpid(inner.init, &status, 0);
  while (recv(inner.control, &m, sizeof m, 0) > 0) if (m.kind == CONTROL_MAIN_EXIT) return WIFEXITED(m.value) ? WEXITSTATUS(m.value) : 128 + WTERMSIG(m.value);
  return 99;
}
