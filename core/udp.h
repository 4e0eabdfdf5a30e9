/* udp.h - datagrams with their circumstances: receive interface, destination
 * address and hop limit; batches in and out; multicast per interface. IPv4 and
 * IPv6, a socket each.
 */
#ifndef MLXR_UDP_H
#define MLXR_UDP_H

#include "address.h"
#include "interest.h"

typedef struct mlxr_udp mlxr_udp_t;

typedef struct mlxr_udp_options {
  mlxr_address_t bind;    ///< family decides; port 0 for an ephemeral one
  bool share_port;        ///< SO_REUSEADDR and SO_REUSEPORT
  bool is_multicast;      ///< hop limit 255 both ways, loop on
  uint32_t receive_bytes; ///< SO_RCVBUF; 0 leaves it
  /// Borrowed: what it does not admit is dropped. NULL: all is wanted.
  mlxr_interest_t *filter;
} mlxr_udp_options_t;

typedef struct mlxr_datagram {
  const uint8_t *data; ///< lent until the next receive
  size_t len;
  mlxr_address_t from;
  mlxr_address_t to;  ///< destination address, without port; family 0 unknown
  uint32_t interface; ///< receive interface; 0 unknown
  int hops;           ///< hop limit or TTL; -1 unknown
  bool is_truncated;
} mlxr_datagram_t;

int mlxr_udp_open(const mlxr_udp_options_t *options, mlxr_udp_t **out);
void mlxr_udp_close(mlxr_udp_t *udp);
int mlxr_udp_fd(const mlxr_udp_t *udp);
bool mlxr_udp_is_filtered(const mlxr_udp_t *udp);
/// The address and port that it is bound to.
int mlxr_udp_address(const mlxr_udp_t *udp, mlxr_address_t *out);

/// Sends one datagram through `interface` (0: the kernel chooses).
int mlxr_udp_send(mlxr_udp_t *udp, const uint8_t *data, size_t len,
                  const mlxr_address_t *to, uint32_t interface);

/// Receives up to `count` (at most 64) datagrams: their number, 0 when there
/// are none.
int mlxr_udp_receive(mlxr_udp_t *udp, mlxr_datagram_t *out, size_t count);

/// With a filter: receives up to 64 datagrams for `take`, unless it has some
/// left. Returns their number, wanted or not, and 0 when there are none.
int mlxr_udp_fill(mlxr_udp_t *udp);
/// The next one that the filter admits, and whom it concerns; 0 when no more
/// are left. It is asked now and not by `fill`, since what one datagram teaches
/// makes it care for the next.
unsigned mlxr_udp_take(mlxr_udp_t *udp, mlxr_datagram_t *out);

/// A socket gets only what is sent to groups that it joined. Over IPv6 the
/// kernel looks at the group alone: what another program's membership brings in
/// on another interface comes too, and `interface` tells.
int mlxr_udp_join(mlxr_udp_t *udp, const mlxr_address_t *group,
                  uint32_t interface);
int mlxr_udp_leave(mlxr_udp_t *udp, const mlxr_address_t *group,
                   uint32_t interface);

#endif
