#include "clock_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* Linux stops CLOCK_MONOTONIC while it sleeps; macOS goes on counting there,
 * and has another clock that stops. */
#ifdef __APPLE__
#define STEADY CLOCK_MONOTONIC
#define AWAKE CLOCK_UPTIME_RAW
#elif defined CLOCK_BOOTTIME
#define STEADY CLOCK_BOOTTIME
#define AWAKE CLOCK_MONOTONIC
#else
#define STEADY CLOCK_MONOTONIC
#define AWAKE CLOCK_MONOTONIC
#endif

/* ms; clocks are trimmed by less all the time */
enum { WORTH_TELLING = 1000, NS_PER_MS = 1000000 };

struct mlxr_clock_watch {
  int fd;
  mlxr_clock_reading_t last;
};

static uint64_t read_ns(clockid_t which) {
  struct timespec time;
  clock_gettime(which, &time);
  return (uint64_t)time.tv_sec * 1000000000U + (uint64_t)time.tv_nsec;
}

uint64_t mlxr_clock_ns(void) { return read_ns(STEADY); }

uint64_t mlxr_clock_ms(void) { return read_ns(STEADY) / NS_PER_MS; }

void mlxr_clock_read(mlxr_clock_reading_t *out) {
  *out = (mlxr_clock_reading_t){.awake = read_ns(AWAKE),
                                .steady = read_ns(STEADY),
                                .date = read_ns(CLOCK_REALTIME)};
}

static int64_t to_ms(int64_t ns) {
  int64_t half = ns < 0 ? -NS_PER_MS / 2 : NS_PER_MS / 2;
  return (ns + half) / NS_PER_MS;
}

bool mlxr_clock_compare(const mlxr_clock_reading_t *before,
                        const mlxr_clock_reading_t *after,
                        mlxr_clock_change_t *out) {
  int64_t awake = (int64_t)(after->awake - before->awake);
  int64_t steady = (int64_t)(after->steady - before->steady);
  int64_t date = (int64_t)(after->date - before->date);
  int64_t slept = to_ms(steady - awake), jumped = to_ms(date - steady);
  *out = (mlxr_clock_change_t){0};
  if (slept >= WORTH_TELLING)
    out->slept = (uint64_t)slept;
  if (jumped >= WORTH_TELLING || jumped <= -WORTH_TELLING)
    out->jumped = jumped;
  return out->slept != 0 || out->jumped != 0;
}

/* macOS cannot choose the clock of a condition, but wait for a duration. */
#ifdef __APPLE__
int mlxr_clock_cond_init(pthread_cond_t *condition) {
  return -pthread_cond_init(condition, NULL);
}

int mlxr_clock_await(pthread_cond_t *condition, pthread_mutex_t *lock,
                     unsigned ms) {
  struct timespec time = {.tv_sec = ms / 1000,
                          .tv_nsec = (long)(ms % 1000) * 1000000};
  return pthread_cond_timedwait_relative_np(condition, lock, &time);
}
#else
int mlxr_clock_cond_init(pthread_cond_t *condition) {
  pthread_condattr_t attributes;
  int rc = pthread_condattr_init(&attributes);
  if (rc != 0)
    return -rc;
  rc = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  if (rc == 0)
    rc = pthread_cond_init(condition, &attributes);
  pthread_condattr_destroy(&attributes);
  return -rc;
}

int mlxr_clock_await(pthread_cond_t *condition, pthread_mutex_t *lock,
                     unsigned ms) {
  uint64_t end = read_ns(CLOCK_MONOTONIC) + (uint64_t)ms * 1000000;
  struct timespec time = {.tv_sec = (time_t)(end / 1000000000U),
                          .tv_nsec = (long)(end % 1000000000U)};
  return pthread_cond_timedwait(condition, lock, &time);
}
#endif

int mlxr_clock_watch_open(mlxr_clock_watch_t **out) {
  mlxr_clock_watch_t *watch = calloc(1, sizeof *watch);
  if (!watch)
    return -ENOMEM;
  watch->fd = mlxr_clock_alarm_open();
  if (watch->fd < 0) {
    int code = watch->fd;
    free(watch);
    return code;
  }
  mlxr_clock_read(&watch->last);
  *out = watch;
  return 0;
}

void mlxr_clock_watch_close(mlxr_clock_watch_t *watch) {
  if (!watch)
    return;
  close(watch->fd);
  free(watch);
}

int mlxr_clock_watch_fd(const mlxr_clock_watch_t *watch) { return watch->fd; }

int mlxr_clock_watch_step(mlxr_clock_watch_t *watch, mlxr_clock_change_t *out) {
  int rc = mlxr_clock_alarm_rearm(watch->fd);
  mlxr_clock_reading_t now;
  mlxr_clock_read(&now);
  bool is_change = mlxr_clock_compare(&watch->last, &now, out);
  watch->last = now;
  return is_change ? 1 : rc;
}
