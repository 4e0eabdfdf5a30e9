#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/resource.h>
#include <sys/syscall.h>
#endif

#include "clock.h"
#include "store_internal.h"

/* The thread sleeps until something is put, gathers for a while, and writes.
 * How long it gathers follows from how long writing took: a quiet daemon's
 * answers are on the disk after a fifth of a second, a busy one's after a
 * second and a half. */

enum {
  PAUSE_MIN = 200, /* ms */
  PAUSE_MAX = 1500,
  PAUSE_SHARE = 20,
  RETRY = 15000
};

/* Whoever answers comes first. */
static void step_back(void) {
#ifdef __linux__
  enum { NICE = 10 };
  setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICE);
  pthread_setname_np(pthread_self(), "mlxr-store");
#endif
}

static bool is_woken(const mlxr_store_t *store, store_sleep_t sleep) {
  if (store->is_closing)
    return true;
  if (sleep == IDLE)
    return store->queue.count > 0 || store->is_behind || store->wants_anew;
  return sleep == PAUSING && store->is_urgent;
}

/* Sleeps until there is a reason not to, or for `ms` (-1: as long as it takes).
 */
static void sleep_for(mlxr_store_t *store, store_sleep_t sleep, int ms) {
  uint64_t until = mlxr_clock_ms() + (uint64_t)(ms > 0 ? ms : 0);
  for (;;) {
    pthread_mutex_lock(&store->lock);
    bool is_over = is_woken(store, sleep);
    store->sleep = is_over ? AWAKE : sleep;
    pthread_mutex_unlock(&store->lock);
    uint64_t now = mlxr_clock_ms();
    if (is_over || (ms >= 0 && now >= until))
      break;
    struct pollfd poll_fd = {.fd = store->work.read_fd, .events = POLLIN};
    poll(&poll_fd, 1, ms < 0 ? -1 : (int)(until - now));
    mlxr_wakeup_drain(&store->work);
  }
  pthread_mutex_lock(&store->lock);
  store->sleep = AWAKE;
  pthread_mutex_unlock(&store->lock);
}

/* ---- telling ---- */

/* When nobody steps, the latest are lost. */
static void tell(mlxr_store_t *store, enum mlxr_store_event_kind kind,
                 uint64_t count, const char *text) {
  pthread_mutex_lock(&store->lock);
  if (store->event_count < STORE_EVENTS) {
    mlxr_store_event_t *event = &store->events[store->event_count++];
    event->kind = kind;
    event->count = count;
    snprintf(event->text, sizeof event->text, "%s", text);
  }
  store->stats.is_working =
      kind == MLXR_STORAGE_LOADED || kind == MLXR_STORAGE_WORKS;
  pthread_mutex_unlock(&store->lock);
  mlxr_wakeup_signal(&store->wakeup);
}

static void tell_problem(mlxr_store_t *store, const char *text) {
  pthread_mutex_lock(&store->lock);
  store->stats.is_loading = false;
  pthread_mutex_unlock(&store->lock);
  if (!store->has_told)
    tell(store, MLXR_STORAGE_PROBLEM, 0, text);
  store->has_told = true;
}

/* ---- opening ---- */

static void end_loading(mlxr_store_t *store) {
  store->has_loaded = true;
  store->has_told = false;
  pthread_mutex_lock(&store->lock);
  store->stats.is_loading = false;
  uint64_t loaded = store->stats.loaded;
  pthread_mutex_unlock(&store->lock);
  tell(store, MLXR_STORAGE_LOADED, loaded, store->file.path);
}

/* Damage may show only when all is read. */
static int open_and_load(mlxr_store_t *store, char text[400]) {
  store_file_t *file = &store->file;
  int rc = store_file_open(file, &store->clock, text);
  if (rc == 0 && !store->has_loaded) {
    rc = store_load(store);
    if (rc == MLXR_EFORMAT)
      snprintf(text, 400, "%s: is damaged", file->path);
    else if (rc != 0)
      snprintf(text, 400, "%s: %s", file->path, mlxr_error_text(rc));
  }
  return rc;
}

/* Without a file everything that is put is lost, but no flush. */
static void turn_off(mlxr_store_t *store) {
  pthread_mutex_lock(&store->lock);
  store->is_off = store->is_behind = true;
  store_queue_keep_flushes(&store->queue);
  pthread_mutex_unlock(&store->lock);
}

static int begin(mlxr_store_t *store) {
  store_file_t *file = &store->file;
  char text[400] = "";
  pthread_mutex_lock(&store->lock);
  store->is_urgent = false;
  pthread_mutex_unlock(&store->lock);
  int rc = open_and_load(store, text);
  if (rc == MLXR_EFORMAT) {
    rc = store_file_set_aside(file, text);
    if (rc == 0) {
      tell(store, MLXR_STORAGE_ASIDE, 0, text);
      pthread_mutex_lock(&store->lock);
      store->wants_anew = true;
      pthread_mutex_unlock(&store->lock);
      rc = open_and_load(store, text);
    }
  }
  if (rc == MLXR_ECANCELED)
    return rc;
  if (rc != 0) {
    store_file_close(file);
    tell_problem(store, text);
    turn_off(store);
    return rc;
  }
  if (!store->has_loaded)
    end_loading(store);
  pthread_mutex_lock(&store->lock);
  store->is_off = false;
  store->is_urgent = store->queue.vital > 0;
  pthread_mutex_unlock(&store->lock);
  return 0;
}

/* ---- writing ---- */

static void take_batch(mlxr_store_t *store, bool *is_due) {
  store_queue_clear(&store->batch);
  pthread_mutex_lock(&store->lock);
  store_queue_t empty = store->batch;
  store->batch = store->queue;
  store->queue = empty;
  store->is_urgent = false;
  *is_due = store->is_behind || store->wants_anew;
  pthread_mutex_unlock(&store->lock);
}

/* When the file is at its bound, most of it is what the cache has dropped or
 * replaced: it is written anew from the cache, and takes the batch then. What
 * was flushed a moment ago may still be in the cache: all other writing anew
 * comes after a batch without flushes. */
static int write_one(mlxr_store_t *store) {
  bool is_due;
  uint64_t start = mlxr_clock_ms();
  take_batch(store, &is_due);
  int rc = store->batch.count > 0 ? store_apply(store) : 0;
  if (rc == MLXR_ENOSPACE) {
    rc = store_rewrite(store);
    if (rc == 0)
      rc = store_apply(store);
    if (rc == MLXR_ECANCELED)
      store_fall_behind(store);
    if (rc == MLXR_ENOSPACE || rc == MLXR_ECANCELED) {
      /* too small for this, or closing; what is put is in the cache */
      store_queue_keep_flushes(&store->batch);
      rc = store_apply(store);
    }
  } else if (rc == 0 && is_due && store->batch.flushes == 0) {
    rc = store_rewrite(store);
  }
  store->last_took = mlxr_clock_ms() - start;
  return rc;
}

static int pause_of(const mlxr_store_t *store) {
  uint64_t pause = store->last_took * PAUSE_SHARE;
  if (pause > PAUSE_MAX)
    return PAUSE_MAX;
  return pause < PAUSE_MIN ? PAUSE_MIN : (int)pause;
}

static int work(mlxr_store_t *store) {
  int rc = 0;
  while (rc == 0 && !store_is_closing(store)) {
    sleep_for(store, IDLE, -1);
    sleep_for(store, PAUSING, pause_of(store));
    rc = write_one(store);
    if (rc == 0 && store->has_told) {
      store->has_told = false;
      tell(store, MLXR_STORAGE_WORKS, 0, store->file.path);
    }
  }
  return rc == MLXR_ECANCELED ? 0 : rc;
}

/* What was flushed must not come back, even if that costs the file. */
static void close_file(mlxr_store_t *store, bool has_failed) {
  if (has_failed && store->batch.vital > 0)
    unlink(store->file.path);
  store_file_close(&store->file);
}

static void give_up(mlxr_store_t *store, int rc) {
  char text[400];
  snprintf(text, sizeof text, "%s: %s", store->file.path, mlxr_error_text(rc));
  close_file(store, true);
  turn_off(store);
  tell_problem(store, text);
}

static void end(mlxr_store_t *store, bool is_open) {
  int rc = is_open ? write_one(store) : 0;
  close_file(store, rc != 0 && rc != MLXR_ECANCELED);
  pthread_mutex_lock(&store->lock);
  store->is_written =
      is_open && (rc == 0 || rc == MLXR_ECANCELED) && !store->is_behind;
  store->is_over = true;
  bool is_orphan = store->is_orphan;
  pthread_mutex_unlock(&store->lock);
  if (is_orphan)
    store_free(store);
  else
    mlxr_wakeup_signal(&store->wakeup);
}

/* Also one that is closed at once opens the file, for what is in the queue. */
void *store_run(void *context) {
  mlxr_store_t *store = context;
  bool is_open = false;
  step_back();
  do {
    int rc = begin(store);
    is_open = rc == 0 || rc == MLXR_ECANCELED;
    if (rc == 0)
      rc = work(store);
    if (is_open && rc != 0 && rc != MLXR_ECANCELED) {
      give_up(store, rc);
      is_open = false;
    }
    if (rc != 0)
      sleep_for(store, PAUSING, RETRY);
  } while (!store_is_closing(store));
  end(store, is_open);
  return NULL;
}
