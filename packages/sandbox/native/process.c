/* Who is who: a process that was exec'd has an id until it ends or becomes another program. Bounded by the processes that live. */
#define _GNU_SOURCE
#include "supervise.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ANCESTORS_MAX = 4096, FIELD_STACK = 28, FIELD_EXIT_CODE = 52, STAT_MAX = 2048 };
static const uint64_t CPU_UNKNOWN = UINT64_MAX;

/* linux/pidfd.h of Linux 6.15: how a process ended, also after it was reaped. */
struct pidfd_exit { uint64_t mask, cgroup; uint32_t ids[11]; int32_t exit_code; };
#define PIDFD_GET_EXIT _IOWR(0xFF, 11, struct pidfd_exit)
enum { PIDFD_INFO_EXIT = 8 };

bool pidfd_alive(int pidfd) { return syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0) == 0 || errno == EPERM; }

/* The nth field of /proc/PID/stat (proc(5) counts from 1), read as a number. */
static bool read_stat_field(pid_t pid, int field, uint64_t *out) {
  char path[48], text[STAT_MAX];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  int fd = open_at(AT_FDCWD, path, O_RDONLY);
  if (fd < 0) return false;
  ssize_t length = read(fd, text, sizeof text - 1);
  close(fd);
  if (length <= 0) return false;
  text[length] = '\0';
  char *at = strrchr(text, ')'); /* the command's own name may hold anything */
  for (int index = 2; at != NULL && index < field; index++) at = strchr(at + 1, ' ');
  if (at == NULL) return false;
  *out = strtoull(at + 1, NULL, 10);
  return true;
}

/* Nanoseconds on the processors, of all threads that are and were: the clock of clock_getcpuclockid(3). Works for a zombie too. */
static uint64_t read_cpu(pid_t pid) {
  struct timespec used;
  clockid_t clock = (clockid_t)((~(unsigned)pid << 3) | 2);
  if (syscall(SYS_clock_gettime, clock, &used) < 0) return CPU_UNKNOWN;
  return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}

static struct process **bucket(struct supervisor *s, pid_t tgid) { return &s->buckets[(uint32_t)tgid % BUCKETS]; }

/* A number in the table may belong to another process by now: then the one we knew has ended, and is told first. */
struct process *find_process(struct supervisor *s, pid_t tgid) {
  struct process *process = *bucket(s, tgid);
  while (process != NULL && process->tgid != tgid) process = process->next;
  if (process == NULL || pidfd_alive(process->pidfd)) return process;
  on_process_exit(s, process);
  return NULL;
}

static uint64_t find_by_lineage(struct supervisor *s, pid_t pid) {
  uint64_t stack = 0;
  if (!read_stat_field(pid, FIELD_STACK, &stack) || stack == 0) return 0;
  const struct lineage *lineage = &s->lineages[(stack >> 4) % LINEAGES];
  return lineage->stack == stack ? lineage->id : 0;
}

static void add_process(struct supervisor *s, struct process *process) {
  process->next = *bucket(s, process->tgid);
  *bucket(s, process->tgid) = process;
  s->process_count++;
  watch(s, process->pidfd, EPOLLIN, SOURCE_PROCESS, process);
}

static struct process *make_process(pid_t tgid, int pidfd, uint64_t id) {
  struct process *process = calloc(1, sizeof *process);
  if (process == NULL) die(ENOMEM, "cannot keep account of a process");
  *process = (struct process){ .tgid = tgid, .pidfd = pidfd, .id = id };
  return process;
}

/* A subshell whose children exec is looked up for each of them, so it is kept like the others, until it ends. */
static void keep_forked(struct supervisor *s, pid_t tgid, uint64_t id) {
  int pidfd = (int)syscall(SYS_pidfd_open, tgid, 0);
  if (pidfd < 0) return; /* gone, or no descriptor left: looked up again */
  struct process *process = make_process(tgid, pidfd, id);
  process->forked = true;
  add_process(s, process);
}

/* Up the tree, as it is now: an ancestor that has just ended is passed over. */
static uint64_t climb(struct supervisor *s, pid_t pid) {
  for (int steps = 0; pid > 1 && pid != s->inner->init && steps < ANCESTORS_MAX; steps++) {
    const struct process *process = find_process(s, pid);
    if (process != NULL) return process->id;
    pid = read_parent(pid);
  }
  return 0;
}

/*
 * Where the image's stack begins was drawn at random when that image was exec'd and is inherited by fork, so it tells which exec a process
 * descends from, also when its ancestors are gone or just going. A process can change it (PR_SET_MM): this names a parent, it guards nothing.
 */
static uint64_t find_ancestor(struct supervisor *s, pid_t parent, pid_t descendant) {
  const struct process *process = parent > 1 ? find_process(s, parent) : NULL;
  if (process != NULL) return process->id;
  uint64_t id = find_by_lineage(s, descendant);
  if (id == 0) id = climb(s, parent);
  if (id != 0 && parent > 1 && parent != s->inner->init) keep_forked(s, parent, id);
  return id;
}

uint64_t find_parent_id(struct supervisor *s, const struct caller *caller) { return find_ancestor(s, caller->parent, caller->tid); }

uint64_t find_id_of(struct supervisor *s, pid_t tgid) {
  const struct process *process = find_process(s, tgid);
  return process != NULL ? process->id : find_ancestor(s, read_parent(tgid), tgid);
}

static uint64_t cpu_us(const struct process *process, uint64_t now_ns) {
  return now_ns == CPU_UNKNOWN || now_ns < process->cpu_before_ns ? CPU_UNKNOWN : (now_ns - process->cpu_before_ns) / 1000;
}

void adopt_process(struct supervisor *s, struct notice *notice, uint64_t stack) {
  pid_t tgid = notice->caller.tgid;
  uint64_t now = read_cpu(tgid);
  struct process *process = *bucket(s, tgid);
  while (process != NULL && process->tgid != tgid) process = process->next;
  if (notice->caller.pidfd_borrowed) {
    if (process == NULL) die(ESRCH, "process %d became another program and was not known", tgid);
    if (!process->forked) tell_end(s, process->id, END_REPLACED, notice->id, cpu_us(process, now));
  } else {
    process = make_process(tgid, notice->caller.pidfd, notice->id);
    notice->caller.pidfd_borrowed = true;
    add_process(s, process);
  }
  process->forked = false;
  process->id = notice->id;
  process->cpu_before_ns = now == CPU_UNKNOWN ? 0 : now;
  s->lineages[(stack >> 4) % LINEAGES] = (struct lineage){ .stack = stack, .id = notice->id };
}

bool read_exit(int pidfd, pid_t pid, int *wait_status) {
  struct pidfd_exit info = { .mask = PIDFD_INFO_EXIT };
  if (ioctl(pidfd, PIDFD_GET_EXIT, &info) == 0 && (info.mask & PIDFD_INFO_EXIT) != 0) {
    *wait_status = info.exit_code;
    return true;
  }
  uint64_t code; /* not reaped yet, or an older kernel */
  if (!read_stat_field(pid, FIELD_EXIT_CODE, &code) || !pidfd_alive(pidfd)) {
    info = (struct pidfd_exit){ .mask = PIDFD_INFO_EXIT };
    if (ioctl(pidfd, PIDFD_GET_EXIT, &info) < 0 || (info.mask & PIDFD_INFO_EXIT) == 0) return false;
    code = (uint64_t)info.exit_code; /* reaped while we looked */
  }
  *wait_status = (int)code;
  return true;
}

static void finish(struct supervisor *s, struct process *process, enum end_how how, uint64_t value, uint64_t cpu) {
  process->ended = true;
  abandon_process_notices(s, process->tgid, NULL);
  if (!process->forked) tell_end(s, process->id, how, value, cpu_us(process, cpu));
  struct process **link = bucket(s, process->tgid);
  while (*link != process) link = &(*link)->next;
  *link = process->next;
  close(process->pidfd); /* leaves epoll with it */
  process->pidfd = -1;
  s->process_count--;
  process->next = s->graveyard;
  s->graveyard = process;
}

/* It ended without exit_group: by a signal, or thread by thread. */
void on_process_exit(struct supervisor *s, struct process *process) {
  if (process->ended) return;
  uint64_t cpu = read_cpu(process->tgid);
  if (cpu != CPU_UNKNOWN && !pidfd_alive(process->pidfd)) cpu = CPU_UNKNOWN; /* reaped: the number may be another's */
  int status = 0;
  if (!read_exit(process->pidfd, process->tgid, &status)) finish(s, process, END_UNKNOWN, 0, cpu);
  else if (WIFSIGNALED(status)) finish(s, process, END_SIGNAL, (uint64_t)WTERMSIG(status), cpu);
  else finish(s, process, END_STATUS, (uint64_t)WEXITSTATUS(status), cpu);
}

/* Events of one turn of the loop may still point to the dead. */
void bury_processes(struct supervisor *s) {
  while (s->graveyard != NULL) {
    struct process *process = s->graveyard;
    s->graveyard = process->next;
    free(process);
  }
}

/* A process calls exit_group: its last moment in which its time on the processors can be read for sure. */
void note_own_exit(struct supervisor *s, pid_t tid, int status) {
  struct process *process = *bucket(s, tid);
  while (process != NULL && process->tgid != tid) process = process->next;
  if (process == NULL) {
    struct caller caller; /* a thread, or a process that was forked and never exec'd */
    if (identify_caller(s, &caller, tid, &process) == 0) release_caller(&caller);
    if (process == NULL) return;
  }
  /* A sibling that is already in its exec may win over this exit; then it goes on under another id. */
  for (const struct notice *notice = s->notices; notice != NULL; notice = notice->next)
    if (notice->caller.tgid == process->tgid && notice->state == NOTICE_TRACED) return;
  finish(s, process, END_STATUS, (uint64_t)(status & 0xff), read_cpu(process->tgid));
}
