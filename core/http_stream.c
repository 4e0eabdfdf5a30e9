#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "http_internal.h"

enum { BLOCK = 4096, FIRST_CAPACITY = 512 };

static ssize_t take_pending(mlxr_http_pending_t *pending, char *out,
                            size_t max) {
  size_t len = pending->len < max ? pending->len : max;
  memcpy(out, pending->data, len);
  pending->len -= len;
  memmove(pending->data, pending->data + len, pending->len);
  return (ssize_t)len;
}

/* Called by the server's thread when the connection takes more. */
static ssize_t on_space(void *cls, uint64_t at, char *out, size_t max) {
  mlxr_http_slot_t *slot = cls;
  ssize_t len = 0;
  (void)at;
  pthread_mutex_lock(&slot->http->lock);
  if (slot->is_dropped) {
    len = MHD_CONTENT_READER_END_WITH_ERROR;
  } else if (slot->pending.len > 0) {
    len = take_pending(&slot->pending, out, max);
  } else if (slot->is_finished) {
    len = MHD_CONTENT_READER_END_OF_STREAM;
  } else {
    slot->is_parked = true;
    MHD_suspend_connection(slot->connection);
  }
  pthread_mutex_unlock(&slot->http->lock);
  return len;
}

int mlxr_http_stream(mlxr_http_t *http, uint32_t number, unsigned status,
                     const char *content_type) {
  mlxr_http_slot_t *slot = mlxr_http_find(http, number);
  struct MHD_Response *response = MHD_create_response_from_callback(
      MHD_SIZE_UNKNOWN, BLOCK, on_space, slot, NULL);
  if (!response)
    return -ENOMEM;
  MHD_add_response_header(response, "Content-Type", content_type);
  pthread_mutex_lock(&http->lock);
  bool is_waiting = slot->number == number && slot->state == MLXR_HTTP_TAKEN;
  if (is_waiting) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        slot->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    slot->fd = info ? info->connect_fd : -1;
    slot->response = response;
    slot->status = status;
    slot->state = MLXR_HTTP_STREAMING;
  }
  pthread_mutex_unlock(&http->lock);
  if (!is_waiting) {
    MHD_destroy_response(response);
    return -ENOENT;
  }
  MHD_resume_connection(slot->connection);
  return 0;
}

static int append(mlxr_http_pending_t *pending, const char *data, size_t len) {
  size_t wanted = pending->len + len;
  if (wanted > pending->capacity) {
    size_t capacity = wanted < FIRST_CAPACITY ? FIRST_CAPACITY : wanted * 2;
    char *grown = realloc(pending->data, capacity);
    if (!grown)
      return -ENOMEM;
    pending->data = grown;
    pending->capacity = capacity;
  }
  memcpy(pending->data + pending->len, data, len);
  pending->len = wanted;
  return 0;
}

/* The stream of that number, under the lock; NULL when it is over. */
static mlxr_http_slot_t *get_stream(mlxr_http_t *http, uint32_t number) {
  mlxr_http_slot_t *slot = mlxr_http_find(http, number);
  bool is_one = slot->number == number && slot->state == MLXR_HTTP_STREAMING &&
                !slot->is_finished;
  return is_one ? slot : NULL;
}

/* Ends the lock; a connection that was parked goes on. It is not destroyed
 * meanwhile: the server's thread does not look at it, and only we close. */
static void unlock_and_wake(mlxr_http_t *http, mlxr_http_slot_t *slot) {
  struct MHD_Connection *parked = NULL;
  if (slot && slot->is_parked) {
    parked = slot->connection;
    slot->is_parked = false;
  }
  pthread_mutex_unlock(&http->lock);
  if (parked)
    MHD_resume_connection(parked);
}

int mlxr_http_write(mlxr_http_t *http, uint32_t number, const char *data,
                    size_t len) {
  pthread_mutex_lock(&http->lock);
  mlxr_http_slot_t *slot = get_stream(http, number);
  int rc = -EPIPE;
  if (slot)
    rc = len > http->max_stream - slot->pending.len
             ? -ENOBUFS
             : append(&slot->pending, data, len);
  unlock_and_wake(http, slot);
  return rc;
}

void mlxr_http_finish(mlxr_http_t *http, uint32_t number) {
  pthread_mutex_lock(&http->lock);
  mlxr_http_slot_t *slot = get_stream(http, number);
  if (slot)
    slot->is_finished = true;
  unlock_and_wake(http, slot);
}

/* The server's thread may be waiting until the client reads: a connection that
 * is shut down keeps nobody waiting. */
void mlxr_http_drop(mlxr_http_t *http, uint32_t number) {
  pthread_mutex_lock(&http->lock);
  mlxr_http_slot_t *slot = get_stream(http, number);
  if (slot) {
    slot->is_finished = slot->is_dropped = true;
    if (slot->fd >= 0)
      shutdown(slot->fd, SHUT_RDWR);
  }
  unlock_and_wake(http, slot);
}
