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
  BYTES_MIN = 256 * 1024
};

/* ---- making ---- */

static void wake(mlxr_storage_t *storage) {
  storage->sleep = AWAKE;
  mlxr_wakeup_signal(&storage->work);
}

static void pin_code(void) { mlxr_pin_code((const void *)&storage_run); }

static int start_thread(mlxr_storage_t *storage) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  sigset_t all, before;
  pthread_once(&once, pin_code);
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int rc = pthread_create(&storage->thread, NULL, storage_run, storage);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return -rc;
}

void storage_free(mlxr_storage_t *storage) {
  mlxr_wakeup_close(&storage->work);
  mlxr_wakeup_close(&storage->wakeup);
  pthread_mutex_destroy(&storage->lock);
  free(storage->queue.bytes);
  free(storage->batch.bytes);
  free(storage->file.path);
  free(storage);
}

static int open_wakeups(mlxr_storage_t *storage) {
  int rc = mlxr_wakeup_open(&storage->work);
  if (rc != 0)
    return rc;
  rc = mlxr_wakeup_open(&storage->wakeup);
  if (rc != 0)
    mlxr_wakeup_close(&storage->work);
  return rc;
}

/* Entries of unknown strategies are flushed, before they are loaded. */
static bool flush_unknown(mlxr_storage_t *storage,
                          const mlxr_storage_options_t *options) {
  const mlxr_cache_filter_t unknown = {.strategies_but = options->strategies,
                                       .strategies_but_count =
                                           options->strategy_count};
  return !options->strategies ||
         storage_queue_flush(&storage->queue, &unknown, NULL, options->now,
                             QUEUE_MAX);
}

int mlxr_storage_open(const mlxr_storage_options_t *options,
                      mlxr_storage_t **out) {
  if (!options->path || options->path[0] == '\0' || !options->cache)
    return -EINVAL;
  mlxr_storage_t *storage = calloc(1, sizeof *storage);
  if (!storage)
    return -ENOMEM;
  int rc = open_wakeups(storage);
  if (rc != 0) {
    free(storage);
    return rc;
  }
  pthread_mutex_init(&storage->lock, NULL);
  storage_clock_init(&storage->clock, options);
  storage->file.lock_fd = -1;
  storage->file.bytes =
      options->bytes > BYTES_MIN ? options->bytes : (size_t)BYTES_MIN;
  storage->file.path = strdup(options->path);
  storage->cache = options->cache;
  storage->min_ttl = options->min_ttl;
  storage->stats.is_loading = true;
  rc = storage_queue_init(&storage->queue);
  if (rc == 0)
    rc = storage_queue_init(&storage->batch);
  if (rc == 0 && (!storage->file.path || !flush_unknown(storage, options)))
    rc = -ENOMEM;
  if (rc == 0)
    rc = start_thread(storage);
  if (rc != 0)
    storage_free(storage);
  else
    *out = storage;
  return rc;
}

/* ---- putting ---- */

/* With the lock held. */
static void after_adding(mlxr_storage_t *storage) {
  if (storage->queue.len >= QUEUE_HIGH)
    storage->is_urgent = true;
  if (storage->sleep == IDLE ||
      (storage->sleep == PAUSING && storage->is_urgent))
    wake(storage);
}

/* What the file does with an answer; 0 when it does not care. */
static unsigned op_for(const mlxr_storage_t *storage,
                       const mlxr_cache_key_t *key, const uint8_t *answer,
                       size_t len, const mlxr_cache_note_t *note) {
  mlxr_answer_info_t info;
  size_t question_end = MLXR_HEADER_LEN + key->name_len + 4;
  if (len < question_end || len > MLXR_PACKET_MAX ||
      mlxr_answer_read(answer, len, &info) != 0 ||
      info.status == MLXR_STATUS_FAILURE)
    return 0;
  bool has_ttl = len > question_end && (info.ttl > 0 || storage->min_ttl > 0);
  return has_ttl || note->min_ttl > 0 ? OP_PUT : OP_DELETE;
}

static void fill_op(storage_op_t *op, const mlxr_cache_key_t *key,
                    const uint8_t *answer, size_t len,
                    const mlxr_cache_note_t *note, const char *interface,
                    uint64_t now) {
  const storage_head_t head = {.strategy = note->strategy,
                               .min_ttl = note->min_ttl,
                               .max_ttl = note->max_ttl,
                               .flags = note->flags};
  op->said = now > note->age ? now - note->age : 0;
  op->key_len = (uint16_t)storage_put_key(key, op->bytes);
  if (op->kind == OP_PUT)
    op->value_len = (uint32_t)storage_put_value(&head, interface, key, answer,
                                                len, op->bytes + op->key_len);
}

void mlxr_storage_put(mlxr_storage_t *storage, const mlxr_cache_key_t *key,
                      const uint8_t *answer, size_t len,
                      const mlxr_cache_note_t *note, const char *interface,
                      uint64_t now) {
  unsigned kind = op_for(storage, key, answer, len, note);
  size_t room = STORAGE_KEY_MAX;
  if (kind == 0)
    return;
  if (kind == OP_PUT)
    room += STORAGE_HEAD + MLXR_INTERFACE_NAME_MAX + len;
  pthread_mutex_lock(&storage->lock);
  storage_op_t *op = NULL;
  if (!storage->is_off)
    op = storage_queue_add(&storage->queue, kind, room, QUEUE_MAX);
  if (op) {
    fill_op(op, key, answer, len, note, interface, now);
    storage_queue_trim(&storage->queue, op, op->key_len + op->value_len);
    after_adding(storage);
  } else {
    storage->is_behind = true;
    storage->stats.lost++;
  }
  pthread_mutex_unlock(&storage->lock);
}

/* A flush may not get lost: rather than that everything goes. */
void mlxr_storage_flush(mlxr_storage_t *storage,
                        const mlxr_cache_filter_t *filter,
                        const char *interface, uint64_t now) {
  pthread_mutex_lock(&storage->lock);
  size_t most = storage->is_off ? OFF_QUEUE_MAX : QUEUE_MAX;
  if (!filter ||
      !storage_queue_flush(&storage->queue, filter, interface, now, most)) {
    storage_queue_clear(&storage->queue);
    storage_queue_flush(&storage->queue, NULL, NULL, now, QUEUE_MAX);
    storage->is_behind = storage->is_behind || filter;
  }
  storage->is_urgent = true;
  after_adding(storage);
  pthread_mutex_unlock(&storage->lock);
}

/* ---- asking ---- */

bool storage_is_closing(mlxr_storage_t *storage) {
  pthread_mutex_lock(&storage->lock);
  bool is_closing = storage->is_closing;
  pthread_mutex_unlock(&storage->lock);
  return is_closing;
}

int mlxr_storage_fd(const mlxr_storage_t *storage) {
  return storage->wakeup.read_fd;
}

int mlxr_storage_step(mlxr_storage_t *storage, mlxr_storage_event_t *out,
                      size_t count) {
  mlxr_wakeup_drain(&storage->wakeup);
  pthread_mutex_lock(&storage->lock);
  unsigned n = storage->event_count;
  if (n > count)
    n = (unsigned)count;
  memcpy(out, storage->events, n * sizeof *out);
  storage->event_count -= n;
  memmove(storage->events, storage->events + n,
          storage->event_count * sizeof *out);
  bool has_more = storage->event_count > 0;
  pthread_mutex_unlock(&storage->lock);
  if (has_more)
    mlxr_wakeup_signal(&storage->wakeup);
  return (int)n;
}

void mlxr_storage_stats(mlxr_storage_t *storage, mlxr_storage_stats_t *out) {
  pthread_mutex_lock(&storage->lock);
  *out = storage->stats;
  pthread_mutex_unlock(&storage->lock);
}

/* ---- the end ---- */

/* The cache may go when we return, so that its use is waited for in any case;
 * it ends soon. */
static bool wait_for_end(mlxr_storage_t *storage, unsigned patience) {
  uint64_t until = mlxr_clock_ms() + patience;
  for (;;) {
    pthread_mutex_lock(&storage->lock);
    bool is_over = storage->is_over, uses_cache = storage->uses_cache;
    uint64_t now = mlxr_clock_ms();
    bool is_late = now >= until && !uses_cache;
    if (!is_over && is_late)
      storage->is_orphan = true;
    pthread_mutex_unlock(&storage->lock);
    if (is_over || is_late)
      return is_over;
    struct pollfd poll_fd = {.fd = storage->wakeup.read_fd, .events = POLLIN};
    poll(&poll_fd, 1, now < until ? (int)(until - now) : 10);
    mlxr_wakeup_drain(&storage->wakeup);
  }
}

bool mlxr_storage_close(mlxr_storage_t *storage, unsigned patience) {
  if (!storage)
    return true;
  pthread_mutex_lock(&storage->lock);
  storage->is_closing = true;
  wake(storage);
  pthread_mutex_unlock(&storage->lock);
  pthread_t thread = storage->thread;
  if (!wait_for_end(storage, patience)) {
    pthread_detach(thread);
    return false;
  }
  pthread_join(thread, NULL);
  bool is_written = storage->is_written;
  storage_free(storage);
  return is_written;
}
