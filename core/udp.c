#include "udp_socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sockaddr.h"

enum { HOPS = 255 };

static int set(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value) == 0 ? 0 : -errno;
}

static int set_sharing(int fd) {
  int rc = set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  return rc < 0 ? rc : set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
}

/* RFC 6762 section 11: everything that speaks mDNS leaves with 255, the unicast
 * replies too. Some BSDs take only a byte for IPv4's two. */
static int set_hops(const mlxr_udp_t *udp) {
  int rc;
  if (udp->family == 6) {
    rc = set(udp->fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, HOPS);
    if (rc == 0)
      rc = set(udp->fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, HOPS);
    return rc < 0 ? rc : set(udp->fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 1);
  }
  unsigned char hops = HOPS, loop = 1;
  rc = set(udp->fd, IPPROTO_IP, IP_TTL, HOPS);
  if (rc == 0 && setsockopt(udp->fd, IPPROTO_IP, IP_MULTICAST_TTL, &hops,
                            sizeof hops) != 0)
    rc = -errno;
  if (rc == 0 && setsockopt(udp->fd, IPPROTO_IP, IP_MULTICAST_LOOP, &loop,
                            sizeof loop) != 0)
    rc = -errno;
  return rc;
}

static int prepare(mlxr_udp_t *udp, const mlxr_udp_options_t *options) {
  int rc = 0;
  if (udp->family == 6)
    rc = set(udp->fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  if (rc == 0 && options->share_port)
    rc = set_sharing(udp->fd);
  if (rc == 0 && options->is_multicast)
    rc = set_hops(udp);
  if (rc == 0)
    rc = mlxr_udp_socket_options(udp);
  /* More than the system allows is cut by the system, and that is fine. */
  if (rc == 0 && options->receive_bytes > 0)
    set(udp->fd, SOL_SOCKET, SO_RCVBUF, (int)options->receive_bytes);
  if (rc < 0)
    return rc;
  struct sockaddr_storage address;
  socklen_t len = mlxr_sockaddr_put(&options->bind, &address);
  return bind(udp->fd, (struct sockaddr *)&address, len) == 0 ? 0 : -errno;
}

int mlxr_udp_open(const mlxr_udp_options_t *options, mlxr_udp_t **out) {
  if (options->bind.family == 0)
    return -EAFNOSUPPORT;
  /* Most of it are buffers that stay untouched, and so cost no memory, until a
   * burst comes; hence not calloc. */
  mlxr_udp_t *udp = malloc(sizeof *udp);
  if (!udp)
    return -ENOMEM;
  udp->family = options->bind.family;
  udp->filter = options->filter;
  udp->filled = udp->taken = 0;
  udp->fd = mlxr_sockaddr_socket(&options->bind, SOCK_DGRAM);
  int rc = udp->fd < 0 ? udp->fd : prepare(udp, options);
  if (rc < 0) {
    mlxr_udp_close(udp);
    return rc;
  }
  *out = udp;
  return 0;
}

void mlxr_udp_close(mlxr_udp_t *udp) {
  if (!udp)
    return;
  if (udp->fd >= 0)
    close(udp->fd);
  free(udp);
}

int mlxr_udp_fd(const mlxr_udp_t *udp) { return udp->fd; }

bool mlxr_udp_is_filtered(const mlxr_udp_t *udp) { return udp->filter; }

int mlxr_udp_address(const mlxr_udp_t *udp, mlxr_address_t *out) {
  struct sockaddr_storage address = {0};
  socklen_t len = sizeof address;
  if (getsockname(udp->fd, (struct sockaddr *)&address, &len) != 0)
    return -errno;
  mlxr_sockaddr_read((struct sockaddr *)&address, out);
  return 0;
}

int mlxr_udp_send(mlxr_udp_t *udp, const uint8_t *data, size_t len,
                  const mlxr_address_t *to, uint32_t interface) {
  if (to->family != udp->family)
    return -EAFNOSUPPORT;
  mlxr_address_t scoped = *to;
  bool is_link_scoped =
      to->family == 6 && (mlxr_address_is_link_local(to) ||
                          (to->bytes[0] == 0xff && (to->bytes[1] & 0x0f) <= 2));
  if (is_link_scoped && scoped.scope == 0)
    scoped.scope = interface;
  struct sockaddr_storage address;
  struct iovec piece = {.iov_base = (void *)(uintptr_t)data, .iov_len = len};
  struct msghdr message = {.msg_name = &address,
                           .msg_namelen = mlxr_sockaddr_put(&scoped, &address),
                           .msg_iov = &piece,
                           .msg_iovlen = 1};
  return mlxr_udp_socket_send(udp, &message, to, interface);
}

static int change_membership(mlxr_udp_t *udp, const mlxr_address_t *group,
                             uint32_t interface, bool is_join) {
  if (group->family != udp->family)
    return -EAFNOSUPPORT;
  int rc;
  if (group->family == 6) {
    struct ipv6_mreq request = {.ipv6mr_interface = interface};
    memcpy(&request.ipv6mr_multiaddr, group->bytes, 16);
    rc = setsockopt(udp->fd, IPPROTO_IPV6,
                    is_join ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP, &request,
                    sizeof request);
  } else {
    struct ip_mreqn request = {.imr_ifindex = (int)interface};
    memcpy(&request.imr_multiaddr, group->bytes, 4);
    rc = setsockopt(udp->fd, IPPROTO_IP,
                    is_join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, &request,
                    sizeof request);
  }
  return rc == 0 ? 0 : -errno;
}

int mlxr_udp_join(mlxr_udp_t *udp, const mlxr_address_t *group,
                  uint32_t interface) {
  return change_membership(udp, group, interface, true);
}

int mlxr_udp_leave(mlxr_udp_t *udp, const mlxr_address_t *group,
                   uint32_t interface) {
  return change_membership(udp, group, interface, false);
}

int mlxr_udp_fill(mlxr_udp_t *udp) {
  if (udp->taken < udp->filled)
    return (int)(udp->filled - udp->taken);
  int n = mlxr_udp_receive(udp, udp->waiting, MLXR_UDP_BATCH);
  udp->filled = n > 0 ? (size_t)n : 0;
  udp->taken = 0;
  return n;
}

unsigned mlxr_udp_take(mlxr_udp_t *udp, mlxr_datagram_t *out) {
  while (udp->taken < udp->filled) {
    *out = udp->waiting[udp->taken++];
    unsigned concerns =
        out->is_truncated
            ? 0
            : mlxr_interest_admit(udp->filter, out->data, out->len, &out->from);
    if (concerns != 0)
      return concerns;
  }
  return 0;
}

bool mlxr_udp_socket_is_passing(int code) {
  return code == EINTR || code == ECONNREFUSED || code == EHOSTUNREACH ||
         code == ENETUNREACH || code == ENETDOWN;
}

static void read_ipv6(struct cmsghdr *part, mlxr_datagram_t *out) {
  if (part->cmsg_type == IPV6_PKTINFO &&
      part->cmsg_len >= CMSG_LEN(sizeof(struct in6_pktinfo))) {
    struct in6_pktinfo info;
    memcpy(&info, CMSG_DATA(part), sizeof info);
    out->interface = (uint32_t)info.ipi6_ifindex;
    out->to.family = 6;
    memcpy(out->to.bytes, &info.ipi6_addr, 16);
    if (mlxr_address_is_link_local(&out->to))
      out->to.scope = out->interface;
  } else if (part->cmsg_type == IPV6_HOPLIMIT &&
             part->cmsg_len >= CMSG_LEN(sizeof(int))) {
    memcpy(&out->hops, CMSG_DATA(part), sizeof out->hops);
  }
}

void mlxr_udp_socket_read(mlxr_udp_t *udp, size_t at, struct msghdr *message,
                          size_t len, mlxr_datagram_t *out) {
  *out = (mlxr_datagram_t){.data = udp->data[at], .len = len, .hops = -1};
  out->is_truncated = (message->msg_flags & MSG_TRUNC) != 0;
  mlxr_sockaddr_read((struct sockaddr *)&udp->from[at], &out->from);
  for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part;
       part = CMSG_NXTHDR(message, part)) {
    if (part->cmsg_level == IPPROTO_IPV6)
      read_ipv6(part, out);
    else if (part->cmsg_level == IPPROTO_IP)
      mlxr_udp_socket_read_ipv4(part, out);
  }
}
