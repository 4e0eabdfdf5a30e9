/* upstream.h - the pool of sockets that questions to servers leave from.
 *
 * Drives one `exchange` per question over real sockets, all behind one
 * descriptor. At up to 2,000 questions a second each leaves from a fresh socket
 * on a random port; above that from a random one of at least 64 sockets on
 * random ports, to which no question is added after a second (RFC 5452 section
 * 9.2); what is sent again leaves from its question's own socket. TCP after a
 * truncated reply, over one connection for the questions to a server.
 */
#ifndef MLXR_UPSTREAM_H
#define MLXR_UPSTREAM_H

#include "exchange.h"

typedef struct mlxr_upstream mlxr_upstream_t;

typedef struct mlxr_upstream_options {
  uint32_t max_pending; ///< questions under way; 0 means 16384
  uint32_t fresh_rate;  ///< questions a second with a port of their own; 0
                        ///< means 2000
} mlxr_upstream_options_t;

typedef struct mlxr_upstream_result {
  uint32_t slot;
  int code;                ///< 0, or why there is no answer
  mlxr_answer_info_t info; ///< valid when code is 0
  const uint8_t *answer;   ///< canonical; lent until the next step
  uint32_t ms;             ///< duration, rounded
} mlxr_upstream_result_t;

int mlxr_upstream_open(const mlxr_upstream_options_t *options,
                       mlxr_upstream_t **out);
/// Questions under way are dropped without a result.
void mlxr_upstream_close(mlxr_upstream_t *upstream);
int mlxr_upstream_fd(const mlxr_upstream_t *upstream);

/// Asks; `*slot` (1 and up) names the question until its result was stepped out
/// or it was cancelled. MLXR_EBUSY when too many are under way.
int mlxr_upstream_ask(mlxr_upstream_t *upstream, const mlxr_address_t *server,
                      const uint8_t *name, uint16_t type,
                      const mlxr_exchange_options_t *options, uint64_t now,
                      uint32_t *slot);
void mlxr_upstream_cancel(mlxr_upstream_t *upstream, uint32_t slot);

/// Sends what was asked since the last flush, in batches. Returns when to step
/// next though nothing is readable: `now` when sending failed at once,
/// UINT64_MAX for never.
uint64_t mlxr_upstream_flush(mlxr_upstream_t *upstream, uint64_t now);

/// Up to `count` (at most 64) results; `*deadline` is when to step again
/// though nothing is readable (UINT64_MAX for never; `now` when more is ready).
int mlxr_upstream_step(mlxr_upstream_t *upstream, uint64_t now,
                       mlxr_upstream_result_t *out, size_t count,
                       uint64_t *deadline);

typedef struct mlxr_upstream_stats {
  uint64_t asked, answered, timed_out, failed, ignored, tcp, ports;
  uint32_t pending;
} mlxr_upstream_stats_t;
void mlxr_upstream_stats(const mlxr_upstream_t *upstream,
                         mlxr_upstream_stats_t *out);

#endif
