/*
 * What runs is what was approved. The kernel reads path and arguments again after CONTINUE, and any thread that shares the
 * caller's memory can change them in between. So the caller is seized for this one exec. At PTRACE_EVENT_EXEC the new image
 * stands, its siblings are dead, its arguments are the kernel's own copy, and none of its instructions has run: what stands there
 * is compared with what was approved, and either let go at once or killed.
 */
#define _GNU_SOURCE
#include "supervise.h"
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OPTIONS = PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL };

/* Result of the last system call and stack pointer of a stopped thread. */
static bool read_registers(pid_t tid, int64_t *result, uint64_t *stack) {
  struct user_regs_struct registers;
  struct iovec area = { .iov_base = &registers, .iov_len = sizeof registers };
  if (ptrace(PTRACE_GETREGSET, tid, (void *)NT_PRSTATUS, &area) < 0) return false;
#if defined(__x86_64__)
  *result = (int64_t)registers.rax;
  *stack = registers.rsp;
#elif defined(__aarch64__)
  *result = (int64_t)registers.regs[0];
  *stack = registers.sp;
#endif
  return true;
}

static void detach(pid_t tid, int signal) { ptrace(PTRACE_DETACH, tid, NULL, (void *)(intptr_t)signal); }

/*
 * An exec waits, with its process's cred_guard_mutex held, for us to reap the threads that it ends; to seize another thread of that process
 * would wait for the same mutex, for ever.
 */
static bool another_is_under_way(const struct supervisor *s, const struct notice *notice) {
  for (const struct notice *other = s->notices; other != NULL; other = other->next)
    if (other != notice && other->state == NOTICE_TRACED && other->caller.tgid == notice->caller.tgid) return true;
  return false;
}

void let_go(struct supervisor *s, struct notice *notice) {
  if (another_is_under_way(s, notice)) {
    /* When that one fails this one's turn comes; when it does not, this one's thread is gone. */
    notice->allow = true;
    notice->state = NOTICE_HELD;
    return;
  }
  if (!notice->decided && !files_unchanged(notice)) {
    static const char changed[] = "bailiwick: refused: a file of this command changed while it was being decided; run it again";
    write_reason(&notice->caller, changed, sizeof changed - 1);
    answer_error(s, notice->cookie, EACCES);
    tell_end(s, notice->id, END_FAILED, EACCES, 0);
    drop_notice(s, notice);
    return;
  }
  if (notice->foreign) {
    /* The kernel would say ENOEXEC, or hand the file to an interpreter that nobody approved (binfmt_misc). */
    answer_error(s, notice->cookie, ENOEXEC);
    tell_end(s, notice->id, END_FAILED, ENOEXEC, 0);
    drop_notice(s, notice);
    return;
  }
#ifdef BAILIWICK_TEST_WITHOUT_VERIFICATION
  answer_continue(s, notice->cookie);
  drop_notice(s, notice);
  return;
#endif
  pid_t tid = notice->caller.tid;
  if (ptrace(PTRACE_SEIZE, tid, NULL, (void *)(intptr_t)OPTIONS) < 0) {
    int error = errno;
    if (error != ESRCH) {
      answer_error(s, notice->cookie, EACCES);
      tell_failure(s, "cannot watch an exec", error);
      end_run(s);
    }
    abandon_notice(s, notice);
    return;
  }
  notice->state = NOTICE_TRACED;
  /* So that an exec that fails stops as well: at its return, where its errno can be read. The wait for us is not disturbed. */
  ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
  answer_continue(s, notice->cookie); /* fails when it was killed; waitpid tells */
}

/*
 * The arguments as the new program finds them: on its stack, argc and the pointers, and the strings they point to, which the kernel
 * copied. They must be the approved ones byte for byte, and lie as the kernel lays them.
 */
static bool same_arguments(pid_t pid, uint64_t stack, const struct strings *expected) {
  size_t size = ((size_t)expected->count + 2) * sizeof(uint64_t);
  uint64_t near[64], *table = size <= sizeof near ? near : malloc(size);
  if (table == NULL) die(ENOMEM, "cannot verify an exec");
  bool same = read_memory(pid, stack, table, size) == size && table[0] == expected->count && table[expected->count + 1] == 0;
  uint64_t first = table[1];
  const char *at = expected->data;
  for (uint32_t index = 0; same && index < expected->count; index++) {
    same = table[index + 1] == first + (uint64_t)(at - expected->data);
    at += strlen(at) + 1;
  }
  if (table != near) free(table);
  char part[16384];
  for (size_t done = 0; same && done < expected->length; done += sizeof part) {
    size_t length = expected->length - done < sizeof part ? expected->length - done : sizeof part;
    same = read_memory(pid, first + done, part, length) == length && memcmp(part, expected->data + done, length) == 0;
  }
  return same;
}

/* What an interpreter will open by name is still the file that was approved. */
static bool scripts_in_place(struct notice *notice) {
  if (notice->image == 0) return true;
  forget_places(&notice->caller); /* a sibling may have moved the directory that they shared */
  for (size_t index = 0; index < notice->image; index++) {
    const struct exec_file *script = &notice->files[index];
    int fd = resolve_for(&notice->caller, AT_FDCWD, script->named, 0);
    struct stat status;
    struct identity found;
    bool same = fd >= 0 && fstat(fd, &status) == 0;
    if (same) {
      identify(&status, &found);
      same = same_identity(&found, &script->identity);
    }
    if (fd >= 0) close(fd);
    if (!same) return false;
  }
  return true;
}

/* A thread, or a process that shares it (CLONE_FS), can change the directory until here; the filter refuses the second kind. */
static bool same_directory(pid_t pid, const struct place *expected) {
  char path[48];
  struct stat status;
  snprintf(path, sizeof path, "/proc/%d/cwd", pid);
  return stat(path, &status) == 0 && status.st_dev == expected->device && status.st_ino == expected->inode;
}

/* NULL when all is as approved, else what is not. */
static const char *compare(pid_t pid, uint64_t stack, struct notice *notice) {
  const struct exec_file *image = &notice->files[notice->image];
  char path[48];
  struct stat status;
  struct identity running;
  snprintf(path, sizeof path, "/proc/%d/exe", pid);
  if (stat(path, &status) < 0) return "the program that started cannot be examined";
  identify(&status, &running);
  if (running.device != image->identity.device || running.inode != image->identity.inode) return "another program started than the approved one";
  if (!same_identity(&running, &image->identity)) return "the program changed between its approval and its start";
  if (!same_arguments(pid, stack, &image->argv)) return "the program started with other arguments than the approved ones";
  if (!same_directory(pid, &notice->cwd_place)) return "the program started in another directory than the approved one";
  if (!scripts_in_place(notice)) return "a script changed between its approval and its start";
  return NULL;
}

static void on_exec_stop(struct supervisor *s, pid_t pid, struct notice *notice) {
  /* The thread that called exec has taken over the number of its group; its siblings are gone, and what they had asked with them. */
  notice->caller.tid = pid;
  int64_t result;
  uint64_t stack = 0;
  bool alive = read_registers(pid, &result, &stack);
  const char *difference = compare(pid, stack, notice);
  /* Killed while it stood there: then nothing could be compared, and nothing will run. */
  alive = alive && (difference == NULL || read_registers(pid, &result, &stack));
  if (difference == NULL && alive) {
    adopt_process(s, notice, stack);
    detach(pid, 0);
    abandon_process_notices(s, pid, notice);
    drop_notice(s, notice);
    return;
  }
  kill(pid, SIGKILL); /* it is ours, stopped and unreaped: the number is its own */
  detach(pid, SIGKILL);
  if (difference != NULL && alive) {
    if (notice->files[notice->image].readable) {
      tell_tampered(s, notice->id, pid, difference);
      end_run(s);
    }
    tell_end(s, notice->id, END_SIGNAL, SIGKILL, 0);
    drop_notice(s, notice);
  } else {
    abandon_notice(s, notice); /* killed by another while it was stopped */
  }
}

static void on_exec_failed(struct supervisor *s, pid_t pid, struct notice *notice, int signal) {
  int64_t result = 0;
  uint64_t stack;
  if (!read_registers(pid, &result, &stack) || result >= 0) result = -ENOEXEC;
  detach(pid, signal);
  tell_end(s, notice->id, END_FAILED, (uint64_t)-result, 0);
  drop_notice(s, notice);
}

void on_traced(struct supervisor *s, pid_t pid, int status) {
  if (!WIFSTOPPED(status)) {
    struct notice *notice = find_notice_by_thread(s, pid);
    if (notice != NULL) abandon_notice(s, notice);
    return;
  }
  int event = status >> 16;
  pid_t former = pid;
  if (event == PTRACE_EVENT_EXEC) {
    unsigned long message = 0;
    if (ptrace(PTRACE_GETEVENTMSG, pid, NULL, &message) == 0) former = (pid_t)message;
  }
  struct notice *notice = find_notice_by_thread(s, former);
  if (notice == NULL || notice->state != NOTICE_TRACED) {
    /* Nothing that we let go: never seen, and not let go now. */
    kill(pid, SIGKILL);
    detach(pid, SIGKILL);
    return;
  }
  if (event == PTRACE_EVENT_EXEC) on_exec_stop(s, pid, notice);
  else on_exec_failed(s, pid, notice, event == PTRACE_EVENT_STOP ? 0 : WSTOPSIG(status));
}
