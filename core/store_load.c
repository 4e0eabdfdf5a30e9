#include <net/if.h>
#include <string.h>

#include "store_internal.h"

/* Entries go straight from the file into the cache, one at a time under the
 * lock that flushes take, too: what is flushed before its turn is not loaded,
 * what is flushed after it is in the cache already. */

typedef struct load {
  mlxr_store_t *store;
  uint64_t now;
  char interface[MLXR_INTERFACE_NAME_MAX]; /* the last one that was looked up */
  uint32_t index;
} load_t;

/* An interface that is not there has no index: 0. */
static uint32_t find_interface(load_t *load, const char *name) {
  if (name[0] == '\0')
    return 0;
  if (strcmp(load->interface, name) != 0) {
    strcpy(load->interface, name);
    load->index = if_nametoindex(name);
  }
  return load->index;
}

static uint64_t age_of(const load_t *load, const store_entry_t *entry,
                       const uint8_t *answer, size_t len) {
  const mlxr_store_t *store = load->store;
  uint64_t time = (uint64_t)((int64_t)load->now + store->file.epoch);
  uint64_t age = time > entry->head.said ? time - entry->head.said : 0;
  mlxr_answer_info_t info;
  if (!store->file.is_age_unknown || mlxr_answer_read(answer, len, &info) != 0)
    return age;
  age -= age < STORE_AGES ? age : STORE_AGES;
  uint32_t ttl = info.ttl;
  if (ttl < entry->head.min_ttl)
    ttl = entry->head.min_ttl;
  if (ttl < store->min_ttl)
    ttl = store->min_ttl;
  return age + ttl * UINT64_C(1000);
}

/* With the lock held. */
static bool is_flushed(const mlxr_store_t *store, const store_entry_t *entry) {
  const store_queue_t *queue = &store->queue;
  for (const store_op_t *op = store_queue_next_flush(queue, NULL); op;
       op = store_queue_next_flush(queue, op))
    if (store_is_meant(store_get_filter(op), entry, store->file.epoch))
      return true;
  return false;
}

static int load_entry(load_t *load, const store_entry_t *entry) {
  mlxr_store_t *store = load->store;
  uint8_t answer[MLXR_PACKET_MAX];
  size_t len = store_answer(entry, answer, sizeof answer);
  mlxr_cache_note_t note = {.strategy = entry->head.strategy,
                            .min_ttl = entry->head.min_ttl,
                            .max_ttl = entry->head.max_ttl,
                            .flags = entry->head.flags,
                            .interface =
                                find_interface(load, entry->interface)};
  if (entry->interface[0] && !note.interface)
    return 0;
  note.age = age_of(load, entry, answer, len);
  int rc = 0;
  pthread_mutex_lock(&store->lock);
  if (store->is_closing)
    rc = MLXR_ECANCELED;
  else if (!is_flushed(store, entry))
    mlxr_cache_put(store->cache, &entry->key, answer, len, &note, load->now,
                   NULL);
  pthread_mutex_unlock(&store->lock);
  return rc;
}

static int load_all(load_t *load, MDB_cursor *cursor, uint64_t *total) {
  MDB_val key, value;
  store_entry_t entry;
  int rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
  for (; rc == 0; rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
    if (store_file_is_mark(&key))
      continue;
    if (!store_read(&key, &value, &entry))
      return MLXR_EFORMAT;
    int code = load_entry(load, &entry);
    if (code != 0)
      return code;
    ++*total;
  }
  return rc == MDB_NOTFOUND ? 0 : store_code(rc);
}

/* Once closing has begun, the cache may be gone: then MLXR_ECANCELED. */
static int count_puts(mlxr_store_t *store, uint64_t *out) {
  mlxr_cache_stats_t stats = {0};
  pthread_mutex_lock(&store->lock);
  bool may = !store->is_closing;
  if (may)
    mlxr_cache_stats(store->cache, &stats);
  pthread_mutex_unlock(&store->lock);
  *out = stats.puts;
  return may ? 0 : MLXR_ECANCELED;
}

int store_load(mlxr_store_t *store) {
  enum { USELESS_MIN = 1000 };
  load_t load = {.store = store, .now = store_now(&store->clock)};
  uint64_t total = 0, before, after;
  MDB_txn *txn;
  MDB_cursor *cursor;
  int rc = count_puts(store, &before);
  if (rc != 0)
    return rc;
  rc = mdb_txn_begin(store->file.env, NULL, MDB_RDONLY, &txn);
  if (rc != 0)
    return store_code(rc);
  rc = mdb_cursor_open(txn, store->file.table, &cursor);
  if (rc == 0) {
    rc = load_all(&load, cursor, &total);
    mdb_cursor_close(cursor);
  } else {
    rc = store_code(rc);
  }
  mdb_txn_abort(txn);
  if (rc == MLXR_ECANCELED || count_puts(store, &after) != 0)
    return MLXR_ECANCELED;
  uint64_t loaded = after - before;
  pthread_mutex_lock(&store->lock);
  store->stats.loaded += loaded < total ? loaded : total;
  /* much that nobody can use any more: the cache is shorter */
  if (total > loaded + USELESS_MIN && loaded < total / 2)
    store->wants_anew = true;
  /* in the file it is too old for the next process, here it is stale */
  if (store->file.is_age_unknown)
    store->wants_anew = true;
  pthread_mutex_unlock(&store->lock);
  return rc;
}
