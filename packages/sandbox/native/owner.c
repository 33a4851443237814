/* Whose socket it is: its inode by an exact query in the sandbox's network namespace, then the process that holds that inode. */
#define _GNU_SOURCE
#include "supervise.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A run may hold a million descriptors; a search must not hold the loop. Beyond this the owner is not found. */
enum { DESCRIPTORS_MAX = 20000, PROCESSES_MAX = 2000, CHILDREN_BYTES = 16384 };

static uint32_t find_inode(int diagnosis, const struct socket_ends *ends) {
  struct { struct nlmsghdr header; struct inet_diag_req_v2 request; } query = {
    .header = { .nlmsg_len = sizeof query, .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST },
    .request = { .sdiag_family = ends->family == 6 ? AF_INET6 : AF_INET, .sdiag_protocol = ends->protocol, .idiag_states = ~0u },
  };
  struct inet_diag_sockid *id = &query.request.id;
  size_t width = ends->family == 6 ? 16 : 4;
  /* For UDP the kernel takes source and destination the other way round ("for historical reasons", net/ipv4/udp_diag.c). */
  bool swapped = ends->protocol == IPPROTO_UDP;
  memcpy(swapped ? id->idiag_dst : id->idiag_src, ends->local, width);
  memcpy(swapped ? id->idiag_src : id->idiag_dst, ends->remote, width);
  id->idiag_sport = htons(swapped ? ends->remote_port : ends->local_port);
  id->idiag_dport = htons(swapped ? ends->local_port : ends->remote_port);
  id->idiag_cookie[0] = id->idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  if (send(diagnosis, &query, sizeof query, MSG_DONTWAIT) < 0) return 0;
  union { struct nlmsghdr header; uint8_t bytes[4096]; } reply;
  uint32_t inode = 0;
  ssize_t length; /* the kernel answers within send(); an error's acknowledgement is read as well */
  while ((length = recv(diagnosis, &reply, sizeof reply, MSG_DONTWAIT)) > 0) {
    if ((size_t)length < NLMSG_LENGTH(sizeof(struct inet_diag_msg)) || reply.header.nlmsg_type != SOCK_DIAG_BY_FAMILY) continue;
    struct inet_diag_msg message;
    memcpy(&message, NLMSG_DATA(&reply.header), sizeof message);
    inode = message.idiag_inode;
  }
  return inode;
}

static bool holds(pid_t pid, const char *wanted, int *budget) {
  char path[64], link[64];
  snprintf(path, sizeof path, "/proc/%d/fd", pid);
  DIR *directory = opendir(path);
  if (directory == NULL) return false;
  bool found = false;
  const struct dirent *entry;
  while (!found && (*budget)-- > 0 && (entry = readdir(directory)) != NULL) {
    if (entry->d_name[0] == '.') continue;
    ssize_t length = readlinkat(dirfd(directory), entry->d_name, link, sizeof link - 1);
    if (length <= 0) continue;
    link[length] = '\0';
    found = strcmp(link, wanted) == 0;
  }
  closedir(directory);
  return found;
}

/* Appends the children of each thread of a process to the list of those to look at. */
static void add_children(pid_t pid, pid_t *list, size_t *count) {
  char path[320], text[CHILDREN_BYTES];
  snprintf(path, sizeof path, "/proc/%d/task", pid);
  DIR *threads = opendir(path);
  if (threads == NULL) return;
  const struct dirent *thread;
  while ((thread = readdir(threads)) != NULL) {
    if (thread->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "/proc/%d/task/%s/children", pid, thread->d_name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) continue;
    ssize_t length = read(fd, text, sizeof text - 1);
    close(fd);
    text[length < 0 ? 0 : length] = '\0';
    char *at = text;
    for (long child; *count < PROCESSES_MAX && (child = strtol(at, &at, 10)) > 0;) list[(*count)++] = (pid_t)child;
  }
  closedir(threads);
}

static pid_t search(struct supervisor *s, const char *wanted) {
  static pid_t list[PROCESSES_MAX];
  int budget = DESCRIPTORS_MAX;
  /* Most connections of a run belong to the same process as the one before. */
  if (s->last_owner != 0 && find_process(s, s->last_owner) != NULL && holds(s->last_owner, wanted, &budget)) return s->last_owner;
  size_t count = 0;
  add_children(s->inner->init, list, &count);
  for (size_t index = 0; index < count && budget > 0; index++) {
    if (list[index] != s->last_owner && holds(list[index], wanted, &budget)) return list[index];
    add_children(list[index], list, &count);
  }
  return 0;
}

uint64_t find_owner(struct supervisor *s, const struct socket_ends *ends) {
  if (s->inner->diagnosis < 0 || (ends->family != 4 && ends->family != 6)) return 0;
  uint32_t inode = find_inode(s->inner->diagnosis, ends);
  if (inode == 0) return 0;
  char wanted[40];
  snprintf(wanted, sizeof wanted, "socket:[%u]", inode);
  pid_t pid = search(s, wanted);
  if (pid == 0) return 0;
  s->last_owner = pid;
  return find_id_of(s, pid);
}
