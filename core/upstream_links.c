#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sockaddr.h"
#include "upstream_pool.h"

enum {
  PORT_MIN = 1024,
  PORT_MAX = 65535,
  PORT_TRIES = 8,
  STRANGERS_MAX = 65536, ///< datagrams; more than a socket holds
  LIFE_MIN = 500, ///< ms; lives differ so that successors do not come at once
  LIFE_MAX = 900, ///< seen from outside, with all delays, less than a second
  SECOND = 1000,
  SWEEP = 250 ///< ms between looks for shared sockets whose time is over
};

/* ------------------------------------------------------ one socket */

/* Ports where a service may be about to bind: a question must not be what
 * keeps it from starting. */
static bool is_service_port(uint32_t port) {
  static const uint16_t services[] = {1194, 1701, 1812, 1813, 1900,
                                      3478, 3702, 4500, 4789, 5060,
                                      5353, 5355, 5453, 8472, 51820};
  for (size_t i = 0; i < sizeof services / sizeof services[0]; i++)
    if (services[i] == port)
      return true;
  return false;
}

/* A port of our own choosing: some systems hand out ephemeral ports from a
 * narrow range or in order. When all tries meet occupied ones, the system
 * chooses after all. */
static int bind_random(mlxr_upstream_t *upstream, int fd,
                       const mlxr_address_t *server) {
  mlxr_address_t any = {.family = server->family};
  struct sockaddr_storage address;
  for (int i = 0; i < PORT_TRIES; i++) {
    uint32_t port = PORT_MIN + mlxr_entropy_below(&upstream->entropy,
                                                  PORT_MAX - PORT_MIN + 1);
    if (is_service_port(port))
      continue;
    any.port = (uint16_t)port;
    socklen_t len = mlxr_sockaddr_put(&any, &address);
    if (bind(fd, (struct sockaddr *)&address, len) == 0)
      return 0;
    if (errno != EADDRINUSE && errno != EACCES)
      return -errno;
  }
  return 0;
}

/* A port hears everybody until it is connected: what came before that is not
 * the server's (RFC 5452 section 9.1). */
static int forget_strangers(int fd) {
  for (int i = 0; i < STRANGERS_MAX; i++) {
    uint8_t byte;
    if (recv(fd, &byte, sizeof byte, MSG_DONTWAIT) < 0)
      return 0;
  }
  return -EADDRINUSE;
}

static int open_socket(mlxr_upstream_t *upstream, const mlxr_address_t *server,
                       uint64_t tag) {
  struct sockaddr_storage address;
  socklen_t len = mlxr_sockaddr_put(server, &address);
  int fd = mlxr_sockaddr_socket(server, SOCK_DGRAM);
  if (fd < 0)
    return fd;
  int rc = bind_random(upstream, fd, server);
  if (rc == 0 && connect(fd, (struct sockaddr *)&address, len) != 0)
    rc = -errno;
  if (rc == 0)
    rc = forget_strangers(fd);
  if (rc == 0)
    rc = mlxr_poller_add(upstream->poller, fd, MLXR_POLL_READ, tag);
  if (rc == 0)
    return fd;
  close(fd);
  return rc;
}

static int open_link(mlxr_upstream_t *upstream, const mlxr_address_t *server,
                     link_t **out) {
  link_t *link = upstream->free_links;
  if (!link && upstream->link_top == upstream->link_cap)
    return -EMFILE;
  if (!link) {
    link = &upstream->links[upstream->link_top];
    link->index = upstream->link_top;
  }
  int fd = open_socket(upstream, server,
                       MLXR_UPSTREAM_TAG(false, link->generation, link->index));
  if (fd < 0)
    return fd;
  if (link == upstream->free_links)
    upstream->free_links = link->next_free;
  else
    upstream->link_top++;
  link->fd = fd;
  link->pending = 0;
  link->is_shared = false;
  link->to_send = link->sent = (list_t){0};
  upstream->link_open++;
  upstream->stats.ports++;
  *out = link;
  return 0;
}

/* `is_dirty` stays: the entry in `dirty` names the next life as well. */
static void close_link(mlxr_upstream_t *upstream, link_t *link) {
  mlxr_poller_remove(upstream->poller, link->fd);
  close(link->fd);
  link->fd = -1;
  link->generation++;
  link->next_free = upstream->free_links;
  upstream->free_links = link;
  upstream->link_open--;
}

/* Takes a shared socket out of use; its last question closes it. */
static void retire(mlxr_upstream_t *upstream, link_t *link) {
  link->is_shared = false;
  if (link->pending == 0)
    close_link(upstream, link);
}

/* ------------------------------------------- questions on a socket */

static question_t **bucket_of(mlxr_upstream_t *upstream, const link_t *link,
                              uint16_t id) {
  uint32_t hash = link->index * 0x9e3779b1u + id;
  return &upstream->buckets[hash & upstream->bucket_mask];
}

static void make_dirty(mlxr_upstream_t *upstream, link_t *link) {
  if (link->is_dirty)
    return;
  link->is_dirty = true;
  upstream->dirty[upstream->dirty_count++] = link;
}

static void put_question(mlxr_upstream_t *upstream, link_t *link,
                         question_t *question) {
  question_t **bucket = bucket_of(upstream, link, question->exchange.id);
  question->same_bucket = *bucket;
  *bucket = question;
  question->link = link;
  link->pending++;
  mlxr_upstream_append(&link->to_send, question);
  make_dirty(upstream, link);
}

void mlxr_upstream_links_resend(mlxr_upstream_t *upstream,
                                question_t *question) {
  mlxr_upstream_unlist(question);
  mlxr_upstream_append(&question->link->to_send, question);
  make_dirty(upstream, question->link);
}

void mlxr_upstream_links_detach(mlxr_upstream_t *upstream,
                                question_t *question) {
  link_t *link = question->link;
  if (!link)
    return;
  question_t **at = bucket_of(upstream, link, question->exchange.id);
  while (*at != question)
    at = &(*at)->same_bucket;
  *at = question->same_bucket;
  mlxr_upstream_unlist(question);
  question->link = NULL;
  link->pending--;
  if (link->pending == 0 && !link->is_shared)
    close_link(upstream, link);
}

/* --------------------------------------------------- choosing one */

/* Questions in the last second: a whole one's count slides out as the present
 * one fills, so that a steady load above the rate opens no sockets in between.
 */
static uint64_t count_question(rate_t *rate, uint64_t now) {
  uint64_t second = now / SECOND;
  if (second != rate->second) {
    rate->last = second == rate->second + 1 ? rate->present : 0;
    rate->present = 0;
    rate->second = second;
  }
  rate->present++;
  return rate->last * (SECOND - now % SECOND) / SECOND + rate->present;
}

static void empty_pool(mlxr_upstream_t *upstream, pool_t *pool) {
  for (int i = 0; i < MLXR_UPSTREAM_PORTS; i++) {
    if (pool->links[i])
      retire(upstream, pool->links[i]);
    pool->links[i] = NULL;
  }
}

static pool_t *find_pool(mlxr_upstream_t *upstream,
                         const mlxr_address_t *server) {
  pool_t *oldest = &upstream->pools[0];
  for (uint32_t i = 0; i < upstream->pool_cap; i++) {
    pool_t *pool = &upstream->pools[i];
    if (pool->server.port == server->port &&
        mlxr_address_is_same_host(&pool->server, server))
      return pool;
    if (pool->used_at < oldest->used_at)
      oldest = pool;
  }
  empty_pool(upstream, oldest);
  oldest->server = *server;
  return oldest;
}

/* No descriptors are left for a new port: a port that is older than it should
 * be is better than no answer. */
static link_t *any_of(const pool_t *pool, uint32_t from) {
  for (uint32_t i = 0; i < MLXR_UPSTREAM_PORTS; i++) {
    link_t *link = pool->links[(from + i) % MLXR_UPSTREAM_PORTS];
    if (link)
      return link;
  }
  return NULL;
}

static int choose_shared(mlxr_upstream_t *upstream,
                         const mlxr_address_t *server, uint64_t now,
                         link_t **out) {
  pool_t *pool = find_pool(upstream, server);
  uint32_t at = mlxr_entropy_below(&upstream->entropy, MLXR_UPSTREAM_PORTS);
  link_t *link = pool->links[at];
  pool->used_at = now;
  if (link && now < link->retire_at) {
    *out = link;
    return 0;
  }
  int rc = open_link(upstream, server, out);
  if (rc == -EMFILE || rc == -ENFILE || rc == -ENOBUFS) {
    *out = any_of(pool, at);
    return *out ? 0 : MLXR_EBUSY;
  }
  if (rc < 0)
    return rc;
  if (link)
    retire(upstream, link);
  pool->links[at] = *out;
  (*out)->is_shared = true;
  (*out)->retire_at =
      now + LIFE_MIN +
      mlxr_entropy_below(&upstream->entropy, LIFE_MAX - LIFE_MIN);
  if (upstream->sweep_at == UINT64_MAX)
    upstream->sweep_at = now + SWEEP;
  return 0;
}

int mlxr_upstream_links_attach(mlxr_upstream_t *upstream, question_t *question,
                               uint64_t now) {
  const mlxr_address_t *server = &question->exchange.server;
  link_t *link = NULL;
  bool is_slow =
      count_question(&upstream->rate, now) <= upstream->options.fresh_rate;
  int rc = -EMFILE;
  if (is_slow && upstream->link_open < upstream->link_cap / 2)
    rc = open_link(upstream, server, &link);
  if (rc == -EMFILE || rc == -ENFILE || rc == -ENOBUFS)
    rc = choose_shared(upstream, server, now, &link);
  if (rc < 0)
    return rc;
  put_question(upstream, link, question);
  return 0;
}

void mlxr_upstream_links_sweep(mlxr_upstream_t *upstream, uint64_t now) {
  bool is_any_left = false;
  for (uint32_t i = 0; i < upstream->pool_cap; i++) {
    pool_t *pool = &upstream->pools[i];
    for (int j = 0; j < MLXR_UPSTREAM_PORTS; j++) {
      link_t *link = pool->links[j];
      if (link && now >= link->retire_at) {
        pool->links[j] = NULL;
        retire(upstream, link);
      }
      is_any_left = is_any_left || pool->links[j];
    }
  }
  upstream->sweep_at = is_any_left ? now + SWEEP : UINT64_MAX;
}

void mlxr_upstream_links_close(mlxr_upstream_t *upstream) {
  for (uint32_t i = 0; i < upstream->link_top; i++)
    if (upstream->links[i].fd >= 0)
      close(upstream->links[i].fd);
  upstream->link_top = 0;
}

/* ------------------------------------------------ sending, receiving */

/* A closed port is closed from everywhere. Any other failure may be that of the
 * address which this socket is bound to: no question follows. */
static void fail_all(mlxr_upstream_t *upstream, link_t *link, int code,
                     uint64_t now) {
  uint32_t life = link->generation;
  if (code != -ECONNREFUSED)
    link->retire_at = 0;
  while (link->generation == life && link->pending > 0) {
    question_t *question =
        link->to_send.first ? link->to_send.first : link->sent.first;
    mlxr_upstream_fail(upstream, question, code, now);
  }
}

/* A full buffer loses a datagram as the network may: its retransmission comes
 * by the clock. Any other failure speaks of the server or the route to it. */
static void send_link(mlxr_upstream_t *upstream, link_t *link, uint64_t now) {
  while (link->to_send.first) {
    int n = mlxr_upstream_send_batch(link->fd, link->to_send.first,
                                     MLXR_UPSTREAM_SEND);
    if (n == -EAGAIN || n == -EWOULDBLOCK || n == -ENOBUFS)
      n = 1;
    if (n < 0) {
      fail_all(upstream, link, n, now);
      return;
    }
    while (n-- > 0) {
      question_t *question = link->to_send.first;
      mlxr_upstream_unlist(question);
      mlxr_upstream_append(&link->sent, question);
    }
  }
}

void mlxr_upstream_links_flush(mlxr_upstream_t *upstream, uint64_t now) {
  for (uint32_t i = 0; i < upstream->dirty_count; i++) {
    link_t *link = upstream->dirty[i];
    link->is_dirty = false;
    send_link(upstream, link, now);
  }
  upstream->dirty_count = 0;
}

/* The kernel saw to it that the datagram is the server's and came to the
 * question's port; the exchange sees to the rest. */
static void read_datagram(mlxr_upstream_t *upstream, link_t *link,
                          uint8_t *packet, size_t len, uint64_t now) {
  if (len >= MLXR_HEADER_LEN) {
    uint16_t id = (uint16_t)(packet[0] << 8 | packet[1]);
    question_t *question = *bucket_of(upstream, link, id);
    if (len > MLXR_UPSTREAM_DATAGRAM) { // cut by us: as if by the server
      packet[2] |= MLXR_TC >> 8;
      len = MLXR_UPSTREAM_DATAGRAM;
    }
    for (; question; question = question->same_bucket)
      if (question->link == link && question->exchange.id == id &&
          mlxr_upstream_give_message(upstream, question, packet, len, now))
        return;
  }
  upstream->stats.ignored++;
}

static void read_link(mlxr_upstream_t *upstream, link_t *link, size_t count,
                      uint64_t now) {
  uint32_t life = link->generation;
  size_t lens[MLXR_UPSTREAM_RECEIVE];
  size_t room = upstream->out_cap - upstream->out_count;
  if (count > MLXR_UPSTREAM_RECEIVE)
    count = MLXR_UPSTREAM_RECEIVE;
  int n = mlxr_upstream_receive_batch(link->fd, upstream->datagrams, lens,
                                      count < room ? count : room);
  if (n < 0 && n != -EAGAIN && n != -EWOULDBLOCK)
    fail_all(upstream, link, n, now);
  for (int i = 0; i < n && link->generation == life; i++)
    read_datagram(upstream, link, upstream->datagrams[i], lens[i], now);
}

/* No more is asked for than is awaited: one more would cost a look at an empty
 * queue. When strangers crowd in, what is awaited may stand behind them. */
void mlxr_upstream_links_on_event(mlxr_upstream_t *upstream, uint64_t tag,
                                  uint64_t now) {
  link_t *link = &upstream->links[(uint32_t)tag];
  uint32_t life = link->generation;
  if (tag != MLXR_UPSTREAM_TAG(false, life, link->index) || link->fd < 0)
    return;
  uint64_t strangers = upstream->stats.ignored;
  read_link(upstream, link, link->pending > 0 ? link->pending : 1, now);
  if (upstream->stats.ignored > strangers && link->generation == life &&
      upstream->out_count < upstream->out_cap)
    read_link(upstream, link, MLXR_UPSTREAM_RECEIVE, now);
}
