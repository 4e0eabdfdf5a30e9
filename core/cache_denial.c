#include "answer_walk.h"

#include "cache_shard.h"
#include "rdata.h"

/* DESIGN NOTE
 *
 * "No such name" is said of a name, not of a type (RFC 2308 section 5). It is
 * kept under the type that was asked for, as every answer is, and beside it
 * stands a short entry under MLXR_SHARD_DENIAL whose body is that type. Only a
 * question that would be a miss looks there, so that hits pay nothing; and all
 * that decides (the time left, doubts, who said it) is read from the answer
 * itself, so that whatever drops or marks that need not know of this one.
 *
 * Servers exist that deny a name when it only lacks the type (RFC 4074 section
 * 4.2). They are given away by addresses that the name has or lately had. */

enum { TYPE_LEN = 2 };

static mlxr_cache_key_t with_type(const mlxr_cache_key_t *key, uint16_t type) {
  return (mlxr_cache_key_t){key->name, key->name_len, type, key->purpose};
}

static bool has_addresses(const mlxr_shard_t *shard,
                          const mlxr_cache_key_t *key, uint64_t hash) {
  static const uint16_t types[] = {MLXR_TYPE_A, MLXR_TYPE_AAAA};
  for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
    const mlxr_cache_key_t other = with_type(key, types[i]);
    const mlxr_entry_t *entry = mlxr_shard_get(shard, &other, hash);
    if (entry && entry->status == MLXR_STATUS_ANSWER)
      return true;
  }
  return false;
}

/* Behind an alias it is another name that does not exist. */
static bool is_denial(const mlxr_entry_t *entry) {
  return entry->status == MLXR_STATUS_NXDOMAIN && entry->answers == 0;
}

void mlxr_denial_end(mlxr_shard_t *shard, const mlxr_cache_key_t *key,
                     uint64_t hash) {
  const mlxr_cache_key_t mark_key = with_type(key, MLXR_SHARD_DENIAL);
  mlxr_entry_t *mark = mlxr_shard_get(shard, &mark_key, hash);
  if (mark)
    mlxr_shard_drop(shard, mark);
}

void mlxr_denial_begin(mlxr_shard_t *shard, const mlxr_cache_key_t *key,
                       uint64_t hash, uint64_t now) {
  const mlxr_cache_key_t mark_key = with_type(key, MLXR_SHARD_DENIAL);
  const mlxr_entry_t *entry = mlxr_shard_get(shard, key, hash);
  if (!entry || !is_denial(entry) || has_addresses(shard, key, hash))
    return;
  uint32_t ttl = entry->ttl, low = entry->put_low;
  uint16_t high = entry->put_high, used = entry->used;
  mlxr_entry_t *mark = mlxr_shard_put(shard, &mark_key, hash, TYPE_LEN, now);
  if (!mark)
    return;
  mark->ttl = ttl;
  mark->put_low = low;
  mark->put_high = high;
  mark->used = used;
  mark->status = MLXR_STATUS_NXDOMAIN;
  mlxr_set16(mlxr_entry_body(mark), key->type);
}

mlxr_entry_t *mlxr_denial_get(mlxr_shard_t *shard, const mlxr_cache_key_t *key,
                              uint64_t hash) {
  const mlxr_cache_key_t mark_key = with_type(key, MLXR_SHARD_DENIAL);
  mlxr_entry_t *mark = mlxr_shard_get(shard, &mark_key, hash);
  if (!mark)
    return NULL;
  const mlxr_cache_key_t said =
      with_type(key, mlxr_get16(mlxr_entry_body(mark)));
  mlxr_entry_t *entry = mlxr_shard_get(shard, &said, hash);
  if (!entry || !is_denial(entry)) {
    mlxr_shard_drop(shard, mark);
    return NULL;
  }
  if (mark->heat < MLXR_SHARD_HEAT_MAX)
    mark->heat++;
  return entry;
}
