#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front_internal.h"
#include "sockaddr.h"

enum { BACKLOG = 256, PORT_TRIES = 16, LINE = 64 };

static bool is_any(const mlxr_address_t *address) {
  static const uint8_t zeros[16];
  return memcmp(address->bytes, zeros, address->family == 4 ? 4 : 16) == 0;
}

static int switch_on(int fd, int level, int option) {
  int one = 1;
  return setsockopt(fd, level, option, &one, sizeof one) == 0 ? 0 : -errno;
}

/* IPv6 sockets leave IPv4 alone, so that 0.0.0.0 and [::] can stand side by
 * side in one list. */
static int bind_to(int fd, const mlxr_address_t *address) {
  struct sockaddr_storage name;
  socklen_t len = mlxr_sockaddr_put(address, &name);
  if (address->family == 6) {
    int rc = switch_on(fd, IPPROTO_IPV6, IPV6_V6ONLY);
    if (rc < 0)
      return rc;
  }
  return bind(fd, (struct sockaddr *)&name, len) == 0 ? 0 : -errno;
}

static int read_port(int fd, mlxr_address_t *address) {
  struct sockaddr_storage name;
  mlxr_address_t bound;
  socklen_t len = sizeof name;
  if (getsockname(fd, (struct sockaddr *)&name, &len) < 0)
    return -errno;
  mlxr_sockaddr_read((struct sockaddr *)&name, &bound);
  address->port = bound.port;
  return 0;
}

/* SO_REUSEADDR on a listener only forgives connections in TIME_WAIT; a living
 * listener of somebody else still makes this fail. The first one is bound
 * without SO_REUSEPORT, so that a port which another program shares is not
 * taken for a free one; it is set afterwards, for those of the other threads to
 * join.
 */
static int open_listener(mlxr_address_t *address, bool is_first, bool is_shared,
                         int *out) {
  int fd = mlxr_sockaddr_socket(address, SOCK_STREAM);
  if (fd < 0)
    return fd;
  int rc = switch_on(fd, SOL_SOCKET, SO_REUSEADDR);
  if (rc == 0 && !is_first)
    rc = switch_on(fd, SOL_SOCKET, SO_REUSEPORT);
  if (rc == 0)
    rc = bind_to(fd, address);
  if (rc == 0 && is_first && is_shared)
    rc = switch_on(fd, SOL_SOCKET, SO_REUSEPORT);
  if (rc == 0 && listen(fd, BACKLOG) < 0)
    rc = -errno;
  if (rc == 0)
    rc = read_port(fd, address);
  if (rc < 0) {
    close(fd);
    return rc;
  }
  *out = fd;
  return 0;
}

/* A reply from a socket that is bound to one address leaves from there anyway;
 * only wildcard sockets pay for asking where a datagram was sent to. */
static int ask_for_destination(int fd, int family) {
  if (family == 6)
    return switch_on(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO);
#ifdef IP_RECVPKTINFO
  return switch_on(fd, IPPROTO_IP, IP_RECVPKTINFO);
#else
  return switch_on(fd, IPPROTO_IP, IP_PKTINFO);
#endif
}

/* As with listeners: the first is bound alone, the others join it. */
static int open_datagram(const mlxr_address_t *address, bool is_first,
                         bool is_shared, front_socket_t *out) {
  int fd = mlxr_sockaddr_socket(address, SOCK_DGRAM);
  int rc = 0;
  if (fd < 0)
    return fd;
  mlxr_front_tune(fd, mlxr_sockaddr_family(address));
  if (!is_first)
    rc = switch_on(fd, SOL_SOCKET, SO_REUSEPORT);
  if (rc == 0)
    rc = bind_to(fd, address);
  if (rc == 0 && is_first && is_shared)
    rc = switch_on(fd, SOL_SOCKET, SO_REUSEPORT);
  if (rc == 0 && is_any(address))
    rc = ask_for_destination(fd, address->family);
  if (rc < 0) {
    close(fd);
    return rc;
  }
  *out = (front_socket_t){.fd = fd, .is_wildcard = is_any(address)};
  return 0;
}

static void close_port(uint32_t threads, int *listeners,
                       front_socket_t *sockets) {
  for (uint32_t i = 0; i < threads; i++) {
    if (listeners[i] >= 0)
      close(listeners[i]);
    if (sockets[i].fd >= 0)
      close(sockets[i].fd);
    listeners[i] = sockets[i].fd = -1;
  }
}

static int open_port(mlxr_address_t *address, uint32_t threads, int *listeners,
                     front_socket_t *sockets) {
  int rc = 0;
  for (uint32_t i = 0; i < threads; i++)
    listeners[i] = sockets[i].fd = -1;
  for (uint32_t i = 0; i < threads && rc == 0; i++) {
    rc = open_listener(address, i == 0, threads > 1, &listeners[i]);
    if (rc == 0)
      rc = open_datagram(address, i == 0, threads > 1, &sockets[i]);
  }
  if (rc < 0)
    close_port(threads, listeners, sockets);
  return rc;
}

int mlxr_front_listen(mlxr_address_t *address, uint32_t threads, int *listeners,
                      front_socket_t *sockets) {
  uint16_t port = address->port;
  int rc = -EADDRINUSE;
  for (int i = 0; i < PORT_TRIES && rc == -EADDRINUSE; i++) {
    address->port = port;
    rc = open_port(address, threads, listeners, sockets);
    if (port != 0)
      break;
  }
  return rc;
}

static bool is_in_networks(const mlxr_front_options_t *options,
                           const mlxr_address_t *client) {
  for (size_t i = 0; i < options->allow_count; i++) {
    const mlxr_front_network_t *network = &options->allow[i];
    if (mlxr_address_is_within(client, &network->base, network->prefix))
      return true;
  }
  return false;
}

bool mlxr_front_is_allowed(const mlxr_front_options_t *options,
                           const front_peer_t *peer) {
  mlxr_address_t client;
  if (peer->any.sa_family == AF_INET &&
      *(const uint8_t *)&peer->v4.sin_addr == 127)
    return true;
  mlxr_sockaddr_read(&peer->any, &client);
  return mlxr_address_is_loopback(&client) || is_in_networks(options, &client);
}

/* Buffers lie as close together as datagrams allow: with few pages the
 * processor's tables hold them all. Their distance is no power of two, or the
 * beginnings of all would compete for the same few lines of its cache. */
int mlxr_front_batch_init(front_batch_t *batch,
                          const mlxr_front_options_t *options) {
  memset(batch, 0, sizeof *batch);
  batch->room =
      options->udp_size > MLXR_EDNS_SIZE ? options->udp_size : MLXR_EDNS_SIZE;
  size_t stride = (batch->room / LINE | 1) * LINE + 2 * LINE;
  batch->buffers = malloc(FRONT_BATCH * stride);
  if (!batch->buffers)
    return -ENOMEM;
  for (unsigned i = 0; i < FRONT_BATCH; i++) {
    struct msghdr *in = &batch->in[i].msg_hdr;
    batch->data[i].iov_base = batch->buffers + i * stride;
    in->msg_name = &batch->peers[i];
    in->msg_iov = &batch->data[i];
    in->msg_iovlen = 1;
  }
  batch->used = FRONT_BATCH;
  return 0;
}

void mlxr_front_batch_deinit(front_batch_t *batch) {
  free(batch->buffers);
  batch->buffers = NULL;
}

static void prepare(front_batch_t *batch, unsigned count, bool is_wildcard) {
  for (unsigned i = 0; i < count; i++) {
    struct msghdr *in = &batch->in[i].msg_hdr;
    in->msg_namelen = sizeof batch->peers[i];
    in->msg_control = is_wildcard ? batch->control[i] : NULL;
    in->msg_controllen = is_wildcard ? FRONT_CONTROL : 0;
    batch->data[i].iov_len = batch->room;
  }
}

/* Most batches are small: only what the last one used is made ready anew. */
int mlxr_front_receive(const front_socket_t *socket, front_batch_t *batch) {
  bool is_same = socket->is_wildcard == batch->is_wildcard;
  prepare(batch, is_same ? batch->used : FRONT_BATCH, socket->is_wildcard);
  batch->is_wildcard = socket->is_wildcard;
  int n = mlxr_front_receive_many(socket->fd, batch->in, FRONT_BATCH);
  batch->used = n > 0 ? (unsigned)n : 0;
  return n == -EAGAIN || n == -EWOULDBLOCK || n == -EINTR ? 0 : n;
}

/* What was received names the interface too. Kept, it would force the way back;
 * only link-local addresses mean nothing without it. */
static void loosen(struct cmsghdr *message) {
  if (message->cmsg_level == IPPROTO_IPV6) {
    struct in6_pktinfo info;
    memcpy(&info, CMSG_DATA(message), sizeof info);
    if (!IN6_IS_ADDR_LINKLOCAL(&info.ipi6_addr))
      info.ipi6_ifindex = 0;
    memcpy(CMSG_DATA(message), &info, sizeof info);
  } else {
    struct in_pktinfo info;
    memcpy(&info, CMSG_DATA(message), sizeof info);
    if (info.ipi_spec_dst.s_addr == 0)
      info.ipi_spec_dst = info.ipi_addr;
    info.ipi_ifindex = 0;
    memcpy(CMSG_DATA(message), &info, sizeof info);
  }
}

static bool is_destination(const struct cmsghdr *message) {
  return (message->cmsg_level == IPPROTO_IPV6 &&
          message->cmsg_type == IPV6_PKTINFO) ||
         (message->cmsg_level == IPPROTO_IP &&
          message->cmsg_type == IP_PKTINFO);
}

size_t mlxr_front_pin(const front_socket_t *socket, front_batch_t *batch,
                      unsigned i) {
  struct msghdr *in = &batch->in[i].msg_hdr;
  if (!socket->is_wildcard)
    return 0;
  for (struct cmsghdr *message = CMSG_FIRSTHDR(in); message;
       message = CMSG_NXTHDR(in, message)) {
    size_t space = message->cmsg_level == IPPROTO_IPV6
                       ? CMSG_SPACE(sizeof(struct in6_pktinfo))
                       : CMSG_SPACE(sizeof(struct in_pktinfo));
    if (!is_destination(message))
      continue;
    loosen(message);
    memmove(batch->control[i], message, space);
    return space;
  }
  return 0;
}
