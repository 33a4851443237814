/* LaunchSpec bytes -> struct spec (docs/protocol/launcher.md). Node has validated it; here it is parsed fully again before anything acts. */
#include "launcher.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SPEC_VERSION = 2, ITEMS_MAX = 65536, PORTS_MAX = 256, FILTER_MAX = 4096 * 8 };

static void *allocate(size_t count, size_t size) {
  void *data = calloc(count > 0 ? count : 1, size);
  if (data == NULL) die(errno, "out of memory");
  return data;
}

/* A string for the kernel: NUL inside would cut it silently. */
static char *read_text(struct reader *reader, const char *what) {
  struct bytes bytes = read_str(reader);
  if (reader->failed) die(EBADMSG, "launch specification ends inside %s", what);
  if (memchr(bytes.data, 0, bytes.length) != NULL) die(EBADMSG, "launch specification has a NUL in %s", what);
  char *text = allocate(bytes.length + 1, 1);
  memcpy(text, bytes.data, bytes.length);
  return text;
}

/* Absolute, no empty, `.` or `..` component: what is resolved is what was written. */
static char *read_path(struct reader *reader, const char *what) {
  char *path = read_text(reader, what);
  if (path[0] != '/') die(EBADMSG, "%s `%s` is not absolute", what, path);
  for (const char *at = path; (at = strchr(at, '/')) != NULL;) {
    size_t length = strcspn(++at, "/");
    bool dots = (length == 1 && at[0] == '.') || (length == 2 && at[0] == '.' && at[1] == '.');
    if (dots || (length == 0 && path[1] != '\0')) die(EBADMSG, "%s `%s` is not in normal form", what, path);
  }
  return path;
}

static size_t read_count(struct reader *reader, size_t most, const char *what) {
  uint32_t count = read_u32(reader);
  if (reader->failed || count > most) die(EBADMSG, "launch specification has %u %s, at most %zu", count, what, most);
  return count;
}

static bool read_flag(struct reader *reader) {
  uint8_t value = read_u8(reader);
  if (value > 1) die(EBADMSG, "launch specification has %u where a flag belongs", value);
  return value == 1;
}

static void read_mount(struct reader *reader, struct mount *mount) {
  mount->kind = read_u8(reader);
  if (mount->kind == MOUNT_BIND) mount->source = read_path(reader, "mount source");
  mount->target = read_path(reader, "mount target");
  switch (mount->kind) {
    case MOUNT_BIND:
      mount->writable = read_flag(reader);
      mount->owned = read_flag(reader);
      mount->optional = read_flag(reader);
      return;
    case MOUNT_TMPFS:
      mount->size = read_u64(reader);
      mount->mode = read_u32(reader);
      mount->writable = read_flag(reader);
      return;
    case MOUNT_DEV: mount->size = read_u64(reader); return;
    case MOUNT_SYMLINK: mount->source = read_text(reader, "symbolic link"); return;
    case MOUNT_DIRECTORY: mount->mode = read_u32(reader); return;
    case MOUNT_FILE:
      mount->content = read_str(reader);
      mount->mode = read_u32(reader);
      return;
    case MOUNT_COVER:
      mount->content = read_str(reader);
      mount->directory = read_flag(reader);
      return;
    case MOUNT_PROC:
    case MOUNT_PROTECT:
    case MOUNT_PIN: return;
  }
  die(EBADMSG, "launch specification has a mount of unknown kind %u", (unsigned)mount->kind);
}

static uint16_t *read_ports(struct reader *reader, size_t *count) {
  *count = read_count(reader, PORTS_MAX, "ports");
  uint16_t *ports = allocate(*count, sizeof *ports);
  for (size_t i = 0; i < *count; i++) {
    ports[i] = read_u16(reader);
    if (ports[i] == 0) die(EBADMSG, "launch specification has port 0");
  }
  return ports;
}

static char **read_texts(struct reader *reader, size_t *count, const char *what) {
  *count = read_count(reader, ITEMS_MAX, what);
  char **texts = allocate(*count + 1, sizeof *texts);
  for (size_t i = 0; i < *count; i++) texts[i] = read_text(reader, what);
  return texts;
}

static void read_command(struct reader *reader, struct spec *spec) {
  size_t count;
  spec->argv = read_texts(reader, &count, "arguments");
  if (count == 0 || spec->argv[0][0] == '\0') die(EBADMSG, "launch specification has no command");
  spec->environment = read_texts(reader, &count, "environment variables");
  for (size_t i = 0; i < count; i++)
    if (strchr(spec->environment[i], '=') == NULL) die(EBADMSG, "environment variable `%s` has no value", spec->environment[i]);
  spec->cwd = read_path(reader, "working directory");
  spec->hostname = read_text(reader, "host name");
}

struct spec *parse_spec(struct bytes payload) {
  struct reader reader = { payload.data, payload.data + payload.length, false };
  uint32_t version = read_u32(&reader);
  if (version != SPEC_VERSION) die(EBADMSG, "launch specification has version %u, this launcher knows %d", version, SPEC_VERSION);
  struct spec *spec = allocate(1, sizeof *spec);

  spec->mount_count = read_count(&reader, ITEMS_MAX, "mounts");
  spec->mounts = allocate(spec->mount_count, sizeof *spec->mounts);
  for (size_t i = 0; i < spec->mount_count; i++) read_mount(&reader, &spec->mounts[i]);

  spec->grant_count = read_count(&reader, ITEMS_MAX, "Landlock rules");
  spec->grants = allocate(spec->grant_count, sizeof *spec->grants);
  for (size_t i = 0; i < spec->grant_count; i++) {
    spec->grants[i].path = read_path(&reader, "Landlock path");
    spec->grants[i].access = read_u8(&reader);
    if (spec->grants[i].access < 1 || spec->grants[i].access > 4) die(EBADMSG, "launch specification has an unknown Landlock access");
  }

  spec->listen_ports = read_ports(&reader, &spec->listen_count);
  spec->bind_any = read_flag(&reader);
  spec->bind_ports = read_ports(&reader, &spec->bind_count);
  read_command(&reader, spec);
  spec->processes = read_u64(&reader);
  spec->file_size = read_u64(&reader);
  spec->open_files = read_u64(&reader);
  spec->core = read_u64(&reader);
  spec->memory = read_u64(&reader);

  spec->deny_filter = read_str(&reader);
  /* No filter would be no boundary: a spec without one is out of form. */
  if (spec->deny_filter.length == 0 || spec->deny_filter.length > FILTER_MAX || spec->deny_filter.length % 8 != 0)
    die(EBADMSG, "launch specification has a system-call filter of %zu bytes", spec->deny_filter.length);
  spec->supervise = read_flag(&reader);
  spec->terminal = read_flag(&reader);
  spec->record = read_flag(&reader);
  spec->map_root_to = read_u32(&reader);
  spec->answer_timeout_ms = read_u32(&reader);
  if (reader.failed || reader.at != reader.end) die(EBADMSG, "launch specification is cut or has trailing bytes");
  return spec;
}
