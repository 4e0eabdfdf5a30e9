#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sockaddr.h"
#include "upstream_pool.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 // where it is missing, the socket itself has the option
#endif

/* DESIGN NOTE
 *
 * Questions to one server share a connection (RFC 7766 section 6.2.2), each
 * with its own ID, whoever is answered first. What a connection did not answer
 * is asked again on one of its own, so that a server which answers once and
 * closes serves everybody, if slowly. A connection that let a question leave
 * without an answer gets no further ones. */

enum {
  PREFIX = 2,
  PIPELINE = 100, ///< questions on a connection at one time
  IDLE = 5000     ///< ms that a connection without questions stays open
};

/// One TCP connection. Its questions are in `to_send` or in `sent`.
struct stream {
  mlxr_address_t server;
  mlxr_address_t own; ///< this end's address, of the first question's time
  int fd;
  uint32_t index;
  uint32_t generation;
  uint32_t pending;
  uint64_t idle_until; ///< ms; UINT64_MAX until it is known to be idle
  bool is_connected;
  bool is_shared;  ///< is given to further questions, and stays open for them
  bool is_busy;    ///< is being read: whoever closes it must not free it
  bool is_closed;  ///< meanwhile
  bool has_unread; ///< whole messages that there was no room for
  list_t to_send, sent;
  size_t out_at, out_len;
  uint8_t out[PREFIX + sizeof((mlxr_exchange_t *)0)->query];
  size_t got;
  uint8_t buffer[PREFIX + MLXR_PACKET_MAX];
};

/* ---------------------------------------------------- one connection */

static uint64_t tag_of(const stream_t *stream) {
  return MLXR_UPSTREAM_TAG(true, stream->generation, stream->index);
}

static void close_stream(mlxr_upstream_t *upstream, stream_t *stream) {
  if (stream->is_closed)
    return;
  mlxr_poller_remove(upstream->poller, stream->fd);
  close(stream->fd);
  upstream->streams[stream->index] = NULL;
  upstream->stream_open--;
  upstream->stream_unread -= stream->has_unread;
  stream->is_closed = true;
  if (!stream->is_busy)
    free(stream);
}

static uint32_t free_index(const mlxr_upstream_t *upstream) {
  uint32_t i = 0;
  while (upstream->streams[i])
    i++;
  return i;
}

static mlxr_address_t own_address(int fd) {
  struct sockaddr_storage address = {0};
  socklen_t len = sizeof address;
  mlxr_address_t own = {0};
  if (getsockname(fd, (struct sockaddr *)&address, &len) == 0)
    mlxr_sockaddr_read((struct sockaddr *)&address, &own);
  return own;
}

static int begin_connecting(mlxr_upstream_t *upstream, stream_t *stream) {
  struct sockaddr_storage address;
  socklen_t len = mlxr_sockaddr_put(&stream->server, &address);
  stream->fd = mlxr_sockaddr_socket(&stream->server, SOCK_STREAM);
  if (stream->fd < 0)
    return stream->fd;
  /* A question does not wait until the one before it has been heard. */
  int is_on = 1, rc = 0;
  setsockopt(stream->fd, IPPROTO_TCP, TCP_NODELAY, &is_on, sizeof is_on);
  if (connect(stream->fd, (struct sockaddr *)&address, len) != 0 &&
      errno != EINPROGRESS)
    rc = -errno;
  if (rc == 0)
    rc = mlxr_poller_add(upstream->poller, stream->fd, MLXR_POLL_WRITE,
                         tag_of(stream));
  if (rc == 0)
    stream->own = own_address(stream->fd);
  else
    close(stream->fd);
  return rc;
}

static int open_stream(mlxr_upstream_t *upstream, const mlxr_address_t *server,
                       bool is_shared, stream_t **out) {
  stream_t *stream = malloc(sizeof *stream);
  if (!stream)
    return -ENOMEM;
  memset(stream, 0, offsetof(stream_t, out));
  stream->server = *server;
  stream->index = free_index(upstream);
  stream->generation = ++upstream->stream_generation;
  stream->idle_until = UINT64_MAX;
  stream->is_shared = is_shared;
  stream->got = 0;
  int rc = begin_connecting(upstream, stream);
  if (rc < 0) {
    free(stream);
    return rc;
  }
  upstream->streams[stream->index] = stream;
  upstream->stream_open++;
  upstream->stats.tcp++;
  *out = stream;
  return 0;
}

/* Its questions are asked again elsewhere, or fail. */
static void fail_stream(mlxr_upstream_t *upstream, stream_t *stream, int code,
                        uint64_t now) {
  list_t lists[] = {stream->sent, stream->to_send};
  list_t left = {0};
  for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
    for (question_t *question = lists[i].first, *next; question;
         question = next) {
      next = question->next;
      question->stream = NULL;
      mlxr_upstream_unlist(question);
      mlxr_upstream_append(&left, question);
    }
  close_stream(upstream, stream);
  while (left.first) {
    question_t *question = left.first;
    mlxr_upstream_unlist(question);
    mlxr_upstream_fail(upstream, question, code, now);
  }
}

/* ------------------------------------------------------ choosing one */

/* A connection from an address that is no longer the one to come from is dead,
 * which nobody would be told: after a change of the network for instance. */
static bool is_reachable(const stream_t *stream) {
  struct sockaddr_storage address;
  socklen_t len = mlxr_sockaddr_put(&stream->server, &address);
  int fd = mlxr_sockaddr_socket(&stream->server, SOCK_DGRAM);
  if (fd < 0)
    return false;
  mlxr_address_t own = {0};
  if (connect(fd, (struct sockaddr *)&address, len) == 0)
    own = own_address(fd);
  close(fd);
  return mlxr_address_is_same_host(&own, &stream->own);
}

static stream_t *find_shared(mlxr_upstream_t *upstream,
                             const mlxr_address_t *server) {
  if (upstream->stream_open == 0)
    return NULL;
  for (uint32_t i = 0; i < MLXR_UPSTREAM_STREAMS; i++) {
    stream_t *stream = upstream->streams[i];
    if (!stream || !stream->is_shared || stream->pending >= PIPELINE ||
        stream->server.port != server->port ||
        !mlxr_address_is_same_host(&stream->server, server))
      continue;
    if (stream->pending > 0 || stream->is_busy || is_reachable(stream))
      return stream;
    close_stream(upstream, stream);
  }
  return NULL;
}

/* The one that is idle for longest makes room. */
static bool has_room(mlxr_upstream_t *upstream) {
  if (upstream->stream_open < MLXR_UPSTREAM_STREAMS)
    return true;
  stream_t *oldest = NULL;
  for (uint32_t i = 0; i < MLXR_UPSTREAM_STREAMS; i++) {
    stream_t *stream = upstream->streams[i];
    if (stream->pending == 0 && !stream->is_busy &&
        (!oldest || stream->idle_until < oldest->idle_until))
      oldest = stream;
  }
  if (oldest)
    close_stream(upstream, oldest);
  return oldest != NULL;
}

static int put_question(mlxr_upstream_t *upstream, stream_t *stream,
                        question_t *question) {
  int rc = 0;
  if (stream->is_connected)
    rc = mlxr_poller_change(upstream->poller, stream->fd,
                            MLXR_POLL_READ | MLXR_POLL_WRITE, tag_of(stream));
  if (rc < 0)
    return rc;
  mlxr_upstream_unlist(question);
  mlxr_upstream_append(&stream->to_send, question);
  question->stream = stream;
  stream->pending++;
  stream->idle_until = UINT64_MAX;
  return 0;
}

/* 1 when there is no room. */
static int try_attach(mlxr_upstream_t *upstream, question_t *question) {
  const mlxr_exchange_t *exchange = &question->exchange;
  bool is_alone = exchange->connects > 1;
  stream_t *stream = is_alone ? NULL : find_shared(upstream, &exchange->server);
  if (!stream && !has_room(upstream))
    return 1;
  if (!stream) {
    int rc = open_stream(upstream, &exchange->server, !is_alone, &stream);
    if (rc < 0)
      return rc;
  }
  return put_question(upstream, stream, question);
}

int mlxr_upstream_streams_attach(mlxr_upstream_t *upstream,
                                 question_t *question) {
  int rc = upstream->unconnected.first ? 1 : try_attach(upstream, question);
  if (rc == 1) {
    mlxr_upstream_unlist(question);
    mlxr_upstream_append(&upstream->unconnected, question);
    rc = 0;
  }
  return rc;
}

void mlxr_upstream_streams_detach(mlxr_upstream_t *upstream,
                                  question_t *question) {
  stream_t *stream = question->stream;
  if (!stream)
    return;
  mlxr_upstream_unlist(question);
  question->stream = NULL;
  stream->pending--;
  if (!stream->is_busy)
    stream->is_shared = false; // it left without an answer
  if (stream->pending > 0)
    return;
  if (stream->is_shared)
    upstream->streams_at = 0;
  else
    close_stream(upstream, stream);
}

/* From now on idle, or for long enough. */
static void look_after_idle(mlxr_upstream_t *upstream, uint64_t now) {
  upstream->streams_at = UINT64_MAX;
  for (uint32_t i = 0; i < MLXR_UPSTREAM_STREAMS; i++) {
    stream_t *stream = upstream->streams[i];
    if (!stream || stream->pending > 0)
      continue;
    if (stream->idle_until == UINT64_MAX)
      stream->idle_until = now + IDLE;
    if (now >= stream->idle_until)
      close_stream(upstream, stream);
    else if (stream->idle_until < upstream->streams_at)
      upstream->streams_at = stream->idle_until;
  }
}

void mlxr_upstream_streams_next(mlxr_upstream_t *upstream, uint64_t now) {
  while (upstream->unconnected.first) {
    question_t *question = upstream->unconnected.first;
    int rc = try_attach(upstream, question);
    if (rc == 1)
      break;
    if (rc < 0) {
      mlxr_upstream_unlist(question);
      mlxr_upstream_fail(upstream, question, rc, now);
    }
  }
  if (now >= upstream->streams_at)
    look_after_idle(upstream, now);
}

void mlxr_upstream_streams_close(mlxr_upstream_t *upstream) {
  for (uint32_t i = 0; i < MLXR_UPSTREAM_STREAMS; i++)
    if (upstream->streams[i])
      close_stream(upstream, upstream->streams[i]);
}

/* ------------------------------------------------------------ steps */

static int finish_connecting(mlxr_upstream_t *upstream, stream_t *stream) {
  int code = 0;
  socklen_t len = sizeof code;
  if (getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &code, &len) != 0)
    return -errno;
  if (code != 0)
    return -code;
  stream->is_connected = true;
  return mlxr_poller_change(upstream->poller, stream->fd,
                            MLXR_POLL_READ | MLXR_POLL_WRITE, tag_of(stream));
}

/* Length and query in one segment: servers exist that read them so. The copy
 * is whole even if its question leaves while it is being sent. */
static void take_next(stream_t *stream) {
  question_t *question = stream->to_send.first;
  const mlxr_exchange_t *exchange = &question->exchange;
  stream->out[0] = (uint8_t)(exchange->query_len >> 8);
  stream->out[1] = (uint8_t)exchange->query_len;
  memcpy(stream->out + PREFIX, exchange->query, exchange->query_len);
  stream->out_len = PREFIX + (size_t)exchange->query_len;
  stream->out_at = 0;
  mlxr_upstream_unlist(question);
  mlxr_upstream_append(&stream->sent, question);
}

static int write_queries(mlxr_upstream_t *upstream, stream_t *stream) {
  while (stream->out_at < stream->out_len || stream->to_send.first) {
    if (stream->out_at == stream->out_len)
      take_next(stream);
    ssize_t n = send(stream->fd, stream->out + stream->out_at,
                     stream->out_len - stream->out_at, MSG_NOSIGNAL);
    if (n < 0)
      return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    stream->out_at += (size_t)n;
  }
  return mlxr_poller_change(upstream->poller, stream->fd, MLXR_POLL_READ,
                            tag_of(stream));
}

static void give_message(mlxr_upstream_t *upstream, stream_t *stream,
                         const uint8_t *packet, size_t len, uint64_t now) {
  for (question_t *question = len >= MLXR_HEADER_LEN ? stream->sent.first
                                                     : NULL;
       question; question = question->next) {
    uint16_t id = question->exchange.id;
    if (packet[0] == id >> 8 && packet[1] == (id & 0xff) &&
        mlxr_upstream_give_message(upstream, question, packet, len, now))
      return;
  }
  upstream->stats.ignored++;
}

static void note_unread(mlxr_upstream_t *upstream, stream_t *stream,
                        bool has_unread) {
  upstream->stream_unread += has_unread;
  upstream->stream_unread -= stream->has_unread;
  stream->has_unread = has_unread;
}

/* What comes of a message may end the connection. */
static void read_messages(mlxr_upstream_t *upstream, stream_t *stream,
                          uint64_t now) {
  size_t at = 0;
  bool has_unread = false;
  stream->is_busy = true;
  while (!stream->is_closed && stream->got - at >= PREFIX) {
    size_t len = (size_t)(stream->buffer[at] << 8 | stream->buffer[at + 1]);
    if (stream->got - at < PREFIX + len)
      break;
    has_unread = upstream->out_count == upstream->out_cap;
    if (has_unread)
      break;
    give_message(upstream, stream, stream->buffer + at + PREFIX, len, now);
    at += PREFIX + len;
  }
  stream->is_busy = false;
  if (stream->is_closed) {
    free(stream);
    return;
  }
  note_unread(upstream, stream, has_unread);
  stream->got -= at;
  memmove(stream->buffer, stream->buffer + at, stream->got);
}

static int read_some(mlxr_upstream_t *upstream, stream_t *stream,
                     uint64_t now) {
  ssize_t n = recv(stream->fd, stream->buffer + stream->got,
                   sizeof stream->buffer - stream->got, 0);
  if (n < 0)
    return errno == EAGAIN || errno == EINTR ? 0 : -errno;
  if (n == 0)
    return -ECONNRESET;
  stream->got += (size_t)n;
  read_messages(upstream, stream, now);
  return 0;
}

void mlxr_upstream_streams_on_event(mlxr_upstream_t *upstream, uint64_t tag,
                                    int events, uint64_t now) {
  stream_t *stream = upstream->streams[(uint32_t)tag];
  if (!stream || tag != tag_of(stream))
    return;
  int rc = 0;
  if (!stream->is_connected)
    rc = finish_connecting(upstream, stream);
  if (rc == 0 && (events & MLXR_POLL_WRITE))
    rc = write_queries(upstream, stream);
  if (rc == 0 && (events & MLXR_POLL_READ) && !stream->has_unread)
    rc = read_some(upstream, stream, now);
  if (rc < 0)
    fail_stream(upstream, stream, rc, now);
}

void mlxr_upstream_streams_resume(mlxr_upstream_t *upstream, uint64_t now) {
  for (uint32_t i = 0; i < MLXR_UPSTREAM_STREAMS && upstream->stream_unread > 0;
       i++)
    if (upstream->streams[i] && upstream->streams[i]->has_unread)
      read_messages(upstream, upstream->streams[i], now);
}
