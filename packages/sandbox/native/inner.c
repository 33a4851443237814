/* The phases of the inner half, in order. Each comment says who the process is and what can no longer happen after the phase. */
#include "inner.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_namespace(pid_t child, const char *kind) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/ns/%s", child, kind);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) die(errno, "cannot open `%s`", path);
  return fd;
}

static struct terminal open_terminal(void) {
  struct terminal terminal = { open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC), -1 };
  int locked = 0;
  if (terminal.master < 0 || ioctl(terminal.master, TIOCSPTLCK, &locked) < 0) die(errno, "cannot make a terminal inside");
  terminal.slave = ioctl(terminal.master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal.slave < 0) die(errno, "cannot open the terminal inside");
  return terminal;
}

/* As root the outer half opened the sources: only it may read what belongs to root, and only it may map ids. */
static int *receive_sources(const struct spec *spec, int setup, uint32_t count) {
  int *sources = calloc(spec->mount_count + 1, sizeof *sources);
  if (sources == NULL) die(errno, "out of memory");
  for (size_t i = 0; i < spec->mount_count; i++) sources[i] = -1;
  for (uint32_t i = 0; i < count; i++) {
    struct setup_message head;
    int descriptor;
    if (receive_setup(setup, &head, NULL, 0, &descriptor) < 0 || head.kind != SETUP_MOUNT || head.value >= spec->mount_count) die(EPROTO, "mounts did not arrive");
    sources[head.value] = descriptor;
  }
  return sources;
}

/* -1 where nothing lies over a name. */
static int watch_names(const struct spec *spec) {
  size_t count = 0;
  for (size_t i = 0; i < spec->mount_count; i++) count += is_laid_over(&spec->mounts[i]);
  int watches = count > 0 ? inotify_init1(IN_CLOEXEC | IN_NONBLOCK) : -1;
  if (count > 0 && watches < 0) die(errno, "cannot watch protected names%s", errno == EMFILE ? ": raise `sysctl fs.inotify.max_user_instances`" : "");
  return watches;
}

static _Noreturn void run_inner(const struct spec *spec, int setup) {
  struct setup_message head;
  struct terminal terminal = { -1, -1 };
  int none;

  /* Host uid, all capabilities in the new user namespace, no ids mapped. From here on we end with the outer half. */
  die_with_parent();
  die_through(setup);
  if (receive_setup(setup, &head, NULL, 0, &none) < 0 || head.kind != SETUP_MAPPED) _exit(125);

  /* Taken at once: when this half ends with something unread, the kernel takes back what it said last, which is why. */
  int *sources = head.value > 0 ? receive_sources(spec, setup, head.value - 1) : NULL;

  /* Ids are mapped. For a run by root, uid 0 inside is no longer root of the host. */
  if (head.value > 0) become_mapped();
  die_with_parent();
  report_layer(setup, true, "namespaces", "user, mount, pid, network, ipc, uts and cgroup");

  /* Settings of the namespaces, by the host's /proc, which is still there. */
  lock_namespaces(setup);
  build_network(spec, setup);
  if (sethostname(spec->hostname, strlen(spec->hostname)) < 0) die(errno, "cannot set the host name");

  /* The new root. After this nothing of the host's file system has a name inside. */
  if (sources == NULL) sources = open_sources(spec, -1);
  int watches = watch_names(spec);
  build_root(spec, sources, watches);
  free(sources);
  report_layer(setup, true, "mounts", "a root of %zu entries, read-only outside the writable ones", spec->mount_count);
  if (watches >= 0) send_setup(setup, SETUP_WATCHES, 0, NULL, 0, watches);
  if (watches >= 0) close(watches);
  if (spec->terminal) {
    terminal = open_terminal();
    send_setup(setup, SETUP_TERMINAL, 0, NULL, 0, terminal.master);
  }

  /* No capabilities, no way to new ones, undumpable: nothing inside can look into this process. */
  apply_limits(spec, setup);
  drop_privileges(setup);

  /* Landlock, then the system-call filter. After this no mount, namespace, trace or unusual socket. */
  apply_landlock(spec, setup);
  apply_deny_filter(spec, setup);
  probe_boundary(setup);

  /* The last layer: from here on every exec waits for the outer half. */
  if (spec->supervise) {
    int listener = install_notification();
    report_layer(setup, true, "supervision", "every execve and execveat is decided and verified");
    send_setup(setup, SETUP_LISTENER, 0, NULL, 0, listener);
    close(listener);
  }
  send_setup(setup, SETUP_COMPLETE, 0, NULL, 0, -1);
  run_init(spec, setup, terminal);
}

/* Outer half, as root: every source, id-mapped where it belongs to the person. */
static void send_sources(const struct spec *spec, int user_namespace, int setup) {
  int *sources = open_sources(spec, user_namespace);
  uint32_t count = 0;
  for (size_t i = 0; i < spec->mount_count; i++) count += sources[i] >= 0;
  send_setup(setup, SETUP_MAPPED, count + 1, NULL, 0, -1);
  for (size_t i = 0; i < spec->mount_count; i++) {
    if (sources[i] < 0) continue;
    send_setup(setup, SETUP_MOUNT, (uint32_t)i, NULL, 0, sources[i]);
    close(sources[i]);
  }
  free(sources);
}

static void take_layer(struct inner *out, const struct setup_message *head, const char *text, size_t length) {
  size_t name = strnlen(text, length);
  size_t detail = name + 1 < length ? strnlen(text + name + 1, length - name - 1) : 0;
  put_str(&out->enforcement, text, name);
  put_u8(&out->enforcement, head->value != 0);
  put_str(&out->enforcement, text + name + 1, detail);
  out->enforcement_count++;
}

static void hand_socket_to_node(uint32_t port, int descriptor) {
  char message[64];
  if (port == 0) {
    send_handle(descriptor, HANDLE_UDP, "{\"kind\":\"dns\"}");
  } else {
    snprintf(message, sizeof message, "{\"kind\":\"listener\",\"port\":%u}", port);
    send_handle(descriptor, HANDLE_SERVER, message);
  }
  close(descriptor);
}

/* Outer half: takes what the inner half hands out until it is complete. */
static void receive_inner(struct inner *out, int setup) {
  for (;;) {
    struct setup_message head;
    char text[1100];
    int descriptor;
    ssize_t length = receive_setup(setup, &head, text, sizeof text, &descriptor);
    if (length < 0) die(ECHILD, "the sandbox ended while it was being built");
    switch ((enum setup)head.kind) {
      case SETUP_ERROR: die((int)head.value, "%.*s%s", (int)length, text, user_namespace_remedy((int)head.value));
      case SETUP_ENFORCEMENT: take_layer(out, &head, text, (size_t)length); break;
      case SETUP_SOCKET: hand_socket_to_node(head.value, descriptor); break;
      case SETUP_DIAGNOSIS: out->diagnosis = descriptor; break;
      case SETUP_TERMINAL: out->terminal = descriptor; break;
      case SETUP_WATCHES: out->watches = descriptor; break;
      case SETUP_LISTENER: out->listener = descriptor; break;
      case SETUP_COMPLETE: return;
      case SETUP_MAPPED:
      case SETUP_MOUNT: die(EPROTO, "the sandbox said something out of order");
    }
  }
}

void build_inner(const struct spec *spec, struct inner *out) {
  int ends[2];
  *out = (struct inner){ .listener = -1, .control = -1, .diagnosis = -1, .terminal = -1, .watches = -1 };
  check_streams(spec);
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) die(errno, "cannot make the setup socket");
  out->init = clone_into_namespaces();
  if (out->init == 0) {
    /* The inner half talks to the outer only: Node's channels stay with the outer half. */
    close(ends[0]);
    close(FD_IPC);
    close(FD_CONTROL);
    run_inner(spec, ends[1]);
  }
  close(ends[1]);
  out->control = ends[0];
  out->init_pidfd = (int)syscall(SYS_pidfd_open, out->init, 0);
  if (out->init_pidfd < 0) die(errno, "cannot watch the sandbox");
  /* While it is dumpable: later nobody but root may look there. */
  out->user_namespace = open_namespace(out->init, "user");
  out->mount_namespace = open_namespace(out->init, "mnt");
  join_own_group(spec, out->init, out);
  map_ids(spec, out->init);
  if (geteuid() == 0) send_sources(spec, out->user_namespace, out->control);
  else send_setup(out->control, SETUP_MAPPED, 0, NULL, 0, -1);
  receive_inner(out, out->control);
}
