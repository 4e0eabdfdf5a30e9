/* cache_shard.h - one shard of the cache: where entries lie, how they are
 * found, and which of them goes when the place is needed. Knows nothing of
 * packets: an entry is a key, some numbers and bytes. The shard's lock is the
 * caller's affair.
 */
#ifndef MLXR_CACHE_SHARD_H
#define MLXR_CACHE_SHARD_H

#include <pthread.h>

#include "cache.h"

enum {
  MLXR_SHARD_DENIAL = 0,   ///< the type of what stands for all types of a name
  MLXR_SHARD_UNIT = 8,     ///< bytes; what offsets count
  MLXR_SHARD_SLOTS = 10,   ///< of a bucket
  MLXR_SHARD_HEAT_MAX = 3, ///< hits that an entry remembers
  MLXR_SHARD_BYTES_MIN = 256 * 1024
};

/// Added to the clock, in ms, so that an entry can be older than the machine
/// has been running.
#define MLXR_SHARD_EPOCH (UINT64_C(1) << 40)

/// Three days fit into 16 bits, which cost no entry of the usual size a byte.
#define MLXR_SHARD_TICK 4000

/// As it lies in memory, in multiples of 8 bytes.
typedef struct mlxr_entry {
  uint32_t strategy;
  uint32_t interface;
  uint32_t purpose;
  uint32_t put_low; ///< ms when it was put, with MLXR_SHARD_EPOCH, in 48 bits
  uint32_t ttl;     ///< s, after clamping
  uint16_t put_high;
  uint16_t type;
  uint16_t body_len;
  uint16_t answers; ///< records in the answer section
  uint8_t name_len;
  uint8_t flags; ///< MLXR_CACHE_...
  uint8_t heat : 2;
  uint8_t is_dead : 1; ///< its place is to be had
  uint8_t is_main : 1; ///< lies in the main ring
  uint8_t status : 2;
  uint8_t authorities : 1;
  uint8_t rcode;
  uint16_t used;   ///< when it was asked for, in MLXR_SHARD_TICK ms
  uint8_t bytes[]; ///< the name, then the body
} mlxr_entry_t;

/// A cache line. Tags tell most strangers apart without touching an entry.
typedef struct mlxr_bucket {
  uint16_t tags[MLXR_SHARD_SLOTS];
  uint16_t passed; ///< entries that lie further on because this was full
  uint16_t unused;
  uint32_t at[MLXR_SHARD_SLOTS]; ///< in units of 8 bytes; 0 is free
} mlxr_bucket_t;

/// Entries in the order in which they came, end to end.
typedef struct mlxr_ring {
  uint8_t *base;
  size_t size;
  size_t head;     ///< where the next entry goes
  size_t tail;     ///< the oldest entry
  size_t wrap;     ///< where the upper part ends, while wrapped
  size_t dead;     ///< bytes of dead entries
  bool is_wrapped; ///< the head has begun anew below the tail
} mlxr_ring_t;

/// What a hit touches comes first: two cache lines.
typedef struct mlxr_shard {
  _Alignas(64) pthread_mutex_t lock;
  const uint8_t *base; ///< what offsets are relative to
  mlxr_bucket_t *buckets;
  uint32_t bucket_count;
  uint32_t stale; ///< s
  uint64_t hits, misses, stale_hits, puts, evictions, expired;
  uint16_t *ghosts; ///< fingerprints of what the small ring lost
  uint32_t ghost_count;
  uint32_t entries, max_entries;
  uint32_t denials; ///< entries of type MLXR_SHARD_DENIAL, nobody's answers
  size_t bytes, pinned, max_pinned;
  uint64_t seed;
  mlxr_ring_t small, main;
} mlxr_shard_t;

/// The head of the mapping.
struct mlxr_cache {
  mlxr_cache_options_t options;
  size_t mapped;
  unsigned shard_count; ///< a power of two
  mlxr_shard_t shards[];
};

static inline mlxr_shard_t *mlxr_cache_shard_of(mlxr_cache_t *cache,
                                                uint64_t hash) {
  return &cache->shards[(hash >> 32) & (cache->shard_count - 1)];
}

/// The shard of a name, and the name's hash.
static inline mlxr_shard_t *mlxr_cache_shard(mlxr_cache_t *cache,
                                             const uint8_t *name,
                                             size_t name_len, uint64_t *hash) {
  *hash = mlxr_name_hash(name, name_len, cache->options.seed);
  return mlxr_cache_shard_of(cache, *hash);
}

/// What a hit on the entry would say.
void mlxr_cache_describe(const mlxr_entry_t *entry, uint64_t now,
                         mlxr_cache_hit_t *out);

/// Lays a shard out in `len` zeroed bytes at `memory`, a multiple of 64.
void mlxr_shard_init(mlxr_shard_t *shard, const uint8_t *base, uint8_t *memory,
                     size_t len, uint32_t stale, uint64_t seed);

/// The entry of a key; lent while the lock is held. NULL when there is none.
/// `hash` is that of the name.
mlxr_entry_t *mlxr_shard_get(const mlxr_shard_t *shard,
                             const mlxr_cache_key_t *key, uint64_t hash);

/// Makes room for a key's entry with a body of `body_len` bytes and fills in
/// the key; the rest is the caller's to fill. What was there is gone. Lends the
/// entry; NULL when it is too large for the shard.
mlxr_entry_t *mlxr_shard_put(mlxr_shard_t *shard, const mlxr_cache_key_t *key,
                             uint64_t hash, size_t body_len, uint64_t now);

/// Forgets an entry.
void mlxr_shard_drop(mlxr_shard_t *shard, mlxr_entry_t *entry);

/// Keeps an entry from being evicted, as far as the pinned share allows.
void mlxr_shard_pin(mlxr_shard_t *shard, mlxr_entry_t *entry);

/// The entries of a bucket, as long as nothing is put; returns how many. With
/// `hash`, only those whose name may have it.
unsigned mlxr_shard_bucket(const mlxr_shard_t *shard, uint32_t bucket,
                           const uint64_t *hash,
                           mlxr_entry_t *out[MLXR_SHARD_SLOTS]);

/// Names that are denied whatever the type (cache_denial.c). After a put: its
/// answer does so, if it denies the name at all.
void mlxr_denial_begin(mlxr_shard_t *shard, const mlxr_cache_key_t *key,
                       uint64_t hash, uint64_t now);
/// The name of the key is not denied any more.
void mlxr_denial_end(mlxr_shard_t *shard, const mlxr_cache_key_t *key,
                     uint64_t hash);
/// The answer that denies the name of the key, fresh or not; lent. Or NULL.
mlxr_entry_t *mlxr_denial_get(mlxr_shard_t *shard, const mlxr_cache_key_t *key,
                              uint64_t hash);

/// Forgets everything.
void mlxr_shard_clear(mlxr_shard_t *shard);

/// The index, for the shard: where the hash of a name leads, as a slot that
/// type and purpose share in; an entry's slot; its offset; adding it; and a new
/// offset in place of `from`, where 0 takes it out.
uint64_t mlxr_index_hash(uint64_t hash, const mlxr_cache_key_t *key);
uint64_t mlxr_index_slot(const mlxr_shard_t *shard, const mlxr_entry_t *entry);
uint32_t mlxr_index_offset(const mlxr_shard_t *shard,
                           const mlxr_entry_t *entry);
void mlxr_index_add(mlxr_shard_t *shard, uint64_t hash, uint64_t slot,
                    const mlxr_entry_t *entry);
void mlxr_index_set(mlxr_shard_t *shard, const mlxr_entry_t *entry,
                    uint32_t from, uint32_t to);
void mlxr_index_clear(mlxr_shard_t *shard);

/// Brings near what a lookup will touch: its bucket, and then, once that has
/// come, the entry. They need no lock, and say nothing.
void mlxr_index_fetch(const mlxr_shard_t *shard, const mlxr_cache_key_t *key,
                      uint64_t hash);
void mlxr_index_fetch_entry(const mlxr_shard_t *shard,
                            const mlxr_cache_key_t *key, uint64_t hash);

/// A number below `count`.
static inline uint32_t mlxr_index_scale(uint64_t slot, uint32_t count) {
  return (uint32_t)((uint64_t)(uint32_t)slot * count >> 32);
}

static inline uint64_t mlxr_entry_put(const mlxr_entry_t *entry) {
  return (uint64_t)entry->put_high << 32 | entry->put_low;
}

static inline uint8_t *mlxr_entry_body(mlxr_entry_t *entry) {
  return entry->bytes + entry->name_len;
}

/// ms since it was put; 0 when the clock of the caller is behind.
static inline uint64_t mlxr_entry_age(const mlxr_entry_t *entry, uint64_t now) {
  uint64_t put = mlxr_entry_put(entry);
  now += MLXR_SHARD_EPOCH;
  return now > put ? now - put : 0;
}

static inline bool mlxr_entry_is_fresh(const mlxr_entry_t *entry,
                                       uint64_t now) {
  return mlxr_entry_age(entry, now) < entry->ttl * UINT64_C(1000);
}

static inline uint16_t mlxr_entry_tick(uint64_t now) {
  return (uint16_t)((now + MLXR_SHARD_EPOCH) / MLXR_SHARD_TICK);
}

/// s since it was asked for. The clocks of threads differ by a moment, so that
/// it may be asked for in the future.
static inline uint32_t mlxr_entry_idle(const mlxr_entry_t *entry,
                                       uint64_t now) {
  uint16_t ticks = (uint16_t)(mlxr_entry_tick(now) - entry->used);
  return ticks < UINT16_MAX - 15 ? ticks * (MLXR_SHARD_TICK / 1000u) : 0;
}

/// Neither fresh nor stale: of no use to anybody.
static inline bool mlxr_entry_is_over(const mlxr_entry_t *entry, uint32_t stale,
                                      uint64_t now) {
  return mlxr_entry_age(entry, now) >=
         ((uint64_t)entry->ttl + stale) * UINT64_C(1000);
}

#endif
