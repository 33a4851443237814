/* What the parts of the inner half owe each other. Everything here runs in the sandbox's namespaces unless it says otherwise. */
#pragma once
#include "launcher.h"

/* The setup socket (SOCK_SEQPACKET), before it becomes the control socket. First field of every message. */
enum setup {
  SETUP_ERROR,       /* inner -> outer: i32 errno, text */
  SETUP_MAPPED,      /* outer -> inner: ids are mapped. value 0: a run by a user; n + 1: a run by root, and n mounts of the outer half follow */
  SETUP_MOUNT,       /* outer -> inner: index of the mount in `value`, descriptor (none: an optional source that is absent) */
  SETUP_ENFORCEMENT, /* inner -> outer: value = enforced, then layer NUL detail NUL */
  SETUP_SOCKET,      /* inner -> outer: descriptor; value = 0 for DNS, else the port */
  SETUP_DIAGNOSIS,   /* inner -> outer: descriptor */
  SETUP_TERMINAL,    /* inner -> outer: descriptor */
  SETUP_WATCHES,     /* inner -> outer: descriptor */
  SETUP_LISTENER,    /* inner -> outer: descriptor */
  SETUP_COMPLETE     /* inner -> outer: all that is left is the exec */
};

struct setup_message {
  uint32_t kind;
  uint32_t value;
};

/* Sends head, text and (unless -1) a descriptor as one message; dies when the other side is gone. */
void send_setup(int socket, uint32_t kind, uint32_t value, const void *text, size_t length, int descriptor);
/* Receives one message; gives its length without the head, -1 when the other side is gone. *descriptor is -1 when none came. */
ssize_t receive_setup(int socket, struct setup_message *head, void *text, size_t capacity, int *descriptor);
/* Reports one layer to the outer half. */
void report_layer(int socket, bool enforced, const char *layer, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* namespaces.c */
const char *user_namespace_remedy(int error);             /* "" or what keeps an ordinary user from it here */
pid_t clone_into_namespaces(void);                        /* outer: returns twice, as fork does */
void map_ids(const struct spec *, pid_t child);           /* outer */
void become_mapped(void);                                 /* inner, for a run by root: take the mapped ids */
void lock_namespaces(int setup);                          /* inner: no further user namespaces */

/* mounts.c, tree.c */
int *open_sources(const struct spec *, int user_namespace); /* outer when root (namespace >= 0), else inner (-1): one detached mount for each bind, -1 when absent */
/* How many files a memory file system of this size may hold. */
unsigned long long inodes_for(uint64_t bytes);
void build_root(const struct spec *, const int *sources, int watches);
void write_all(int fd, struct bytes content, const char *what);

/* keep.c: names that something lies over, and keeps lying there */
bool is_laid_over(const struct mount *);
/* `covers`: a directory to make covers in, on a file system that is mounted; `watches`: the inotify instance that watches the name. */
void lay_over(int root, int covers, const struct mount *, size_t index, int watches);

/* tree.c: paths in the new root, never followed out of it */
int make_target(int root, const char *path, bool directory);        /* made where missing; O_PATH */
int open_existing(int root, const char *path);                      /* no symbolic link anywhere; O_PATH; -1 with errno */
int clone_tree(int at, const char *path, unsigned flags, uint64_t attributes); /* detached copy with these attributes set recursively; -1 with errno */
int try_attach(int tree, int target);                                /* -1 with errno */
void attach(int tree, int target, const char *what);

/* devices.c */
void mount_proc(int root, const char *target);
void mount_dev(int root, const char *target, uint64_t shm_bytes);

/* network.c */
void build_network(const struct spec *, int setup);
/* init.c */
struct terminal { int master, slave; };                  /* both -1 without one */
_Noreturn void run_init(const struct spec *, int control, struct terminal);
/* freeze.c */
void freeze_all(void);
void thaw_all(void);
bool is_frozen(void);
/* streams.c */
void check_streams(const struct spec *);                 /* outer: before anything is built */
/* landlock.c */
void apply_landlock(const struct spec *, int setup);
/* privileges.c */
void drop_privileges(int setup);
void die_with_parent(void);
/* seccomp.c */
void apply_deny_filter(const struct spec *, int setup);
int install_notification(void);
/* limits.c */
void apply_limits(const struct spec *, int setup);
/* cgroup.c */
void join_own_group(const struct spec *, pid_t child, struct inner *); /* outer */
/* probes.c */
void probe_boundary(int setup);
