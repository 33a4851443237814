/* The setup socket between the halves: one message each, descriptors by SCM_RIGHTS. */
#include "inner.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void send_setup(int socket, uint32_t kind, uint32_t value, const void *text, size_t length, int descriptor) {
  struct setup_message head = { kind, value };
  struct iovec parts[2] = { { &head, sizeof head }, { (void *)text, length } };
  union { struct cmsghdr header; char space[CMSG_SPACE(sizeof(int))]; } rights = { 0 };
  struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
  if (descriptor >= 0) {
    message.msg_control = rights.space;
    message.msg_controllen = sizeof rights.space;
    rights.header = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
    memcpy(CMSG_DATA(&rights.header), &descriptor, sizeof descriptor);
  }
  while (sendmsg(socket, &message, MSG_NOSIGNAL) < 0)
    if (errno != EINTR) die(errno, "cannot talk to the other half of the launcher");
}

ssize_t receive_setup(int socket, struct setup_message *head, void *text, size_t capacity, int *descriptor) {
  struct iovec parts[2] = { { head, sizeof *head }, { text, capacity } };
  union { struct cmsghdr header; char space[CMSG_SPACE(sizeof(int))]; } rights = { 0 };
  struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2, .msg_control = rights.space, .msg_controllen = sizeof rights.space };
  ssize_t got;
  do got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  *descriptor = -1;
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (header != NULL && header->cmsg_type == SCM_RIGHTS) memcpy(descriptor, CMSG_DATA(header), sizeof *descriptor);
  if (got < (ssize_t)sizeof *head) return -1;
  return got - (ssize_t)sizeof *head;
}

void report_layer(int socket, bool enforced, const char *layer, const char *format, ...) {
  char text[512];
  int name = snprintf(text, sizeof text, "%s", layer) + 1;
  va_list arguments;
  va_start(arguments, format);
  int detail = vsnprintf(text + name, sizeof text - (size_t)name, format, arguments) + 1;
  va_end(arguments);
  size_t length = (size_t)name + (size_t)detail;
  if (length > sizeof text) length = sizeof text;
  text[length - 1] = '\0';
  send_setup(socket, SETUP_ENFORCEMENT, enforced, text, length, -1);
}
