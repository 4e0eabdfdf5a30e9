/* native.h - getaddrinfo in a bounded pool of threads.
 *
 * A lookup cannot be stopped, so a caller that gives up abandons it: its thread
 * is counted as stuck and a new one takes its place up to the bound; so is one
 * that takes long while others wait. Beyond the bound questions wait, and fail
 * at their deadline. The same question asked twice waits for the one that runs.
 */
#ifndef MLXR_NATIVE_H
#define MLXR_NATIVE_H

#include "address.h"

typedef struct mlxr_native mlxr_native_t;

enum { MLXR_NATIVE_ADDRESSES = 64 }; ///< per result; more are dropped

typedef struct mlxr_native_options {
  uint32_t threads;     ///< working at a time; 0 means 4
  uint32_t max_threads; ///< with stuck ones; 0 means 64
  uint32_t max_waiting; ///< questions under way; 0 means 1024, at most 65535
} mlxr_native_options_t;

typedef struct mlxr_native_result {
  uint32_t slot;
  int code;           ///< 0; MLXR_ENOTFOUND; MLXR_ETIMEOUT; MLXR_EBUSY; …
  const char *detail; ///< gai_strerror's words or NULL; static
  mlxr_address_t addresses[MLXR_NATIVE_ADDRESSES];
  size_t count;
} mlxr_native_result_t;

typedef struct mlxr_native_stats {
  uint64_t asked, joined, answered, timed_out, abandoned;
  uint32_t threads, stuck; ///< now, the stuck ones among the threads
  uint32_t waiting;        ///< lookups that no thread has begun
} mlxr_native_stats_t;

int mlxr_native_open(const mlxr_native_options_t *options, mlxr_native_t **out);
/// Threads that are stuck in a lookup end by themselves later.
void mlxr_native_close(mlxr_native_t *native);
int mlxr_native_fd(const mlxr_native_t *native);

/// `family` is 4, 6 or 0 for both. `deadline` is monotonic ms. The name goes to
/// the system as it is: a final dot keeps search lists out, but then /etc/hosts
/// does not know it. MLXR_ETEXT when it is empty or has more than 255 bytes,
/// MLXR_EBUSY when too many questions are under way.
int mlxr_native_ask(mlxr_native_t *native, const char *name, int family,
                    uint64_t deadline, uint64_t now, uint32_t *slot);
/// Forgets the question: there will be no result.
void mlxr_native_cancel(mlxr_native_t *native, uint32_t slot);

/// Up to `count` results; `*next` is when to step again, UINT64_MAX for never.
int mlxr_native_step(mlxr_native_t *native, uint64_t now,
                     mlxr_native_result_t *out, size_t count, uint64_t *next);
void mlxr_native_stats(mlxr_native_t *native, mlxr_native_stats_t *out);

#endif
