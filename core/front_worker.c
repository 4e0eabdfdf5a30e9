#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "front_internal.h"

enum { ROUNDS = 16, BUSY = 8, EVENTS = 64 };

size_t mlxr_front_limit(const mlxr_front_options_t *options,
                        const mlxr_request_t *request, bool is_tcp) {
  if (is_tcp)
    return FRONT_MESSAGE_MAX;
  return request->udp_size < options->udp_size ? request->udp_size
                                               : options->udp_size;
}

static int refuse(front_worker_t *worker, const mlxr_request_t *request,
                  bool is_tcp, uint8_t rcode, uint16_t ede_code,
                  const char *ede_text, uint8_t *out, size_t cap) {
  const mlxr_front_options_t *front = &worker->front->options;
  mlxr_reply_options_t options = {.max_len =
                                      mlxr_front_limit(front, request, is_tcp),
                                  .ede_code = ede_code,
                                  .ede_text = ede_text};
  int len = mlxr_answer_refuse(request, rcode, &options, out, cap);
  front_count(&worker->counts.refused, 1);
  return len > 0 ? len : FRONT_SILENCE;
}

int mlxr_front_overflow(front_worker_t *worker, const mlxr_request_t *request,
                        bool is_tcp, uint8_t *out, size_t cap) {
  return refuse(worker, request, is_tcp, MLXR_SERVFAIL, FRONT_EDE_NOT_READY,
                "too many questions under way", out, cap);
}

static int reply(front_worker_t *worker, const mlxr_request_t *request,
                 bool is_tcp, const mlxr_cache_hit_t *hit, uint8_t *packet,
                 size_t cap) {
  mlxr_reply_options_t options = {
      .max_len = mlxr_front_limit(&worker->front->options, request, is_tcp),
      .rotate = hit->flags & MLXR_CACHE_ROTATE,
      .rotation = worker->rotation};
  if (options.rotate)
    worker->rotation++;
  int len = mlxr_answer_reply(packet, hit->len, cap, request, &options);
  if (len > 0)
    return len;
  return refuse(worker, request, is_tcp, MLXR_SERVFAIL, 0, NULL, packet, cap);
}

/* An answer may be larger than a datagram's buffer though its truncated reply
 * is not: it is then made in the scratch and copied. */
static int serve_large(front_worker_t *worker, const mlxr_cache_key_t *key,
                       const mlxr_request_t *request, uint8_t *out,
                       size_t cap) {
  mlxr_cache_hit_t hit;
  if (mlxr_cache_get(worker->front->cache, key, false, worker->now,
                     worker->scratch, FRONT_MESSAGE_MAX, &hit) != 1)
    return FRONT_ASK;
  int len =
      reply(worker, request, false, &hit, worker->scratch, FRONT_MESSAGE_MAX);
  if (len <= 0 || (size_t)len > cap)
    return FRONT_SILENCE;
  memcpy(out, worker->scratch, (size_t)len);
  return len;
}

static void prepare(const mlxr_request_t *request, uint8_t *out, size_t cap,
                    mlxr_cache_lookup_t *lookup) {
  lookup->key = (mlxr_cache_key_t){.name = request->lower,
                                   .name_len = request->name_len,
                                   .type = request->type};
  lookup->out = out;
  lookup->cap = cap;
}

static int serve_found(front_worker_t *worker, const mlxr_request_t *request,
                       bool is_tcp, const mlxr_cache_lookup_t *lookup) {
  int len = FRONT_ASK;
  if (lookup->found == 1 && lookup->hit.is_due)
    mlxr_front_want(worker, request);
  if (lookup->found == 1)
    len =
        reply(worker, request, is_tcp, &lookup->hit, lookup->out, lookup->cap);
  else if (lookup->found == MLXR_ENOSPACE && !is_tcp)
    len = serve_large(worker, &lookup->key, request, lookup->out, lookup->cap);
  if (len > 0)
    worker->hits++;
  return len;
}

/* A message as far as it can be judged without the cache. */
static int judge(front_worker_t *worker, const uint8_t *packet, size_t len,
                 bool is_allowed, bool is_tcp, uint8_t *out, size_t cap,
                 mlxr_request_t *request) {
  int rcode = mlxr_request_parse(packet, len, request);
  if (rcode < 0)
    return FRONT_SILENCE;
  if (rcode > 0)
    return refuse(worker, request, is_tcp, (uint8_t)rcode, 0, NULL, out, cap);
  if (!is_allowed)
    return refuse(worker, request, is_tcp, MLXR_REFUSED, FRONT_EDE_PROHIBITED,
                  "not for this client", out, cap);
  return FRONT_LOOK;
}

int mlxr_front_serve(front_worker_t *worker, const uint8_t *packet, size_t len,
                     bool is_allowed, bool is_tcp, uint8_t *out, size_t cap,
                     mlxr_request_t *request) {
  mlxr_cache_lookup_t lookup;
  int n = judge(worker, packet, len, is_allowed, is_tcp, out, cap, request);
  if (n != FRONT_LOOK)
    return n;
  prepare(request, out, cap, &lookup);
  mlxr_cache_get_many(worker->front->cache, &lookup, 1, false, worker->now);
  return serve_found(worker, request, is_tcp, &lookup);
}

/* Records come back in any order; the one used last is the one whose memory is
 * still near, and those never needed are never touched. */
void mlxr_front_collect(front_worker_t *worker) {
  uint32_t index;
  while (front_ring_take(&worker->back, &index)) {
    front_miss_t *miss = &worker->front->misses[index];
    if (miss->is_tcp)
      mlxr_front_tcp_reply(worker->tcp, miss, worker->now);
    free(miss->reply);
    miss->reply = NULL;
    worker->shares[miss->share]--;
    worker->free[worker->free_count++] = index;
  }
}

front_miss_t *mlxr_front_take_miss(front_worker_t *worker,
                                   const front_peer_t *peer) {
  uint8_t share = mlxr_front_share_of(peer);
  mlxr_front_collect(worker);
  if (worker->free_count == 0 || mlxr_front_is_greedy(worker, share))
    return NULL;
  uint32_t index = worker->free[--worker->free_count];
  front_miss_t *miss = &worker->front->misses[index];
  miss->share = share;
  worker->shares[share]++;
  return miss;
}

void mlxr_front_queue(front_worker_t *worker, front_miss_t *miss) {
  worker->queued++;
  front_ring_put(&worker->asked, (uint32_t)(miss - worker->front->misses));
}

void mlxr_front_wake(mlxr_front_t *front) {
  if (atomic_load(&front->is_asleep) &&
      atomic_exchange(&front->is_asleep, false))
    mlxr_wakeup_signal(&front->wakeup);
}

/* Hands a datagram's question over; the length of a reply when no record is
 * free. */
static int ask(front_worker_t *worker, const front_socket_t *socket, unsigned i,
               size_t pin_len, const mlxr_request_t *request) {
  front_batch_t *batch = &worker->batch;
  front_miss_t *miss = mlxr_front_take_miss(worker, &batch->peers[i]);
  if (!miss)
    return mlxr_front_overflow(worker, request, false, batch->data[i].iov_base,
                               batch->room);
  miss->request = *request;
  miss->peer = batch->peers[i];
  memcpy(miss->pin, batch->control[i], pin_len);
  miss->pin_len = pin_len;
  miss->socket = socket;
  miss->is_tcp = false;
  mlxr_front_queue(worker, miss);
  return FRONT_ASK;
}

/* Replies are made in place: they take the question's buffer and its peer. */
static int judge_datagram(front_worker_t *worker, unsigned i,
                          mlxr_request_t *request) {
  front_batch_t *batch = &worker->batch;
  const front_message_t *in = &batch->in[i];
  uint8_t *buffer = batch->data[i].iov_base;
  if (in->msg_hdr.msg_flags & MSG_TRUNC)
    return FRONT_SILENCE;
  bool is_allowed =
      mlxr_front_is_allowed(&worker->front->options, &batch->peers[i]);
  return judge(worker, buffer, in->msg_len, is_allowed, false, buffer,
               batch->room, request);
}

static void address(front_batch_t *batch, unsigned i, size_t len,
                    size_t pin_len, front_message_t *out) {
  batch->data[i].iov_len = len;
  *out = batch->in[i];
  out->msg_hdr.msg_flags = 0;
  out->msg_hdr.msg_control = pin_len ? batch->control[i] : NULL;
  out->msg_hdr.msg_controllen = (socklen_t)pin_len;
}

/* Serves `count` datagrams from `first` on; returns how many replies now stand
 * in `out`. */
static unsigned serve_group(front_worker_t *worker,
                            const front_socket_t *socket, unsigned first,
                            unsigned count, front_message_t *out) {
  front_batch_t *batch = &worker->batch;
  front_group_t *group = &worker->group;
  int lens[FRONT_GROUP];
  unsigned looks = 0, replies = 0;
  for (unsigned i = 0; i < count; i++) {
    mlxr_request_t *request = &group->requests[i];
    lens[i] = judge_datagram(worker, first + i, request);
    if (lens[i] == FRONT_LOOK)
      prepare(request, batch->data[first + i].iov_base, batch->room,
              &group->lookups[looks++]);
  }
  mlxr_cache_get_many(worker->front->cache, group->lookups, looks, false,
                      worker->now);
  const mlxr_cache_lookup_t *lookup = group->lookups;
  for (unsigned i = 0; i < count; i++) {
    const mlxr_request_t *request = &group->requests[i];
    size_t pin_len = mlxr_front_pin(socket, batch, first + i);
    int len = lens[i];
    if (len == FRONT_LOOK)
      len = serve_found(worker, request, false, lookup++);
    if (len == FRONT_ASK)
      len = ask(worker, socket, first + i, pin_len, request);
    if (len > 0)
      address(batch, first + i, (size_t)len, pin_len, &out[replies++]);
  }
  return replies;
}

static void count_batch(front_worker_t *worker, unsigned received,
                        unsigned sent) {
  front_counts_t *counts = &worker->counts;
  front_count(&counts->queries, received);
  front_count(&counts->hits, worker->hits);
  front_count(&counts->replies, sent);
  front_count(&counts->dropped, received - worker->queued - sent);
  worker->hits = 0;
}

/* The brain shares the processor and is polite (nice): a front that gave it
 * work steps back once. After hits only it must not, or a brain that computes
 * would get every second slice. */
static void hand_over(front_worker_t *worker) {
  if (worker->queued + worker->wanted == 0)
    return;
  front_count(&worker->counts.misses, worker->queued);
  worker->queued = worker->wanted = 0;
  mlxr_front_wake(worker->front);
  sched_yield();
}

static void serve_batch(front_worker_t *worker, const front_socket_t *socket,
                        unsigned n) {
  front_batch_t *batch = &worker->batch;
  unsigned replies = 0;
  for (unsigned i = 0; i < n; i += FRONT_GROUP) {
    unsigned left = n - i;
    replies +=
        serve_group(worker, socket, i, left < FRONT_GROUP ? left : FRONT_GROUP,
                    &batch->out[replies]);
  }
  unsigned sent = mlxr_front_send(socket->fd, batch, replies);
  count_batch(worker, n, sent);
  hand_over(worker);
}

/* While a batch of some size is served, the next one arrives: looking for it at
 * once saves the wait that would only tell so. The bound leaves connections and
 * other sockets their turn. */
static void serve_socket(front_worker_t *worker, const front_socket_t *socket) {
  for (int round = 0; round < ROUNDS; round++) {
    int n = mlxr_front_receive(socket, &worker->batch);
    if (n <= 0)
      return;
    worker->now = mlxr_clock_ms();
    serve_batch(worker, socket, (unsigned)n);
    if (n < BUSY)
      return;
  }
}

static void on_event(front_worker_t *worker, const mlxr_poll_event_t *event) {
  uint64_t number = front_tag_number(event->tag);
  switch (front_tag_who(event->tag)) {
  case FRONT_TAG_WAKEUP:
    mlxr_wakeup_drain(&worker->wakeup);
    mlxr_front_collect(worker);
    break;
  case FRONT_TAG_UDP:
    serve_socket(worker, &worker->sockets[number]);
    break;
  default:
    mlxr_front_tcp_step(worker->tcp, event->tag, event->events, worker->now);
    hand_over(worker);
  }
}

void *mlxr_front_run(void *context) {
  front_worker_t *worker = context;
  mlxr_poll_event_t events[EVENTS];
  int timeout = -1;
  mlxr_front_name_thread(worker->number);
  mlxr_front_outrank();
  while (!atomic_load(&worker->front->is_stopping)) {
    int n = mlxr_poller_wait(worker->poller, events, EVENTS, timeout);
    worker->now = mlxr_clock_ms();
    for (int i = 0; i < n; i++)
      on_event(worker, &events[i]);
    if (worker->tcp)
      timeout = mlxr_front_tcp_finish(worker->tcp, worker->now);
    hand_over(worker);
  }
  return NULL;
}
