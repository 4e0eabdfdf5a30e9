/* front_ring.h - a ring of indices between two threads: one puts, one takes.
 *
 * It is never full: whoever makes it gives it room for every index there is.
 * Order is sequentially consistent, so that "put, then look whether the other
 * sleeps" and "declare sleep, then look whether something was put" cannot both
 * miss each other.
 */
#ifndef MLXR_FRONT_RING_H
#define MLXR_FRONT_RING_H

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "mlxresolve.h"

typedef struct front_ring {
  _Alignas(64) _Atomic uint32_t head; ///< next place to put; the producer's
  _Alignas(64) _Atomic uint32_t tail; ///< next place to take; the consumer's
  _Alignas(64) uint32_t mask;
  uint32_t *places;
} front_ring_t;

/// Room for at least `count` indices.
static inline int front_ring_init(front_ring_t *ring, uint32_t count) {
  uint32_t size = 1;
  while (size < count)
    size *= 2;
  ring->places = calloc(size, sizeof *ring->places);
  ring->mask = size - 1;
  atomic_init(&ring->head, 0);
  atomic_init(&ring->tail, 0);
  return ring->places ? 0 : -ENOMEM;
}

static inline void front_ring_deinit(front_ring_t *ring) {
  free(ring->places);
  ring->places = NULL;
}

static inline void front_ring_put(front_ring_t *ring, uint32_t index) {
  uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
  ring->places[head & ring->mask] = index;
  atomic_store(&ring->head, head + 1);
}

static inline bool front_ring_is_empty(const front_ring_t *ring) {
  return atomic_load(&ring->head) ==
         atomic_load_explicit(&ring->tail, memory_order_relaxed);
}

/// Takes one; false when there is none.
static inline bool front_ring_take(front_ring_t *ring, uint32_t *index) {
  uint32_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
  if (atomic_load_explicit(&ring->head, memory_order_acquire) == tail)
    return false;
  *index = ring->places[tail & ring->mask];
  atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
  return true;
}

#endif
