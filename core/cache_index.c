#include <string.h>

#include "cache_shard.h"

/* DESIGN NOTE
 *
 * Buckets of one cache line with ten tags: a lookup touches one line of the
 * index and one or two of the entry, however many names there are. A full
 * bucket passes entries on to its neighbour and counts them, which is how a
 * search knows whether to go on. Entries never change their bucket, so a walk
 * by bucket meets each exactly once.
 *
 * The tag comes from the name alone, as does the shard, so that flushing a name
 * looks at the tags of one shard only. The bucket comes from type and purpose
 * too, so that a name with many types does not overrun its bucket.
 *
 * Whoever fetches ahead reads places without the lock; what it reads may be
 * over by then, which costs a fetch for nothing. Hence places are written and,
 * there, read atomically. */

enum { LINE = 64 };

uint64_t mlxr_index_hash(uint64_t hash, const mlxr_cache_key_t *key) {
  uint64_t rest = (uint64_t)key->purpose << 16 | key->type;
  uint64_t x = hash ^ rest * 0x9e3779b97f4a7c15u;
  x = (x ^ x >> 32) * 0xd6e8feb86659fd93u;
  return x ^ x >> 32;
}

static uint16_t tag_of(uint64_t hash) { return (uint16_t)hash; }

static bool is_key(const mlxr_entry_t *entry, const mlxr_cache_key_t *key) {
  return entry->type == key->type && entry->purpose == key->purpose &&
         entry->name_len == key->name_len &&
         memcmp(entry->bytes, key->name, key->name_len) == 0;
}

uint32_t mlxr_index_offset(const mlxr_shard_t *shard,
                           const mlxr_entry_t *entry) {
  size_t bytes = (size_t)((const uint8_t *)entry - shard->base);
  return (uint32_t)(bytes / MLXR_SHARD_UNIT);
}

static mlxr_entry_t *entry_at(const mlxr_shard_t *shard, uint32_t at) {
  const uint8_t *entry = shard->base + (size_t)at * MLXR_SHARD_UNIT;
  return (mlxr_entry_t *)(uintptr_t)entry;
}

static mlxr_bucket_t *bucket_of(const mlxr_shard_t *shard, uint64_t slot,
                                uint32_t *at) {
  *at = mlxr_index_scale(slot, shard->bucket_count);
  return &shard->buckets[*at];
}

static mlxr_bucket_t *next_bucket(const mlxr_shard_t *shard, uint32_t *at) {
  *at = *at + 1 == shard->bucket_count ? 0 : *at + 1;
  return &shard->buckets[*at];
}

mlxr_entry_t *mlxr_shard_get(const mlxr_shard_t *shard,
                             const mlxr_cache_key_t *key, uint64_t hash) {
  uint32_t at;
  const mlxr_bucket_t *bucket =
      bucket_of(shard, mlxr_index_hash(hash, key), &at);
  for (uint32_t n = shard->bucket_count; n > 0; n--) {
    for (unsigned i = 0; i < MLXR_SHARD_SLOTS; i++) {
      if (bucket->tags[i] != tag_of(hash) || bucket->at[i] == 0)
        continue;
      mlxr_entry_t *entry = entry_at(shard, bucket->at[i]);
      if (is_key(entry, key))
        return entry;
    }
    if (bucket->passed == 0)
      break;
    bucket = next_bucket(shard, &at);
  }
  return NULL;
}

void mlxr_index_fetch(const mlxr_shard_t *shard, const mlxr_cache_key_t *key,
                      uint64_t hash) {
  uint32_t at;
  __builtin_prefetch(bucket_of(shard, mlxr_index_hash(hash, key), &at));
}

void mlxr_index_fetch_entry(const mlxr_shard_t *shard,
                            const mlxr_cache_key_t *key, uint64_t hash) {
  uint32_t at;
  const mlxr_bucket_t *bucket =
      bucket_of(shard, mlxr_index_hash(hash, key), &at);
  for (unsigned i = 0; i < MLXR_SHARD_SLOTS; i++) {
    if (__atomic_load_n(&bucket->tags[i], __ATOMIC_RELAXED) != tag_of(hash))
      continue;
    const mlxr_entry_t *entry =
        entry_at(shard, __atomic_load_n(&bucket->at[i], __ATOMIC_RELAXED));
    __builtin_prefetch(entry);
    __builtin_prefetch((const uint8_t *)entry + LINE);
  }
}

static void set_tag(mlxr_bucket_t *bucket, unsigned i, uint16_t tag) {
  __atomic_store_n(&bucket->tags[i], tag, __ATOMIC_RELAXED);
}

static void set_place(mlxr_bucket_t *bucket, unsigned i, uint32_t at) {
  __atomic_store_n(&bucket->at[i], at, __ATOMIC_RELAXED);
}

void mlxr_index_add(mlxr_shard_t *shard, uint64_t hash, uint64_t slot,
                    const mlxr_entry_t *entry) {
  uint32_t at;
  mlxr_bucket_t *bucket = bucket_of(shard, slot, &at);
  for (uint32_t n = shard->bucket_count; n > 0; n--) {
    for (unsigned i = 0; i < MLXR_SHARD_SLOTS; i++) {
      if (bucket->at[i] != 0)
        continue;
      set_tag(bucket, i, tag_of(hash));
      set_place(bucket, i, mlxr_index_offset(shard, entry));
      return;
    }
    if (bucket->passed < UINT16_MAX) /* and once there, for good */
      bucket->passed++;
    bucket = next_bucket(shard, &at);
  }
}

uint64_t mlxr_index_slot(const mlxr_shard_t *shard, const mlxr_entry_t *entry) {
  const mlxr_cache_key_t key = {entry->bytes, entry->name_len, entry->type,
                                entry->purpose};
  return mlxr_index_hash(
      mlxr_name_hash(entry->bytes, entry->name_len, shard->seed), &key);
}

void mlxr_index_set(mlxr_shard_t *shard, const mlxr_entry_t *entry,
                    uint32_t from, uint32_t to) {
  uint32_t at;
  mlxr_bucket_t *bucket = bucket_of(shard, mlxr_index_slot(shard, entry), &at);
  for (uint32_t n = shard->bucket_count; n > 0; n--) {
    for (unsigned i = 0; i < MLXR_SHARD_SLOTS; i++) {
      if (bucket->at[i] == from) {
        set_place(bucket, i, to);
        return;
      }
    }
    if (to == 0 && bucket->passed < UINT16_MAX)
      bucket->passed--;
    bucket = next_bucket(shard, &at);
  }
}

void mlxr_index_clear(mlxr_shard_t *shard) {
  for (uint32_t at = 0; at < shard->bucket_count; at++) {
    shard->buckets[at].passed = 0;
    for (unsigned i = 0; i < MLXR_SHARD_SLOTS; i++)
      set_place(&shard->buckets[at], i, 0);
  }
}

unsigned mlxr_shard_bucket(const mlxr_shard_t *shard, uint32_t bucket,
                           const uint64_t *hash,
                           mlxr_entry_t *out[MLXR_SHARD_SLOTS]) {
  const mlxr_bucket_t *from = &shard->buckets[bucket];
  unsigned count = 0;
  for (unsigned i = 0; i < MLXR_SHARD_SLOTS; i++) {
    if (from->at[i] == 0 || (hash && from->tags[i] != tag_of(*hash)))
      continue;
    out[count] = entry_at(shard, from->at[i]);
    __builtin_prefetch(out[count++]);
  }
  return count;
}
