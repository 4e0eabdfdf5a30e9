#include "front_internal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
  THREADS = 1,
  PENDING = 8192,
  TCP = 128,
  TCP_MAX = 4096,
  TCP_PER_CLIENT = 32,
  PIPELINED = 64,
  IDLE = 10000,
  STACK = 1 << 20,
  PREFIX = 2,
  POLITENESS = 10
};

static void set_default(uint32_t *value, uint32_t fallback, uint32_t most) {
  if (*value == 0)
    *value = fallback;
  if (*value > most)
    *value = most;
}

static int check(mlxr_front_options_t *options) {
  if (options->listen_count > MLXR_FRONT_LISTEN_MAX ||
      options->allow_count > MLXR_FRONT_ALLOW_MAX)
    return -EINVAL;
  if (options->threads == MLXR_FRONT_THREADS_AUTO)
    options->threads = mlxr_front_processors();
  set_default(&options->threads, THREADS,
              FRONT_CAN_SHARE_PORTS ? MLXR_FRONT_THREADS_MAX : 1);
  set_default(&options->max_pending, PENDING, MLXR_FRONT_PENDING_MAX);
  set_default(&options->max_tcp, TCP, TCP_MAX);
  set_default(&options->max_tcp_per_client, TCP_PER_CLIENT, TCP_MAX);
  set_default(&options->max_pipelined, PIPELINED, MLXR_FRONT_PENDING_MAX);
  set_default(&options->tcp_idle, IDLE, INT32_MAX);
  if (options->max_pending < options->threads)
    options->max_pending = options->threads;
  if (options->udp_size == 0)
    options->udp_size = MLXR_EDNS_SIZE;
  if (options->udp_size < 512)
    options->udp_size = 512;
  if (options->udp_size > FRONT_DATAGRAM_MAX)
    options->udp_size = FRONT_DATAGRAM_MAX;
  return 0;
}

static void free_worker(front_worker_t *worker) {
  if (!worker)
    return;
  mlxr_front_tcp_close(worker->tcp);
  for (size_t i = 0; i < worker->front->options.listen_count; i++) {
    if (worker->sockets[i].fd >= 0)
      close(worker->sockets[i].fd);
    if (worker->listeners[i] >= 0)
      close(worker->listeners[i]);
  }
  mlxr_poller_close(worker->poller);
  mlxr_wakeup_close(&worker->wakeup);
  mlxr_front_batch_deinit(&worker->batch);
  front_ring_deinit(&worker->asked);
  front_ring_deinit(&worker->back);
  free(worker->free);
  free(worker->scratch);
  free(worker);
}

/* The lowest indices are on top, so that few records are ever touched. */
static int fill_free(front_worker_t *worker, uint32_t count) {
  worker->free = calloc(count, sizeof *worker->free);
  if (!worker->free)
    return -ENOMEM;
  worker->free_count = count;
  for (uint32_t i = 0; i < count; i++)
    worker->free[i] = (worker->number + 1) * count - 1 - i;
  return 0;
}

static int fill_worker(front_worker_t *worker) {
  uint32_t count = worker->front->misses_each;
  int rc = mlxr_poller_open(&worker->poller);
  if (rc == 0)
    rc = mlxr_wakeup_open(&worker->wakeup);
  if (rc == 0)
    rc = mlxr_poller_add(worker->poller, worker->wakeup.read_fd, MLXR_POLL_READ,
                         front_tag(FRONT_TAG_WAKEUP, 0));
  if (rc == 0)
    rc = mlxr_front_batch_init(&worker->batch, &worker->front->options);
  if (rc == 0)
    rc = front_ring_init(&worker->asked, count);
  if (rc == 0)
    rc = front_ring_init(&worker->back, count);
  if (rc == 0)
    rc = fill_free(worker, count);
  worker->scratch = malloc(FRONT_MESSAGE_MAX + PREFIX);
  return rc == 0 && !worker->scratch ? -ENOMEM : rc;
}

static int new_worker(mlxr_front_t *front, uint32_t number) {
  void *memory;
  if (posix_memalign(&memory, _Alignof(front_worker_t), sizeof(front_worker_t)))
    return -ENOMEM;
  front_worker_t *worker = memset(memory, 0, sizeof *worker);
  worker->front = front;
  worker->number = number;
  worker->wakeup = (mlxr_wakeup_t){-1, -1};
  for (size_t i = 0; i < MLXR_FRONT_LISTEN_MAX; i++)
    worker->sockets[i].fd = worker->listeners[i] = -1;
  front->workers[number] = worker;
  return fill_worker(worker);
}

static int make(mlxr_front_t *front) {
  uint32_t threads = front->options.threads;
  front->misses_each = front->options.max_pending / threads;
  front->misses =
      calloc((size_t)front->misses_each * threads, sizeof *front->misses);
  front->scratch = malloc(FRONT_MESSAGE_MAX);
  front->known = malloc(FRONT_MESSAGE_MAX);
  if (!front->misses || !front->scratch || !front->known)
    return -ENOMEM;
  int rc = mlxr_front_batch_init(&front->batch, &front->options);
  if (rc == 0)
    rc = mlxr_front_clients_init(&front->clients, &front->options);
  if (rc == 0)
    rc = mlxr_wakeup_open(&front->wakeup);
  for (uint32_t i = 0; i < threads && rc == 0; i++) {
    front->worker_count = i + 1;
    rc = new_worker(front, i);
  }
  return rc;
}

static int listen_on(mlxr_front_t *front, size_t at) {
  front_socket_t sockets[MLXR_FRONT_THREADS_MAX];
  int listeners[MLXR_FRONT_THREADS_MAX];
  int rc = mlxr_front_listen(&front->addresses[at], front->worker_count,
                             listeners, sockets);
  if (rc < 0)
    return rc;
  for (uint32_t i = 0; i < front->worker_count; i++) {
    front->workers[i]->sockets[at] = sockets[i];
    front->workers[i]->listeners[at] = listeners[i];
  }
  for (uint32_t i = 0; i < front->worker_count && rc == 0; i++)
    rc = mlxr_poller_add(front->workers[i]->poller, sockets[i].fd,
                         MLXR_POLL_READ, front_tag(FRONT_TAG_UDP, at));
  return rc;
}

static int listen_on_all(mlxr_front_t *front, size_t *failed) {
  for (size_t i = 0; i < front->options.listen_count; i++) {
    front->addresses[i] = front->options.listen[i];
    int rc = listen_on(front, i);
    if (rc < 0) {
      *failed = i;
      return rc;
    }
  }
  int rc = 0;
  for (uint32_t i = 0; i < front->worker_count && rc == 0; i++)
    rc = mlxr_front_tcp_open(front->workers[i], &front->workers[i]->tcp);
  return rc;
}

static int start_thread(front_worker_t *worker) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, STACK);
  int rc = pthread_create(&worker->thread, &attributes, mlxr_front_run, worker);
  pthread_attr_destroy(&attributes);
  worker->is_started = rc == 0;
  return -rc;
}

/* The host's signals are for the host's threads. */
static int start(mlxr_front_t *front) {
  sigset_t all, before;
  int rc = 0;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  for (uint32_t i = 0; i < front->worker_count && rc == 0; i++)
    rc = start_thread(front->workers[i]);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return rc;
}

int mlxr_front_open(const mlxr_front_options_t *options, mlxr_cache_t *cache,
                    mlxr_front_t **out, size_t *failed) {
  mlxr_front_t *front = calloc(1, sizeof *front);
  *failed = 0;
  if (!front)
    return -ENOMEM;
  front->options = *options;
  front->cache = cache;
  front->wakeup = (mlxr_wakeup_t){-1, -1};
  atomic_init(&front->is_asleep, true);
  int rc = check(&front->options);
  if (rc == 0)
    rc = make(front);
  if (rc == 0)
    rc = listen_on_all(front, failed);
  if (rc == 0)
    rc = start(front);
  if (rc < 0) {
    mlxr_front_close(front);
    return rc;
  }
  *out = front;
  return 0;
}

static void stop(mlxr_front_t *front) {
  atomic_store(&front->is_stopping, true);
  for (uint32_t i = 0; i < front->worker_count; i++)
    if (front->workers[i] && front->workers[i]->is_started)
      mlxr_wakeup_signal(&front->workers[i]->wakeup);
  for (uint32_t i = 0; i < front->worker_count; i++)
    if (front->workers[i] && front->workers[i]->is_started)
      pthread_join(front->workers[i]->thread, NULL);
}

void mlxr_front_close(mlxr_front_t *front) {
  if (!front)
    return;
  stop(front);
  for (uint32_t i = 0; i < front->worker_count; i++)
    free_worker(front->workers[i]);
  mlxr_front_clients_deinit(&front->clients);
  for (size_t i = 0;
       front->misses && i < front->misses_each * front->worker_count; i++)
    free(front->misses[i].reply);
  mlxr_wakeup_close(&front->wakeup);
  mlxr_front_batch_deinit(&front->batch);
  free(front->misses);
  free(front->scratch);
  free(front->known);
  free(front);
}

int mlxr_front_fd(const mlxr_front_t *front) { return front->wakeup.read_fd; }

size_t mlxr_front_get_addresses(const mlxr_front_t *front,
                                const mlxr_address_t **out) {
  *out = front->addresses;
  return front->options.listen_count;
}

/* On Linux each thread has a nice value of its own and hands it on to those
 * that it starts: a front opened by a brain that is polite already would be
 * polite too. Getting back to where the brain came from may be forbidden; then
 * they share evenly. */
#ifdef __linux__
static atomic_bool has_yielded;
static atomic_int nice_before, nice_after; /* of the brain that yielded last */
static _Thread_local bool is_polite;

int mlxr_front_yield_to(void) {
  if (is_polite)
    return 0;
  int present = getpriority(PRIO_PROCESS, 0);
  if (setpriority(PRIO_PROCESS, 0, present + POLITENESS) < 0)
    return -errno;
  atomic_store(&nice_before, present);
  atomic_store(&nice_after, getpriority(PRIO_PROCESS, 0));
  atomic_store(&has_yielded, true);
  is_polite = true;
  return 0;
}

void mlxr_front_outrank(void) {
  if (atomic_load(&has_yielded) &&
      getpriority(PRIO_PROCESS, 0) == atomic_load(&nice_after))
    setpriority(PRIO_PROCESS, 0, atomic_load(&nice_before));
}
#else
int mlxr_front_yield_to(void) { return 0; }

void mlxr_front_outrank(void) {}
#endif

static void add_counts(const front_counts_t *from, mlxr_front_stats_t *out) {
  out->queries += atomic_load_explicit(&from->queries, memory_order_relaxed);
  out->hits += atomic_load_explicit(&from->hits, memory_order_relaxed);
  out->misses += atomic_load_explicit(&from->misses, memory_order_relaxed);
  out->replies += atomic_load_explicit(&from->replies, memory_order_relaxed);
  out->refused += atomic_load_explicit(&from->refused, memory_order_relaxed);
  out->dropped += atomic_load_explicit(&from->dropped, memory_order_relaxed);
  out->tcp_connections +=
      atomic_load_explicit(&from->tcp_connections, memory_order_relaxed);
  out->tcp_open +=
      (uint32_t)atomic_load_explicit(&from->tcp_open, memory_order_relaxed);
}

void mlxr_front_stats(const mlxr_front_t *front, mlxr_front_stats_t *out) {
  memset(out, 0, sizeof *out);
  for (uint32_t i = 0; i < front->worker_count; i++)
    add_counts(&front->workers[i]->counts, out);
  add_counts(&front->counts, out);
  uint64_t released =
      atomic_load_explicit(&front->counts.released, memory_order_relaxed);
  out->pending =
      out->misses > released ? (uint32_t)(out->misses - released) : 0;
}
