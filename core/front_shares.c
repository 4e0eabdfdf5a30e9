#include <string.h>

#include "front_internal.h"

/* DESIGN NOTE
 *
 * Who asks for much that takes long, by mistake or on purpose, must not have
 * all others told to come again: the last quarter of a worker's records goes
 * only to clients who have few of them. Clients are told apart by a hash of
 * their address, and those of IPv6 by their network's, in which one host has as
 * many addresses as it likes; on a link that is every host's, so that there it
 * is the rest. Who meets a greedy one in a number fares like that one.
 */

enum { KEPT = 4, FEW = 16 }; /* one in so many records */

static uint64_t bits_of(const front_peer_t *peer) {
  uint64_t bits = 0;
  if (peer->any.sa_family == AF_INET) {
    memcpy(&bits, &peer->v4.sin_addr, sizeof peer->v4.sin_addr);
  } else {
    const uint8_t *at = peer->v6.sin6_addr.s6_addr;
    bool is_on_link = IN6_IS_ADDR_LINKLOCAL(&peer->v6.sin6_addr);
    memcpy(&bits, is_on_link ? at + 8 : at, sizeof bits);
  }
  return bits;
}

uint8_t mlxr_front_share_of(const front_peer_t *peer) {
  if (!peer)
    return 0;
  /* what is our own stands apart from ::1 */
  uint64_t bits = bits_of(peer) ^ peer->any.sa_family;
  return (uint8_t)(bits * 0x9e3779b97f4a7c15u >> 56);
}

bool mlxr_front_is_greedy(const front_worker_t *worker, uint8_t share) {
  uint32_t all = worker->front->misses_each;
  return worker->free_count < all / KEPT && worker->shares[share] > all / FEW;
}
