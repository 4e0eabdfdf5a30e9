#include <errno.h>
#include <net/if_dl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "udp_socket.h"

enum { PASSING_MAX = 8 };

static int set(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value) == 0 ? 0 : -errno;
}

int mlxr_udp_socket_options(mlxr_udp_t *udp) {
  int rc;
  if (udp->family == 6) {
    rc = set(udp->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    return rc < 0 ? rc : set(udp->fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
  }
#ifdef IP_PKTINFO
  rc = set(udp->fd, IPPROTO_IP, IP_PKTINFO, 1);
#else
  rc = set(udp->fd, IPPROTO_IP, IP_RECVDSTADDR, 1);
  if (rc == 0)
    rc = set(udp->fd, IPPROTO_IP, IP_RECVIF, 1);
#endif
  return rc < 0 ? rc : set(udp->fd, IPPROTO_IP, IP_RECVTTL, 1);
}

/* For IPv4 the interface is the socket's state and not the datagram's: set
 * before each datagram, which the one thread that owns the socket may do. */
static int choose_ipv4(const mlxr_udp_t *udp, const mlxr_address_t *to,
                       uint32_t interface) {
  bool is_multicast = (to->bytes[0] & 0xf0) == 0xe0;
  if (is_multicast) {
    struct ip_mreqn request = {.imr_ifindex = (int)interface};
    return setsockopt(udp->fd, IPPROTO_IP, IP_MULTICAST_IF, &request,
                      sizeof request) == 0
               ? 0
               : -errno;
  }
#ifdef IP_BOUND_IF
  return set(udp->fd, IPPROTO_IP, IP_BOUND_IF, (int)interface);
#else
  return 0;
#endif
}

/* A bound interface narrows what is received too, so it is let go at once. */
static void release_ipv4(const mlxr_udp_t *udp) {
#ifdef IP_BOUND_IF
  set(udp->fd, IPPROTO_IP, IP_BOUND_IF, 0);
#else
  (void)udp;
#endif
}

static void note_ipv6(struct msghdr *message, uint32_t interface) {
  struct cmsghdr *part = CMSG_FIRSTHDR(message);
  struct in6_pktinfo info = {.ipi6_ifindex = interface};
  part->cmsg_level = IPPROTO_IPV6;
  part->cmsg_type = IPV6_PKTINFO;
  part->cmsg_len = CMSG_LEN(sizeof info);
  memcpy(CMSG_DATA(part), &info, sizeof info);
}

int mlxr_udp_socket_send(mlxr_udp_t *udp, struct msghdr *message,
                         const mlxr_address_t *to, uint32_t interface) {
  _Alignas(8) uint8_t control[64] = {0};
  bool is_ipv4_bound = interface > 0 && udp->family == 4;
  if (is_ipv4_bound) {
    int rc = choose_ipv4(udp, to, interface);
    if (rc < 0)
      return rc;
  } else if (interface > 0) {
    message->msg_control = control;
    message->msg_controllen = CMSG_SPACE(sizeof(struct in6_pktinfo));
    note_ipv6(message, interface);
  }
  ssize_t n;
  do
    n = sendmsg(udp->fd, message, 0);
  while (n < 0 && errno == EINTR);
  int code = n < 0 ? -errno : 0;
  if (is_ipv4_bound)
    release_ipv4(udp);
  return code;
}

void mlxr_udp_socket_read_ipv4(struct cmsghdr *part, mlxr_datagram_t *out) {
  if (part->cmsg_type == IP_RECVTTL) {
    out->hops = *(const unsigned char *)CMSG_DATA(part);
    return;
  }
#ifdef IP_PKTINFO
  if (part->cmsg_type == IP_PKTINFO) {
    struct in_pktinfo info;
    memcpy(&info, CMSG_DATA(part), sizeof info);
    out->interface = (uint32_t)info.ipi_ifindex;
    out->to.family = 4;
    memcpy(out->to.bytes, &info.ipi_addr, 4);
  }
#else
  if (part->cmsg_type == IP_RECVDSTADDR) {
    out->to.family = 4;
    memcpy(out->to.bytes, CMSG_DATA(part), 4);
  } else if (part->cmsg_type == IP_RECVIF) {
    out->interface = ((const struct sockaddr_dl *)CMSG_DATA(part))->sdl_index;
  }
#endif
}

static ssize_t receive_one(mlxr_udp_t *udp, size_t at, struct msghdr *message) {
  struct iovec piece = {udp->data[at], MLXR_UDP_LEN};
  ssize_t n = -1;
  for (int i = 0; n < 0 && i < PASSING_MAX; i++) {
    *message = (struct msghdr){.msg_name = &udp->from[at],
                               .msg_namelen = sizeof udp->from[at],
                               .msg_iov = &piece,
                               .msg_iovlen = 1,
                               .msg_control = udp->control[at],
                               .msg_controllen = MLXR_UDP_CONTROL};
    n = recvmsg(udp->fd, message, MSG_DONTWAIT);
    if (n < 0 && !mlxr_udp_socket_is_passing(errno))
      return -errno;
  }
  return n < 0 ? -EAGAIN : n;
}

int mlxr_udp_receive(mlxr_udp_t *udp, mlxr_datagram_t *out, size_t count) {
  if (count > MLXR_UDP_BATCH)
    count = MLXR_UDP_BATCH;
  for (size_t i = 0; i < count; i++) {
    struct msghdr message;
    ssize_t n = receive_one(udp, i, &message);
    if (n < 0 && (i > 0 || n == -EAGAIN))
      return (int)i;
    if (n < 0)
      return (int)n;
    mlxr_udp_socket_read(udp, i, &message, (size_t)n, &out[i]);
  }
  return (int)count;
}
