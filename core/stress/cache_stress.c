/* cache_stress: threads that put, get, list and flush the same names in a cache
 * that is too small for them. What an answer holds follows from its name, so
 * that a torn one shows. Ends after a fixed number of rounds; an answer that is
 * not whole makes it fail.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "../answer_walk.h"
#include "../cache.h"

enum {
  THREADS = 4,
  ROUNDS = 60000, ///< per thread
  NAMES = 6000,
  RECORDS_MAX = 60,
  TTL = 300,
  BYTES = 600 * 1024,
  TOGETHER = 8,
  TYPE_A = 1
};

static mlxr_cache_t *cache;
static atomic_uint wrong, hits;

static void complain(const char *what) {
  fprintf(stderr, "cache_stress: %s\n", what);
  atomic_fetch_add(&wrong, 1);
}

static unsigned next_random(unsigned *state) {
  *state = *state * 1664525 + 1013904223;
  return *state >> 8;
}

static void make_key(unsigned i, uint8_t wire[MLXR_NAME_MAX],
                     mlxr_cache_key_t *out) {
  char text[32];
  int n = snprintf(text, sizeof text, "n%u.stress.example", i);
  memset(out, 0, sizeof *out);
  mlxr_name_from_text(text, (size_t)n, wire, &out->name_len);
  out->name = wire;
  out->type = TYPE_A;
}

/* Versions differ in how many records there are. */
static unsigned count_of(unsigned i, unsigned version) {
  unsigned n = i * 7 + version * 13;
  return n % 5 == 0 ? 1 + n % RECORDS_MAX : 1 + n % 3;
}

static size_t make_answer(unsigned i, unsigned version,
                          const mlxr_cache_key_t *key, uint8_t *out,
                          size_t cap) {
  mlxr_writer_t writer;
  uint8_t rdata[4];
  mlxr_writer_init(&writer, out, cap, 0, MLXR_QR | MLXR_RA);
  mlxr_writer_question(&writer, key->name, TYPE_A, MLXR_CLASS_IN, false);
  mlxr_set32(rdata, i);
  for (unsigned n = count_of(i, version); n > 0; n--)
    mlxr_writer_record(&writer, MLXR_ANSWER, key->name, TYPE_A, MLXR_CLASS_IN,
                       false, TTL, rdata, sizeof rdata);
  return mlxr_writer_finish(&writer);
}

static void check_answer(unsigned i, const uint8_t *answer,
                         const mlxr_cache_hit_t *hit) {
  mlxr_walk_t walk;
  mlxr_walk_record_t record;
  int rc = MLXR_EFORMAT;
  unsigned count = 0;
  if (mlxr_walk_init(&walk, answer, hit->len))
    while ((rc = mlxr_walk_next(&walk, &record)) > 0) {
      count++;
      if (mlxr_get32(answer + record.rdata_at) != i)
        complain("an address of another name");
      if (record.ttl > TTL || record.ttl != hit->ttl)
        complain("a wrong TTL");
    }
  if (rc != 0 || count != count_of(i, hit->strategy))
    complain("an answer that is not whole");
}

static void check_found(unsigned i, int found, const uint8_t *out,
                        const mlxr_cache_hit_t *hit) {
  if (found < 0)
    complain("an answer that cannot be got");
  if (found > 0) {
    check_answer(i, out, hit);
    atomic_fetch_add_explicit(&hits, 1, memory_order_relaxed);
  }
}

static void get(unsigned i, uint64_t now) {
  uint8_t name[MLXR_NAME_MAX], out[2048];
  mlxr_cache_key_t key;
  mlxr_cache_hit_t hit;
  make_key(i, name, &key);
  int rc = mlxr_cache_get(cache, &key, false, now, out, sizeof out, &hit);
  check_found(i, rc, out, &hit);
}

static void get_many(unsigned i, uint64_t now) {
  uint8_t names[TOGETHER][MLXR_NAME_MAX], out[TOGETHER][2048];
  mlxr_cache_lookup_t lookups[TOGETHER];
  for (unsigned n = 0; n < TOGETHER; n++) {
    make_key((i + n) % NAMES, names[n], &lookups[n].key);
    lookups[n].out = out[n];
    lookups[n].cap = sizeof out[n];
  }
  mlxr_cache_get_many(cache, lookups, TOGETHER, false, now);
  for (unsigned n = 0; n < TOGETHER; n++)
    check_found((i + n) % NAMES, lookups[n].found, out[n], &lookups[n].hit);
}

static void put(unsigned i, unsigned version, uint64_t now) {
  uint8_t name[MLXR_NAME_MAX], answer[2048];
  mlxr_cache_key_t key;
  mlxr_cache_note_t note = {.strategy = version, .interface = 1 + i % 5};
  if (i % 97 == 0)
    note.flags = MLXR_CACHE_PINNED;
  make_key(i, name, &key);
  size_t len = make_answer(i, version, &key, answer, sizeof answer);
  if (mlxr_cache_put(cache, &key, answer, len, &note, now, NULL) != 0)
    complain("an answer that cannot be put");
}

static bool check_view(void *context, const mlxr_cache_view_t *view) {
  unsigned *left = context;
  if (view->type != TYPE_A || mlxr_name_len(view->name) > 32 ||
      view->hit.ttl > TTL)
    complain("an entry that nobody put");
  return --*left > 0;
}

static void flush(unsigned i, uint64_t now) {
  uint8_t name[MLXR_NAME_MAX];
  mlxr_cache_key_t key;
  make_key(i, name, &key);
  mlxr_cache_filter_t filter = {.interface = i % 2 == 0 ? 1 + i % 5 : 0};
  if (i % 2 == 1)
    filter.name = name;
  mlxr_cache_flush(cache, i % 50 == 0 ? NULL : &filter, now);
}

static void doubt(unsigned i, uint64_t now) {
  const mlxr_cache_filter_t filter = {.interface = 1 + i % 5};
  uint8_t flag = i % 3 == 0 ? MLXR_CACHE_WITHHELD : MLXR_CACHE_SUSPECT;
  mlxr_cache_mark(cache, &filter, i % 2 ? flag : 0, i % 2 ? 0 : flag, now);
  if (i % 7 == 0)
    mlxr_cache_expire(cache, &filter, now);
}

static void look(uint64_t now) {
  mlxr_cache_stats_t stats;
  unsigned left = 2000;
  mlxr_cache_each(cache, NULL, now, check_view, &left);
  mlxr_cache_stats(cache, &stats);
  if (stats.bytes > stats.capacity || stats.entries > NAMES)
    complain("more than there can be");
}

static void *work(void *context) {
  unsigned state = *(unsigned *)context;
  for (unsigned round = 0; round < ROUNDS; round++) {
    unsigned what = next_random(&state) % 1000;
    unsigned i = next_random(&state) % NAMES;
    uint64_t now = 1000 + round * 10;
    if (what < 600)
      get(i, now);
    else if (what < 700)
      get_many(i, now);
    else if (what < 997)
      put(i, next_random(&state) % 100, now);
    else if (what < 998)
      doubt(i, now);
    else if (what < 999)
      flush(i, now);
    else
      look(now);
  }
  return NULL;
}

int main(void) {
  const mlxr_cache_options_t options = {
      .bytes = BYTES, .max_ttl = 3600, .max_negative_ttl = 3600, .seed = 1};
  pthread_t threads[THREADS];
  unsigned seeds[THREADS];
  if (mlxr_cache_new(&options, &cache) != 0)
    return 1;
  for (unsigned i = 0; i < THREADS; i++) {
    seeds[i] = i + 1;
    if (pthread_create(&threads[i], NULL, work, &seeds[i]) != 0)
      return 1;
  }
  for (unsigned i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
  mlxr_cache_stats_t stats;
  mlxr_cache_stats(cache, &stats);
  mlxr_cache_free(cache);
  printf("cache_stress: %u hits, %u evictions, %u wrong\n", hits,
         (unsigned)stats.evictions, wrong);
  return wrong > 0 || hits == 0 || stats.evictions == 0;
}
