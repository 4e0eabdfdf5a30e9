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

static bool is_woken(const mlxr_storage_t *storage, storage_sleep_t sleep) {
  if (storage->is_closing)
    return true;
  if (sleep == IDLE)
    return storage->queue.count > 0 || storage->is_behind;
  return sleep == PAUSING && storage->is_urgent;
}

/* Sleeps until there is a reason not to, or for `ms` (-1: as long as it takes).
 */
static void sleep_for(mlxr_storage_t *storage, storage_sleep_t sleep, int ms) {
  uint64_t until = mlxr_clock_ms() + (uint64_t)(ms > 0 ? ms : 0);
  for (;;) {
    pthread_mutex_lock(&storage->lock);
    bool is_over = is_woken(storage, sleep);
    storage->sleep = is_over ? AWAKE : sleep;
    pthread_mutex_unlock(&storage->lock);
    uint64_t now = mlxr_clock_ms();
    if (is_over || (ms >= 0 && now >= until))
      break;
    struct pollfd poll_fd = {.fd = storage->work.read_fd, .events = POLLIN};
    poll(&poll_fd, 1, ms < 0 ? -1 : (int)(until - now));
    mlxr_wakeup_drain(&storage->work);
  }
  pthread_mutex_lock(&storage->lock);
  storage->sleep = AWAKE;
  pthread_mutex_unlock(&storage->lock);
}

/* ---- telling ---- */

/* When nobody steps, the latest are lost. */
static void tell(mlxr_storage_t *storage, enum mlxr_storage_event_kind kind,
                 uint64_t count, const char *text) {
  pthread_mutex_lock(&storage->lock);
  if (storage->event_count < STORAGE_EVENTS) {
    mlxr_storage_event_t *event = &storage->events[storage->event_count++];
    event->kind = kind;
    event->count = count;
    snprintf(event->text, sizeof event->text, "%s", text);
  }
  storage->stats.is_working =
      kind == MLXR_STORAGE_LOADED || kind == MLXR_STORAGE_WORKS;
  pthread_mutex_unlock(&storage->lock);
  mlxr_wakeup_signal(&storage->wakeup);
}

static void tell_problem(mlxr_storage_t *storage, const char *text) {
  pthread_mutex_lock(&storage->lock);
  storage->stats.is_loading = false;
  pthread_mutex_unlock(&storage->lock);
  if (!storage->has_told)
    tell(storage, MLXR_STORAGE_PROBLEM, 0, text);
  storage->has_told = true;
}

/* ---- opening ---- */

static void end_loading(mlxr_storage_t *storage) {
  storage->has_loaded = true;
  storage->has_told = false;
  pthread_mutex_lock(&storage->lock);
  storage->stats.is_loading = false;
  uint64_t loaded = storage->stats.loaded;
  pthread_mutex_unlock(&storage->lock);
  tell(storage, MLXR_STORAGE_LOADED, loaded, storage->file.path);
}

/* Damage may show only when all is read. */
static int open_and_load(mlxr_storage_t *storage, char text[400]) {
  storage_file_t *file = &storage->file;
  int rc = storage_file_open(file, &storage->clock, text);
  if (rc == 0 && !storage->has_loaded) {
    rc = storage_load(storage);
    if (rc == MLXR_EFORMAT)
      snprintf(text, 400, "%s: is damaged", file->path);
    else if (rc != 0)
      snprintf(text, 400, "%s: %s", file->path, mlxr_error_text(rc));
  }
  return rc;
}

/* Without a file everything that is put is lost, but no flush. */
static void turn_off(mlxr_storage_t *storage) {
  pthread_mutex_lock(&storage->lock);
  storage->is_off = storage->is_behind = true;
  storage_queue_keep_flushes(&storage->queue);
  pthread_mutex_unlock(&storage->lock);
}

static int begin(mlxr_storage_t *storage) {
  storage_file_t *file = &storage->file;
  char text[400] = "";
  pthread_mutex_lock(&storage->lock);
  storage->is_urgent = false;
  pthread_mutex_unlock(&storage->lock);
  int rc = open_and_load(storage, text);
  if (rc == MLXR_EFORMAT) {
    rc = storage_file_set_aside(file, text);
    if (rc == 0) {
      tell(storage, MLXR_STORAGE_ASIDE, 0, text);
      pthread_mutex_lock(&storage->lock);
      storage->is_behind = true;
      pthread_mutex_unlock(&storage->lock);
      rc = open_and_load(storage, text);
    }
  }
  if (rc == MLXR_ECANCELED)
    return rc;
  if (rc != 0) {
    storage_file_close(file);
    tell_problem(storage, text);
    turn_off(storage);
    return rc;
  }
  if (!storage->has_loaded)
    end_loading(storage);
  pthread_mutex_lock(&storage->lock);
  storage->is_off = false;
  storage->is_urgent = storage->queue.vital > 0;
  pthread_mutex_unlock(&storage->lock);
  return 0;
}

/* ---- writing ---- */

static void take_batch(mlxr_storage_t *storage, bool *is_behind) {
  storage_queue_clear(&storage->batch);
  pthread_mutex_lock(&storage->lock);
  storage_queue_t empty = storage->batch;
  storage->batch = storage->queue;
  storage->queue = empty;
  storage->is_urgent = false;
  *is_behind = storage->is_behind;
  pthread_mutex_unlock(&storage->lock);
}

/* When the file is at its bound, most of it is what the cache has dropped or
 * replaced: it is written anew from the cache, and takes the batch then. */
static int write_one(mlxr_storage_t *storage) {
  bool is_behind;
  uint64_t start = mlxr_clock_ms();
  take_batch(storage, &is_behind);
  int rc = storage->batch.count > 0 ? storage_apply(storage) : 0;
  if (rc == MLXR_ENOSPACE) {
    rc = storage_rewrite(storage);
    if (rc == 0)
      rc = storage_apply(storage);
    if (rc == MLXR_ENOSPACE) {
      /* a file that is too small for this; what is put is in the cache */
      storage_queue_keep_flushes(&storage->batch);
      rc = storage_apply(storage);
    }
  } else if (rc == 0 && is_behind) {
    rc = storage_rewrite(storage);
  }
  storage->last_took = mlxr_clock_ms() - start;
  return rc;
}

static int pause_of(const mlxr_storage_t *storage) {
  uint64_t pause = storage->last_took * PAUSE_SHARE;
  if (pause > PAUSE_MAX)
    return PAUSE_MAX;
  return pause < PAUSE_MIN ? PAUSE_MIN : (int)pause;
}

static int work(mlxr_storage_t *storage) {
  int rc = 0;
  while (rc == 0 && !storage_is_closing(storage)) {
    sleep_for(storage, IDLE, -1);
    sleep_for(storage, PAUSING, pause_of(storage));
    rc = write_one(storage);
    if (rc == 0 && storage->has_told) {
      storage->has_told = false;
      tell(storage, MLXR_STORAGE_WORKS, 0, storage->file.path);
    }
  }
  return rc == MLXR_ECANCELED ? 0 : rc;
}

/* What was flushed must not come back, even if that costs the file. */
static void give_up(mlxr_storage_t *storage, int rc) {
  char text[400];
  snprintf(text, sizeof text, "%s: %s", storage->file.path,
           mlxr_error_text(rc));
  if (storage->batch.vital > 0)
    unlink(storage->file.path);
  storage_file_close(&storage->file);
  turn_off(storage);
  tell_problem(storage, text);
}

static void end(mlxr_storage_t *storage, bool is_open) {
  int rc = is_open ? write_one(storage) : 0;
  pthread_mutex_lock(&storage->lock);
  bool is_behind = storage->is_behind;
  pthread_mutex_unlock(&storage->lock);
  storage_file_close(&storage->file);
  pthread_mutex_lock(&storage->lock);
  storage->is_written =
      is_open && (rc == 0 || rc == MLXR_ECANCELED) && !is_behind;
  storage->is_over = true;
  bool is_orphan = storage->is_orphan;
  pthread_mutex_unlock(&storage->lock);
  if (is_orphan)
    storage_free(storage);
  else
    mlxr_wakeup_signal(&storage->wakeup);
}

void *storage_run(void *context) {
  mlxr_storage_t *storage = context;
  bool is_open = false;
  step_back();
  while (!storage_is_closing(storage)) {
    int rc = begin(storage);
    is_open = rc == 0;
    if (is_open)
      rc = work(storage);
    if (rc != 0 && is_open) {
      give_up(storage, rc);
      is_open = false;
    }
    if (rc != 0)
      sleep_for(storage, PAUSING, RETRY);
  }
  end(storage, is_open);
  return NULL;
}
