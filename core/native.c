#include "native.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "native_lookup.h"
#include "pin.h"
#include "poller.h"

enum {
  NAME_BYTES = 256,
  THREADS = 4,
  MAX_THREADS = 64,
  MAX_WAITING = 1024,
  SLOTS_MAX = 65535, /* a slot is an index and a generation, 16 bits each */
  IDLE_SECONDS = 10,
  PATIENCE = 100, /* ms; a lookup that takes longer lets another one begin */
  STACK_BYTES = 1 << 20, /* modules of the name service switch may be greedy */
  /* One that hangs must not hold up the name for ever, nor may it eat up the
   * threads: so many lookups of a name may be given up and still run. */
  ABANDONED_PER_NAME = 2
};

enum flight_state { QUEUED, RUNNING, DONE };

/* One lookup, for all that asked the same. */
typedef struct flight {
  struct flight *next;
  char name[NAME_BYTES];
  int family;
  enum flight_state state;
  uint64_t since;    /* when it began to run */
  bool is_abandoned; /* runs, but nobody waited for it any more */
  bool is_stuck;     /* counts no more among those at work */
  uint32_t waiters;
  mlxr_native_result_t result;
} flight_t;

/* What owner and threads share; the last of them frees it. */
typedef struct pool {
  pthread_mutex_t lock;
  pthread_cond_t work;
  mlxr_wakeup_t wakeup;
  flight_t *flights; /* oldest first */
  uint32_t references;
  uint32_t limit, max_threads;
  uint32_t threads, queued;
  uint32_t idle;  /* of the threads: without a flight */
  uint32_t stuck; /* of the threads: with an abandoned or long one */
  bool is_closed;
} pool_t;

typedef struct question {
  flight_t *flight; /* NULL: free */
  uint64_t deadline;
  uint16_t generation;
} question_t;

struct mlxr_native {
  pool_t *pool;
  question_t *questions;
  uint32_t slots, max_slots, under_way;
  mlxr_native_stats_t stats;
};

static void unlink_flight(pool_t *pool, flight_t *flight) {
  flight_t **at = &pool->flights;
  while (*at != flight)
    at = &(*at)->next;
  *at = flight->next;
  free(flight);
}

static void append_flight(pool_t *pool, flight_t *flight) {
  flight_t **at = &pool->flights;
  while (*at)
    at = &(*at)->next;
  *at = flight;
}

/* Called with the lock held, gives it back. */
static void release_pool(pool_t *pool) {
  bool is_last = --pool->references == 0;
  pthread_mutex_unlock(&pool->lock);
  if (!is_last)
    return;
  while (pool->flights)
    unlink_flight(pool, pool->flights);
  pthread_cond_destroy(&pool->work);
  pthread_mutex_destroy(&pool->lock);
  free(pool);
}

static flight_t *find_queued(pool_t *pool) {
  for (flight_t *f = pool->flights; f; f = f->next)
    if (f->state == QUEUED)
      return f;
  return NULL;
}

/* A thread too many is one that was stuck and came back. */
static bool may_stay(const pool_t *pool) {
  return !pool->is_closed && pool->threads - pool->stuck <= pool->limit;
}

/* The next flight, or NULL when the thread should end. */
static flight_t *await_work(pool_t *pool) {
  int rc = 0;
  while (may_stay(pool) && pool->queued == 0 && rc != ETIMEDOUT)
    rc = mlxr_clock_await(&pool->work, &pool->lock, IDLE_SECONDS * 1000);
  return may_stay(pool) && pool->queued > 0 ? find_queued(pool) : NULL;
}

static void run_flight(pool_t *pool, flight_t *flight) {
  mlxr_native_result_t result;
  flight->state = RUNNING;
  flight->since = mlxr_clock_ms();
  pool->queued--;
  pool->idle--;
  pthread_mutex_unlock(&pool->lock);
  mlxr_native_lookup(flight->name, flight->family, &result);
  pthread_mutex_lock(&pool->lock);
  pool->idle++;
  if (flight->is_stuck)
    pool->stuck--;
  if (pool->is_closed || flight->waiters == 0) {
    unlink_flight(pool, flight);
    return;
  }
  flight->result = result;
  flight->state = DONE;
  mlxr_wakeup_signal(&pool->wakeup);
}

static void *work(void *argument) {
  pool_t *pool = argument;
  pthread_mutex_lock(&pool->lock);
  for (flight_t *flight; (flight = await_work(pool)) != NULL;)
    run_flight(pool, flight);
  pool->threads--;
  pool->idle--;
  release_pool(pool);
  return NULL;
}

static void pin_code(void) { mlxr_pin_code((const void *)&unlink_flight); }

static int start_thread(pool_t *pool) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, pin_code);
  pthread_attr_t attributes;
  pthread_t thread;
  sigset_t all, before;
  int rc = pthread_attr_init(&attributes);
  if (rc != 0)
    return -rc;
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, STACK_BYTES);
  sigfillset(&all); /* signals are for the host's own threads */
  pthread_sigmask(SIG_SETMASK, &all, &before);
  rc = pthread_create(&thread, &attributes, work, pool);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  if (rc != 0)
    return -rc;
  pool->threads++;
  pool->idle++;
  pool->references++;
  return 0;
}

/* Sees that somebody works on what is queued. A failure to start a thread is
 * none as long as there is one; without any it is tried again at each step. */
static int staff(pool_t *pool) {
  int rc = 0;
  while (rc == 0 && pool->queued > pool->idle &&
         pool->threads - pool->stuck < pool->limit &&
         pool->threads < pool->max_threads)
    rc = start_thread(pool);
  if (pool->queued > 0 && pool->idle > 0)
    pthread_cond_broadcast(&pool->work);
  return pool->threads > 0 ? 0 : rc;
}

static int open_pool(const mlxr_native_options_t *options, pool_t **out) {
  pool_t *pool = calloc(1, sizeof *pool);
  if (!pool)
    return -ENOMEM;
  int rc = mlxr_clock_cond_init(&pool->work);
  if (rc == 0)
    rc = mlxr_wakeup_open(&pool->wakeup);
  if (rc < 0) {
    free(pool);
    return rc;
  }
  pthread_mutex_init(&pool->lock, NULL);
  pool->references = 1;
  pool->limit = options->threads ? options->threads : THREADS;
  pool->max_threads = options->max_threads ? options->max_threads : MAX_THREADS;
  *out = pool;
  return 0;
}

int mlxr_native_open(const mlxr_native_options_t *options,
                     mlxr_native_t **out) {
  mlxr_native_t *native = calloc(1, sizeof *native);
  if (!native)
    return -ENOMEM;
  uint32_t most = options->max_waiting ? options->max_waiting : MAX_WAITING;
  native->max_slots = most < SLOTS_MAX ? most : SLOTS_MAX;
  int rc = open_pool(options, &native->pool);
  if (rc < 0) {
    free(native);
    return rc;
  }
  *out = native;
  return 0;
}

/* Flights that run are left to their threads. */
void mlxr_native_close(mlxr_native_t *native) {
  if (!native)
    return;
  pool_t *pool = native->pool;
  pthread_mutex_lock(&pool->lock);
  pool->is_closed = true;
  pool->queued = 0;
  for (flight_t *f = pool->flights, *next; f; f = next) {
    next = f->next;
    if (f->state != RUNNING)
      unlink_flight(pool, f);
  }
  mlxr_wakeup_close(&pool->wakeup);
  pthread_cond_broadcast(&pool->work);
  release_pool(pool);
  free(native->questions);
  free(native);
}

int mlxr_native_fd(const mlxr_native_t *native) {
  return native->pool->wakeup.read_fd;
}

static bool is_for(const flight_t *flight, const char *name, int family) {
  return flight->family == family && strcasecmp(flight->name, name) == 0;
}

/* One that was given up is joined only when there are too many of them. */
static flight_t *find_flight(pool_t *pool, const char *name, int family) {
  flight_t *abandoned = NULL;
  int count = 0;
  for (flight_t *f = pool->flights; f; f = f->next) {
    if (f->state == DONE || !is_for(f, name, family))
      continue;
    if (!f->is_abandoned)
      return f;
    abandoned = f;
    count++;
  }
  return count >= ABANDONED_PER_NAME ? abandoned : NULL;
}

static int queue_flight(pool_t *pool, const char *name, int family,
                        flight_t **out) {
  flight_t *flight = calloc(1, sizeof *flight);
  if (!flight)
    return -ENOMEM;
  memcpy(flight->name, name, strlen(name) + 1);
  flight->family = family;
  append_flight(pool, flight);
  pool->queued++;
  int rc = staff(pool);
  if (rc < 0) {
    pool->queued--;
    unlink_flight(pool, flight);
    return rc;
  }
  if (pool->queued > pool->idle)
    mlxr_wakeup_signal(&pool->wakeup); /* the next step says when to look */
  *out = flight;
  return 0;
}

static int reserve_question(mlxr_native_t *native, uint32_t *index) {
  if (native->under_way == native->max_slots)
    return MLXR_EBUSY;
  for (uint32_t i = 0; i < native->slots; i++) {
    *index = i;
    if (!native->questions[i].flight)
      return 0;
  }
  uint32_t slots = native->slots ? native->slots * 2 : 16;
  slots = slots < native->max_slots ? slots : native->max_slots;
  question_t *questions = realloc(native->questions, slots * sizeof *questions);
  if (!questions)
    return -ENOMEM;
  memset(questions + native->slots, 0,
         (slots - native->slots) * sizeof *questions);
  *index = native->slots;
  native->questions = questions;
  native->slots = slots;
  return 0;
}

int mlxr_native_ask(mlxr_native_t *native, const char *name, int family,
                    uint64_t deadline, uint64_t now, uint32_t *slot) {
  size_t len = strlen(name);
  if (len == 0 || len >= NAME_BYTES)
    return MLXR_ETEXT;
  if (family != 0 && family != 4 && family != 6)
    return -EAFNOSUPPORT;
  uint32_t index;
  int rc = reserve_question(native, &index);
  if (rc < 0)
    return rc;
  (void)now;
  pthread_mutex_lock(&native->pool->lock);
  flight_t *flight = find_flight(native->pool, name, family);
  if (flight)
    native->stats.joined++;
  else
    rc = queue_flight(native->pool, name, family, &flight);
  if (rc == 0)
    flight->waiters++;
  pthread_mutex_unlock(&native->pool->lock);
  if (rc < 0)
    return rc;
  question_t *question = &native->questions[index];
  question->flight = flight;
  question->deadline = deadline;
  native->stats.asked++;
  native->under_way++;
  *slot = index | (uint32_t)question->generation << 16;
  return 0;
}

static void end_question(mlxr_native_t *native, question_t *question) {
  question->flight = NULL;
  question->generation++;
  native->under_way--;
}

static void take_as_stuck(pool_t *pool, flight_t *flight) {
  if (!flight->is_stuck)
    pool->stuck++;
  flight->is_stuck = true;
}

/* While others wait for a thread, long lookups make room for them. */
static void look_for_long(pool_t *pool, uint64_t now, uint64_t *next) {
  if (pool->queued <= pool->idle)
    return;
  if (now + PATIENCE < *next)
    *next = now + PATIENCE;
  for (flight_t *f = pool->flights; f; f = f->next) {
    if (f->state != RUNNING)
      continue;
    if (now >= f->since + PATIENCE)
      take_as_stuck(pool, f);
    else if (f->since + PATIENCE < *next)
      *next = f->since + PATIENCE;
  }
}

/* With the lock held. */
static void leave_flight(mlxr_native_t *native, flight_t *flight) {
  pool_t *pool = native->pool;
  if (--flight->waiters > 0)
    return;
  if (flight->state == RUNNING) {
    if (!flight->is_abandoned) {
      flight->is_abandoned = true;
      take_as_stuck(pool, flight);
      native->stats.abandoned++;
    }
    staff(pool);
    return;
  }
  if (flight->state == QUEUED)
    pool->queued--;
  unlink_flight(pool, flight);
}

void mlxr_native_cancel(mlxr_native_t *native, uint32_t slot) {
  uint32_t index = slot & 0xffff;
  if (index >= native->slots)
    return;
  question_t *question = &native->questions[index];
  if (!question->flight || question->generation != slot >> 16)
    return;
  pthread_mutex_lock(&native->pool->lock);
  leave_flight(native, question->flight);
  pthread_mutex_unlock(&native->pool->lock);
  end_question(native, question);
}

/* With the lock held. An answer that is there beats a deadline. */
static bool finish(mlxr_native_t *native, uint32_t index, uint64_t now,
                   mlxr_native_result_t *out) {
  question_t *question = &native->questions[index];
  flight_t *flight = question->flight;
  if (flight->state == DONE) {
    *out = flight->result;
    native->stats.answered++;
  } else if (now >= question->deadline) {
    memset(out, 0, sizeof *out);
    out->code = MLXR_ETIMEOUT;
    native->stats.timed_out++;
  } else {
    return false;
  }
  out->slot = index | (uint32_t)question->generation << 16;
  leave_flight(native, flight);
  end_question(native, question);
  return true;
}

int mlxr_native_step(mlxr_native_t *native, uint64_t now,
                     mlxr_native_result_t *out, size_t count, uint64_t *next) {
  size_t n = 0;
  *next = UINT64_MAX;
  mlxr_wakeup_drain(&native->pool->wakeup);
  pthread_mutex_lock(&native->pool->lock);
  for (uint32_t i = 0; i < native->slots; i++) {
    const question_t *question = &native->questions[i];
    if (!question->flight)
      continue;
    if (n == count) {
      *next = now; /* the descriptor was emptied: come again by the clock */
      break;
    }
    if (finish(native, i, now, &out[n]))
      n++;
    else if (question->deadline < *next)
      *next = question->deadline;
  }
  look_for_long(native->pool, now, next);
  staff(native->pool);
  pthread_mutex_unlock(&native->pool->lock);
  return (int)n;
}

void mlxr_native_stats(mlxr_native_t *native, mlxr_native_stats_t *out) {
  pthread_mutex_lock(&native->pool->lock);
  *out = native->stats;
  out->threads = native->pool->threads;
  out->stuck = native->pool->stuck;
  out->waiting = native->pool->queued;
  pthread_mutex_unlock(&native->pool->lock);
}
