/* What Node is told. Nothing here ever waits for Node: what its socket does not take stays in a buffer, whose size the loop watches. */
#define _GNU_SOURCE
#include "supervise.h"
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { FRAME_MAX = 16 << 20, HOLD_MS = 20, HOLD_BYTES = 48 << 10, OUTPUT_WINDOW = 4 << 20, OUTPUT_FRAME_MAX = 48 << 10, OUTPUT_JOIN_NS = 5000000 };
enum { FRAME_ERROR = 65, FRAME_READY, FRAME_EXEC, FRAME_END, FRAME_TAMPERED, FRAME_PING, FRAME_OWNED, FRAME_CONNECTED, FRAME_TERMINAL_FREE, FRAME_MAIN_EXIT, FRAME_RENEWED = 80, FRAME_OUTPUT, FRAME_SIZE };

static size_t begin(struct supervisor *s, uint8_t type, bool urgent) {
  if (s->out.length == 0) s->out_since_ms = now_ms();
  s->out_urgent |= urgent;
  return begin_frame(&s->out, type);
}

static void put_text(struct buffer *out, const char *text) { put_str(out, text, strlen(text)); }

static void put_strings(struct buffer *out, const struct strings *strings) {
  put_u32(out, strings->count);
  const char *at = strings->data;
  for (uint32_t index = 0; index < strings->count; index++) {
    size_t length = strlen(at);
    put_str(out, at, length);
    at += length + 1;
  }
}

static void put_file(struct buffer *out, const struct exec_file *file) {
  put_u8(out, (uint8_t)file->kind);
  put_text(out, file->path);
  put_u64(out, file->identity.device);
  put_u64(out, file->identity.inode);
  put_u64(out, file->identity.size);
  put_u64(out, file->identity.mtime_ns);
  put_u64(out, file->identity.ctime_ns);
  put_u32(out, file->identity.mode);
  put_u8(out, file->vouched);
  put_u32(out, (uint32_t)file->fd);
  put_strings(out, &file->argv);
}

void tell_ready(struct supervisor *s) {
  size_t place = begin(s, FRAME_READY, true);
  put_u32(&s->out, s->inner->enforcement_count);
  put_bytes(&s->out, s->inner->enforcement.data, s->inner->enforcement.length);
  end_frame(&s->out, place);
}

bool tell_exec(struct supervisor *s, const struct notice *notice) {
  size_t size = 4096 + strlen(notice->asked) + strlen(notice->cwd);
  for (size_t index = 0; index < notice->file_count; index++)
    size += strlen(notice->files[index].path) + 64 + notice->files[index].argv.length + 4 * (size_t)notice->files[index].argv.count;
  if (size > FRAME_MAX) return false;
  size_t place = begin(s, FRAME_EXEC, !notice->decided);
  put_u64(&s->out, notice->id);
  put_u64(&s->out, notice->parent);
  put_u8(&s->out, (uint8_t)((notice->replaces ? EXEC_REPLACES : 0) | (notice->decided ? EXEC_DECIDED : 0)));
  put_u32(&s->out, (uint32_t)notice->caller.tgid);
  put_u64(&s->out, notice->received_ns);
  put_text(&s->out, notice->asked);
  put_text(&s->out, notice->cwd);
  put_u32(&s->out, (uint32_t)notice->file_count);
  for (size_t index = 0; index < notice->file_count; index++) put_file(&s->out, &notice->files[index]);
  end_frame(&s->out, place);
  return true;
}

void tell_end(struct supervisor *s, uint64_t id, enum end_how how, uint64_t value, uint64_t cpu_us) {
  size_t place = begin(s, FRAME_END, false);
  put_u64(&s->out, id);
  put_u8(&s->out, (uint8_t)how);
  put_u64(&s->out, value);
  put_u64(&s->out, cpu_us);
  put_u64(&s->out, wall_ns());
  end_frame(&s->out, place);
}

void tell_tampered(struct supervisor *s, uint64_t id, pid_t pid, const char *detail) {
  size_t place = begin(s, FRAME_TAMPERED, true);
  put_u64(&s->out, id);
  put_u32(&s->out, (uint32_t)pid);
  put_text(&s->out, detail);
  end_frame(&s->out, place);
}

void tell_failure(struct supervisor *s, const char *what, int error) {
  size_t place = begin(s, FRAME_ERROR, true);
  put_text(&s->out, what);
  put_u32(&s->out, (uint32_t)error);
  end_frame(&s->out, place);
}

void tell_ping(struct supervisor *s) { end_frame(&s->out, begin(s, FRAME_PING, true)); }
void tell_terminal_free(struct supervisor *s) { end_frame(&s->out, begin(s, FRAME_TERMINAL_FREE, true)); }

void tell_owned(struct supervisor *s, uint32_t query, uint64_t id) {
  size_t place = begin(s, FRAME_OWNED, true);
  put_u32(&s->out, query);
  put_u64(&s->out, id);
  end_frame(&s->out, place);
}

void tell_connected(struct supervisor *s, uint32_t query, int error) {
  size_t place = begin(s, FRAME_CONNECTED, true);
  put_u32(&s->out, query);
  put_u32(&s->out, (uint32_t)error);
  end_frame(&s->out, place);
}

void tell_renewed(struct supervisor *s, const char *path, bool made) {
  size_t place = begin(s, FRAME_RENEWED, true);
  put_text(&s->out, path);
  put_u8(&s->out, made);
  end_frame(&s->out, place);
}

/* Output that comes in many small pieces becomes one frame, as long as that waits to be sent and is young. */
static bool append_output(struct supervisor *s, const char *bytes, size_t length, uint64_t now_ns) {
  size_t place = s->output_place, head = 4 + 1 + 8 + 8;
  bool last = place >= s->out_sent && s->output_end == s->out.length && s->out.length > 0;
  if (!last || s->unrecorded > 0 || now_ns - s->output_ns > OUTPUT_JOIN_NS || s->out.length - place + length > OUTPUT_FRAME_MAX) return false;
  put_bytes(&s->out, bytes, length);
  uint32_t total = (uint32_t)(s->out.length - place - head - 4);
  for (size_t i = 0; i < 4; i++) s->out.data[place + head + i] = (uint8_t)(total >> (8 * i));
  end_frame(&s->out, place);
  s->output_end = s->out.length;
  return true;
}

void tell_output(struct supervisor *s, const char *bytes, size_t length) {
  if (!s->spec->record || s->node_gone) return;
  if (length > 0 && s->output_open + length > OUTPUT_WINDOW) {
    s->unrecorded += length;
    return;
  }
  s->output_open += length;
  uint64_t now_ns = wall_ns();
  if (append_output(s, bytes, length, now_ns)) return;
  size_t place = begin(s, FRAME_OUTPUT, false);
  put_u64(&s->out, now_ns);
  put_u64(&s->out, s->unrecorded);
  put_str(&s->out, bytes, length);
  end_frame(&s->out, place);
  s->unrecorded = 0;
  s->output_place = place;
  s->output_end = s->out.length;
  s->output_ns = now_ns;
}

void tell_size(struct supervisor *s, uint16_t columns, uint16_t rows) {
  if (!s->spec->record || s->node_gone || columns == 0 || rows == 0) return;
  size_t place = begin(s, FRAME_SIZE, false);
  put_u64(&s->out, wall_ns());
  put_u16(&s->out, columns);
  put_u16(&s->out, rows);
  end_frame(&s->out, place);
}

void tell_main_exit(struct supervisor *s, int wait_status) {
  size_t place = begin(s, FRAME_MAIN_EXIT, true);
  bool exited = WIFEXITED(wait_status);
  put_u8(&s->out, exited ? END_STATUS : END_SIGNAL);
  put_u32(&s->out, (uint32_t)(exited ? WEXITSTATUS(wait_status) : WTERMSIG(wait_status)));
  end_frame(&s->out, place);
}

size_t out_waiting(const struct supervisor *s) { return s->out.length - s->out_sent; }

int out_delay(const struct supervisor *s) {
  if (out_waiting(s) == 0 || s->out_armed) return -1;
  if (s->out_urgent || out_waiting(s) >= HOLD_BYTES) return 0;
  uint64_t age = now_ms() - s->out_since_ms;
  return age >= HOLD_MS ? 0 : (int)(HOLD_MS - age);
}

bool flush_out(struct supervisor *s) {
  while (out_waiting(s) > 0) {
    ssize_t sent = send(FD_CONTROL, s->out.data + s->out_sent, out_waiting(s), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN) return false;
    if (sent < 0) break;
    s->out_sent += (size_t)sent;
  }
  bool left = out_waiting(s) > 0;
  if (left != s->out_armed) {
    struct epoll_event event = { .events = EPOLLIN | (left ? EPOLLOUT : 0u), .data.u64 = SOURCE_NODE };
    epoll_ctl(s->epoll, EPOLL_CTL_MOD, FD_CONTROL, &event);
    s->out_armed = left;
  }
  if (!left) {
    s->out.length = s->out_sent = s->output_end = 0;
    s->out_urgent = false;
  } else if (s->out_sent > FRAME_MAX) {
    memmove(s->out.data, s->out.data + s->out_sent, out_waiting(s));
    s->out.length -= s->out_sent;
    s->out_sent = s->output_end = 0;
  }
  return true;
}
