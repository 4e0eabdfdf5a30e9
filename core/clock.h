/* clock.h - steady time, and what became of it while nobody looked.
 *
 * Steady time is what the whole program counts in: it never goes back, no
 * setting of the wall clock touches it, and it goes on while the machine
 * sleeps, since a TTL does too. A watch tells of sleep and of a wall clock that
 * was set: a timer of Linux that such a setting cancels (clock_linux.c), a look
 * every few seconds on BSD and macOS (clock_bsd.c).
 */
#ifndef MLXR_CLOCK_H
#define MLXR_CLOCK_H

#include <pthread.h>

#include "mlxresolve.h"

/// Steady time, since the machine was started.
uint64_t mlxr_clock_ns(void);
uint64_t mlxr_clock_ms(void);

/// Initialises a condition for `mlxr_clock_await`. 0 or a negative errno.
int mlxr_clock_cond_init(pthread_cond_t *condition);

/// Waits for a condition at most `ms`, whatever the wall clock does; the time
/// that the machine sleeps does not count. 0, or ETIMEDOUT as pthreads say it.
int mlxr_clock_await(pthread_cond_t *condition, pthread_mutex_t *lock,
                     unsigned ms);

/// Three clocks at one moment, ns.
typedef struct mlxr_clock_reading {
  uint64_t awake; ///< stands still while the machine sleeps
  uint64_t steady;
  uint64_t date; ///< since 1970
} mlxr_clock_reading_t;

typedef struct mlxr_clock_change {
  uint64_t slept; ///< ms; 0 when it did not
  int64_t jumped; ///< ms that the date was set by; 0 when it was not
} mlxr_clock_change_t;

void mlxr_clock_read(mlxr_clock_reading_t *out);

/// What happened between two readings, to the nearest ms; less than a second is
/// nothing. True when something did.
bool mlxr_clock_compare(const mlxr_clock_reading_t *before,
                        const mlxr_clock_reading_t *after,
                        mlxr_clock_change_t *out);

typedef struct mlxr_clock_watch mlxr_clock_watch_t;

int mlxr_clock_watch_open(mlxr_clock_watch_t **out);
void mlxr_clock_watch_close(mlxr_clock_watch_t *watch);
int mlxr_clock_watch_fd(const mlxr_clock_watch_t *watch);

/// What happened since the last step: 1 when something did, 0, or a negative
/// errno.
int mlxr_clock_watch_step(mlxr_clock_watch_t *watch, mlxr_clock_change_t *out);

#endif
