#include "store.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "pin.h"
#include "store_internal.h"

enum {
  QUEUE_MAX = 8 << 20,
  QUEUE_HIGH = 4 << 20, /* where gathering ends */
  OFF_QUEUE_MAX = 1 << 20,
  BYTES_MIN = 256 * 1024,
  STACK_BYTES = 1 << 20
};

/* ---- making ---- */

static void wake(mlxr_store_t *store) {
  store->sleep = AWAKE;
  mlxr_wakeup_signal(&store->work);
}

static void pin_code(void) { mlxr_pin_code((const void *)&store_run); }

/* Some systems give a thread no more room than two answers take. */
static int start_thread(mlxr_store_t *store) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_attr_t attributes;
  sigset_t all, before;
  pthread_once(&once, pin_code);
  int rc = pthread_attr_init(&attributes);
  if (rc != 0)
    return -rc;
  pthread_attr_setstacksize(&attributes, STACK_BYTES);
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  rc = pthread_create(&store->thread, &attributes, store_run, store);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  return -rc;
}

void store_free(mlxr_store_t *store) {
  mlxr_wakeup_close(&store->work);
  mlxr_wakeup_close(&store->wakeup);
  pthread_mutex_destroy(&store->lock);
  free(store->queue.bytes);
  free(store->batch.bytes);
  free(store->file.path);
  free(store);
}

static int open_wakeups(mlxr_store_t *store) {
  int rc = mlxr_wakeup_open(&store->work);
  if (rc != 0)
    return rc;
  rc = mlxr_wakeup_open(&store->wakeup);
  if (rc != 0)
    mlxr_wakeup_close(&store->work);
  return rc;
}

/* Entries of unknown strategies are flushed, before they are loaded. */
static bool flush_unknown(mlxr_store_t *store,
                          const mlxr_store_options_t *options) {
  const mlxr_cache_filter_t unknown = {.strategies_but = options->strategies,
                                       .strategies_but_count =
                                           options->strategy_count};
  return !options->strategies ||
         store_queue_flush(&store->queue, &unknown, NULL, options->now,
                           QUEUE_MAX);
}

int mlxr_store_open(const mlxr_store_options_t *options, mlxr_store_t **out) {
  if (!options->path || options->path[0] == '\0' || !options->cache)
    return -EINVAL;
  mlxr_store_t *store = calloc(1, sizeof *store);
  if (!store)
    return -ENOMEM;
  int rc = open_wakeups(store);
  if (rc != 0) {
    free(store);
    return rc;
  }
  pthread_mutex_init(&store->lock, NULL);
  store_clock_init(&store->clock, options);
  store->file.lock_fd = -1;
  store->file.bytes =
      options->bytes > BYTES_MIN ? options->bytes : (size_t)BYTES_MIN;
  store->file.path = strdup(options->path);
  store->cache = options->cache;
  store->min_ttl = options->min_ttl;
  store->stats.is_loading = true;
  rc = store_queue_init(&store->queue);
  if (rc == 0)
    rc = store_queue_init(&store->batch);
  if (rc == 0 && (!store->file.path || !flush_unknown(store, options)))
    rc = -ENOMEM;
  if (rc == 0)
    rc = start_thread(store);
  if (rc != 0)
    store_free(store);
  else
    *out = store;
  return rc;
}

/* ---- putting ---- */

/* With the lock held. */
static void after_adding(mlxr_store_t *store) {
  if (store->queue.len >= QUEUE_HIGH)
    store->is_urgent = true;
  if (store->sleep == IDLE || (store->sleep == PAUSING && store->is_urgent))
    wake(store);
}

/* What the file does with an answer; 0 when it does not care. */
static unsigned op_for(const mlxr_store_t *store, const mlxr_cache_key_t *key,
                       const uint8_t *answer, size_t len,
                       const mlxr_cache_note_t *note) {
  mlxr_answer_info_t info;
  size_t question_end = MLXR_HEADER_LEN + key->name_len + 4;
  if (len < question_end || len > MLXR_PACKET_MAX ||
      mlxr_answer_read(answer, len, &info) != 0 ||
      info.status == MLXR_STATUS_FAILURE)
    return 0;
  bool has_ttl = len > question_end && (info.ttl > 0 || store->min_ttl > 0);
  if (!has_ttl && note->min_ttl == 0)
    return OP_DELETE;
  return note->age > 0 ? OP_PUT_OLD : OP_PUT;
}

static void fill_op(store_op_t *op, const mlxr_cache_key_t *key,
                    const uint8_t *answer, size_t len,
                    const mlxr_cache_note_t *note, const char *interface,
                    uint64_t now) {
  const store_head_t head = {.strategy = note->strategy,
                             .min_ttl = note->min_ttl,
                             .max_ttl = note->max_ttl,
                             .flags = note->flags};
  op->said = (int64_t)now - (int64_t)note->age;
  op->key_len = (uint16_t)store_put_key(key, op->bytes);
  if (op->kind != OP_DELETE)
    op->value_len = (uint32_t)store_put_value(&head, interface, key, answer,
                                              len, op->bytes + op->key_len);
}

void mlxr_store_put(mlxr_store_t *store, const mlxr_cache_key_t *key,
                    const uint8_t *answer, size_t len,
                    const mlxr_cache_note_t *note, const char *interface,
                    uint64_t now) {
  unsigned kind = op_for(store, key, answer, len, note);
  size_t room = STORE_KEY_MAX;
  if (kind == 0)
    return;
  if (kind != OP_DELETE)
    room += STORE_HEAD + MLXR_INTERFACE_NAME_MAX + len;
  pthread_mutex_lock(&store->lock);
  store_op_t *op = NULL;
  if (!store->is_off)
    op = store_queue_add(&store->queue, kind, room, QUEUE_MAX);
  if (op) {
    fill_op(op, key, answer, len, note, interface, now);
    store_queue_trim(&store->queue, op, op->key_len + op->value_len);
    after_adding(store);
  } else {
    store->is_behind = true;
    store->stats.lost++;
  }
  pthread_mutex_unlock(&store->lock);
}

/* A flush may not get lost: rather than that everything goes. */
void mlxr_store_flush(mlxr_store_t *store, const mlxr_cache_filter_t *filter,
                      const char *interface, uint64_t now) {
  pthread_mutex_lock(&store->lock);
  size_t most = store->is_off ? OFF_QUEUE_MAX : QUEUE_MAX;
  if (!filter ||
      !store_queue_flush(&store->queue, filter, interface, now, most)) {
    store_queue_clear(&store->queue);
    store_queue_flush(&store->queue, NULL, NULL, now, QUEUE_MAX);
    store->is_behind = store->is_behind || filter;
  }
  store->is_urgent = true;
  after_adding(store);
  pthread_mutex_unlock(&store->lock);
}

/* ---- asking ---- */

bool store_is_closing(mlxr_store_t *store) {
  pthread_mutex_lock(&store->lock);
  bool is_closing = store->is_closing;
  pthread_mutex_unlock(&store->lock);
  return is_closing;
}

void store_fall_behind(mlxr_store_t *store) {
  pthread_mutex_lock(&store->lock);
  store->is_behind = true;
  pthread_mutex_unlock(&store->lock);
}

int mlxr_store_fd(const mlxr_store_t *store) { return store->wakeup.read_fd; }

int mlxr_store_step(mlxr_store_t *store, mlxr_store_event_t *out,
                    size_t count) {
  mlxr_wakeup_drain(&store->wakeup);
  pthread_mutex_lock(&store->lock);
  unsigned n = store->event_count;
  if (n > count)
    n = (unsigned)count;
  memcpy(out, store->events, n * sizeof *out);
  store->event_count -= n;
  memmove(store->events, store->events + n, store->event_count * sizeof *out);
  bool has_more = store->event_count > 0;
  pthread_mutex_unlock(&store->lock);
  if (has_more)
    mlxr_wakeup_signal(&store->wakeup);
  return (int)n;
}

void mlxr_store_stats(mlxr_store_t *store, mlxr_store_stats_t *out) {
  pthread_mutex_lock(&store->lock);
  *out = store->stats;
  pthread_mutex_unlock(&store->lock);
}

/* ---- the end ---- */

/* The cache may go when we return, so that its use is waited for in any case;
 * it ends soon. */
static bool wait_for_end(mlxr_store_t *store, unsigned patience) {
  uint64_t until = mlxr_clock_ms() + patience;
  for (;;) {
    pthread_mutex_lock(&store->lock);
    bool is_over = store->is_over, uses_cache = store->uses_cache;
    uint64_t now = mlxr_clock_ms();
    bool is_late = now >= until && !uses_cache;
    if (!is_over && is_late)
      store->is_orphan = true;
    pthread_mutex_unlock(&store->lock);
    if (is_over || is_late)
      return is_over;
    struct pollfd poll_fd = {.fd = store->wakeup.read_fd, .events = POLLIN};
    poll(&poll_fd, 1, now < until ? (int)(until - now) : 10);
    mlxr_wakeup_drain(&store->wakeup);
  }
}

bool mlxr_store_close(mlxr_store_t *store, unsigned patience) {
  if (!store)
    return true;
  pthread_mutex_lock(&store->lock);
  store->is_closing = true;
  wake(store);
  pthread_mutex_unlock(&store->lock);
  pthread_t thread = store->thread;
  if (!wait_for_end(store, patience)) {
    pthread_detach(thread);
    return false;
  }
  pthread_join(thread, NULL);
  bool is_written = store->is_written;
  store_free(store);
  return is_written;
}
