#include "cache.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "answer_walk.h"
#include "cache_shard.h"

/* DESIGN NOTE
 *
 * The cache is one mapping: this header, the shards' heads, and the shards'
 * memory (see cache_shard.c), each behind a mutex of its own. Mutexes rather
 * than spin locks: a front that spins while the brain, which has the lower
 * priority, is scheduled out with the lock held would waste its turn.
 *
 * An entry holds what cannot be made anew: of the answer only what follows the
 * question, since header and question follow from the key. TTLs are clamped
 * once, when an answer is put, and counted down in the copy, outside the lock.
 */

enum {
  BYTES_MIN = 64 * 1024,
  SHARDS_MAX = 64,
  LINE = 64,
  STALE_TTL = 30,   /* RFC 8767 section 4 */
  DUE_SHARE = 10,   /* of a TTL, in which a hit makes it due */
  DUE_TTL_MIN = 10, /* s: below, expiry is soon enough */
  HUGE_PAGES_FROM = 64 * 1024 * 1024
};

static const uint64_t BYTES_MAX = UINT64_C(1) << 35; /* offsets reach so far */

/* ---- making ---- */

static bool are_ttls_sound(const mlxr_cache_options_t *options) {
  return options->max_ttl > 0 && options->min_ttl <= options->max_ttl;
}

static bool are_options_sound(const mlxr_cache_options_t *options) {
  return options->bytes >= BYTES_MIN && options->bytes <= BYTES_MAX &&
         are_ttls_sound(options);
}

static unsigned count_shards(size_t bytes) {
  unsigned count = SHARDS_MAX;
  while (count > 1 && bytes / count < MLXR_SHARD_BYTES_MIN + 4096)
    count /= 2;
  return count;
}

static void init_shards(mlxr_cache_t *cache) {
  const mlxr_cache_options_t *options = &cache->options;
  uint8_t *base = (uint8_t *)cache;
  size_t head =
      sizeof *cache + cache->shard_count * sizeof(mlxr_shard_t) + LINE - 1;
  uint8_t *memory = base + head / LINE * LINE;
  size_t each = (size_t)(base + cache->mapped - memory) / cache->shard_count;
  each = each / LINE * LINE;
  for (unsigned i = 0; i < cache->shard_count; i++) {
    mlxr_shard_init(&cache->shards[i], base, memory + i * each, each,
                    options->stale, options->seed);
    pthread_mutex_init(&cache->shards[i].lock, NULL);
  }
}

uint32_t mlxr_cache_fingerprint(const void *text, size_t len) {
  uint32_t bits = (uint32_t)mlxr_name_hash_lower(text, len, 0);
  return bits == 0 ? 1 : bits;
}

int mlxr_cache_new(const mlxr_cache_options_t *options, mlxr_cache_t **out) {
  if (!are_options_sound(options))
    return -EINVAL;
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  size_t bytes = options->bytes / page * page;
  void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return -ENOMEM;
#ifdef MADV_HUGEPAGE
  /* With many names most of a lookup is the page walk. A small cache would only
     grow resident sooner. */
  if (bytes >= HUGE_PAGES_FROM)
    madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  mlxr_cache_t *cache = memory;
  cache->options = *options;
  cache->mapped = bytes;
  cache->shard_count = count_shards(bytes);
  init_shards(cache);
  *out = cache;
  return 0;
}

void mlxr_cache_free(mlxr_cache_t *cache) {
  if (!cache)
    return;
  for (unsigned i = 0; i < cache->shard_count; i++)
    pthread_mutex_destroy(&cache->shards[i].lock);
  munmap(cache, cache->mapped);
}

/* ---- tuning ---- */

/* Who loads a file puts answers in a thread of its own: it may see some of the
 * numbers before and some after, each whole. */
static uint32_t get_number(const uint32_t *at) {
  return __atomic_load_n(at, __ATOMIC_RELAXED);
}

static void set_number(uint32_t *at, uint32_t value) {
  __atomic_store_n(at, value, __ATOMIC_RELAXED);
}

int mlxr_cache_tune(mlxr_cache_t *cache, const mlxr_cache_options_t *options) {
  if (!are_ttls_sound(options))
    return -EINVAL;
  set_number(&cache->options.min_ttl, options->min_ttl);
  set_number(&cache->options.max_ttl, options->max_ttl);
  set_number(&cache->options.max_negative_ttl, options->max_negative_ttl);
  for (unsigned i = 0; i < cache->shard_count; i++) {
    pthread_mutex_lock(&cache->shards[i].lock);
    cache->shards[i].stale = options->stale;
    pthread_mutex_unlock(&cache->shards[i].lock);
  }
  return 0;
}

/* ---- putting ---- */

typedef struct clamp {
  uint32_t min, max;
} clamp_t;

static uint32_t lower_of(uint32_t a, uint32_t b) { return a < b ? a : b; }

static clamp_t clamp_of(const mlxr_cache_options_t *options,
                        const mlxr_cache_note_t *note,
                        const mlxr_answer_info_t *info) {
  clamp_t clamp = {
      note->min_ttl ? note->min_ttl : get_number(&options->min_ttl),
      note->max_ttl ? note->max_ttl : get_number(&options->max_ttl)};
  if (info->status != MLXR_STATUS_ANSWER)
    clamp.max = lower_of(clamp.max, get_number(&options->max_negative_ttl));
  clamp.min = lower_of(clamp.min, clamp.max);
  return clamp;
}

/* What bears no TTL of its own is kept for what the note says only: failures,
 * and denials without the SOA that tells (RFC 2308 section 5), with a CNAME or
 * without. */
static uint32_t ttl_of(const uint8_t *answer, const mlxr_answer_info_t *info,
                       const clamp_t *clamp, const mlxr_cache_note_t *note) {
  bool has_soa = mlxr_get16(answer + 8) > 0;
  if (info->status != MLXR_STATUS_ANSWER && !has_soa)
    return lower_of(note->min_ttl, clamp->max);
  return lower_of(info->ttl > clamp->min ? info->ttl : clamp->min, clamp->max);
}

static void fill(mlxr_shard_t *shard, mlxr_entry_t *entry,
                 const mlxr_answer_info_t *info, const mlxr_cache_note_t *note,
                 const uint8_t *answer, uint32_t ttl, uint64_t put,
                 uint16_t used) {
  const uint8_t *body = answer + MLXR_HEADER_LEN + entry->name_len + 4;
  entry->strategy = note->strategy;
  entry->interface = note->interface;
  entry->put_low = (uint32_t)put;
  entry->put_high = (uint16_t)(put >> 32);
  entry->ttl = ttl;
  entry->used = used;
  entry->answers = mlxr_get16(answer + 6);
  entry->authorities = answer[9] & 1u;
  entry->status = (unsigned)info->status & 3u;
  entry->rcode = info->rcode;
  entry->flags = note->flags & (MLXR_CACHE_ROTATE | MLXR_CACHE_SUSPECT);
  memcpy(mlxr_entry_body(entry), body, entry->body_len);
  if (note->flags & MLXR_CACHE_PINNED)
    mlxr_shard_pin(shard, entry);
}

/* A failure may not push out what could be served as stale (RFC 8767). */
static bool is_worth_more(const mlxr_shard_t *shard, const mlxr_entry_t *entry,
                          enum mlxr_status status, uint64_t now) {
  return entry && status == MLXR_STATUS_FAILURE &&
         entry->status != MLXR_STATUS_FAILURE &&
         !mlxr_entry_is_over(entry, shard->stale, now);
}

static uint64_t when_said(const mlxr_cache_note_t *note, uint64_t now) {
  uint64_t at = now + MLXR_SHARD_EPOCH;
  return note->age < at ? at - note->age : 0;
}

static int put_in(mlxr_shard_t *shard, const mlxr_cache_key_t *key,
                  uint64_t hash, const mlxr_answer_info_t *info,
                  const mlxr_cache_note_t *note, const uint8_t *answer,
                  uint32_t ttl, uint64_t now) {
  mlxr_entry_t *entry = mlxr_shard_get(shard, key, hash);
  uint64_t put = when_said(note, now);
  if (is_worth_more(shard, entry, info->status, now) ||
      (note->age > 0 && entry && mlxr_entry_put(entry) >= put))
    return 0;
  if (ttl == 0) {
    if (entry && info->status != MLXR_STATUS_FAILURE)
      mlxr_shard_drop(shard, entry);
    return 0;
  }
  if (note->age >= ((uint64_t)ttl + shard->stale) * 1000)
    return 0;
  size_t body_len = info->len - MLXR_HEADER_LEN - key->name_len - 4;
  /* A refresh is no sign that anybody asks. */
  uint16_t used = entry ? entry->used : mlxr_entry_tick(now);
  entry = mlxr_shard_put(shard, key, hash, body_len, now);
  if (!entry)
    return MLXR_ENOSPACE;
  fill(shard, entry, info, note, answer, ttl, put, used);
  shard->puts++;
  return 0;
}

int mlxr_cache_put(mlxr_cache_t *cache, const mlxr_cache_key_t *key,
                   const uint8_t *answer, size_t len,
                   const mlxr_cache_note_t *note, uint64_t now, uint8_t *kept) {
  static const mlxr_cache_note_t no_note = {0};
  uint8_t room[MLXR_PACKET_MAX], *clamped = kept ? kept : room;
  mlxr_answer_info_t info;
  if (len > sizeof room || mlxr_answer_read(answer, len, &info) != 0)
    return MLXR_EFORMAT;
  size_t question_end = MLXR_HEADER_LEN + key->name_len + 4;
  if (len < question_end ||
      memcmp(answer + MLXR_HEADER_LEN, key->name, key->name_len) != 0 ||
      mlxr_get16(answer + question_end - 4) != key->type)
    return MLXR_EMISMATCH;
  if (!note)
    note = &no_note;
  clamp_t clamp = clamp_of(&cache->options, note, &info);
  uint32_t ttl = ttl_of(answer, &info, &clamp, note);
  memcpy(clamped, answer, len);
  mlxr_answer_age(clamped, len, 0, clamp.min, clamp.max);
  if (key->type == MLXR_SHARD_DENIAL) // reserved (RFC 6895 section 3.1)
    return 0;

  uint64_t hash;
  mlxr_shard_t *shard =
      mlxr_cache_shard(cache, key->name, key->name_len, &hash);
  pthread_mutex_lock(&shard->lock);
  if (info.status != MLXR_STATUS_FAILURE)
    mlxr_denial_end(shard, key, hash);
  int rc = put_in(shard, key, hash, &info, note, clamped, ttl, now);
  if (rc == 0 && (note->flags & MLXR_CACHE_BY_NAME))
    mlxr_denial_begin(shard, key, hash, now);
  pthread_mutex_unlock(&shard->lock);
  return rc;
}

/* ---- getting ---- */

static mlxr_entry_t *get_entry(const mlxr_shard_t *shard,
                               const mlxr_cache_key_t *key, uint64_t hash) {
  return key->type == MLXR_SHARD_DENIAL ? NULL
                                        : mlxr_shard_get(shard, key, hash);
}

static size_t answer_len(const mlxr_entry_t *entry) {
  return MLXR_HEADER_LEN + entry->name_len + 4u + entry->body_len;
}

/* To those who take nothing stale. */
static bool is_servable(const mlxr_entry_t *entry, uint64_t now) {
  return mlxr_entry_is_fresh(entry, now) &&
         !(entry->flags & MLXR_CACHE_WITHHELD);
}

void mlxr_cache_describe(const mlxr_entry_t *entry, uint64_t now,
                         mlxr_cache_hit_t *out) {
  uint64_t age = mlxr_entry_age(entry, now) / 1000;
  out->len = answer_len(entry);
  out->age = age < UINT32_MAX ? (uint32_t)age : UINT32_MAX;
  out->is_stale = !is_servable(entry, now);
  out->ttl = out->is_stale ? 0 : entry->ttl - out->age;
  out->strategy = entry->strategy;
  out->interface = entry->interface;
  out->flags = entry->flags;
  out->status = (enum mlxr_status)entry->status;
  out->is_due = false;
}

static void copy_out(mlxr_entry_t *entry, uint16_t type, uint8_t *out) {
  uint8_t *at = out + MLXR_HEADER_LEN + entry->name_len;
  memset(out, 0, MLXR_HEADER_LEN);
  mlxr_set16(out + 2, MLXR_QR | MLXR_RA | (entry->rcode & 0xf));
  out[5] = 1;
  mlxr_set16(out + 6, entry->answers);
  out[9] = entry->authorities;
  memcpy(out + MLXR_HEADER_LEN, entry->bytes, entry->name_len);
  mlxr_set16(at, type);
  mlxr_set16(at + 2, MLXR_CLASS_IN);
  memcpy(at + 4, mlxr_entry_body(entry), entry->body_len);
}

/* Only one hit says so, however many there are before the new answer comes. */
static bool becomes_due(mlxr_entry_t *entry, const mlxr_cache_hit_t *hit) {
  bool is_late =
      hit->ttl <= entry->ttl / DUE_SHARE && entry->ttl >= DUE_TTL_MIN;
  bool is_marked = entry->flags & (MLXR_CACHE_SUSPECT | MLXR_CACHE_IDLE);
  if (hit->is_stale || (entry->flags & MLXR_CACHE_DUE) ||
      !(is_late || is_marked))
    return false;
  entry->flags = (entry->flags & (uint8_t)~MLXR_CACHE_IDLE) | MLXR_CACHE_DUE;
  return true;
}

/* Neither an answer nor anything else that the caller gets for the type. */
static mlxr_entry_t *denial_for(mlxr_shard_t *shard,
                                const mlxr_cache_key_t *key, uint64_t hash,
                                uint64_t now) {
  mlxr_entry_t *entry = mlxr_denial_get(shard, key, hash);
  return entry && is_servable(entry, now) ? entry : NULL;
}

static int get_from(mlxr_shard_t *shard, const mlxr_cache_key_t *key,
                    uint64_t hash, bool accept_stale, uint64_t now,
                    uint8_t *out, size_t cap, mlxr_cache_hit_t *hit) {
  mlxr_entry_t *entry = get_entry(shard, key, hash);
  if (entry && mlxr_entry_is_over(entry, shard->stale, now)) {
    shard->expired++;
    mlxr_shard_drop(shard, entry);
    entry = NULL;
  }
  if (!entry || !is_servable(entry, now)) {
    mlxr_entry_t *denial = denial_for(shard, key, hash, now);
    entry = denial ? denial : entry;
  }
  if (entry)
    entry->used = mlxr_entry_tick(now);
  if (!entry || (!accept_stale && !is_servable(entry, now))) {
    shard->misses += cap > 0;
    return 0;
  }
  mlxr_cache_describe(entry, now, hit);
  if (hit->len > cap)
    return MLXR_ENOSPACE;
  copy_out(entry, key->type, out);
  hit->is_due = becomes_due(entry, hit);
  if (entry->heat < MLXR_SHARD_HEAT_MAX)
    entry->heat++;
  hit->is_stale ? shard->stale_hits++ : shard->hits++;
  return 1;
}

static int get_hashed(mlxr_cache_t *cache, const mlxr_cache_key_t *key,
                      uint64_t hash, bool accept_stale, uint64_t now,
                      uint8_t *out, size_t cap, mlxr_cache_hit_t *hit) {
  mlxr_shard_t *shard = mlxr_cache_shard_of(cache, hash);
  pthread_mutex_lock(&shard->lock);
  int rc = get_from(shard, key, hash, accept_stale, now, out, cap, hit);
  pthread_mutex_unlock(&shard->lock);
  if (rc <= 0)
    return rc;
  if (hit->is_stale)
    mlxr_answer_age(out, hit->len, UINT32_MAX, STALE_TTL, STALE_TTL);
  else if (hit->age > 0)
    mlxr_answer_age(out, hit->len, hit->age, 0, UINT32_MAX);
  return rc;
}

int mlxr_cache_get(mlxr_cache_t *cache, const mlxr_cache_key_t *key,
                   bool accept_stale, uint64_t now, uint8_t *out, size_t cap,
                   mlxr_cache_hit_t *hit) {
  uint64_t hash =
      mlxr_name_hash_lower(key->name, key->name_len, cache->options.seed);
  return get_hashed(cache, key, hash, accept_stale, now, out, cap, hit);
}

void mlxr_cache_get_many(mlxr_cache_t *cache, mlxr_cache_lookup_t *lookups,
                         size_t count, bool accept_stale, uint64_t now) {
  const mlxr_cache_lookup_t *end = lookups + count;
  for (mlxr_cache_lookup_t *it = lookups; it < end; it++) {
    it->hash = mlxr_name_hash_lower(it->key.name, it->key.name_len,
                                    cache->options.seed);
    mlxr_index_fetch(mlxr_cache_shard_of(cache, it->hash), &it->key, it->hash);
  }
  for (mlxr_cache_lookup_t *it = lookups; it < end; it++)
    mlxr_index_fetch_entry(mlxr_cache_shard_of(cache, it->hash), &it->key,
                           it->hash);
  for (mlxr_cache_lookup_t *it = lookups; it < end; it++)
    it->found = get_hashed(cache, &it->key, it->hash, accept_stale, now,
                           it->out, it->cap, &it->hit);
}

int mlxr_cache_copy(mlxr_cache_t *cache, const mlxr_cache_key_t *key,
                    uint64_t now, uint8_t *out, size_t cap,
                    mlxr_cache_record_t *record) {
  uint64_t hash;
  mlxr_shard_t *shard =
      mlxr_cache_shard(cache, key->name, key->name_len, &hash);
  pthread_mutex_lock(&shard->lock);
  mlxr_entry_t *entry = get_entry(shard, key, hash);
  int rc = entry && !mlxr_entry_is_over(entry, shard->stale, now);
  if (rc == 1 && answer_len(entry) > cap)
    rc = MLXR_ENOSPACE;
  if (rc == 1) {
    *record = (mlxr_cache_record_t){.len = answer_len(entry),
                                    .age = mlxr_entry_age(entry, now),
                                    .ttl = entry->ttl,
                                    .strategy = entry->strategy,
                                    .interface = entry->interface,
                                    .flags = entry->flags,
                                    .status = (enum mlxr_status)entry->status};
    copy_out(entry, key->type, out);
  }
  pthread_mutex_unlock(&shard->lock);
  return rc;
}

void mlxr_cache_stats(mlxr_cache_t *cache, mlxr_cache_stats_t *out) {
  memset(out, 0, sizeof *out);
  out->capacity = cache->mapped;
  for (unsigned i = 0; i < cache->shard_count; i++) {
    mlxr_shard_t *shard = &cache->shards[i];
    pthread_mutex_lock(&shard->lock);
    out->entries += shard->entries - shard->denials;
    out->bytes += shard->bytes;
    out->hits += shard->hits;
    out->misses += shard->misses;
    out->stale_hits += shard->stale_hits;
    out->puts += shard->puts;
    out->evictions += shard->evictions;
    out->expired += shard->expired;
    pthread_mutex_unlock(&shard->lock);
  }
}
