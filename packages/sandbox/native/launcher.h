/*
 * bailiwick-launch: what its parts owe each other. The wire format is docs/protocol/launcher.md.
 *
 *   main.c        the phases of the outer half, in order
 *   spec.c        LaunchSpec bytes -> struct spec; dies on anything out of form
 *   wire.c        frames, reading and building
 *   die.c         the only error path
 *   inner.c, namespaces.c, mounts.c, keep.c, tree.c, devices.c, network.c, limits.c, privileges.c, landlock.c, seccomp.c, probes.c
 *                 the inner half, up to exec; setup.c is how it talks to the outer (inner.h)
 *   streams.c, cgroup.c   what the outer half does for it: the command's streams, its memory limit
 *   init.c, freeze.c      pid 1 inside: reaps, ends everything, serves the control socket
 *   ipc.c         hands sockets to Node
 *   supervise.c and what supervise.h lists   the outer half: exec supervision, the person's terminal
 */
#pragma once
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { FD_IPC = 3, FD_CONTROL = 4 };

/* ---- die.c ---- */
/* Reports `what` and errno to Node (ERROR) and exits with 125; in the inner half it goes through the outer. */
_Noreturn void die(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* From now on die() writes "errno what" to this descriptor instead: the inner half's way to the outer. */
void die_through(int fd);
/* The outer half calls this first when it dies: the person's terminal must be restored on every way out. */
void before_dying(void (*)(void));

/* ---- wire.c ---- */
struct bytes { const uint8_t *data; size_t length; };      /* borrowed */
struct reader { const uint8_t *at, *end; bool failed; };   /* reading past the end sets failed and gives zeros */
uint8_t read_u8(struct reader *);
uint16_t read_u16(struct reader *);
uint32_t read_u32(struct reader *);
uint64_t read_u64(struct reader *);
struct bytes read_bytes(struct reader *, size_t length);
struct bytes read_str(struct reader *);
struct buffer { uint8_t *data; size_t length, capacity; }; /* owned, grows */
void put_u8(struct buffer *, uint8_t);
void put_u16(struct buffer *, uint16_t);
void put_u32(struct buffer *, uint32_t);
void put_u64(struct buffer *, uint64_t);
void put_bytes(struct buffer *, const void *, size_t);
void put_str(struct buffer *, const void *, size_t);
/* begin_frame starts a frame at the end of the buffer and returns its place; end_frame fills its length in. */
size_t begin_frame(struct buffer *, uint8_t type);
void end_frame(struct buffer *, size_t place);

/* ---- spec.c ---- */
enum mount_kind { MOUNT_BIND = 1, MOUNT_TMPFS, MOUNT_PROC, MOUNT_DEV, MOUNT_SYMLINK, MOUNT_DIRECTORY, MOUNT_FILE, MOUNT_COVER, MOUNT_PROTECT, MOUNT_PIN };
struct mount {
  enum mount_kind kind;
  char *source, *target;                 /* source: also a symlink's text */
  struct bytes content;
  uint64_t size;
  uint32_t mode;
  bool writable, owned, optional, directory;
};
struct landlock_grant { char *path; uint8_t access; };
struct spec {
  struct mount *mounts; size_t mount_count;
  struct landlock_grant *grants; size_t grant_count;
  uint16_t *listen_ports; size_t listen_count;
  bool bind_any; uint16_t *bind_ports; size_t bind_count;
  char **argv, **environment, *cwd, *hostname;
  uint64_t processes, file_size, open_files, core, memory;   /* UINT64_MAX: not limited */
  struct bytes deny_filter;
  bool supervise, terminal, record;
  uint32_t map_root_to, answer_timeout_ms;
};
/* The payload must stay alive as long as the spec. */
struct spec *parse_spec(struct bytes payload);

/* ---- inner.c: everything inside, up to the command's exec ---- */
/* What the outer half holds of a sandbox that is complete and waits. Descriptors are close-on-exec. */
struct inner {
  pid_t init;               /* pid 1 inside, as seen from here; our child */
  int init_pidfd;
  int user_namespace, mount_namespace; /* of the sandbox */
  int listener;             /* seccomp user notification; -1 without supervision */
  int control;              /* to pid 1, SOCK_SEQPACKET: see init.c */
  int diagnosis;            /* NETLINK_SOCK_DIAG of the sandbox's network namespace */
  int terminal;             /* master of the inner terminal, or -1 */
  int watches;              /* inotify: names under covers and protection; -1 without any */
  struct buffer enforcement; /* list<enforcement> items as READY has them; count in enforcement_count */
  uint32_t enforcement_count;
};
/* Builds the sandbox and sends its sockets on FD_IPC; returns when all that is left is to exec the command. Dies on any failure. */
void build_inner(const struct spec *, struct inner *out);

/* Control messages to pid 1, one SOCK_SEQPACKET message each. pid 1 answers CONNECT with {u32 query, i32 errno} and, when 0, SCM_RIGHTS. */
enum control { CONTROL_START = 1, CONTROL_FREEZE, CONTROL_THAW, CONTROL_CONNECT, CONTROL_SIGNAL };
struct control_message { uint32_t kind; uint32_t query; uint32_t value; };
/* pid 1 tells the outer half of the command: {CONTROL_MAIN_STOPPED|CONTROL_MAIN_EXIT, 0, wait status}. */
enum control_answer { CONTROL_MAIN_STOPPED = 33, CONTROL_MAIN_EXIT, CONTROL_CONNECTED };

/* ---- ipc.c ---- */
enum handle_type { HANDLE_SERVER, HANDLE_SOCKET, HANDLE_UDP };
/* One NODE_HANDLE frame with the descriptor; `message` is JSON. Waits for Node's acknowledgement where Node sends one. */
void send_handle(int fd, enum handle_type, const char *message);

/* ---- supervise.c ---- */
/* The outer half's event loop, from READY to the end of the run. Returns the launcher's exit status. */
int supervise(const struct spec *, struct inner *);
