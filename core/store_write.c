#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "answer_walk.h"
#include "store_internal.h"

enum {
  COMMIT_EVERY = 4000, /* entries of a new file */
  LOOK_EVERY = 256,    /* whether it is time to end */
  NODE = 10            /* bytes that LMDB adds to an entry */
};

/* ---- batches ---- */

/* Keys in order make neighbours share pages, which is most of what a commit
 * writes. Of several operations on a key the last counts, but for an old answer
 * that a younger one was there before. */
static int compare_ops(const void *a, const void *b) {
  const store_op_t *one = *(store_op_t *const *)a;
  const store_op_t *other = *(store_op_t *const *)b;
  size_t len = one->key_len < other->key_len ? one->key_len : other->key_len;
  int order = memcmp(one->bytes, other->bytes, len);
  if (order != 0)
    return order;
  if (one->key_len != other->key_len)
    return one->key_len < other->key_len ? -1 : 1;
  return one->sequence < other->sequence ? -1 : 1;
}

static bool is_same_key(const store_op_t *one, const store_op_t *other) {
  return one->key_len == other->key_len &&
         memcmp(one->bytes, other->bytes, one->key_len) == 0;
}

static bool is_younger(const store_file_t *file, MDB_txn *txn, MDB_val *key,
                       uint64_t said) {
  MDB_val value;
  store_entry_t entry;
  return mdb_get(txn, file->table, key, &value) == 0 &&
         store_read(key, &value, &entry) && entry.head.said >= said;
}

static int write_op(const store_file_t *file, MDB_txn *txn, store_op_t *op) {
  MDB_val key = {op->key_len, op->bytes};
  MDB_val value = {op->value_len, op->bytes + op->key_len};
  if (op->kind == OP_DELETE) {
    int rc = mdb_del(txn, file->table, &key, NULL);
    return rc == MDB_NOTFOUND ? 0 : rc;
  }
  int64_t time = op->said + file->epoch;
  uint64_t said = time > 0 ? (uint64_t)time : 0;
  if (op->kind == OP_PUT_OLD && is_younger(file, txn, &key, said))
    return 0;
  store_seal(&key, &value, said);
  return mdb_put(txn, file->table, &key, &value, 0);
}

static int write_ops(const store_file_t *file, MDB_txn *txn, store_op_t **ops,
                     size_t count) {
  int rc = 0;
  if (count > 1)
    qsort(ops, count, sizeof *ops, compare_ops);
  for (size_t i = 0; rc == 0 && i < count; i++)
    if (i + 1 == count || !is_same_key(ops[i], ops[i + 1]) ||
        ops[i + 1]->kind == OP_PUT_OLD)
      rc = write_op(file, txn, ops[i]);
  return rc;
}

static int drop_meant(const store_file_t *file, MDB_cursor *cursor,
                      const store_filter_t *filter) {
  const uint8_t *name = filter->has_name ? filter->name : NULL;
  size_t name_len = name ? mlxr_name_len(name) : 0;
  MDB_val key = {name_len, (void *)(uintptr_t)name}, value;
  store_entry_t entry;
  int rc =
      mdb_cursor_get(cursor, &key, &value, name ? MDB_SET_RANGE : MDB_FIRST);
  for (; rc == 0; rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
    if (name &&
        (key.mv_size < name_len || memcmp(key.mv_data, name, name_len) != 0))
      return 0;
    if (store_file_is_mark(&key))
      continue;
    if (store_read(&key, &value, &entry) &&
        !store_is_meant(filter, &entry, file->epoch))
      continue;
    rc = mdb_cursor_del(cursor, 0);
    if (rc != 0)
      return rc;
  }
  return rc == MDB_NOTFOUND ? 0 : rc;
}

static int write_flush(const store_file_t *file, MDB_txn *txn,
                       const store_op_t *op) {
  const store_filter_t *filter = store_get_filter(op);
  MDB_cursor *cursor;
  if (filter->is_everything)
    return mdb_drop(txn, file->table, 0);
  int rc = mdb_cursor_open(txn, file->table, &cursor);
  if (rc != 0)
    return rc;
  rc = drop_meant(file, cursor, filter);
  mdb_cursor_close(cursor);
  return rc;
}

static int write_batch(const store_file_t *file, MDB_txn *txn,
                       const store_queue_t *batch, store_op_t **ops) {
  size_t count = 0;
  int rc = 0;
  for (store_op_t *op = store_queue_next(batch, NULL); rc == 0 && op;
       op = store_queue_next(batch, op)) {
    if (op->kind != OP_FLUSH) {
      ops[count++] = op;
      continue;
    }
    rc = write_ops(file, txn, ops, count);
    count = 0;
    if (rc == 0)
      rc = write_flush(file, txn, op);
  }
  return rc == 0 ? write_ops(file, txn, ops, count) : rc;
}

static void count_batch(mlxr_store_t *store, uint64_t written) {
  MDB_stat stat = {0};
  MDB_envinfo info = {0};
  mdb_env_stat(store->file.env, &stat);
  mdb_env_info(store->file.env, &info);
  pthread_mutex_lock(&store->lock);
  store->stats.entries = stat.ms_entries > 0 ? stat.ms_entries - 1 : 0;
  store->stats.bytes = (info.me_last_pgno + 1) * stat.ms_psize;
  store->stats.written += written;
  store->stats.batches++;
  pthread_mutex_unlock(&store->lock);
}

int store_apply(mlxr_store_t *store) {
  store_file_t *file = &store->file;
  store_queue_t *batch = &store->batch;
  MDB_txn *txn;
  store_op_t **ops = malloc((batch->count + 1) * sizeof(store_op_t *));
  if (!ops)
    return -ENOMEM;
  int rc = mdb_txn_begin(file->env, NULL, 0, &txn);
  if (rc == 0) {
    rc = write_batch(file, txn, batch, ops);
    if (rc == 0)
      rc = store_file_sign(file, &store->clock, txn);
    if (rc == 0)
      rc = mdb_txn_commit(txn);
    else
      mdb_txn_abort(txn);
  }
  free(ops);
  if (rc == 0)
    count_batch(store, batch->count);
  return store_code(rc);
}

/* ---- everything anew ---- */

typedef struct keys {
  uint8_t *bytes; /* length, purpose, type, name of each */
  size_t len, cap;
  size_t count;
  bool is_short; /* of memory */
} keys_t;

enum { KEY_HEAD = 1, KEY_ROOM = KEY_HEAD + STORE_KEY_MAX + 3 };

static bool add_key(void *context, const mlxr_cache_view_t *view) {
  keys_t *keys = context;
  if (view->hit.status == MLXR_STATUS_FAILURE)
    return true;
  if (keys->cap - keys->len < KEY_ROOM) {
    size_t cap = keys->cap > 0 ? keys->cap * 2 : 64 * KEY_ROOM;
    uint8_t *grown = realloc(keys->bytes, cap);
    keys->is_short = grown == NULL;
    if (!grown)
      return false;
    keys->bytes = grown;
    keys->cap = cap;
  }
  const mlxr_cache_key_t key = {.name = view->name,
                                .name_len = mlxr_name_len(view->name),
                                .type = view->type,
                                .purpose = view->purpose};
  uint8_t *at = keys->bytes + keys->len;
  /* at most 255 of name: less than a byte holds, with 6 more than it */
  at[0] = (uint8_t)key.name_len;
  keys->len += KEY_HEAD + store_put_key(&key, at + KEY_HEAD);
  keys->count++;
  return true;
}

static int compare_keys(const void *a, const void *b) {
  const uint8_t *one = *(uint8_t *const *)a, *other = *(uint8_t *const *)b;
  size_t len = one[0] < other[0] ? one[0] : other[0];
  int order = memcmp(one + KEY_HEAD, other + KEY_HEAD, len + 6);
  return order != 0 ? order : one[0] - other[0];
}

static const uint8_t **sort_keys(const keys_t *keys) {
  const uint8_t **list = malloc((keys->count + 1) * sizeof *list);
  const uint8_t *at = keys->bytes;
  for (size_t i = 0; list && i < keys->count; i++) {
    list[i] = at;
    at += KEY_HEAD + at[0] + 6;
  }
  if (list && keys->count > 1)
    qsort(list, keys->count, sizeof *list, compare_keys);
  return list;
}

/* What runs out before the TTLs of its records do was made to. The file has no
 * word for a TTL of 0: that is made 1, with `age_of` to match. */
static void put_ttls(const uint8_t *answer, const mlxr_cache_record_t *record,
                     store_head_t *head) {
  bool has_soa = mlxr_get16(answer + 8) > 0;
  mlxr_answer_info_t info;
  /* there is no TTL but this one */
  if (record->status != MLXR_STATUS_ANSWER && !has_soa)
    head->min_ttl = record->ttl;
  if (mlxr_answer_read(answer, record->len, &info) == 0 &&
      info.ttl > record->ttl)
    head->max_ttl = record->ttl > 0 ? record->ttl : 1;
}

static uint64_t age_of(const mlxr_cache_record_t *record) {
  return record->ttl > 0 ? record->age : record->age + 1000;
}

/* 0 for what came over an interface that is gone: nobody could tell later what
 * network it is of. */
static size_t value_of(const mlxr_cache_key_t *key, const uint8_t *answer,
                       const mlxr_cache_record_t *record, uint8_t *out) {
  store_head_t head = {.strategy = record->strategy, .flags = record->flags};
  char name[IF_NAMESIZE];
  put_ttls(answer, record, &head);
  bool is_named = record->interface && if_indextoname(record->interface, name);
  if (record->interface && !is_named)
    return 0;
  return store_put_value(&head, is_named ? name : NULL, key, answer,
                         record->len, out);
}

/* A full file could not even be flushed: what is more than half stays out. */
static int copy_entry(mlxr_store_t *store, store_file_t *fresh, MDB_txn *txn,
                      const uint8_t *at) {
  uint8_t answer[MLXR_PACKET_MAX], bytes[STORE_VALUE_MAX];
  size_t name_len = at[0];
  const uint8_t *tail = at + KEY_HEAD + name_len;
  const mlxr_cache_key_t key = {.name = at + KEY_HEAD,
                                .name_len = name_len,
                                .type = (uint16_t)(tail[0] << 8 | tail[1]),
                                .purpose = (uint32_t)tail[2] << 24 |
                                           (uint32_t)tail[3] << 16 |
                                           (uint32_t)tail[4] << 8 | tail[5]};
  mlxr_cache_record_t record;
  uint64_t now = store_now(&store->clock);
  if (mlxr_cache_copy(store->cache, &key, now, answer, sizeof answer,
                      &record) != 1)
    return 0;
  MDB_val stored_key = {name_len + 6, (void *)(uintptr_t)(at + KEY_HEAD)};
  MDB_val value = {value_of(&key, answer, &record, bytes), bytes};
  if (value.mv_size == 0)
    return 0;
  fresh->copied += stored_key.mv_size + value.mv_size + NODE;
  if (fresh->copied > fresh->bytes / 2)
    return MDB_MAP_FULL;
  store_seal(
      &stored_key, &value,
      (uint64_t)((int64_t)now + fresh->epoch - (int64_t)age_of(&record)));
  int rc = mdb_put(txn, fresh->table, &stored_key, &value, MDB_APPEND);
  return rc == MDB_KEYEXIST ? 0 : rc; /* it was put anew, and listed twice */
}

static int copy_some(mlxr_store_t *store, store_file_t *fresh,
                     const uint8_t **keys, size_t count) {
  MDB_txn *txn;
  int rc = mdb_txn_begin(fresh->env, NULL, 0, &txn);
  if (rc != 0)
    return store_code(rc);
  for (size_t i = 0; rc == 0 && i < count; i++) {
    if (i % LOOK_EVERY == 0 && store_is_closing(store)) {
      mdb_txn_abort(txn);
      return MLXR_ECANCELED;
    }
    rc = copy_entry(store, fresh, txn, keys[i]);
  }
  bool is_enough = rc == MDB_MAP_FULL;
  if (rc == 0 || is_enough)
    rc = store_file_sign(fresh, &store->clock, txn);
  if (rc == 0)
    rc = mdb_txn_commit(txn);
  else
    mdb_txn_abort(txn);
  return rc == 0 && is_enough ? MLXR_ENOSPACE : store_code(rc);
}

static int copy_all(mlxr_store_t *store, store_file_t *fresh) {
  keys_t keys = {0};
  mlxr_cache_each(store->cache, NULL, store_now(&store->clock), add_key, &keys);
  const uint8_t **list = keys.is_short ? NULL : sort_keys(&keys);
  int rc = list ? 0 : -ENOMEM;
  for (size_t i = 0; rc == 0 && i < keys.count; i += COMMIT_EVERY) {
    size_t left = keys.count - i;
    rc = copy_some(store, fresh, list + i,
                   left < COMMIT_EVERY ? left : COMMIT_EVERY);
  }
  free(list);
  free(keys.bytes);
  /* what does not fit stays out */
  return rc == MLXR_ENOSPACE ? 0 : rc;
}

/* Closing waits until this ends, so that it is as short as it can be. What gets
 * lost meanwhile counts for the next time. */
static int use_cache(mlxr_store_t *store, store_file_t *fresh,
                     bool *was_behind) {
  pthread_mutex_lock(&store->lock);
  bool may = !store->is_closing;
  *was_behind = store->is_behind;
  store->uses_cache = may;
  store->is_behind = store->wants_anew = false;
  pthread_mutex_unlock(&store->lock);
  int rc = may ? copy_all(store, fresh) : MLXR_ECANCELED;
  pthread_mutex_lock(&store->lock);
  store->uses_cache = false;
  bool is_closing = store->is_closing;
  pthread_mutex_unlock(&store->lock);
  if (is_closing)
    mlxr_wakeup_signal(&store->wakeup);
  return rc;
}

int store_rewrite(mlxr_store_t *store) {
  store_file_t fresh;
  bool was_behind;
  if (store_is_closing(store))
    return MLXR_ECANCELED;
  int rc = store_file_begin(&store->file, &store->clock, &fresh);
  if (rc != 0)
    return rc;
  rc = use_cache(store, &fresh, &was_behind);
  if (rc == 0)
    rc = store_file_adopt(&store->file, &fresh);
  else
    store_file_abandon(&fresh);
  if (rc == 0)
    count_batch(store, 0);
  else if (was_behind)
    store_fall_behind(store);
  return rc;
}
