/* cache: what the cache holds and how fast, without a network.
 *
 *   cache
 *
 * Prints three tables. Hit ratios, beside a plain LRU that holds as many
 * entries as the cache does in its bytes (its links are not charged): requests
 * follow a Zipf law; with scans, each stretch of them is followed by as many
 * names as the cache holds that are asked for once and never again, which are
 * not counted. Bytes per entry: of the mapping and of resident memory. Lookups:
 * one after the other, and in groups as the front makes them; beside them the
 * limit, which is what reading as many cache lines at random costs where as
 * many names would lie: one of the index and two neighbours of the entry.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "answer_walk.h"
#include "cache.h"
#include "rdata.h"

enum {
  NAMES = 1000000,
  REQUESTS = 4000000,
  SCAN_FROM = 0x40000000, ///< numbers of names that come once
  NAME_ROOM = 32,
  ANSWER_ROOM = 128,
  GROUP = 32,
  LOOKUPS = 1 << 20,
  LINE = 64,
  ENTRY = 80,
  INDEX_ROOM = 12 << 20,
  ROUNDS = 9,
  TTL = 86400,
  NOW = 1000
};

static void fail(const char *what) {
  fprintf(stderr, "cache: %s\n", what);
  exit(1);
}

static void *take(size_t size) {
  void *memory = calloc(1, size);
  if (!memory)
    fail("no memory");
  return memory;
}

static uint64_t next_random(uint64_t *state) {
  *state += 0x9e3779b97f4a7c15u;
  uint64_t x = *state;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
  x = (x ^ x >> 27) * 0x94d049bb133111ebu;
  return x ^ x >> 31;
}

static double now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- names and answers ---- */

static void make_key(uint32_t i, uint8_t *wire, mlxr_cache_key_t *out) {
  char text[NAME_ROOM];
  int n = snprintf(text, sizeof text, "h%09x.example.net", i);
  memset(out, 0, sizeof *out);
  if (mlxr_name_from_text(text, (size_t)n, wire, &out->name_len) < 0)
    fail("a name");
  out->name = wire;
  out->type = MLXR_TYPE_A;
}

static void put(mlxr_cache_t *cache, const mlxr_cache_key_t *key, uint32_t i) {
  uint8_t answer[ANSWER_ROOM], rdata[4];
  mlxr_writer_t writer;
  mlxr_set32(rdata, i);
  mlxr_writer_init(&writer, answer, sizeof answer, 0, MLXR_QR | MLXR_RA);
  mlxr_writer_question(&writer, key->name, key->type, MLXR_CLASS_IN, false);
  mlxr_writer_record(&writer, MLXR_ANSWER, key->name, key->type, MLXR_CLASS_IN,
                     false, TTL, rdata, sizeof rdata);
  if (mlxr_cache_put(cache, key, answer, mlxr_writer_finish(&writer), NULL, NOW,
                     NULL) != 0)
    fail("an answer that cannot be put");
}

static mlxr_cache_t *new_cache(size_t bytes) {
  const mlxr_cache_options_t options = {
      .bytes = bytes, .max_ttl = TTL, .max_negative_ttl = TTL, .seed = 42};
  mlxr_cache_t *cache;
  if (mlxr_cache_new(&options, &cache) != 0)
    fail("no cache");
  return cache;
}

static uint64_t count_entries(mlxr_cache_t *cache) {
  mlxr_cache_stats_t stats;
  mlxr_cache_stats(cache, &stats);
  return stats.entries;
}

/* ---- a plain LRU ---- */

/* Positions are names below NAMES, and behind them places for names that come
 * once: those are never found again, so any free place will do. */
typedef struct lru {
  uint32_t *next, *prev; ///< a circle through `head`
  bool *is_in;
  uint32_t head, count, most, once;
} lru_t;

static void lru_init(lru_t *lru, uint32_t most) {
  size_t places = (size_t)NAMES + most + 2;
  lru->next = take(places * sizeof *lru->next);
  lru->prev = take(places * sizeof *lru->prev);
  lru->is_in = take(places);
  lru->most = most;
  lru->head = (uint32_t)places - 1;
  lru->next[lru->head] = lru->prev[lru->head] = lru->head;
}

static void lru_deinit(lru_t *lru) {
  free(lru->next);
  free(lru->prev);
  free(lru->is_in);
}

static void lru_take_out(lru_t *lru, uint32_t i) {
  lru->next[lru->prev[i]] = lru->next[i];
  lru->prev[lru->next[i]] = lru->prev[i];
  lru->is_in[i] = false;
  lru->count--;
}

static bool lru_request(lru_t *lru, uint32_t i) {
  if (i >= SCAN_FROM)
    i = NAMES + lru->once++ % (lru->most + 1);
  bool was_in = lru->is_in[i];
  if (was_in)
    lru_take_out(lru, i);
  else if (lru->count == lru->most)
    lru_take_out(lru, lru->prev[lru->head]);
  lru->next[i] = lru->next[lru->head];
  lru->prev[i] = lru->head;
  lru->prev[lru->next[i]] = i;
  lru->next[lru->head] = i;
  lru->is_in[i] = true;
  lru->count++;
  return was_in && i < NAMES;
}

/* ---- hit ratios ---- */

static bool request(mlxr_cache_t *cache, uint32_t i) {
  uint8_t name[MLXR_NAME_MAX], out[ANSWER_ROOM];
  mlxr_cache_key_t key;
  mlxr_cache_hit_t hit;
  make_key(i, name, &key);
  if (mlxr_cache_get(cache, &key, false, NOW, out, sizeof out, &hit) == 1)
    return true;
  put(cache, &key, i);
  return false;
}

static double *make_zipf(double exponent) {
  double *sums = take(NAMES * sizeof *sums), sum = 0;
  for (uint32_t i = 0; i < NAMES; i++)
    sums[i] = sum += pow(i + 1, -exponent);
  for (uint32_t i = 0; i < NAMES; i++)
    sums[i] /= sum;
  return sums;
}

static uint32_t pick(const double *sums, uint64_t *state) {
  double wanted = (double)(next_random(state) >> 11) / 9007199254740992.0;
  uint32_t low = 0, high = NAMES - 1;
  while (low < high) {
    uint32_t middle = (low + high) / 2;
    if (sums[middle] > wanted)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

typedef struct ratios {
  double cache, lru;
} ratios_t;

/* The first half of the requests warms up. */
static ratios_t compare(const double *sums, size_t bytes, uint32_t entries,
                        bool has_scans) {
  mlxr_cache_t *cache = new_cache(bytes);
  lru_t lru = {0};
  uint64_t state = 7;
  uint32_t once = SCAN_FROM;
  unsigned counted = 0, cache_hits = 0, lru_hits = 0;
  lru_init(&lru, entries);
  for (unsigned n = 0; n < REQUESTS; n++) {
    uint32_t i = pick(sums, &state);
    bool is_counted = n >= REQUESTS / 2;
    counted += is_counted;
    cache_hits += request(cache, i) && is_counted;
    lru_hits += lru_request(&lru, i) && is_counted;
    for (uint32_t left = has_scans && n % (4 * entries) == 0 ? entries : 0;
         left > 0; left--, once++) {
      request(cache, once);
      lru_request(&lru, once);
    }
  }
  mlxr_cache_free(cache);
  lru_deinit(&lru);
  return (ratios_t){(double)cache_hits / counted, (double)lru_hits / counted};
}

static uint32_t measure_room(size_t bytes) {
  mlxr_cache_t *cache = new_cache(bytes);
  for (uint32_t i = 0; i < bytes / 40; i++)
    request(cache, i);
  uint32_t entries = (uint32_t)count_entries(cache);
  mlxr_cache_free(cache);
  return entries;
}

static void print_ratios(void) {
  static const double exponents[] = {0.9, 1.0};
  static const size_t sizes[] = {1 << 20, 8 << 20};
  printf("hit ratios, %d names, %u requests, half of them counted\n\n", NAMES,
         REQUESTS);
  printf("| requests | bytes | entries | cache | LRU | misses against LRU |\n"
         "|---|---|---|---|---|---|\n");
  for (unsigned e = 0; e < 2; e++) {
    double *sums = make_zipf(exponents[e]);
    for (unsigned s = 0; s < 4; s++) {
      size_t bytes = sizes[s / 2];
      uint32_t entries = measure_room(bytes);
      ratios_t found = compare(sums, bytes, entries, s % 2 == 1);
      printf("| Zipf %.1f%s | %zu MiB | %u | %.3f | %.3f | %.2f |\n",
             exponents[e], s % 2 == 1 ? " with scans" : "", bytes >> 20,
             entries, found.cache, found.lru,
             (1 - found.cache) / (1 - found.lru));
      fflush(stdout);
    }
    free(sums);
  }
}

/* ---- memory ---- */

static size_t resident(void) {
  unsigned long total, pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file || fscanf(file, "%lu %lu", &total, &pages) != 2)
    fail("no /proc/self/statm");
  fclose(file);
  return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* The smallest cache, to a thousandth, that keeps every one of NAMES names. */
static void print_memory(void) {
  size_t low = (size_t)NAMES * 70, high = (size_t)NAMES * 140;
  size_t before = resident(), grown = 0;
  while (high - low > low / 1000) {
    size_t middle = low + (high - low) / 2;
    mlxr_cache_t *cache = new_cache(middle);
    for (uint32_t i = 0; i < NAMES; i++)
      request(cache, i);
    bool is_whole = count_entries(cache) == NAMES;
    if (is_whole)
      grown = resident() - before;
    *(is_whole ? &high : &low) = middle;
    mlxr_cache_free(cache);
  }
  uint8_t name[MLXR_NAME_MAX];
  mlxr_cache_key_t key;
  make_key(0, name, &key);
  printf("\n%d A records, names of %zu bytes: %.1f bytes of mapping each, %.1f "
         "resident\n",
         NAMES, key.name_len, (double)high / NAMES, (double)grown / NAMES);
}

/* ---- speed ---- */

typedef struct keys {
  uint8_t (*names)[NAME_ROOM];
  mlxr_cache_key_t *keys;
  uint32_t count;
} keys_t;

static int by_number(const void *a, const void *b) {
  double left = *(const double *)a, right = *(const double *)b;
  return (left > right) - (left < right);
}

static double look_up(mlxr_cache_t *cache, const keys_t *all, unsigned group) {
  uint8_t out[GROUP][ANSWER_ROOM];
  mlxr_cache_lookup_t lookups[GROUP];
  unsigned found = 0;
  double start = now_s();
  for (uint32_t n = 0; n < LOOKUPS; n += group) {
    for (unsigned i = 0; i < group; i++) {
      lookups[i].key = all->keys[(n + i) % all->count];
      lookups[i].out = out[i];
      lookups[i].cap = ANSWER_ROOM;
    }
    mlxr_cache_get_many(cache, lookups, group, false, NOW);
    for (unsigned i = 0; i < group; i++)
      found += lookups[i].found == 1;
  }
  if (found != LOOKUPS)
    fail("a name that was not found");
  return (now_s() - start) * 1e9 / LOOKUPS;
}

/* Keys lie in the order in which they are asked for, entries in another: what
 * is waited for is the cache's memory alone. */
static void make_keys(keys_t *all, uint32_t count) {
  uint64_t state = count;
  uint32_t *order = take(count * sizeof *order);
  for (uint32_t i = 0; i < count; i++) {
    uint32_t j = (uint32_t)(next_random(&state) % (i + 1));
    order[i] = order[j];
    order[j] = i;
  }
  all->count = count;
  all->names = take(count * sizeof *all->names);
  all->keys = take(count * sizeof *all->keys);
  for (uint32_t i = 0; i < count; i++)
    make_key(order[i], all->names[i], &all->keys[i]);
  free(order);
}

/* Memory as the cache maps it, read as the cache reads it. */
static uint8_t *map_lines(size_t bytes) {
  uint8_t *lines = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (lines == MAP_FAILED)
    fail("no memory");
#ifdef MADV_HUGEPAGE
  madvise(lines, bytes, MADV_HUGEPAGE);
#endif
  memset(lines, 1, bytes);
  return lines;
}

static double read_lines(const uint8_t *lines, uint32_t names) {
  size_t index = (size_t)names * LINE;
  size_t entries = (size_t)names * ENTRY;
  uint64_t state = names;
  uint64_t sum = 0;
  if (index > INDEX_ROOM)
    index = INDEX_ROOM;
  double start = now_s();
  for (uint32_t n = 0; n < LOOKUPS; n++) {
    uint64_t x = next_random(&state);
    size_t bucket = (size_t)((x & UINT32_MAX) * index >> 32);
    size_t entry = INDEX_ROOM + (size_t)((x >> 32) * entries >> 32);
    sum += UINT64_C(0) + lines[bucket] + lines[entry] + lines[entry + LINE];
  }
  if (sum != UINT64_C(3) * LOOKUPS)
    fail("memory that was not read");
  return (now_s() - start) * 1e9 / LOOKUPS;
}

static double median(double *of) {
  qsort(of, ROUNDS, sizeof *of, by_number);
  return of[ROUNDS / 2];
}

static void print_speed_of(uint32_t names, const uint8_t *lines) {
  mlxr_cache_t *cache = new_cache((size_t)128 << 20);
  double single[ROUNDS], grouped[ROUNDS], limit[ROUNDS];
  keys_t all;
  make_keys(&all, names);
  for (uint32_t i = 0; i < names; i++)
    request(cache, i);
  for (unsigned i = 0; i < ROUNDS; i++) {
    single[i] = look_up(cache, &all, 1);
    grouped[i] = look_up(cache, &all, GROUP);
    limit[i] = read_lines(lines, names);
  }
  double group_ns = median(grouped);
  printf("| %u | %.0f | %.0f | %.1f | %.0f |\n", names, median(single),
         group_ns, 1e3 / group_ns, median(limit));
  free(all.names);
  free(all.keys);
  mlxr_cache_free(cache);
}

static void print_speed(void) {
  static const uint32_t counts[] = {10000, 100000, NAMES};
  size_t bytes = INDEX_ROOM + (size_t)NAMES * ENTRY + 2 * LINE;
  uint8_t *lines = map_lines(bytes);
  printf(
      "\n| names | ns per lookup | in groups of %d | M/s | ns for its memory "
      "alone |\n|---|---|---|---|---|\n",
      GROUP);
  for (unsigned c = 0; c < 3; c++)
    print_speed_of(counts[c], lines);
  munmap(lines, bytes);
}

int main(void) {
  print_ratios();
  print_memory();
  print_speed();
  return 0;
}
