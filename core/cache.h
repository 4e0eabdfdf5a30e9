/* cache.h - canonical answers by name, type and purpose, bounded in bytes.
 *
 * One object, shared by front threads and the Lua side: entries live in one
 * mapping and refer to each other by offset, and an answer is copied out under
 * its shard's lock. `now` is monotonic milliseconds and an argument everywhere.
 * TTLs are clamped when an answer is put, and counted down when it is got.
 * Negative answers live as long as RFC 2308 section 5 says. An entry that ran
 * out stays as stale until its stale time is over or its place is needed.
 */
#ifndef MLXR_CACHE_H
#define MLXR_CACHE_H

#include "answer.h"

typedef struct mlxr_cache mlxr_cache_t;

typedef struct mlxr_cache_options {
  size_t bytes;              ///< of memory, all told; at least 64 KiB
  uint32_t min_ttl, max_ttl; ///< seconds
  uint32_t max_negative_ttl; ///< seconds
  uint32_t stale;            ///< seconds that an expired entry is kept
  uint64_t seed;             ///< for the hash; random
} mlxr_cache_options_t;

typedef struct mlxr_cache_key {
  const uint8_t *name; ///< wire form, lower case; borrowed
  size_t name_len;
  uint16_t type;
  uint32_t purpose; ///< 0 for none
} mlxr_cache_key_t;

enum {
  MLXR_CACHE_ROTATE = 1,    ///< answer in cyclic order
  MLXR_CACHE_SUSPECT = 2,   ///< usable, but a change made it doubtful
  MLXR_CACHE_PINNED = 4,    ///< not evicted for others
  MLXR_CACHE_DUE = 8,       ///< the cache's own: a hit said that it is due
  MLXR_CACHE_WITHHELD = 16, ///< kept, but a hit only as something stale is
  MLXR_CACHE_IDLE = 32,     ///< nobody asks for it: the next hit is told as due
  MLXR_CACHE_BY_NAME = 64   ///< of a note: a denial holds for all types
};

/// Who said it, where, and how it is to be kept.
typedef struct mlxr_cache_note {
  uint32_t strategy;         ///< hash of the strategy instance
  uint32_t interface;        ///< index of the receiving interface; 0 unknown
  uint32_t min_ttl, max_ttl; ///< seconds; 0 means the cache's own
  uint64_t age;              ///< ms since it was said
  uint8_t flags;
} mlxr_cache_note_t;

typedef struct mlxr_cache_hit {
  size_t len;   ///< of the answer that was copied out
  uint32_t age; ///< seconds since it was put
  uint32_t ttl; ///< seconds left; 0 when stale
  uint32_t strategy;
  uint32_t interface;
  uint8_t flags;
  bool is_stale; ///< ran out, or is withheld
  bool is_due; ///< time to ask again: the first hit in the last tenth of a TTL
               ///< of 10 s or more, or of what became suspect or was idle
  enum mlxr_status status;
} mlxr_cache_hit_t;

typedef struct mlxr_cache_stats {
  uint64_t entries, bytes, capacity;
  uint64_t hits, misses, stale_hits, puts, evictions, expired;
} mlxr_cache_stats_t;

/// Which entries a flush or a listing means: all conditions that are set.
typedef struct mlxr_cache_filter {
  const uint8_t *name;            ///< exactly this name, or NULL
  const uint8_t *suffix;          ///< this name and all below, or NULL
  uint16_t type;                  ///< 0 for any
  const uint32_t *purpose;        ///< this one, or NULL
  uint32_t interface;             ///< 0 for any
  uint32_t strategy;              ///< 0 for any
  const uint32_t *strategies_but; ///< every strategy but these, or NULL
  size_t strategies_but_count;
  uint32_t older_than;  ///< seconds; 0 for any age
  uint32_t used_within; ///< asked for in so many seconds; 0 for whenever
  uint8_t flags;        ///< has all of these
  uint64_t from;        ///< of a listing: a view's place, to go on there
} mlxr_cache_filter_t;

/// The 32 bits that stand for a text as an entry's `strategy` or `purpose`;
/// never 0, which is none.
uint32_t mlxr_cache_fingerprint(const void *text, size_t len);

/// -EINVAL for options that make no sense, -ENOMEM.
int mlxr_cache_new(const mlxr_cache_options_t *options, mlxr_cache_t **out);
void mlxr_cache_free(mlxr_cache_t *cache);

/// Goes by other TTLs for what is put from now on, and keeps everything for
/// another stale time; bytes and seed stay. -EINVAL, and nothing changes, for
/// TTLs that make no sense.
int mlxr_cache_tune(mlxr_cache_t *cache, const mlxr_cache_options_t *options);

/// Copies an answer in, in place of what was there. An answer of TTL 0 after
/// clamping is not kept, and returns 0 all the same. An answer without records
/// bears no TTL: it lives for `note->min_ttl`. A failure never takes the place
/// of an answer that could still serve as stale, nor one that bears an age that
/// of a younger one. MLXR_EMISMATCH when it answers
/// another question than the key's, MLXR_ENOSPACE when it is too large for the
/// cache. A denial of the name that is noted as BY_NAME is a hit for its other
/// types too, unless they have answers of their own, and until one is put.
/// `kept`, if it is not NULL, has room for `len` bytes, and gets the answer
/// with its TTLs within the limits.
int mlxr_cache_put(mlxr_cache_t *cache, const mlxr_cache_key_t *key,
                   const uint8_t *answer, size_t len,
                   const mlxr_cache_note_t *note, uint64_t now, uint8_t *kept);

/// Copies an answer out with its TTLs counted down: 1 for a hit, 0 for a miss,
/// MLXR_ENOSPACE. A stale entry is a hit only if `accept_stale`, with TTLs of
/// 30 s (RFC 8767 section 4). Who has no room at all only looks: that is never
/// counted.
int mlxr_cache_get(mlxr_cache_t *cache, const mlxr_cache_key_t *key,
                   bool accept_stale, uint64_t now, uint8_t *out, size_t cap,
                   mlxr_cache_hit_t *hit);

/// One of several questions that are asked together.
typedef struct mlxr_cache_lookup {
  mlxr_cache_key_t key;
  uint8_t *out; ///< where the answer goes
  size_t cap;
  int found; ///< as mlxr_cache_get returns it
  mlxr_cache_hit_t hit;
  uint64_t hash; ///< the cache's own
} mlxr_cache_lookup_t;

/// As `mlxr_cache_get` for each, but they wait for memory together instead of
/// one after the other: with many names that is most of a lookup's time. Best
/// with about 32.
void mlxr_cache_get_many(mlxr_cache_t *cache, mlxr_cache_lookup_t *lookups,
                         size_t count, bool accept_stale, uint64_t now);

/// An entry as it was put.
typedef struct mlxr_cache_record {
  size_t len;   ///< of the answer that was copied out
  uint64_t age; ///< ms since it was put
  uint32_t ttl; ///< seconds that it had then, after clamping
  uint32_t strategy;
  uint32_t interface;
  uint8_t flags;
  enum mlxr_status status;
} mlxr_cache_record_t;

/// Copies an answer out as it was put, fresh or stale: 1, 0 when there is none,
/// MLXR_ENOSPACE. Counts nothing: for those who keep it elsewhere.
int mlxr_cache_copy(mlxr_cache_t *cache, const mlxr_cache_key_t *key,
                    uint64_t now, uint8_t *out, size_t cap,
                    mlxr_cache_record_t *record);

/// Drops what the filter means; returns how many entries.
size_t mlxr_cache_flush(mlxr_cache_t *cache, const mlxr_cache_filter_t *filter,
                        uint64_t now);

/// Sets and clears flags (SUSPECT, WITHHELD, IDLE) of what the filter means;
/// returns how many entries this changed. A new answer begins without them.
size_t mlxr_cache_mark(mlxr_cache_t *cache, const mlxr_cache_filter_t *filter,
                       uint8_t set, uint8_t clear, uint64_t now);

/// Lets what the filter means run out now; what stays is stale. Returns how
/// many entries were fresh.
size_t mlxr_cache_expire(mlxr_cache_t *cache, const mlxr_cache_filter_t *filter,
                         uint64_t now);

typedef struct mlxr_cache_view {
  const uint8_t *name;
  uint16_t type;
  uint32_t purpose;
  uint32_t idle;  ///< seconds since it was asked for, give or take four
  uint64_t place; ///< several entries share one; stays the same for good
  mlxr_cache_hit_t hit;
} mlxr_cache_view_t;

/// Calls back for what the filter means, with a shard locked: the callback may
/// not use the cache. It returns false to end the walk.
void mlxr_cache_each(mlxr_cache_t *cache, const mlxr_cache_filter_t *filter,
                     uint64_t now,
                     bool (*on_entry)(void *context,
                                      const mlxr_cache_view_t *view),
                     void *context);

void mlxr_cache_stats(mlxr_cache_t *cache, mlxr_cache_stats_t *out);

#endif
