#include "sockaddr.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

int mlxr_sockaddr_family(const mlxr_address_t *address) {
  if (address->family == 4)
    return AF_INET;
  return address->family == 6 ? AF_INET6 : AF_UNSPEC;
}

static socklen_t put_ipv4(const mlxr_address_t *address,
                          struct sockaddr_storage *out) {
  struct sockaddr_in in = {.sin_family = AF_INET};
  in.sin_port = htons(address->port);
  memcpy(&in.sin_addr, address->bytes, sizeof in.sin_addr);
#ifndef __linux__
  in.sin_len = sizeof in;
#endif
  memcpy(out, &in, sizeof in);
  return sizeof in;
}

static socklen_t put_ipv6(const mlxr_address_t *address,
                          struct sockaddr_storage *out) {
  struct sockaddr_in6 in = {.sin6_family = AF_INET6};
  in.sin6_port = htons(address->port);
  in.sin6_scope_id = address->scope;
  memcpy(&in.sin6_addr, address->bytes, sizeof in.sin6_addr);
#ifndef __linux__
  in.sin6_len = sizeof in;
#endif
  memcpy(out, &in, sizeof in);
  return sizeof in;
}

socklen_t mlxr_sockaddr_put(const mlxr_address_t *address,
                            struct sockaddr_storage *out) {
  if (address->family == 4)
    return put_ipv4(address, out);
  return address->family == 6 ? put_ipv6(address, out) : 0;
}

void mlxr_sockaddr_read(const struct sockaddr *from, mlxr_address_t *out) {
  *out = (mlxr_address_t){0};
  if (from->sa_family == AF_INET) {
    struct sockaddr_in in;
    memcpy(&in, from, sizeof in);
    out->family = 4;
    out->port = ntohs(in.sin_port);
    memcpy(out->bytes, &in.sin_addr, sizeof in.sin_addr);
  } else if (from->sa_family == AF_INET6) {
    struct sockaddr_in6 in;
    memcpy(&in, from, sizeof in);
    out->family = 6;
    out->port = ntohs(in.sin6_port);
    out->scope = in.sin6_scope_id;
    memcpy(out->bytes, &in.sin6_addr, sizeof in.sin6_addr);
  }
}

int mlxr_sockaddr_socket(const mlxr_address_t *address, int type) {
  return mlxr_sockaddr_socket_of(address, type, 0);
}

#ifdef __linux__
int mlxr_sockaddr_socket_of(const mlxr_address_t *address, int type,
                            int protocol) {
  int fd = socket(mlxr_sockaddr_family(address),
                  type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
  return fd < 0 ? -errno : fd;
}
#else
int mlxr_sockaddr_socket_of(const mlxr_address_t *address, int type,
                            int protocol) {
  int one = 1;
  int fd = socket(mlxr_sockaddr_family(address), type, protocol);
  if (fd < 0)
    return -errno;
#ifdef SO_NOSIGPIPE
  setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &one, sizeof one);
#else
  (void)one;
#endif
  if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 ||
      fcntl(fd, F_SETFL, O_NONBLOCK) < 0) {
    int code = -errno;
    close(fd);
    return code;
  }
  return fd;
}
#endif
