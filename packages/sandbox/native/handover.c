/* Sockets to Node while the loop runs. Its acknowledgement is not waited for: the next one does not depend on it. */
#define _GNU_SOURCE
#include "supervise.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

int hand_over(int fd, uint32_t query) {
  char text[128], space[CMSG_SPACE(sizeof fd)];
  memset(space, 0, sizeof space);
  int length = snprintf(text, sizeof text, "{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Socket\",\"msg\":{\"query\":%u}}\n", query);
  struct iovec area = { .iov_base = text, .iov_len = (size_t)length };
  struct msghdr header = { .msg_iov = &area, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space };
  struct cmsghdr *attached = CMSG_FIRSTHDR(&header);
  attached->cmsg_level = SOL_SOCKET;
  attached->cmsg_type = SCM_RIGHTS;
  attached->cmsg_len = CMSG_LEN(sizeof fd);
  memcpy(CMSG_DATA(attached), &fd, sizeof fd);
  ssize_t sent = sendmsg(FD_IPC, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent < 0) return errno;
  if (sent != length) die(EPROTO, "Node's channel took a part of a message");
  return 0;
}

void on_ipc(struct supervisor *s) {
  char ignored[4096];
  ssize_t length = recv(FD_IPC, ignored, sizeof ignored, MSG_DONTWAIT);
  if (length == 0 || (length < 0 && errno != EAGAIN && errno != EINTR)) epoll_ctl(s->epoll, EPOLL_CTL_DEL, FD_IPC, NULL);
}
