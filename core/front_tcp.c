/* A connection's life. Whole messages are taken from its input and served;
 * hits go to its output at once, misses are counted as pending and come back in
 * the order in which the brain ends them. Input is not taken while too much is
 * pending or too much output waits, so that a client which does not read is not
 * read from either. Nothing is closed in the middle of a round: what cannot go
 * on is marked broken, put on the list of connections that changed, and closed
 * at its end.
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "front_internal.h"
#include "sockaddr.h"

enum {
  PREFIX = 2,
  IN_START = 2048,
  IN_MAX = PREFIX + FRONT_MESSAGE_MAX,
  OUT_START = 2048,
  OUT_FULL = 64 << 10, ///< no further questions are taken
  OUT_MAX = 256 << 10, ///< the client is given up
  KEEP = 16 << 10,     ///< larger empty buffers are given back
  ACCEPTS = 64,        ///< per round
  PAUSE = 100,         ///< ms without accepting when descriptors ran out
  SWEEP_MIN = 10,
  SWEEP_MAX = 250 ///< ms between looks for idle connections
};

#ifdef MSG_NOSIGNAL
enum { SEND_FLAGS = MSG_DONTWAIT | MSG_NOSIGNAL };
#else
enum { SEND_FLAGS = MSG_DONTWAIT };
#endif

typedef struct conn {
  int fd; ///< -1 for an unused place
  uint32_t generation;
  front_peer_t peer;
  front_place_t *place;
  uint64_t since; ///< when it last did something whole
  uint8_t *in, *out;
  size_t in_len, in_cap;
  size_t out_at, out_len, out_cap;
  uint32_t pending;
  int interest;
  bool is_ended; ///< the client sends no more
  bool is_broken;
  bool is_listed;
} conn_t;

struct front_tcp {
  front_worker_t *worker;
  conn_t *conns;
  uint32_t count, open;
  uint32_t *changed; ///< connections to be looked after in this round, a ring
  uint32_t changed_at, changed_count;
  uint64_t sweep_at, accept_at;
  bool is_paused;
};

static uint64_t tag_of(const front_tcp_t *tcp, const conn_t *conn) {
  uint64_t generation = conn->generation & 0xffffff;
  return front_tag(FRONT_TAG_CONN,
                   generation << 32 | (uint64_t)(conn - tcp->conns));
}

/* One that was looked after in this round may be listed in it again: replies
 * come in while others are looked after. None stands there twice at a time. */
static void list(front_tcp_t *tcp, conn_t *conn) {
  uint32_t at = (tcp->changed_at + tcp->changed_count) % tcp->count;
  if (conn->is_listed)
    return;
  tcp->changed[at] = (uint32_t)(conn - tcp->conns);
  tcp->changed_count++;
  conn->is_listed = true;
}

static conn_t *take_listed(front_tcp_t *tcp) {
  conn_t *conn = &tcp->conns[tcp->changed[tcp->changed_at]];
  tcp->changed_at = (tcp->changed_at + 1) % tcp->count;
  tcp->changed_count--;
  conn->is_listed = false;
  return conn;
}

static void set_paused(front_tcp_t *tcp, bool is_paused) {
  const mlxr_front_t *front = tcp->worker->front;
  if (tcp->is_paused == is_paused)
    return;
  for (size_t i = 0; i < front->options.listen_count; i++)
    mlxr_poller_change(tcp->worker->poller, tcp->worker->listeners[i],
                       is_paused ? 0 : MLXR_POLL_READ,
                       front_tag(FRONT_TAG_LISTENER, i));
  tcp->is_paused = is_paused;
}

/* The place stays on the list of changes, if it was there; `settle` sees that
 * it is unused. */
static void end(front_tcp_t *tcp, conn_t *conn) {
  mlxr_poller_remove(tcp->worker->poller, conn->fd);
  close(conn->fd);
  free(conn->in);
  free(conn->out);
  mlxr_front_clients_give(tcp->worker->front, conn->place);
  bool is_listed = conn->is_listed;
  uint32_t generation = conn->generation + 1;
  *conn = (conn_t){.fd = -1, .generation = generation, .is_listed = is_listed};
  tcp->open--;
  atomic_store_explicit(&tcp->worker->counts.tcp_open, tcp->open,
                        memory_order_relaxed);
}

/* ---- output */

static size_t waiting(const conn_t *conn) {
  return conn->out_len - conn->out_at;
}

static void tell(const conn_t *conn) {
  bool is_idle = conn->pending == 0 && waiting(conn) == 0;
  mlxr_front_clients_tell(conn->place, conn->since, is_idle);
}

static void send_out(conn_t *conn, uint64_t now) {
  while (waiting(conn) > 0 && !conn->is_broken) {
    ssize_t n =
        send(conn->fd, conn->out + conn->out_at, waiting(conn), SEND_FLAGS);
    if (n > 0)
      conn->out_at += (size_t)n;
    else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
      return;
    else if (n == 0 || errno != EINTR)
      conn->is_broken = true;
  }
  if (conn->out_len > 0)
    conn->since = now;
  conn->out_at = conn->out_len = 0;
  if (conn->out_cap > KEEP) {
    free(conn->out);
    conn->out = NULL;
    conn->out_cap = 0;
  }
}

static bool make_room(conn_t *conn, size_t len) {
  if (conn->out_at > 0) {
    memmove(conn->out, conn->out + conn->out_at, waiting(conn));
    conn->out_len -= conn->out_at;
    conn->out_at = 0;
  }
  size_t cap = conn->out_cap ? conn->out_cap : OUT_START;
  while (cap < conn->out_len + len)
    cap *= 2;
  if (cap == conn->out_cap)
    return true;
  uint8_t *bigger = realloc(conn->out, cap);
  if (!bigger)
    return false;
  conn->out = bigger;
  conn->out_cap = cap;
  return true;
}

static void put_out(conn_t *conn, const uint8_t *data, size_t len,
                    uint64_t now) {
  if (waiting(conn) + len > OUT_FULL)
    send_out(conn, now);
  if (conn->is_broken)
    return;
  if (waiting(conn) + len > OUT_MAX ||
      (conn->out_len + len > conn->out_cap && !make_room(conn, len))) {
    conn->is_broken = true;
    return;
  }
  memcpy(conn->out + conn->out_len, data, len);
  conn->out_len += len;
}

void mlxr_front_tcp_reply(front_tcp_t *tcp, const front_miss_t *miss,
                          uint64_t now) {
  conn_t *conn = &tcp->conns[miss->connection];
  if (conn->fd < 0 || conn->generation != miss->connection_generation) {
    front_count(&tcp->worker->counts.dropped, 1);
    return;
  }
  conn->pending--;
  if (miss->reply) {
    put_out(conn, miss->reply, miss->reply_len, now);
    front_count(&tcp->worker->counts.replies, 1);
  } else {
    conn->is_broken = true;
  }
  tell(conn);
  list(tcp, conn);
}

/* ---- input */

static bool can_take(const front_tcp_t *tcp, const conn_t *conn) {
  const mlxr_front_options_t *options = &tcp->worker->front->options;
  return !conn->is_broken && conn->pending < options->max_pipelined &&
         waiting(conn) < OUT_FULL;
}

static int ask(front_tcp_t *tcp, conn_t *conn, const mlxr_request_t *request,
               uint8_t *out) {
  front_miss_t *miss = mlxr_front_take_miss(tcp->worker, &conn->peer);
  if (!miss)
    return mlxr_front_overflow(tcp->worker, request, true, out,
                               FRONT_MESSAGE_MAX);
  miss->request = *request;
  miss->peer = conn->peer;
  miss->is_tcp = true;
  miss->pin_len = 0;
  miss->connection = (uint32_t)(conn - tcp->conns);
  miss->connection_generation = conn->generation;
  conn->pending++;
  mlxr_front_queue(tcp->worker, miss);
  return FRONT_ASK;
}

/* What is no question at all means that the stream is out of step. */
static void serve(front_tcp_t *tcp, conn_t *conn, const uint8_t *message,
                  size_t len) {
  front_worker_t *worker = tcp->worker;
  uint8_t *out = worker->scratch + PREFIX;
  mlxr_request_t request;
  int n = mlxr_front_serve(worker, message, len, true, true, out,
                           FRONT_MESSAGE_MAX, &request);
  front_count(&worker->counts.queries, 1);
  if (n == FRONT_ASK)
    n = ask(tcp, conn, &request, out);
  else if (n == FRONT_SILENCE)
    conn->is_broken = true;
  if (n > 0) {
    worker->scratch[0] = (uint8_t)(n >> 8);
    worker->scratch[1] = (uint8_t)n;
    put_out(conn, worker->scratch, (size_t)n + PREFIX, worker->now);
    front_count(&worker->counts.replies, 1);
  } else if (n == FRONT_SILENCE) {
    front_count(&worker->counts.dropped, 1);
  }
}

/* Serves the whole messages at the beginning of the input; how many. */
static unsigned take_messages(front_tcp_t *tcp, conn_t *conn) {
  unsigned taken = 0;
  size_t at = 0;
  while (can_take(tcp, conn) && conn->in_len - at >= PREFIX) {
    size_t len = (size_t)conn->in[at] << 8 | conn->in[at + 1];
    if (conn->in_len - at < PREFIX + len)
      break;
    conn->since = tcp->worker->now;
    serve(tcp, conn, conn->in + at + PREFIX, len);
    at += PREFIX + len;
    taken++;
  }
  front_count(&tcp->worker->counts.hits, tcp->worker->hits);
  tcp->worker->hits = 0;
  if (at > 0)
    memmove(conn->in, conn->in + at, conn->in_len - at);
  conn->in_len -= at;
  return taken;
}

/* Grows with what has arrived, whatever length a prefix claims. */
static bool make_room_in(conn_t *conn) {
  if (conn->in_len < conn->in_cap)
    return true;
  size_t cap = conn->in_cap ? conn->in_cap * 2 : IN_START;
  uint8_t *bigger = realloc(conn->in, cap < IN_MAX ? cap : IN_MAX);
  if (!bigger)
    return false;
  conn->in = bigger;
  conn->in_cap = cap < IN_MAX ? cap : IN_MAX;
  return true;
}

static void read_in(conn_t *conn) {
  if (!make_room_in(conn)) {
    conn->is_broken = true;
    return;
  }
  ssize_t n = recv(conn->fd, conn->in + conn->in_len,
                   conn->in_cap - conn->in_len, MSG_DONTWAIT);
  if (n > 0)
    conn->in_len += (size_t)n;
  else if (n == 0)
    conn->is_ended = true;
  else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
    conn->is_broken = true;
}

/* ---- a round */

static void set_interest(front_tcp_t *tcp, conn_t *conn) {
  int interest = 0;
  if (!conn->is_ended && can_take(tcp, conn))
    interest |= MLXR_POLL_READ;
  if (waiting(conn) > 0)
    interest |= MLXR_POLL_WRITE;
  if (interest == conn->interest)
    return;
  conn->interest = interest;
  mlxr_poller_change(tcp->worker->poller, conn->fd, interest,
                     tag_of(tcp, conn));
}

static void settle(front_tcp_t *tcp, conn_t *conn, uint64_t now) {
  if (conn->fd < 0)
    return;
  do
    send_out(conn, now);
  while (take_messages(tcp, conn) > 0);
  bool is_done = conn->is_ended && conn->pending == 0 && waiting(conn) == 0;
  if (conn->is_broken || is_done) {
    end(tcp, conn);
    return;
  }
  if (conn->in_len == 0 && conn->in_cap > KEEP) {
    free(conn->in);
    conn->in = NULL;
    conn->in_cap = 0;
  }
  tell(conn);
  set_interest(tcp, conn);
}

/* A client that waits for the brain is not idle; one that does not take its
 * replies, or never completes a question, is. */
static bool is_expired(const front_tcp_t *tcp, const conn_t *conn,
                       uint64_t now) {
  bool is_owed = conn->pending > 0 && waiting(conn) == 0;
  return !is_owed && now >= conn->since &&
         now - conn->since >= tcp->worker->front->options.tcp_idle;
}

static uint64_t sweep_interval(const front_tcp_t *tcp) {
  uint32_t quarter = tcp->worker->front->options.tcp_idle / 4;
  if (quarter < SWEEP_MIN)
    return SWEEP_MIN;
  return quarter < SWEEP_MAX ? quarter : SWEEP_MAX;
}

static void sweep(front_tcp_t *tcp, uint64_t now) {
  for (uint32_t i = 0; i < tcp->count; i++) {
    conn_t *conn = &tcp->conns[i];
    if (conn->fd >= 0 && is_expired(tcp, conn, now))
      end(tcp, conn);
  }
  tcp->sweep_at = now + sweep_interval(tcp);
}

/* Some have to make room for others, perhaps for those of another thread. */
static void end_leavers(front_tcp_t *tcp) {
  if (!atomic_exchange(&tcp->worker->has_leavers, false))
    return;
  for (uint32_t i = 0; i < tcp->count; i++)
    if (tcp->conns[i].fd >= 0 && atomic_load(&tcp->conns[i].place->is_leaving))
      end(tcp, &tcp->conns[i]);
}

int mlxr_front_tcp_finish(front_tcp_t *tcp, uint64_t now) {
  end_leavers(tcp);
  while (tcp->changed_count > 0)
    settle(tcp, take_listed(tcp), now);
  if (tcp->is_paused && now >= tcp->accept_at)
    set_paused(tcp, false);
  if (now >= tcp->sweep_at)
    sweep(tcp, now);
  if (tcp->is_paused)
    return PAUSE;
  return tcp->open > 0 ? (int)sweep_interval(tcp) : -1;
}

/* ---- accepting */

static conn_t *find_unused(front_tcp_t *tcp) {
  for (uint32_t i = 0; i < tcp->count; i++)
    if (tcp->conns[i].fd < 0)
      return &tcp->conns[i];
  return NULL;
}

static void greet(front_tcp_t *tcp, int fd, const front_peer_t *peer,
                  uint64_t now) {
  mlxr_address_t client;
  int one = 1;
  mlxr_sockaddr_read(&peer->any, &client);
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  front_place_t *place = NULL;
  if (mlxr_front_is_allowed(&tcp->worker->front->options, peer))
    place = mlxr_front_clients_admit(tcp->worker, &client, now);
  end_leavers(tcp);
  if (!place) {
    front_count(&tcp->worker->counts.refused, 1);
    close(fd);
    return;
  }
  conn_t *conn = find_unused(tcp);
  uint32_t generation = conn->generation;
  bool is_listed = conn->is_listed;
  *conn = (conn_t){.fd = fd,
                   .generation = generation,
                   .is_listed = is_listed,
                   .peer = *peer,
                   .place = place,
                   .since = now,
                   .interest = MLXR_POLL_READ};
  front_count(&tcp->worker->counts.tcp_connections, 1);
  atomic_store_explicit(&tcp->worker->counts.tcp_open, ++tcp->open,
                        memory_order_relaxed);
  if (mlxr_poller_add(tcp->worker->poller, fd, MLXR_POLL_READ,
                      tag_of(tcp, conn)) < 0)
    end(tcp, conn);
}

/* Without descriptors the listener stays readable for ever: someone idle has to
 * go, or accepting pauses. Datagrams need no descriptor and go on. Only the
 * first failure of a round tells that somebody waits: later ones come with an
 * empty queue too. */
static bool make_descriptor(front_tcp_t *tcp, uint64_t now) {
  if (mlxr_front_clients_thin(tcp->worker)) {
    end_leavers(tcp);
    return true;
  }
  tcp->accept_at = now + PAUSE;
  set_paused(tcp, true);
  return false;
}

static bool is_exhausted(int code) {
  return code == -EMFILE || code == -ENFILE || code == -ENOBUFS ||
         code == -ENOMEM;
}

static void accept_all(front_tcp_t *tcp, int listener, uint64_t now) {
  bool is_first = true;
  for (int i = 0; i < ACCEPTS; i++) {
    front_peer_t peer = {0}; /* some systems do not say whose a dead one was */
    int fd = mlxr_front_accept(listener, &peer);
    if (fd >= 0)
      greet(tcp, fd, &peer, now);
    else if (is_exhausted(fd) ? !is_first || !make_descriptor(tcp, now)
                              : fd != -EINTR && fd != -ECONNABORTED)
      return;
    is_first = is_first && fd < 0;
  }
}

/* Errors and hang-ups come even when nothing was asked for: then nobody is left
 * to be answered. */
static void on_conn(front_tcp_t *tcp, uint64_t number, int events,
                    uint64_t now) {
  conn_t *conn = &tcp->conns[number & UINT32_MAX];
  if (conn->fd < 0 || (conn->generation & 0xffffff) != number >> 32)
    return;
  if ((events & MLXR_POLL_READ) && (conn->interest & MLXR_POLL_READ))
    read_in(conn);
  else if (events & MLXR_POLL_READ)
    conn->is_broken = true;
  if (events & MLXR_POLL_WRITE)
    send_out(conn, now);
  take_messages(tcp, conn);
  tell(conn);
  list(tcp, conn);
}

void mlxr_front_tcp_step(front_tcp_t *tcp, uint64_t tag, int events,
                         uint64_t now) {
  uint64_t number = front_tag_number(tag);
  if (front_tag_who(tag) == FRONT_TAG_LISTENER)
    accept_all(tcp, tcp->worker->listeners[number], now);
  else
    on_conn(tcp, number, events, now);
}

/* ---- life */

int mlxr_front_tcp_open(front_worker_t *worker, front_tcp_t **out) {
  const mlxr_front_t *front = worker->front;
  front_tcp_t *tcp = calloc(1, sizeof *tcp);
  if (!tcp)
    return -ENOMEM;
  *out = tcp;
  tcp->worker = worker;
  tcp->count = front->clients.count;
  tcp->conns = calloc(tcp->count, sizeof *tcp->conns);
  tcp->changed = calloc(tcp->count, sizeof *tcp->changed);
  if (!tcp->conns || !tcp->changed)
    return -ENOMEM;
  for (uint32_t i = 0; i < tcp->count; i++)
    tcp->conns[i].fd = -1;
  for (size_t i = 0; i < front->options.listen_count; i++) {
    int rc = mlxr_poller_add(worker->poller, worker->listeners[i],
                             MLXR_POLL_READ, front_tag(FRONT_TAG_LISTENER, i));
    if (rc < 0)
      return rc;
  }
  return 0;
}

void mlxr_front_tcp_close(front_tcp_t *tcp) {
  if (!tcp)
    return;
  for (uint32_t i = 0; tcp->conns && tcp->changed && i < tcp->count; i++)
    if (tcp->conns[i].fd >= 0)
      end(tcp, &tcp->conns[i]);
  free(tcp->conns);
  free(tcp->changed);
  free(tcp);
}
