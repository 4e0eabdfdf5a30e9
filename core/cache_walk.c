#include "cache_shard.h"

/* A walk holds a shard's lock for a few buckets at a time, so that fronts do
 * not wait for it. Entries do not change their bucket: whatever stays in the
 * cache meanwhile is met exactly once. */

enum { WALK_BUCKETS = 32 };

/* A place is the shard's number above the bucket's. */
static const uint64_t SHARD_MASK = UINT64_C(0xffffffff00000000);

static bool is_strategy_meant(const mlxr_cache_filter_t *filter,
                              uint32_t strategy) {
  if (filter->strategy && filter->strategy != strategy)
    return false;
  for (size_t i = 0; filter->strategies_but && i < filter->strategies_but_count;
       i++)
    if (filter->strategies_but[i] == strategy)
      return false;
  return true;
}

static bool is_meant(const mlxr_cache_filter_t *filter,
                     const mlxr_entry_t *entry, uint64_t now) {
  if (filter->type && filter->type != entry->type)
    return false;
  if (filter->purpose && *filter->purpose != entry->purpose)
    return false;
  if (filter->interface && filter->interface != entry->interface)
    return false;
  if (filter->older_than &&
      mlxr_entry_age(entry, now) < filter->older_than * UINT64_C(1000))
    return false;
  if (filter->used_within && mlxr_entry_idle(entry, now) > filter->used_within)
    return false;
  if ((entry->flags & filter->flags) != filter->flags)
    return false;
  if (!is_strategy_meant(filter, entry->strategy))
    return false;
  if (filter->name && !mlxr_name_is_equal(entry->bytes, filter->name))
    return false;
  return !filter->suffix || mlxr_name_is_under(entry->bytes, filter->suffix);
}

typedef struct walk {
  const mlxr_cache_filter_t *filter;
  uint64_t now;
  const uint64_t *hash; /* of the one name that is meant, or NULL */
  bool (*on_entry)(struct walk *walk, mlxr_shard_t *shard, mlxr_entry_t *entry);
  bool (*on_view)(void *context, const mlxr_cache_view_t *view);
  void *context;
  size_t count; /* of entries that it did something to */
  uint8_t set, clear;
  uint64_t place;
} walk_t;

static bool walk_bucket(walk_t *walk, mlxr_shard_t *shard, uint32_t bucket) {
  mlxr_entry_t *entries[MLXR_SHARD_SLOTS];
  unsigned count = mlxr_shard_bucket(shard, bucket, walk->hash, entries);
  for (unsigned i = 0; i < count; i++)
    if (entries[i]->type != MLXR_SHARD_DENIAL &&
        is_meant(walk->filter, entries[i], walk->now) &&
        !walk->on_entry(walk, shard, entries[i]))
      return false;
  return true;
}

static bool walk_shard(walk_t *walk, mlxr_shard_t *shard, uint64_t from) {
  bool goes_on = true;
  for (uint32_t bucket = (uint32_t)from;
       goes_on && bucket < shard->bucket_count;) {
    pthread_mutex_lock(&shard->lock);
    for (unsigned n = 0;
         goes_on && n < WALK_BUCKETS && bucket < shard->bucket_count; n++) {
      walk->place = (from & SHARD_MASK) | bucket;
      goes_on = walk_bucket(walk, shard, bucket++);
    }
    pthread_mutex_unlock(&shard->lock);
  }
  return goes_on;
}

static void walk_all(mlxr_cache_t *cache, walk_t *walk) {
  static const mlxr_cache_filter_t everything = {0};
  uint64_t hash;
  if (!walk->filter)
    walk->filter = &everything;
  const uint8_t *name = walk->filter->name;
  if (name) {
    walk->hash = &hash;
    walk_shard(walk, mlxr_cache_shard(cache, name, mlxr_name_len(name), &hash),
               0);
    return;
  }
  uint64_t from = walk->filter->from;
  for (uint64_t i = from >> 32; i < cache->shard_count; i++) {
    if (!walk_shard(walk, &cache->shards[i], from))
      return;
    from = (i + 1) << 32;
  }
}

static bool drop_entry(walk_t *walk, mlxr_shard_t *shard, mlxr_entry_t *entry) {
  bool is_over = mlxr_entry_is_over(entry, shard->stale, walk->now);
  mlxr_shard_drop(shard, entry);
  walk->count += !is_over;
  shard->expired += is_over;
  return true;
}

static size_t clear(mlxr_cache_t *cache) {
  size_t count = 0;
  for (unsigned i = 0; i < cache->shard_count; i++) {
    mlxr_shard_t *shard = &cache->shards[i];
    pthread_mutex_lock(&shard->lock);
    count += shard->entries - shard->denials;
    mlxr_shard_clear(shard);
    pthread_mutex_unlock(&shard->lock);
  }
  return count;
}

size_t mlxr_cache_flush(mlxr_cache_t *cache, const mlxr_cache_filter_t *filter,
                        uint64_t now) {
  walk_t walk = {.filter = filter, .now = now, .on_entry = drop_entry};
  if (!filter)
    return clear(cache);
  walk_all(cache, &walk);
  return walk.count;
}

enum { MARKS = MLXR_CACHE_SUSPECT | MLXR_CACHE_WITHHELD | MLXR_CACHE_IDLE };

/* What becomes suspect, or is not asked for any more, is due: the first who
 * asks for it has it looked at. */
static bool mark_entry(walk_t *walk, mlxr_shard_t *shard, mlxr_entry_t *entry) {
  if (mlxr_entry_is_over(entry, shard->stale, walk->now))
    return true;
  uint8_t clear = walk->clear;
  if (walk->set & (MLXR_CACHE_SUSPECT | MLXR_CACHE_IDLE))
    clear |= MLXR_CACHE_DUE;
  uint8_t flags = (uint8_t)((entry->flags & ~clear) | walk->set);
  uint8_t changed = (walk->set | walk->clear) & (flags ^ entry->flags);
  entry->flags = flags;
  walk->count += changed != 0;
  return true;
}

size_t mlxr_cache_mark(mlxr_cache_t *cache, const mlxr_cache_filter_t *filter,
                       uint8_t set, uint8_t clear, uint64_t now) {
  walk_t walk = {.filter = filter,
                 .now = now,
                 .on_entry = mark_entry,
                 .set = set & MARKS,
                 .clear = clear & MARKS};
  walk_all(cache, &walk);
  return walk.count;
}

static bool expire_entry(walk_t *walk, mlxr_shard_t *shard,
                         mlxr_entry_t *entry) {
  if (!mlxr_entry_is_fresh(entry, walk->now))
    return true;
  entry->ttl = (uint32_t)(mlxr_entry_age(entry, walk->now) / 1000);
  walk->count++;
  if (mlxr_entry_is_over(entry, shard->stale, walk->now))
    mlxr_shard_drop(shard, entry);
  return true;
}

size_t mlxr_cache_expire(mlxr_cache_t *cache, const mlxr_cache_filter_t *filter,
                         uint64_t now) {
  walk_t walk = {.filter = filter, .now = now, .on_entry = expire_entry};
  walk_all(cache, &walk);
  return walk.count;
}

static bool show_entry(walk_t *walk, mlxr_shard_t *shard, mlxr_entry_t *entry) {
  mlxr_cache_view_t view = {.name = entry->bytes,
                            .type = entry->type,
                            .purpose = entry->purpose,
                            .place = walk->place};
  if (mlxr_entry_is_over(entry, shard->stale, walk->now))
    return true;
  mlxr_cache_describe(entry, walk->now, &view.hit);
  view.idle = mlxr_entry_idle(entry, walk->now);
  return walk->on_view(walk->context, &view);
}

void mlxr_cache_each(mlxr_cache_t *cache, const mlxr_cache_filter_t *filter,
                     uint64_t now,
                     bool (*on_entry)(void *context,
                                      const mlxr_cache_view_t *view),
                     void *context) {
  walk_t walk = {.filter = filter,
                 .now = now,
                 .on_entry = show_entry,
                 .on_view = on_entry,
                 .context = context};
  walk_all(cache, &walk);
}
