#include <stdlib.h>
#include <string.h>

#include "front_internal.h"
#include "sockaddr.h"

enum { INDEX_BITS = 16, PREFIX = 2 };

/* A slot is the record's index with the generation of its user: an answer that
 * comes too late names a generation that is over. */
static uint32_t slot_of(const mlxr_front_t *front, const front_miss_t *miss) {
  return (uint32_t)miss->generation << INDEX_BITS |
         (uint32_t)(miss - front->misses);
}

static front_miss_t *find(const mlxr_front_t *front, uint32_t slot) {
  uint32_t index = slot & ((1u << INDEX_BITS) - 1);
  if (index >= front->misses_each * front->worker_count)
    return NULL;
  front_miss_t *miss = &front->misses[index];
  bool is_same = miss->is_out && miss->generation == slot >> INDEX_BITS;
  return is_same ? miss : NULL;
}

static front_worker_t *worker_of(const mlxr_front_t *front,
                                 const front_miss_t *miss) {
  size_t index = (size_t)(miss - front->misses);
  return front->workers[index / front->misses_each];
}

static void describe(const mlxr_front_t *front, const front_miss_t *miss,
                     mlxr_miss_t *out) {
  out->slot = slot_of(front, miss);
  out->name = miss->request.lower;
  out->name_len = miss->request.name_len;
  out->type = miss->request.type;
  out->is_tcp = miss->is_tcp;
  mlxr_sockaddr_read(&miss->peer.any, &out->client);
}

bool mlxr_front_get_miss(const mlxr_front_t *front, uint32_t slot,
                         mlxr_miss_t *out) {
  const front_miss_t *miss = find(front, slot);
  if (miss)
    describe(front, miss, out);
  return miss != NULL;
}

static size_t take_from(mlxr_front_t *front, front_worker_t *worker,
                        front_miss_t **out, size_t count) {
  uint32_t index;
  size_t n = 0;
  while (n < count && front_ring_take(&worker->asked, &index))
    out[n++] = &front->misses[index];
  return n;
}

/* Declaring comes before looking: a front that puts a miss after the look sees
 * the declaration and writes the descriptor. */
bool mlxr_front_sleep(mlxr_front_t *front) {
  mlxr_wakeup_drain(&front->wakeup);
  atomic_store(&front->is_asleep, true);
  for (uint32_t i = 0; i < front->worker_count; i++) {
    if (!front_ring_is_empty(&front->workers[i]->asked)) {
      atomic_store(&front->is_asleep, false);
      return false;
    }
  }
  return true;
}

static void release(mlxr_front_t *front, front_miss_t *miss) {
  front_worker_t *worker = worker_of(front, miss);
  miss->is_out = false;
  if (miss->is_tcp)
    front->has_replies[worker->number] = true;
  front_count(&front->counts.released, 1);
  front_ring_put(&worker->back, (uint32_t)(miss - front->misses));
}

typedef struct ending {
  const uint8_t *answer; ///< NULL for a refusal
  size_t len;
  uint8_t rcode;
  uint16_t ede_code;
  const char *ede_text;
} ending_t;

static size_t write_reply(const mlxr_front_t *front, const front_miss_t *miss,
                          const ending_t *ending, uint8_t *out, size_t cap) {
  const mlxr_request_t *request = &miss->request;
  mlxr_reply_options_t options = {
      .max_len = mlxr_front_limit(&front->options, request, miss->is_tcp),
      .ede_code = ending->ede_code,
      .ede_text = ending->ede_text};
  int n = MLXR_ENOSPACE;
  uint8_t rcode = ending->answer ? MLXR_SERVFAIL : ending->rcode;
  if (ending->answer && ending->len <= cap) {
    memcpy(out, ending->answer, ending->len);
    n = mlxr_answer_reply(out, ending->len, cap, request, &options);
  }
  if (n < 0)
    n = mlxr_answer_refuse(request, rcode, &options, out, cap);
  return n > 0 ? (size_t)n : 0;
}

static void queue_datagram(mlxr_front_t *front, const front_miss_t *miss,
                           size_t len) {
  uint32_t i = front->batch_count++;
  front_batch_t *batch = &front->batch;
  struct msghdr *out = &batch->out[i].msg_hdr;
  batch->peers[i] = miss->peer;
  batch->data[i].iov_len = len;
  memcpy(batch->control[i], miss->pin, miss->pin_len);
  front->leave_by[i] = miss->socket;
  memset(out, 0, sizeof *out);
  out->msg_name = &batch->peers[i];
  out->msg_namelen = miss->peer.any.sa_family == AF_INET
                         ? sizeof batch->peers[i].v4
                         : sizeof batch->peers[i].v6;
  out->msg_iov = &batch->data[i];
  out->msg_iovlen = 1;
  out->msg_control = miss->pin_len ? batch->control[i] : NULL;
  out->msg_controllen = (socklen_t)miss->pin_len;
}

/* Datagrams that leave by one socket go in one call; there are few sockets. */
static void send_datagrams(mlxr_front_t *front) {
  front_batch_t *batch = &front->batch;
  front_message_t all[FRONT_BATCH];
  uint32_t count = front->batch_count, sent = 0;
  memcpy(all, batch->out, count * sizeof *all);
  for (uint32_t i = 0; i < count; i++) {
    const front_socket_t *socket = front->leave_by[i];
    unsigned n = 0;
    for (uint32_t j = i; socket && j < count; j++) {
      if (front->leave_by[j] != socket)
        continue;
      batch->out[n++] = all[j];
      front->leave_by[j] = NULL;
    }
    if (n > 0)
      sent += mlxr_front_send(socket->fd, batch, n);
  }
  front->batch_count = 0;
  front_count(&front->counts.replies, sent);
  front_count(&front->counts.dropped, count - sent);
}

/* The reply is made in the scratch, where every answer has room to be
 * truncated. */
static void end_datagram(mlxr_front_t *front, const front_miss_t *miss,
                         const ending_t *ending) {
  if (front->batch_count == FRONT_BATCH)
    send_datagrams(front);
  uint8_t *buffer = front->batch.data[front->batch_count].iov_base;
  const size_t room = front->batch.room;
  size_t len;
  if (ending->len <= room) {
    len = write_reply(front, miss, ending, buffer, room);
  } else {
    len = write_reply(front, miss, ending, front->scratch, FRONT_MESSAGE_MAX);
    if (len <= room)
      memcpy(buffer, front->scratch, len);
  }
  if (len > 0 && len <= room)
    queue_datagram(front, miss, len);
  else
    front_count(&front->counts.dropped, 1);
}

static void end_stream(mlxr_front_t *front, front_miss_t *miss,
                       const ending_t *ending) {
  size_t len =
      write_reply(front, miss, ending, front->scratch, FRONT_MESSAGE_MAX);
  miss->reply_len = 0;
  miss->reply = len > 0 ? malloc(len + PREFIX) : NULL;
  if (!miss->reply)
    return; /* the connection is closed instead */
  miss->reply[0] = (uint8_t)(len >> 8);
  miss->reply[1] = (uint8_t)len;
  memcpy(miss->reply + PREFIX, front->scratch, len);
  miss->reply_len = len + PREFIX;
}

static void end(mlxr_front_t *front, front_miss_t *miss,
                const ending_t *ending) {
  if (miss->is_tcp)
    end_stream(front, miss, ending);
  else
    end_datagram(front, miss, ending);
  release(front, miss);
}

void mlxr_front_answer(mlxr_front_t *front, uint32_t slot,
                       const uint8_t *answer, size_t len, uint16_t ede_code,
                       const char *ede_text) {
  front_miss_t *miss = find(front, slot);
  ending_t ending = {answer, len, MLXR_SERVFAIL, ede_code, ede_text};
  if (miss)
    end(front, miss, &ending);
}

void mlxr_front_refuse(mlxr_front_t *front, uint32_t slot, uint8_t rcode,
                       uint16_t ede_code, const char *ede_text) {
  front_miss_t *miss = find(front, slot);
  ending_t ending = {
      .rcode = rcode, .ede_code = ede_code, .ede_text = ede_text};
  if (miss)
    end(front, miss, &ending);
}

/* ---- taking misses ---- */

static void give_out(mlxr_front_t *front, front_miss_t *miss,
                     mlxr_miss_t *out) {
  if (miss->is_refresh) {
    front->refreshes[front->refresh_count++] = miss;
    describe(front, miss, out);
    out->slot = 0;
    return;
  }
  if (++miss->generation == 0)
    miss->generation = 1;
  miss->is_out = true;
  describe(front, miss, out);
}

/* The answer came between the front's look and ours. */
static bool end_known(mlxr_front_t *front, front_miss_t *miss,
                      const mlxr_cache_key_t *key, uint64_t now) {
  mlxr_cache_hit_t hit;
  if (mlxr_cache_get(front->cache, key, false, now, front->known,
                     FRONT_MESSAGE_MAX, &hit) != 1)
    return false;
  ending_t ending = {front->known, hit.len, MLXR_SERVFAIL, 0, NULL};
  end(front, miss, &ending);
  return true;
}

/* What was put since the front looked is answered here; what is not known goes
 * out. One look for all of them only tells whether something is there. */
static size_t sort_out(mlxr_front_t *front, front_miss_t **misses, size_t count,
                       uint64_t now, mlxr_miss_t *out) {
  mlxr_cache_lookup_t looks[FRONT_BATCH];
  size_t n = 0;
  for (size_t i = 0; i < count; i++) {
    const mlxr_request_t *request = &misses[i]->request;
    looks[i].key = (mlxr_cache_key_t){.name = request->lower,
                                      .name_len = request->name_len,
                                      .type = request->type};
    looks[i].out = NULL;
    looks[i].cap = 0;
  }
  mlxr_cache_get_many(front->cache, looks, count, false, now);
  for (size_t i = 0; i < count; i++) {
    bool is_there = looks[i].found == MLXR_ENOSPACE && !misses[i]->is_refresh;
    if (!is_there || !end_known(front, misses[i], &looks[i].key, now))
      give_out(front, misses[i], &out[n++]);
  }
  return n;
}

int mlxr_front_step(mlxr_front_t *front, uint64_t now, mlxr_miss_t *out,
                    size_t count) {
  front_miss_t *misses[FRONT_BATCH];
  size_t n = 0;
  if (count > FRONT_BATCH)
    count = FRONT_BATCH;
  front->turn++;
  mlxr_front_forget_refreshes(front);
  for (uint32_t i = 0; i < front->worker_count && n < count; i++) {
    uint32_t whose = (front->turn + i) % front->worker_count;
    n += take_from(front, front->workers[whose], misses + n, count - n);
  }
  return (int)sort_out(front, misses, n, now, out);
}

void mlxr_front_flush(mlxr_front_t *front) {
  mlxr_front_forget_refreshes(front);
  if (front->batch_count > 0)
    send_datagrams(front);
  for (uint32_t i = 0; i < front->worker_count; i++) {
    if (front->has_replies[i])
      mlxr_wakeup_signal(&front->workers[i]->wakeup);
    front->has_replies[i] = false;
  }
}
