#include "icmp.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "icmp_socket.h"
#include "sockaddr.h"

/* Type, code, checksum, identifier, sequence (RFC 792, RFC 4443), then the
 * token. Identifier and sequence tell nothing that the token does not: Linux
 * sets the one itself. */
enum {
  HEADER = 8,
  MESSAGE = HEADER + 8,
  ROOM = 256,
  TRIES = 64, /* datagrams of one step that are nobody's */
  ECHO_REQUEST = 8,
  ECHO_REPLY = 0,
  ECHO6_REQUEST = 128,
  ECHO6_REPLY = 129
};

struct mlxr_icmp {
  int fd;
  uint8_t family;
};

int mlxr_icmp_open(int family, mlxr_icmp_t **out) {
  if (family != 4 && family != 6)
    return -EAFNOSUPPORT;
  mlxr_icmp_t *icmp = malloc(sizeof *icmp);
  if (!icmp)
    return -ENOMEM;
  icmp->family = (uint8_t)family;
  mlxr_address_t any = {.family = icmp->family};
  icmp->fd = mlxr_sockaddr_socket_of(
      &any, SOCK_DGRAM, family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
  if (icmp->fd < 0) {
    int code = icmp->fd;
    free(icmp);
    return code;
  }
  *out = icmp;
  return 0;
}

void mlxr_icmp_close(mlxr_icmp_t *icmp) {
  if (!icmp)
    return;
  close(icmp->fd);
  free(icmp);
}

int mlxr_icmp_fd(const mlxr_icmp_t *icmp) { return icmp->fd; }

/* RFC 1071. For IPv6 the kernel does it, with the addresses in it. */
static uint16_t checksum(const uint8_t message[MESSAGE]) {
  uint32_t sum = 0;
  for (int i = 0; i < MESSAGE; i += 2)
    sum += (uint32_t)message[i] << 8 | message[i + 1];
  while (sum >> 16)
    sum = (sum & 0xffff) + (sum >> 16);
  return (uint16_t)~sum;
}

static void write_request(uint8_t message[MESSAGE], uint8_t family,
                          uint64_t token) {
  memset(message, 0, MESSAGE);
  message[0] = family == 4 ? ECHO_REQUEST : ECHO6_REQUEST;
  memcpy(message + HEADER, &token, sizeof token);
  if (family == 4) {
    uint16_t sum = checksum(message);
    message[2] = (uint8_t)(sum >> 8);
    message[3] = (uint8_t)sum;
  }
}

int mlxr_icmp_send(mlxr_icmp_t *icmp, const mlxr_address_t *to,
                   uint64_t token) {
  if (to->family != icmp->family)
    return -EAFNOSUPPORT;
  mlxr_address_t plain = *to;
  plain.port = 0;
  uint8_t message[MESSAGE];
  struct sockaddr_storage address;
  socklen_t len = mlxr_sockaddr_put(&plain, &address);
  write_request(message, icmp->family, token);
  ssize_t n;
  do
    n = sendto(icmp->fd, message, MESSAGE, 0, (struct sockaddr *)&address, len);
  while (n < 0 && errno == EINTR);
  return n < 0 ? -errno : 0;
}

/* A message of another kind, or of another program, is none of ours. */
static bool read_reply(const mlxr_icmp_t *icmp, const uint8_t *data, size_t len,
                       mlxr_icmp_reply_t *out) {
  size_t start = mlxr_icmp_socket_start(icmp->family, data, len);
  uint8_t wanted = icmp->family == 4 ? ECHO_REPLY : ECHO6_REPLY;
  if (start > len || len - start != MESSAGE || data[start] != wanted)
    return false;
  memcpy(&out->token, data + start + HEADER, sizeof out->token);
  return true;
}

/* What the kernel tells of an earlier message ends no reading; a bound keeps a
 * flood from taking the whole turn. */
int mlxr_icmp_step(mlxr_icmp_t *icmp, mlxr_icmp_reply_t *out, size_t count) {
  uint8_t data[ROOM];
  size_t found = 0;
  for (int i = 0; i < TRIES && found < count; i++) {
    struct sockaddr_storage from = {0};
    socklen_t from_len = sizeof from;
    ssize_t n = recvfrom(icmp->fd, data, sizeof data, MSG_DONTWAIT,
                         (struct sockaddr *)&from, &from_len);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
      break;
    if (n < 0 && (errno == EBADF || errno == ENOMEM || errno == ENOTSOCK))
      return found > 0 ? (int)found : -errno;
    if (n < 0 || !read_reply(icmp, data, (size_t)n, &out[found]))
      continue;
    mlxr_sockaddr_read((struct sockaddr *)&from, &out[found].from);
    out[found++].from.port = 0;
  }
  return (int)found;
}
