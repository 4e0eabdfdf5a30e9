/* front.h - the DNS listener: UDP and TCP on threads of its own.
 *
 * Fresh cache hits are answered on the front's thread, whatever the brain
 * does. A miss is a record in a fixed pool; rings of one producer and one
 * consumer carry its index out to the brain and back. The descriptor is written
 * only when the brain has declared itself asleep. UDP answers are sent by the
 * brain itself, in batches, on the front's socket; TCP answers go back through
 * a ring. Opening raises the nice value of no thread: see
 * `mlxr_front_yield_to`.
 *
 * Strangers, clients that are neither on loopback nor in `allow`, are REFUSED
 * over UDP; their TCP connections are closed. When questions come faster than
 * they are answered and `max_pending` are under way, further ones get SERVFAIL
 * with EDE 14 (not ready); of a client with many of them it is so when three
 * quarters are. When connections run out, the one that has been
 * idle longest and is owed nothing makes room.
 */
#ifndef MLXR_FRONT_H
#define MLXR_FRONT_H

#include "cache.h"

typedef struct mlxr_front mlxr_front_t;

enum {
  MLXR_FRONT_LISTEN_MAX = 16,
  MLXR_FRONT_THREADS_MAX = 32,
  MLXR_FRONT_THREADS_AUTO = 65535, ///< of `threads`: one for each processor
  MLXR_FRONT_ALLOW_MAX = 64,
  MLXR_FRONT_PENDING_MAX = 65535 ///< of `max_pending`
};

/// Clients that may ask, besides loopback.
typedef struct mlxr_front_network {
  mlxr_address_t base;
  uint8_t prefix; ///< bits
} mlxr_front_network_t;

typedef struct mlxr_front_options {
  mlxr_address_t listen[MLXR_FRONT_LISTEN_MAX]; ///< UDP and TCP on each; port
                                                ///< 0 takes a free one
  size_t listen_count;
  mlxr_front_network_t allow[MLXR_FRONT_ALLOW_MAX];
  size_t allow_count;          ///< 0: loopback only
  uint32_t threads;            ///< 0 means 1; more only on Linux
  uint32_t max_pending;        ///< misses under way; 0 means 8192
  uint32_t max_tcp;            ///< connections; 0 means 128
  uint32_t max_tcp_per_client; ///< connections of one address; 0 means 32
  uint32_t max_pipelined;      ///< questions under way per connection; 0: 64
  uint32_t tcp_idle;           ///< ms; 0 means 10000
  uint16_t udp_size;           ///< largest UDP reply; 0 means 1232
} mlxr_front_options_t;

/// A question that the cache could not answer.
typedef struct mlxr_miss {
  uint32_t slot;       ///< names the question until it was answered; 0: nobody
                       ///< waits, but what was answered will soon run out
  const uint8_t *name; ///< wire, lower case; lent until it was answered, of
                       ///< slot 0 until the next step or flush
  uint16_t name_len;
  uint16_t type;
  bool is_tcp;
  mlxr_address_t client;
} mlxr_miss_t;

typedef struct mlxr_front_stats {
  uint64_t queries, hits, misses, replies, refused, dropped, tcp_connections;
  uint32_t pending, tcp_open;
} mlxr_front_stats_t;

/// Binds everything and starts the threads. On failure nothing stays open and
/// `*failed` is the position of the address that could not be had.
int mlxr_front_open(const mlxr_front_options_t *options, mlxr_cache_t *cache,
                    mlxr_front_t **out, size_t *failed);
/// Stops the threads, closes the sockets; unanswered clients get nothing.
void mlxr_front_close(mlxr_front_t *front);
int mlxr_front_fd(const mlxr_front_t *front);

/// The addresses that are listened on, with their real ports; lent.
size_t mlxr_front_get_addresses(const mlxr_front_t *front,
                                const mlxr_address_t **out);

/// Takes up to `count` (at most 64) misses; those whose answer has come into
/// the cache since they were asked are answered instead.
int mlxr_front_step(mlxr_front_t *front, uint64_t now, mlxr_miss_t *out,
                    size_t count);

/// The question of a slot that `step` gave out; false once it was answered.
bool mlxr_front_get_miss(const mlxr_front_t *front, uint32_t slot,
                         mlxr_miss_t *out);

/// Declares the brain asleep; false when misses arrived meanwhile: step again.
bool mlxr_front_sleep(mlxr_front_t *front);

/// Answers a miss with a canonical answer. Nothing is sent before the flush
/// (or 64 answers). Unknown or answered slots are ignored.
void mlxr_front_answer(mlxr_front_t *front, uint32_t slot,
                       const uint8_t *answer, size_t len, uint16_t ede_code,
                       const char *ede_text);
/// Refuses a miss with an rcode.
void mlxr_front_refuse(mlxr_front_t *front, uint32_t slot, uint8_t rcode,
                       uint16_t ede_code, const char *ede_text);
void mlxr_front_flush(mlxr_front_t *front);

/// Lowers the priority of the calling thread (the brain) by 10 steps of nice,
/// so that fronts are scheduled first; once, however often it is called. Needs
/// no privilege. Does nothing where nice values belong to processes.
int mlxr_front_yield_to(void);

void mlxr_front_stats(const mlxr_front_t *front, mlxr_front_stats_t *out);

#endif
