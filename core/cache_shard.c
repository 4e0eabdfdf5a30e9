#include "cache_shard.h"

#include <string.h>

/* DESIGN NOTE
 *
 * Allocation: two rings of entries laid end to end, in the order in which they
 * came. New entries go to the head, room is made at the tail. There are no size
 * classes and no free lists, so nothing fragments: whatever the mix of sizes,
 * the tail gives back every byte that it passes. An entry whose size changes
 * leaves its place as dead, until the tail comes by; an entry that keeps its
 * size, which is what a refreshed answer nearly always does, is written in
 * place. At the seam of a ring an entry is never split.
 *
 * Eviction: S3-FIFO (Yang and others, SOSP 2023), which rings carry out by
 * themselves. A new name goes to the small ring, an eighth of the space. At its
 * tail, those that were asked for meanwhile move to the main ring; the others
 * go, and leave a fingerprint (a "ghost"), so that a name which comes back soon
 * is put into the main ring at once. At the main ring's tail, an entry that was
 * asked for goes round again with less heat. A scan of names that nobody asks
 * for twice hence passes through the small ring only. Chosen over LRU, since a
 * hit writes two bits instead of moving links, needs no links (8 bytes an
 * entry), and is scan-resistant; over SIEVE, since that must drop entries out
 * of its middle, which a ring cannot.
 *
 * Of a million names asked for by a Zipf law, with 1 or 10 in a hundred of them
 * held, it misses 0.82 to 0.84 times as often as an LRU of as many entries, and
 * 0.67 to 0.79 times with scans between (bench/cache.c).
 *
 * While the main ring has room, nothing that could be of use is lost: the small
 * ring then spills into it. When much of it is dead, it is tidied a few entries
 * at a time instead of turning the small ring's entries away.
 *
 * Index: buckets of one cache line with ten tags, so that a lookup touches one
 * line of the index and one or two of the entry, however many names there are.
 * A full bucket passes entries on to its neighbour and counts them, which is
 * how a search knows whether to go on. The tag comes from the name alone, and
 * so do the shards: flushing a name looks at the tags of one shard only.
 *
 * Memory of an A record with a name of 20 bytes: 34 of header + 22 of name + 16
 * of record, which makes 72, + 9 of index + 2 of ghosts.
 */

enum {
  TYPICAL_ENTRY = 72, /* what the index is laid out for */
  FILL = 7,           /* entries a bucket, when all are typical */
  FILL_MAX = 9,       /* and the most, on average */
  GHOSTS = 7,         /* a bucket */
  SMALL_SHARE = 8,
  PINNED_SHARE = 16,
  DEAD_SHARE = 8,   /* of the main ring that makes tidying worth while */
  TIDY_MAX = 64,    /* entries that one put moves for tidiness */
  CHANCES_MAX = 256 /* second chances that one put grants: 20 us at most */
};

static size_t size_for(size_t name_len, size_t body_len) {
  size_t size = offsetof(mlxr_entry_t, bytes) + name_len + body_len;
  return (size + MLXR_SHARD_UNIT - 1) & ~(size_t)(MLXR_SHARD_UNIT - 1);
}

static size_t size_of(const mlxr_entry_t *entry) {
  return size_for(entry->name_len, entry->body_len);
}

/* ---- rings ---- */

static bool is_empty(const mlxr_ring_t *ring) {
  return !ring->is_wrapped && ring->head == ring->tail;
}

static bool has_room(const mlxr_ring_t *ring, size_t size) {
  if (ring->is_wrapped)
    return ring->tail - ring->head >= size;
  return ring->size - ring->head >= size || ring->tail >= size;
}

/* There is room. */
static mlxr_entry_t *push(mlxr_ring_t *ring, size_t size) {
  if (!ring->is_wrapped && ring->size - ring->head < size) {
    ring->wrap = ring->head;
    ring->head = 0;
    ring->is_wrapped = true;
  }
  uint8_t *at = ring->base + ring->head;
  ring->head += size;
  return (mlxr_entry_t *)(void *)at;
}

/* Takes the oldest entry off. Its bytes stay until the next push. */
static mlxr_entry_t *pop(mlxr_ring_t *ring) {
  mlxr_entry_t *entry = (mlxr_entry_t *)(void *)(ring->base + ring->tail);
  ring->tail += size_of(entry);
  if (ring->is_wrapped && ring->tail == ring->wrap) {
    ring->tail = 0;
    ring->is_wrapped = false;
  }
  if (is_empty(ring))
    ring->head = ring->tail = 0;
  if (entry->is_dead)
    ring->dead -= size_of(entry);
  return entry;
}

/* ---- entries ---- */

static void unpin(mlxr_shard_t *shard, mlxr_entry_t *entry) {
  if (entry->flags & MLXR_CACHE_PINNED)
    shard->pinned -= size_of(entry);
  entry->flags &= (uint8_t)~MLXR_CACHE_PINNED;
}

/* Out of the index and the books, not out of its ring. */
static void forget(mlxr_shard_t *shard, mlxr_entry_t *entry) {
  mlxr_index_set(shard, entry, mlxr_index_offset(shard, entry), 0);
  unpin(shard, entry);
  shard->entries--;
  shard->denials -= entry->type == MLXR_SHARD_DENIAL;
  shard->bytes -= size_of(entry);
}

void mlxr_shard_drop(mlxr_shard_t *shard, mlxr_entry_t *entry) {
  forget(shard, entry);
  entry->is_dead = 1;
  (entry->is_main ? &shard->main : &shard->small)->dead += size_of(entry);
}

void mlxr_shard_pin(mlxr_shard_t *shard, mlxr_entry_t *entry) {
  size_t size = size_of(entry);
  if (shard->pinned + size > shard->max_pinned) {
    entry->flags &= (uint8_t)~MLXR_CACHE_PINNED;
    return;
  }
  entry->flags |= MLXR_CACHE_PINNED;
  shard->pinned += size;
}

/* The place that pop freed may overlap the one that push gives; there is always
 * room for what was just taken off. */
static void move(mlxr_shard_t *shard, mlxr_ring_t *to, mlxr_entry_t *entry) {
  size_t size = size_of(entry);
  uint32_t from = mlxr_index_offset(shard, entry);
  mlxr_entry_t *copy = push(to, size);
  memmove(copy, entry, size);
  copy->is_main = to == &shard->main;
  if (mlxr_index_offset(shard, copy) != from)
    mlxr_index_set(shard, copy, from, mlxr_index_offset(shard, copy));
}

static void evict(mlxr_shard_t *shard, mlxr_entry_t *entry, uint64_t now) {
  if (mlxr_entry_is_over(entry, shard->stale, now))
    shard->expired++;
  else
    shard->evictions++;
  forget(shard, entry);
}

/* ---- ghosts ---- */

static uint16_t mark_of(uint64_t slot) { return (uint16_t)(slot >> 48) | 1; }

static uint16_t *ghost_of(const mlxr_shard_t *shard, uint64_t slot) {
  return &shard->ghosts[mlxr_index_scale(slot, shard->ghost_count)];
}

static void remember(mlxr_shard_t *shard, const mlxr_entry_t *entry) {
  uint64_t slot = mlxr_index_slot(shard, entry);
  *ghost_of(shard, slot) = mark_of(slot);
}

static bool is_ghost(const mlxr_shard_t *shard, uint64_t slot) {
  return *ghost_of(shard, slot) == mark_of(slot);
}

/* ---- making room ---- */

/* Takes one entry off the main ring's tail, to make room, or only to close
 * gaps. Stale ones do not go round again: their place is needed. */
static void turn_main(mlxr_shard_t *shard, bool is_tidying, unsigned *chances,
                      uint64_t now) {
  mlxr_entry_t *entry = pop(&shard->main);
  if (entry->is_dead)
    return;
  if (mlxr_entry_is_over(entry, shard->stale, now)) {
    evict(shard, entry, now);
    return;
  }
  bool is_kept = is_tidying || (entry->flags & MLXR_CACHE_PINNED);
  if (!is_kept && entry->heat > 0 && *chances > 0 &&
      mlxr_entry_is_fresh(entry, now)) {
    entry->heat--;
    --*chances;
    is_kept = true;
  }
  if (is_kept)
    move(shard, &shard->main, entry);
  else
    evict(shard, entry, now);
}

/* An entry is at most three eighths of the ring and the pinned ones a sixteenth
 * of it, so the turning ends. */
static void make_room_in_main(mlxr_shard_t *shard, size_t size, uint64_t now) {
  unsigned chances = CHANCES_MAX;
  while (!has_room(&shard->main, size))
    turn_main(shard, false, &chances, now);
}

static bool can_spill(mlxr_shard_t *shard, size_t size, uint64_t now) {
  mlxr_ring_t *main = &shard->main;
  unsigned none = 0;
  for (unsigned n = 0; n < TIDY_MAX && !has_room(main, size) &&
                       main->dead > main->size / DEAD_SHARE;
       n++)
    turn_main(shard, true, &none, now);
  return has_room(main, size);
}

static void turn_small(mlxr_shard_t *shard, bool may_spill, uint64_t now) {
  mlxr_entry_t *entry = pop(&shard->small);
  if (entry->is_dead)
    return;
  size_t size = size_of(entry);
  bool is_over = mlxr_entry_is_over(entry, shard->stale, now);
  bool is_wanted = entry->heat > 0 || (entry->flags & MLXR_CACHE_PINNED);
  if (!is_over && (is_wanted || (may_spill && can_spill(shard, size, now)))) {
    make_room_in_main(shard, size, now);
    entry->heat = 0;
    move(shard, &shard->main, entry);
    return;
  }
  if (!is_over)
    remember(shard, entry);
  evict(shard, entry, now);
}

static void make_room_in_small(mlxr_shard_t *shard, size_t size, uint64_t now) {
  while (!has_room(&shard->small, size))
    turn_small(shard, true, now);
}

/* When entries are smaller than the index was laid out for, it fills up before
 * the rings do. */
static void make_room_in_index(mlxr_shard_t *shard, uint64_t now) {
  unsigned chances = CHANCES_MAX;
  while (shard->entries >= shard->max_entries) {
    if (!is_empty(&shard->small))
      turn_small(shard, false, now);
    else
      turn_main(shard, false, &chances, now);
  }
}

mlxr_entry_t *mlxr_shard_put(mlxr_shard_t *shard, const mlxr_cache_key_t *key,
                             uint64_t hash, size_t body_len, uint64_t now) {
  size_t size = size_for(key->name_len, body_len);
  uint64_t slot = mlxr_index_hash(hash, key);
  mlxr_entry_t *entry = mlxr_shard_get(shard, key, hash);
  bool is_known = entry && (entry->is_main || entry->heat > 0);
  unsigned heat = entry ? entry->heat : 0;
  if (entry && size_of(entry) == size) {
    unpin(shard, entry);
    entry->body_len = (uint16_t)body_len;
    return entry;
  }
  if (entry)
    mlxr_shard_drop(shard, entry);
  if (size > shard->main.size / 8 * 3)
    return NULL;
  make_room_in_index(shard, now);
  bool is_main =
      is_known || size > shard->small.size / 4 || is_ghost(shard, slot);
  if (is_main)
    make_room_in_main(shard, size, now);
  else
    make_room_in_small(shard, size, now);
  entry = push(is_main ? &shard->main : &shard->small, size);
  memset(entry, 0, sizeof *entry);
  entry->heat = heat & 3u;
  entry->is_main = is_main & 1u;
  entry->type = key->type;
  entry->purpose = key->purpose;
  entry->body_len = (uint16_t)body_len;
  entry->name_len = (uint8_t)key->name_len;
  memcpy(entry->bytes, key->name, key->name_len);
  mlxr_index_add(shard, hash, slot, entry);
  shard->entries++;
  shard->denials += key->type == MLXR_SHARD_DENIAL;
  shard->bytes += size;
  return entry;
}

/* ---- the whole ---- */

static void reset(mlxr_ring_t *ring) {
  ring->head = ring->tail = ring->dead = 0;
  ring->is_wrapped = false;
}

void mlxr_shard_clear(mlxr_shard_t *shard) {
  mlxr_index_clear(shard);
  reset(&shard->small);
  reset(&shard->main);
  shard->entries = shard->denials = 0;
  shard->bytes = shard->pinned = 0;
}

void mlxr_shard_init(mlxr_shard_t *shard, const uint8_t *base, uint8_t *memory,
                     size_t len, uint32_t stale, uint64_t seed) {
  const size_t per_bucket =
      FILL * TYPICAL_ENTRY + sizeof(mlxr_bucket_t) + GHOSTS * sizeof(uint16_t);
  size_t buckets = len / per_bucket;
  size_t rings = len - buckets * sizeof(mlxr_bucket_t) -
                 ((buckets * GHOSTS * sizeof(uint16_t) + MLXR_SHARD_UNIT - 1) &
                  ~(size_t)(MLXR_SHARD_UNIT - 1));
  memset(shard, 0, sizeof *shard);
  shard->base = base;
  shard->buckets = (mlxr_bucket_t *)(void *)memory;
  shard->bucket_count = (uint32_t)buckets;
  shard->max_entries = (uint32_t)buckets * FILL_MAX;
  memory += buckets * sizeof(mlxr_bucket_t);
  shard->small.base = memory;
  shard->small.size = rings / SMALL_SHARE & ~(size_t)(MLXR_SHARD_UNIT - 1);
  shard->main.base = memory + shard->small.size;
  shard->main.size =
      (rings - shard->small.size) & ~(size_t)(MLXR_SHARD_UNIT - 1);
  shard->max_pinned = shard->main.size / PINNED_SHARE;
  shard->ghosts = (uint16_t *)(void *)(shard->main.base + shard->main.size);
  shard->ghost_count = (uint32_t)buckets * GHOSTS;
  shard->stale = stale;
  shard->seed = seed;
}
