#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "udp_socket.h"

#ifndef IPV6_MULTICAST_ALL
#define IPV6_MULTICAST_ALL 29 // Linux 4.20; older C libraries do not name it
#endif

enum { PASSING_MAX = 8 };

static int set(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value) == 0 ? 0 : -errno;
}

int mlxr_udp_socket_options(mlxr_udp_t *udp) {
  int rc;
  if (udp->family == 6) {
    set(udp->fd, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);
    rc = set(udp->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    return rc < 0 ? rc : set(udp->fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
  }
  rc = set(udp->fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
  if (rc == 0)
    rc = set(udp->fd, IPPROTO_IP, IP_PKTINFO, 1);
  return rc < 0 ? rc : set(udp->fd, IPPROTO_IP, IP_RECVTTL, 1);
}

static void note_ipv4(struct msghdr *message, uint32_t interface) {
  struct cmsghdr *part = CMSG_FIRSTHDR(message);
  struct in_pktinfo info = {.ipi_ifindex = (int)interface};
  part->cmsg_level = IPPROTO_IP;
  part->cmsg_type = IP_PKTINFO;
  part->cmsg_len = CMSG_LEN(sizeof info);
  memcpy(CMSG_DATA(part), &info, sizeof info);
  message->msg_controllen = CMSG_SPACE(sizeof info);
}

static void note_ipv6(struct msghdr *message, uint32_t interface) {
  struct cmsghdr *part = CMSG_FIRSTHDR(message);
  struct in6_pktinfo info = {.ipi6_ifindex = interface};
  part->cmsg_level = IPPROTO_IPV6;
  part->cmsg_type = IPV6_PKTINFO;
  part->cmsg_len = CMSG_LEN(sizeof info);
  memcpy(CMSG_DATA(part), &info, sizeof info);
  message->msg_controllen = CMSG_SPACE(sizeof info);
}

int mlxr_udp_socket_send(mlxr_udp_t *udp, struct msghdr *message,
                         const mlxr_address_t *to, uint32_t interface) {
  (void)to;
  _Alignas(8) uint8_t control[CMSG_SPACE(sizeof(struct in6_pktinfo))] = {0};
  if (interface > 0) {
    message->msg_control = control;
    message->msg_controllen = sizeof control;
    if (udp->family == 6)
      note_ipv6(message, interface);
    else
      note_ipv4(message, interface);
  }
  ssize_t n;
  do
    n = sendmsg(udp->fd, message, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  return n < 0 ? -errno : 0;
}

void mlxr_udp_socket_read_ipv4(struct cmsghdr *part, mlxr_datagram_t *out) {
  if (part->cmsg_type == IP_PKTINFO &&
      part->cmsg_len >= CMSG_LEN(sizeof(struct in_pktinfo))) {
    struct in_pktinfo info;
    memcpy(&info, CMSG_DATA(part), sizeof info);
    out->interface = (uint32_t)info.ipi_ifindex;
    out->to.family = 4;
    memcpy(out->to.bytes, &info.ipi_addr, 4);
  } else if (part->cmsg_type == IP_TTL &&
             part->cmsg_len >= CMSG_LEN(sizeof(int))) {
    memcpy(&out->hops, CMSG_DATA(part), sizeof out->hops);
  }
}

int mlxr_udp_receive(mlxr_udp_t *udp, mlxr_datagram_t *out, size_t count) {
  struct mmsghdr messages[MLXR_UDP_BATCH];
  struct iovec pieces[MLXR_UDP_BATCH];
  if (count > MLXR_UDP_BATCH)
    count = MLXR_UDP_BATCH;
  for (size_t i = 0; i < count; i++) {
    pieces[i] = (struct iovec){udp->data[i], MLXR_UDP_LEN};
    messages[i].msg_hdr = (struct msghdr){.msg_name = &udp->from[i],
                                          .msg_namelen = sizeof udp->from[i],
                                          .msg_iov = &pieces[i],
                                          .msg_iovlen = 1,
                                          .msg_control = udp->control[i],
                                          .msg_controllen = MLXR_UDP_CONTROL};
  }
  int n = -1;
  for (int i = 0; n < 0 && i < PASSING_MAX; i++) {
    n = recvmmsg(udp->fd, messages, (unsigned)count, MSG_DONTWAIT, NULL);
    if (n < 0 && !mlxr_udp_socket_is_passing(errno))
      return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
  }
  for (int i = 0; i < n; i++)
    mlxr_udp_socket_read(udp, (size_t)i, &messages[i].msg_hdr,
                         messages[i].msg_len, &out[i]);
  return n < 0 ? 0 : n;
}
