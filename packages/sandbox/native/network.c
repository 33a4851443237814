/*
 * The sandbox's network: only `lo`, and 198.18.0.0/15 (RFC 2544, never routed) as local addresses. Every name that the gateway permits gets one of
 * them; whatever connects there ends in a listener that Node holds. There is no route anywhere else.
 */
#include "inner.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RANGE = 0xC6120000u, RANGE_BITS = 15, DNS_ADDRESS = 0xC6120001u, DNS_PORT = 53, BACKLOG = 1024 };

static void raise_loopback(void) {
  struct ifreq request = { .ifr_name = "lo" };
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) die(errno, "cannot open a socket in the new network namespace");
  request.ifr_flags = IFF_UP;
  if (ioctl(fd, SIOCSIFFLAGS, &request) < 0) die(errno, "cannot bring up the loopback interface");
  close(fd);
}

static void route_range(void) {
  struct {
    struct nlmsghdr head;
    struct rtmsg route;
    struct rtattr to; uint32_t address;
    struct rtattr out; uint32_t interface;
  } request = {
    .head = { sizeof request, RTM_NEWROUTE, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, 1, 0 },
    .route = { .rtm_family = AF_INET, .rtm_dst_len = RANGE_BITS, .rtm_table = RT_TABLE_LOCAL, .rtm_protocol = RTPROT_STATIC, .rtm_scope = RT_SCOPE_HOST, .rtm_type = RTN_LOCAL },
    .to = { RTA_LENGTH(4), RTA_DST }, .address = htonl(RANGE),
    .out = { RTA_LENGTH(4), RTA_OIF }, .interface = 1, /* lo is the first interface of every namespace */
  };
  struct { struct nlmsghdr head; struct nlmsgerr result; } answer;
  int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0 || send(fd, &request, sizeof request, 0) < 0) die(errno, "cannot ask for the sandbox's route");
  ssize_t got = recv(fd, &answer, sizeof answer, 0);
  if (got < (ssize_t)sizeof answer.head || answer.head.nlmsg_type != NLMSG_ERROR) die(EBADMSG, "the kernel gave no answer about the sandbox's route");
  if (answer.result.error != 0) die(-answer.result.error, "cannot make 198.18.0.0/15 local");
  close(fd);
}

static int bind_socket(int type, uint32_t address, uint16_t port) {
  struct sockaddr_in name = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(address) };
  int one = 1;
  int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 || bind(fd, (struct sockaddr *)&name, sizeof name) < 0)
    die(errno, "cannot listen inside on port %u", port);
  if (type == SOCK_STREAM && listen(fd, BACKLOG) < 0) die(errno, "cannot listen inside on port %u", port);
  return fd;
}

/* A server inside may use any port, as a developer's server does. */
static void free_low_ports(void) {
  int fd = open("/proc/sys/net/ipv4/ip_unprivileged_port_start", O_WRONLY | O_CLOEXEC);
  if (fd < 0 || write(fd, "0", 1) != 1) die(errno, "cannot free the low ports inside");
  close(fd);
}

static void hand_out(int setup, uint32_t kind, uint32_t value, int fd) {
  send_setup(setup, kind, value, NULL, 0, fd);
  close(fd);
}

void build_network(const struct spec *spec, int setup) {
  raise_loopback();
  route_range();
  free_low_ports();
  hand_out(setup, SETUP_SOCKET, 0, bind_socket(SOCK_DGRAM, DNS_ADDRESS, DNS_PORT));
  for (size_t i = 0; i < spec->listen_count; i++)
    hand_out(setup, SETUP_SOCKET, spec->listen_ports[i], bind_socket(SOCK_STREAM, INADDR_ANY, spec->listen_ports[i]));
  int diagnosis = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (diagnosis < 0) die(errno, "cannot open the socket diagnosis");
  hand_out(setup, SETUP_DIAGNOSIS, 0, diagnosis);
  report_layer(setup, true, "network", "own namespace without any interface but lo; %zu ports lead to the gateway", spec->listen_count);
}
