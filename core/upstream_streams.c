#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sockaddr.h"
#include "upstream_pool.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 // where it is missing, the socket itself has the option
#endif

enum { PREFIX = 2 };

/// One TCP connection with its one question.
struct stream {
  question_t *question;
  int fd;
  uint32_t index;
  uint32_t generation;
  bool is_connected;
  size_t sent;
  size_t got;
  uint8_t buffer[PREFIX + MLXR_PACKET_MAX];
};

static void close_stream(mlxr_upstream_t *upstream, stream_t *stream) {
  mlxr_poller_remove(upstream->poller, stream->fd);
  close(stream->fd);
  upstream->streams[stream->index] = NULL;
  upstream->stream_open--;
  free(stream);
}

static uint32_t free_index(const mlxr_upstream_t *upstream) {
  uint32_t i = 0;
  while (upstream->streams[i])
    i++;
  return i;
}

static int begin_connecting(mlxr_upstream_t *upstream, stream_t *stream,
                            const mlxr_address_t *server) {
  struct sockaddr_storage address;
  socklen_t len = mlxr_sockaddr_put(server, &address);
  stream->fd = mlxr_sockaddr_socket(server, SOCK_STREAM);
  if (stream->fd < 0)
    return stream->fd;
  int rc = 0;
  if (connect(stream->fd, (struct sockaddr *)&address, len) != 0 &&
      errno != EINPROGRESS)
    rc = -errno;
  if (rc == 0)
    rc = mlxr_poller_add(
        upstream->poller, stream->fd, MLXR_POLL_WRITE,
        MLXR_UPSTREAM_TAG(true, stream->generation, stream->index));
  if (rc < 0)
    close(stream->fd);
  return rc;
}

static int open_stream(mlxr_upstream_t *upstream, question_t *question) {
  stream_t *stream = malloc(sizeof *stream);
  if (!stream)
    return -ENOMEM;
  stream->question = question;
  stream->index = free_index(upstream);
  stream->generation = ++upstream->stream_generation;
  stream->is_connected = false;
  stream->sent = stream->got = 0;
  int rc = begin_connecting(upstream, stream, &question->exchange.server);
  if (rc < 0) {
    free(stream);
    return rc;
  }
  upstream->streams[stream->index] = stream;
  upstream->stream_open++;
  upstream->stats.tcp++;
  question->stream = stream;
  return 0;
}

int mlxr_upstream_streams_attach(mlxr_upstream_t *upstream,
                                 question_t *question) {
  if (upstream->stream_open < MLXR_UPSTREAM_STREAMS &&
      !upstream->unconnected.first)
    return open_stream(upstream, question);
  mlxr_upstream_unlist(question);
  mlxr_upstream_append(&upstream->unconnected, question);
  return 0;
}

void mlxr_upstream_streams_detach(mlxr_upstream_t *upstream,
                                  question_t *question) {
  if (question->stream)
    close_stream(upstream, question->stream);
  question->stream = NULL;
}

void mlxr_upstream_streams_next(mlxr_upstream_t *upstream, uint64_t now) {
  while (upstream->unconnected.first &&
         upstream->stream_open < MLXR_UPSTREAM_STREAMS) {
    question_t *question = upstream->unconnected.first;
    mlxr_upstream_unlist(question);
    int rc = open_stream(upstream, question);
    if (rc < 0)
      mlxr_upstream_fail(upstream, question, rc, now);
  }
}

void mlxr_upstream_streams_close(mlxr_upstream_t *upstream) {
  for (uint32_t i = 0; i < MLXR_UPSTREAM_STREAMS; i++)
    if (upstream->streams[i])
      close_stream(upstream, upstream->streams[i]);
}

/* ------------------------------------------------------------ steps */

static int finish_connecting(stream_t *stream) {
  int code = 0;
  socklen_t len = sizeof code;
  if (getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &code, &len) != 0)
    return -errno;
  stream->is_connected = code == 0;
  return -code;
}

/* Length and query in one segment: servers exist that read them so. */
static int write_query(mlxr_upstream_t *upstream, stream_t *stream) {
  const mlxr_exchange_t *exchange = &stream->question->exchange;
  uint8_t packet[PREFIX + sizeof exchange->query];
  size_t len = PREFIX + (size_t)exchange->query_len;
  packet[0] = (uint8_t)(exchange->query_len >> 8);
  packet[1] = (uint8_t)exchange->query_len;
  memcpy(packet + PREFIX, exchange->query, exchange->query_len);
  ssize_t n =
      send(stream->fd, packet + stream->sent, len - stream->sent, MSG_NOSIGNAL);
  if (n < 0)
    return errno == EAGAIN || errno == EINTR ? 0 : -errno;
  stream->sent += (size_t)n;
  if (stream->sent < len)
    return 0;
  return mlxr_poller_change(
      upstream->poller, stream->fd, MLXR_POLL_READ,
      MLXR_UPSTREAM_TAG(true, stream->generation, stream->index));
}

/* Messages that are not the question's are dropped and the next one read; one
 * that is ends the connection, so nothing of it may be touched after. */
static void read_messages(mlxr_upstream_t *upstream, stream_t *stream,
                          uint64_t now) {
  size_t at = 0;
  while (stream->got - at >= PREFIX) {
    size_t len = (size_t)(stream->buffer[at] << 8 | stream->buffer[at + 1]);
    if (stream->got - at < PREFIX + len)
      break;
    if (mlxr_upstream_give_message(upstream, stream->question,
                                   stream->buffer + at + PREFIX, len, now))
      return;
    upstream->stats.ignored++;
    at += PREFIX + len;
  }
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
                                    uint64_t now) {
  uint32_t index = (uint32_t)tag;
  stream_t *stream = upstream->streams[index];
  if (!stream || tag != MLXR_UPSTREAM_TAG(true, stream->generation, index))
    return;
  question_t *question = stream->question;
  size_t query_len = PREFIX + (size_t)question->exchange.query_len;
  int rc = stream->is_connected ? 0 : finish_connecting(stream);
  if (rc == 0 && stream->sent < query_len)
    rc = write_query(upstream, stream);
  else if (rc == 0)
    rc = read_some(upstream, stream, now);
  if (rc < 0)
    mlxr_upstream_fail(upstream, question, rc, now);
}
