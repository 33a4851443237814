/*
 * The outer half's own: what the files of exec supervision owe each other.
 *
 *   supervise.c  the event loop, and what Node says
 *   outbox.c     what Node is told, without ever waiting for it
 *   notice.c     one exec: received, described, asked about, answered
 *   caller.c     the process that asks: its memory, its directories, its names
 *   resolve.c    a path as the kernel will walk it for the caller
 *   program.c    the files of an exec: the program, its interpreters, the target of a dynamic loader
 *   still.c      files that nobody writes to meanwhile
 *   reuse.c      verdicts that Node said may be repeated
 *   verify.c     ptrace for one exec: what runs is what was approved
 *   process.c    who is who: exec ids, ends, CPU time
 *   refuse.c     the reason of a denial, on the caller's standard error
 *   owner.c      whose socket it is
 *   handover.c   sockets to Node while the loop runs
 *   terminal.c   the person's terminal
 *   keep.c       protected names stay protected when somebody outside replaces them
 *
 * Modes of a notice: ASKED (Node has the question) -> HELD (answered while the run was frozen, or while another thread's exec goes on) -> TRACED (the kernel goes on,
 * and we wait for its stop). A notice leaves the list when it was refused, when its exec was verified, when its exec failed or
 * when its caller is gone; nothing of it stays.
 */
#pragma once
#include "launcher.h"
#include <linux/seccomp.h>
#include <sys/stat.h>

/* ---- what a notice is made of ---- */

/* NUL-terminated strings back to back, as in /proc/PID/cmdline. */
struct strings { char *data; size_t length, capacity; uint32_t count; };

struct identity { uint64_t device, inode, size, mtime_ns, ctime_ns; uint32_t mode; };

enum file_kind { FILE_PROGRAM = 1, FILE_INTERPRETER = 2, FILE_LOADER_TARGET = 3 };
struct exec_file {
  enum file_kind kind;
  int fd;                    /* to read where that is permitted, else O_PATH */
  bool readable;             /* may be opened to read */
  bool opened;               /* fd was opened to read */
  bool in_memory;            /* on tmpfs */
  bool leased;               /* nobody can have written to it since it was described */
  bool vouched;              /* its identity stands for its bytes, now and later */
  char *path;                /* as seen inside */
  char *named;               /* the path that the kernel or an interpreter will open (again) */
  struct identity identity;
  struct strings argv;
};

/* A program, five interpreters (the kernel's own limit) and a loader's target. */
enum { FILES_MAX = 7, EXEC_BYTES_MAX = 8 << 20 };

struct caller {
  pid_t tid, tgid, parent;
  int pidfd;                 /* of tgid */
  bool pidfd_borrowed;       /* it belongs to the process table */
  int root, cwd;             /* O_PATH, or -1 until needed; root is shared */
};

/* A directory, whatever it is called by now. */
struct place { uint64_t device, inode; };

enum notice_state { NOTICE_ASKED, NOTICE_HELD, NOTICE_TRACED };
struct notice {
  struct notice *next, **link;
  enum notice_state state;
  uint64_t id, parent, cookie;
  uint64_t received_ns;      /* wall clock */
  struct caller caller;
  bool replaces, decided;
  bool allow; uint8_t reuse; char *message; size_t message_length;   /* the verdict, when held */
  char *asked, *cwd;
  struct place cwd_place;    /* which directory `cwd` was the name of */
  struct exec_file files[FILES_MAX];
  size_t file_count;
  size_t image;              /* index of the file whose program the kernel will run */
  bool foreign;              /* neither ELF of this machine nor `#!`: the kernel has no use for it */
  const char *refusal;       /* with an errno from describe(): what the caller's standard error is told, or NULL */
};

/* ---- processes ---- */
struct process {
  struct process *next;      /* in its bucket; once dead, in the graveyard */
  pid_t tgid;
  int pidfd;
  uint64_t id;
  uint64_t cpu_before_ns;    /* what the process had used when this exec began */
  bool forked;               /* never exec'd itself: known because a child of it exec'd; id is the one it inherited */
  bool ended;
};

/* ---- the supervisor ---- */
enum phase { PHASE_READY, PHASE_RUNNING, PHASE_DRAINING };
enum source { SOURCE_NODE = 1, SOURCE_LISTENER, SOURCE_SIGNALS, SOURCE_CONTROL, SOURCE_PROCESS, SOURCE_IPC, SOURCE_TERMINAL_IN, SOURCE_TERMINAL_INNER, SOURCE_TERMINAL_OUT, SOURCE_NAMES };

enum { BUCKETS = 4096, LINEAGES = 8192 };
struct lineage { uint64_t stack, id; };

struct supervisor {
  const struct spec *spec;
  struct inner *inner;
  enum phase phase;
  int epoll, signals;
  bool frozen;               /* nothing is let through; by Node's wish or because the run is about to be ended */
  bool ending;               /* pid 1 inside was killed; only ends are told from now on */
  bool init_gone, main_told, node_gone, failed;
  int init_status;

  uint64_t unrecorded;       /* bytes of output that were left out since the last frame with some */
  uint64_t output_open;      /* bytes of output that Node has not taken yet */
  size_t output_place, output_end; uint64_t output_ns; /* the last frame of output, in `out` */
  struct buffer out; size_t out_sent; bool out_armed, out_urgent; uint64_t out_since_ms;
  struct buffer in; size_t in_used;
  uint64_t ping_at_ms; bool ping_open;   /* when the open PING was sent, or the next one is due */
  uint64_t end_at_ms;        /* frozen for good; ended then. 0: not */

  struct notice *notices;
  uint64_t next_id;
  struct process *buckets[BUCKETS];
  struct process *graveyard;
  size_t process_count;
  struct lineage lineages[LINEAGES];
  pid_t last_owner;

  struct seccomp_notif *request; size_t request_size;
};

uint64_t now_ms(void);       /* monotonic */
uint64_t wall_ns(void);
/* Ends everything inside at once. The loop goes on until all ends are told. */
void end_run(struct supervisor *);
void set_frozen(struct supervisor *, bool frozen);
void watch(struct supervisor *, int fd, uint32_t events, enum source, void *pointer);

/* ---- outbox.c ---- */
/* Each appends one frame; flush_out() sends what the socket takes now. Urgent frames are flushed in the same turn of the loop,
 * the others together within a few milliseconds. */
enum exec_flags { EXEC_REPLACES = 1, EXEC_DECIDED = 2 };
enum end_how { END_STATUS = 1, END_SIGNAL, END_REPLACED, END_FAILED, END_UNKNOWN };
void tell_ready(struct supervisor *);
/* False when the frame would be longer than the protocol permits; nothing was added then. */
bool tell_exec(struct supervisor *, const struct notice *);
void tell_end(struct supervisor *, uint64_t id, enum end_how, uint64_t value, uint64_t cpu_us);
void tell_tampered(struct supervisor *, uint64_t id, pid_t pid, const char *detail);
void tell_failure(struct supervisor *, const char *what, int error);
void tell_ping(struct supervisor *);
void tell_owned(struct supervisor *, uint32_t query, uint64_t id);
void tell_connected(struct supervisor *, uint32_t query, int error);
void tell_terminal_free(struct supervisor *);
void tell_main_exit(struct supervisor *, int wait_status);
/* `made`: nothing was there any more, so that something was put there to lie over. */
void tell_renewed(struct supervisor *, const char *path, bool made);
/* Of the terminal, for a recording. What Node has not taken yet is bounded; what goes beyond is left out, and counted in the next frame: the terminal waits for nobody.
 * With no bytes, only what was left out is told. */
void tell_output(struct supervisor *, const char *bytes, size_t length);
void tell_size(struct supervisor *, uint16_t columns, uint16_t rows);
/* False when Node is gone. */
bool flush_out(struct supervisor *);
size_t out_waiting(const struct supervisor *);
/* Milliseconds until the held-back frames must go; -1 when there are none. */
int out_delay(const struct supervisor *);

/* ---- notice.c ---- */
void receive_notice(struct supervisor *);
void take_verdict(struct supervisor *, uint64_t id, bool allow, uint8_t reuse, struct bytes message);
/* Applies the verdicts that wait for nothing any more. */
void release_held(struct supervisor *);
/* Both answer the kernel; false when the caller is gone. */
bool answer_error(struct supervisor *, uint64_t cookie, int error);
bool answer_continue(struct supervisor *, uint64_t cookie);
void drop_notice(struct supervisor *, struct notice *);
/* The caller will not exec any more: it died, or a sibling's exec swept it away. */
void abandon_notice(struct supervisor *, struct notice *);
struct notice *find_notice_by_thread(struct supervisor *, pid_t tid);
/* Every pending notice of a process but `except`: a process that ended or became another program takes its threads along. */
void abandon_process_notices(struct supervisor *, pid_t tgid, const struct notice *except);

/* ---- caller.c ---- */
/* open(2) alone: musl's adds a fcntl for O_CLOEXEC, and an exec opens many files. */
int open_at(int directory, const char *path, int flags);
/* Bytes of another process, as far as they are mapped. */
size_t read_memory(pid_t tid, uint64_t address, void *to, size_t length);
/* All return 0 or a positive errno. */
int identify_caller(struct supervisor *, struct caller *, pid_t tid, struct process **known);
int read_caller_string(pid_t tid, uint64_t address, size_t limit, int too_long, char **out);
/* Of the caller whose string was read last. */
int read_caller_vector(uint64_t address, struct strings *out);
int open_caller_root(struct caller *);
int open_caller_cwd(struct caller *);
int read_caller_cwd(struct caller *, char **out, struct place *place);
/* Process and thread id as the caller's own /proc shows them. */
int read_inner_ids(pid_t tid, pid_t *process, pid_t *thread);
void forget_places(struct caller *);
void release_caller(struct caller *);
/* A descriptor of the caller, O_PATH: the descriptor here, or a negative errno. */
int open_caller_descriptor(const struct caller *, int fd, bool *close_on_exec);
pid_t read_parent(pid_t pid);
bool append_string(struct strings *, const char *text, size_t length);
bool copy_strings(struct strings *to, const struct strings *from, uint32_t skip);
const char *string_at(const struct strings *, uint32_t index);

/* ---- resolve.c ---- */
enum { RESOLVE_LAST_LINK_REFUSED = 1 };
/* Walks `path` from `start` (O_PATH; AT_FDCWD: the caller's cwd) in the caller's root, as the kernel does for execve: an O_PATH
 * descriptor, or a negative errno. */
int resolve_for(struct caller *, int start, const char *path, unsigned flags);
char *path_of_descriptor(int fd);

/* ---- program.c ---- */
/* Fills files, image and foreign from the descriptor of the file that was asked for (taken over) and the caller's argv (taken over).
 * `named`: the name that the kernel gives to an interpreter. 0 or the errno that the kernel would give. */
int describe_files(struct notice *, int program, const char *named, struct strings *argv, bool unreachable_by_name);
void identify(const struct stat *, struct identity *);
bool same_identity(const struct identity *, const struct identity *);
/* True when each file that is held is still what it was when it was described. */
bool files_unchanged(const struct notice *);
/* Opens every file to read, where that is permitted: Node is going to. */
int open_files(struct notice *);
void release_files(struct notice *);

/* ---- still.c ---- */
/* What the mount it lies on says about a file of this owner. 0, or the errno that the kernel would give. */
int look_at_mount(struct exec_file *, uid_t owner);
/* For a file that is open to read. ETXTBSY, as of the kernel, when somebody can write to it now. */
int hold_still(struct exec_file *);
/* False when a writer came after hold_still(). */
bool held_still(const struct exec_file *);

/* ---- elf.c ---- */
struct image { bool elf, native, interpreted, position_independent, loader; };
/* Files that were found to be programs of this machine and nothing else need not be read again while they stay the same. */
bool known_plain(const struct identity *);
void remember_plain(const struct identity *, uint64_t now_ns);
/* Long enough unchanged that a further change would show in its times. */
bool settled(const struct identity *, uint64_t now_ns);
void inspect_image(int fd, const uint8_t *head, size_t length, struct image *out);
/* Index in argv of the program that a dynamic loader was told to run, and of the name that it gets as argv[0]; 0: none. */
enum loader_order { LOADER_RUNS_NOTHING, LOADER_RUNS, LOADER_UNCLEAR };
enum loader_order read_loader_arguments(const struct strings *argv, uint32_t *target, uint32_t *name);

/* ---- reuse.c ---- */
enum reuse { REUSE_NEVER = 0, REUSE_EXACT = 1, REUSE_PROGRAM = 2 };
bool may_repeat(const struct notice *);
void remember_verdict(const struct notice *, enum reuse);

/* ---- verify.c ---- */
/* Lets the kernel go on with an approved exec, under watch. */
void let_go(struct supervisor *, struct notice *);
/* One event of waitpid for a process that is not pid 1 inside. */
void on_traced(struct supervisor *, pid_t pid, int status);

/* ---- process.c ---- */
struct process *find_process(struct supervisor *, pid_t tgid);
/* The id of the nearest ancestor that was exec'd; 0 for none. */
uint64_t find_parent_id(struct supervisor *, const struct caller *);
uint64_t find_id_of(struct supervisor *, pid_t tgid);
/* The caller of this notice runs the approved program from now on; takes its pidfd over. Called while it is stopped. */
void adopt_process(struct supervisor *, struct notice *, uint64_t stack);
void on_process_exit(struct supervisor *, struct process *);
void note_own_exit(struct supervisor *, pid_t tid, int status);
void bury_processes(struct supervisor *);
bool pidfd_alive(int pidfd);
/* How it ended; false when the kernel does not tell. */
bool read_exit(int pidfd, pid_t pid, int *wait_status);

/* ---- refuse.c ---- */
void write_reason(const struct caller *, const char *message, size_t length);

/* ---- owner.c ---- */
struct socket_ends { uint8_t protocol, family; const uint8_t *local, *remote; uint16_t local_port, remote_port; };
uint64_t find_owner(struct supervisor *, const struct socket_ends *);

/* ---- terminal.c ---- */
/* Takes hold of the person's terminal without changing it; start_terminal() begins the relay. Nothing happens without an inner terminal. */
void open_terminal(struct supervisor *);
void start_terminal(struct supervisor *);
void on_terminal_input(struct supervisor *);
void on_terminal_output(struct supervisor *, uint32_t events);
void on_terminal_writable(struct supervisor *);
void on_window_size(struct supervisor *);
void on_main_stopped(struct supervisor *);
void on_continued(struct supervisor *);
/* Answers TERMINAL_FREE once what was to be shown is shown. */
void pause_terminal(struct supervisor *);
void resume_terminal(struct supervisor *);
/* What the terminal inside still holds, at the end of the run. */
void drain_terminal(struct supervisor *);
void restore_terminal(void);

/* ---- keep.c ---- */
void on_names_changed(struct supervisor *);
/* At the end: the kernel takes some 15 ms to take an inotify instance down, for which nobody has to wait but a child of ours. */
void leave_watches(struct supervisor *);

/* ---- handover.c ---- */
/* A socket to Node while the loop runs: 0 or an errno; takes nothing over and never waits. */
int hand_over(int fd, uint32_t query);
/* What Node writes on its channel has no meaning here. */
void on_ipc(struct supervisor *);
/* Sends to pid 1 inside. */
void tell_init(struct supervisor *, enum control kind, uint32_t query, uint32_t value);
