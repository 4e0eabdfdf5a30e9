/* store.h - the cache on disk: what was put is written behind, what was written
 * is loaded into the cache at the next start.
 *
 * A thread of its own does all that touches the disk (LMDB). `put` and `flush`
 * copy into a queue and return; the thread takes batches from it, the rarer the
 * longer they take. Nothing here is fatal: a file that is damaged or somebody
 * else's is set aside, a full disk is tried again, and the cache goes on
 * without. What happened comes out of `step`, for the log.
 *
 * Ages outlast the process: entries bear the time at which they were said on a
 * clock that goes on from start to start. While the machine is not rebooted it
 * is the machine's own; else it is the wall clock, and entries count as run out
 * when that went backwards.
 */
#ifndef MLXR_STORE_H
#define MLXR_STORE_H

#include "cache.h"

typedef struct mlxr_store mlxr_store_t;

enum { MLXR_INTERFACE_NAME_MAX = 16 }; ///< with NUL

typedef struct mlxr_store_options {
  const char *path;           ///< of the file; its folders are made
  size_t bytes;               ///< the most that the file may take
  uint32_t min_ttl;           ///< seconds; the cache's own
  const uint32_t *strategies; ///< entries of others are dropped
  size_t strategy_count;
  mlxr_cache_t *cache; ///< borrowed until `close` has returned
  uint64_t now;
  uint64_t date;    ///< ms since 1970; 0 means the machine's clock
  uint64_t uptime;  ///< ms since boot; 0 means the machine's
  const char *boot; ///< which boot that was; NULL means the machine's
} mlxr_store_options_t;

enum mlxr_store_event_kind {
  MLXR_STORAGE_LOADED = 0,  ///< `count` entries came back
  MLXR_STORAGE_ASIDE = 1,   ///< a file was set aside; begins anew
  MLXR_STORAGE_PROBLEM = 2, ///< not kept for now; tried again later
  MLXR_STORAGE_WORKS = 3    ///< kept again
};

typedef struct mlxr_store_event {
  enum mlxr_store_event_kind kind;
  uint64_t count;
  char text[400];
} mlxr_store_event_t;

typedef struct mlxr_store_stats {
  uint64_t entries, bytes; ///< in the file, as of the last batch
  uint64_t loaded, written, batches, lost;
  bool is_loading, is_working;
} mlxr_store_stats_t;

/// Starts the thread; the file is opened and loaded by it. -EINVAL, -ENOMEM or
/// what starting a thread says.
int mlxr_store_open(const mlxr_store_options_t *options, mlxr_store_t **out);

/// Keeps what the cache was given: same key, answer and note; as there, one
/// that bears an age does not take the place of a younger one. `interface` is
/// the name of note->interface, or NULL.
void mlxr_store_put(mlxr_store_t *store, const mlxr_cache_key_t *key,
                    const uint8_t *answer, size_t len,
                    const mlxr_cache_note_t *note, const char *interface,
                    uint64_t now);

/// Forgets what the filter means, everything for NULL; also what is just being
/// loaded. Of flags and use the file knows nothing: whatever they are, entries
/// go. To be called before the cache is flushed.
void mlxr_store_flush(mlxr_store_t *store, const mlxr_cache_filter_t *filter,
                      const char *interface, uint64_t now);

int mlxr_store_fd(const mlxr_store_t *store);
int mlxr_store_step(mlxr_store_t *store, mlxr_store_event_t *out, size_t count);
void mlxr_store_stats(mlxr_store_t *store, mlxr_store_stats_t *out);

/// Writes what is left and ends the thread; gives up on the rest of it after
/// `patience` ms. True when all was written.
bool mlxr_store_close(mlxr_store_t *store, unsigned patience);

#endif
