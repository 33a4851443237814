/*
 * Stops everything inside but pid 1, and lets it go on. What a shell had stopped before (a job under job control) stays stopped: it is noted at
 * the freeze. While frozen nothing can start, so no process goes unseen between the two.
 */
#include "inner.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool frozen;
static pid_t *stopped;
static size_t stopped_count;

bool is_frozen(void) { return frozen; }

static bool is_stopped(const char *pid) {
  char path[64], text[512];
  snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false; /* it has ended */
  ssize_t length = read(fd, text, sizeof text - 1);
  close(fd);
  if (length <= 0) return false;
  text[length] = '\0';
  /* The name in parentheses is the process's own choice; the state follows the last one. */
  const char *end = strrchr(text, ')');
  return end != NULL && end[1] == ' ' && end[2] == 'T';
}

static void note(pid_t pid) {
  pid_t *grown = realloc(stopped, (stopped_count + 1) * sizeof *stopped);
  if (grown == NULL) return; /* then it will go on at the thaw, as everything does */
  stopped = grown;
  stopped[stopped_count++] = pid;
}

static bool was_stopped(pid_t pid) {
  for (size_t i = 0; i < stopped_count; i++)
    if (stopped[i] == pid) return true;
  return false;
}

/* Calls `visit` for each process of this pid namespace but ourselves. */
static void each_process(void (*visit)(pid_t pid, const char *name)) {
  DIR *folder = opendir("/proc");
  if (folder == NULL) return;
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
    if (pid > 1) visit(pid, entry->d_name);
  }
  closedir(folder);
}

static void note_stopped(pid_t pid, const char *name) {
  if (is_stopped(name)) note(pid);
}

static void let_go_on(pid_t pid, const char *name) {
  (void)name;
  if (!was_stopped(pid)) kill(pid, SIGCONT);
}

void freeze_all(void) {
  if (frozen) return;
  frozen = true;
  stopped_count = 0;
  each_process(note_stopped);
  kill(-1, SIGSTOP);
}

void thaw_all(void) {
  if (!frozen) return;
  frozen = false;
  if (stopped_count == 0) kill(-1, SIGCONT);
  else each_process(let_go_on);
}
