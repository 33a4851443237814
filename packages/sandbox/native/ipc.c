/*
 * Hands sockets to Node over its own child-process channel: one line of JSON with the descriptor beside it (Node's internal NODE_HANDLE message;
 * tested against each Node major that is supported). Node answers each with an acknowledgement, which is read and dropped.
 */
#include "launcher.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static void drop_acknowledgements(void) {
  char text[4096];
  while (recv(FD_IPC, text, sizeof text, MSG_DONTWAIT) > 0) continue;
}

void send_handle(int fd, enum handle_type type, const char *message) {
  static const char *const TYPES[] = {
    [HANDLE_SERVER] = "\"net.Server\"",
    [HANDLE_SOCKET] = "\"net.Socket\"",
    [HANDLE_UDP] = "\"dgram.Socket\",\"dgramType\":\"udp4\"",
  };
  char line[512];
  int length = snprintf(line, sizeof line, "{\"cmd\":\"NODE_HANDLE\",\"type\":%s,\"msg\":%s}\n", TYPES[type], message);
  if (length < 0 || length >= (int)sizeof line) die(EMSGSIZE, "a message for Node is too long");
  drop_acknowledgements();
  struct iovec part = { line, (size_t)length };
  union { struct cmsghdr header; char space[CMSG_SPACE(sizeof(int))]; } rights = { 0 };
  struct msghdr packet = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = rights.space, .msg_controllen = sizeof rights.space };
  rights.header = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
  memcpy(CMSG_DATA(&rights.header), &fd, sizeof fd);
  ssize_t sent;
  do sent = sendmsg(FD_IPC, &packet, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  /* A stream socket may take a part; the lines are far below its buffer, so a part means that Node no longer reads. */
  if (sent != length) die(sent < 0 ? errno : EPIPE, "cannot hand a socket to Node");
}
