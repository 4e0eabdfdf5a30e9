/* udp_socket.h - the inside of `udp`: what its common file and the files per
 * platform share. For nobody else.
 */
#ifndef MLXR_UDP_SOCKET_H
#define MLXR_UDP_SOCKET_H

#include <sys/socket.h>

#include "udp.h"

enum {
  MLXR_UDP_BATCH = 64,
  MLXR_UDP_LEN = 9216,   ///< room for one datagram (mDNS allows 9000)
  MLXR_UDP_CONTROL = 128 ///< room for the circumstances of one
};

struct mlxr_udp {
  int fd;
  uint8_t family; ///< 4 or 6
  mlxr_interest_t *filter;
  size_t filled, taken; ///< of `waiting`
  mlxr_datagram_t waiting[MLXR_UDP_BATCH];
  struct sockaddr_storage from[MLXR_UDP_BATCH];
  _Alignas(8) uint8_t control[MLXR_UDP_BATCH][MLXR_UDP_CONTROL];
  uint8_t data[MLXR_UDP_BATCH][MLXR_UDP_LEN];
};

/// Reads the kernel's notes beside datagram `at` into `out`.
void mlxr_udp_socket_read(mlxr_udp_t *udp, size_t at, struct msghdr *message,
                          size_t len, mlxr_datagram_t *out);

/// An errno that tells of an earlier datagram, or of nothing: read on.
bool mlxr_udp_socket_is_passing(int code);

/* Per platform. */

/// Has the kernel note interface, destination and hop limit, and, where it can
/// be had, deliver only the groups that this very socket joined.
int mlxr_udp_socket_options(mlxr_udp_t *udp);

/// Sends a filled message through `interface`.
int mlxr_udp_socket_send(mlxr_udp_t *udp, struct msghdr *message,
                         const mlxr_address_t *to, uint32_t interface);

/// Reads one note of level IPPROTO_IP.
void mlxr_udp_socket_read_ipv4(struct cmsghdr *part, mlxr_datagram_t *out);

#endif
