/* store_stress.c - threads put, flush and read a cache that is kept on disk,
 * while its store loads, writes, and outgrows its file. Ends by itself; tells
 * an answer that belongs to another name.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../answer.h"
#include "../clock.h"
#include "../store.h"
#include "../wire.h"

enum { NAMES = 4000, ROUNDS = 4, MS = 900, STRATEGY = 7 };

typedef struct work {
  mlxr_cache_t *cache;
  mlxr_store_t *store;
  volatile bool *is_over;
  unsigned seed;
  unsigned long wrong, done;
} work_t;

static mlxr_cache_key_t key_of(unsigned i, uint8_t name[MLXR_NAME_MAX]) {
  char text[32];
  mlxr_cache_key_t key = {.name = name, .type = 1};
  int len = snprintf(text, sizeof text, "n%u.example", i);
  mlxr_name_from_text(text, (size_t)len, name, &key.name_len);
  return key;
}

/* A denial whose SOA lasts as many seconds as the name's number. */
static void put(work_t *work, unsigned i) {
  uint8_t name[MLXR_NAME_MAX], answer[512];
  const mlxr_cache_note_t note = {.strategy = STRATEGY};
  mlxr_cache_key_t key = key_of(i, name);
  size_t len;
  if (mlxr_answer_deny(name, 1, MLXR_NXDOMAIN, 1000 + i, answer, sizeof answer,
                       &len) != 0)
    return;
  uint64_t now = mlxr_clock_ms();
  mlxr_cache_put(work->cache, &key, answer, len, &note, now, NULL);
  mlxr_store_put(work->store, &key, answer, len, &note, NULL, now);
}

static void get(work_t *work, unsigned i) {
  uint8_t name[MLXR_NAME_MAX], answer[512];
  mlxr_cache_key_t key = key_of(i, name);
  mlxr_cache_record_t record;
  if (mlxr_cache_copy(work->cache, &key, mlxr_clock_ms(), answer, sizeof answer,
                      &record) == 1)
    work->wrong += record.ttl != 1000 + i;
}

static void flush(work_t *work, unsigned i) {
  uint8_t name[MLXR_NAME_MAX];
  mlxr_cache_key_t key = key_of(i, name);
  const mlxr_cache_filter_t filter = {.name = key.name};
  uint64_t now = mlxr_clock_ms();
  mlxr_store_flush(work->store, &filter, NULL, now);
  mlxr_cache_flush(work->cache, &filter, now);
}

static void *run(void *context) {
  work_t *work = context;
  while (!__atomic_load_n(work->is_over, __ATOMIC_RELAXED)) {
    unsigned i = (unsigned)rand_r(&work->seed) % NAMES;
    unsigned what = (unsigned)rand_r(&work->seed) % 100;
    if (what == 0)
      flush(work, i);
    else if (what < 60)
      put(work, i);
    else
      get(work, i);
    if (++work->done % 16 == 0)
      usleep(500); /* or the store's thread, which steps back, starves */
  }
  return NULL;
}

static unsigned long round_of(const char *path, unsigned round) {
  const mlxr_cache_options_t options = {.bytes = 512 * 1024,
                                        .max_ttl = 86400,
                                        .max_negative_ttl = 86400,
                                        .seed = round};
  const uint32_t known[] = {STRATEGY};
  mlxr_store_options_t wanted = {.path = path,
                                 .bytes = (3 - round % 2) * 512 * 1024,
                                 .strategies = known,
                                 .strategy_count = 1,
                                 .now = mlxr_clock_ms()};
  mlxr_cache_t *cache;
  mlxr_store_t *store;
  volatile bool is_over = false;
  if (mlxr_cache_new(&options, &cache) != 0)
    return 1;
  wanted.cache = cache;
  if (mlxr_store_open(&wanted, &store) != 0)
    return 1;
  pthread_t threads[3];
  work_t works[3];
  for (unsigned i = 0; i < 3; i++) {
    works[i] = (work_t){cache, store, &is_over, round * 3 + i, 0, 0};
    pthread_create(&threads[i], NULL, run, &works[i]);
  }
  mlxr_store_event_t events[8];
  mlxr_store_stats_t stats = {0};
  for (uint64_t end = mlxr_clock_ms() + MS; mlxr_clock_ms() < end;
       usleep(5000)) {
    int count = mlxr_store_step(store, events, 8);
    for (int i = 0; i < count; i++)
      if (events[i].kind != MLXR_STORAGE_LOADED)
        fprintf(stderr, "store_stress: %s\n", events[i].text);
    mlxr_store_stats(store, &stats);
  }
  __atomic_store_n(&is_over, true, __ATOMIC_RELAXED);
  unsigned long wrong = 0, done = 0;
  for (unsigned i = 0; i < 3; i++) {
    pthread_join(threads[i], NULL);
    wrong += works[i].wrong;
    done += works[i].done;
  }
  mlxr_store_close(store, round % 2 ? 0 : 5000);
  mlxr_cache_free(cache);
  printf("store: %lu operations, %llu loaded, %llu written, %lu wrong\n", done,
         (unsigned long long)stats.loaded, (unsigned long long)stats.written,
         wrong);
  return wrong;
}

int main(void) {
  char folder[] = "/tmp/mlxresolve-stress.XXXXXX", path[64];
  if (!mkdtemp(folder))
    return 1;
  snprintf(path, sizeof path, "%s/cache", folder);
  unsigned long wrong = 0;
  for (unsigned round = 0; round < ROUNDS; round++)
    wrong += round_of(path, round);
  usleep(300000); /* what was closed without patience is still at it */
  unlink(path);
  rmdir(folder);
  return wrong > 0;
}
