#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "http_internal.h"

enum {
  DEFAULT_CONNECTIONS = 50,
  DEFAULT_BODY = 65536,
  DEFAULT_STREAM = 65536,
  DEFAULT_IDLE = 30000,
  MAX_CONNECTIONS = 1024,
  REQUEST_MEMORY = 16384, // request line and headers
  CLOSE_PATIENCE = 250    // ms for the last replies to leave
};

static enum MHD_Result refuse(struct MHD_Connection *connection,
                              unsigned status, const char *code,
                              const char *text) {
  char body[160];
  int len = snprintf(body, sizeof body, "{\"error\":\"%s\",\"code\":\"%s\"}\n",
                     text, code);
  struct MHD_Response *response =
      MHD_create_response_from_buffer((size_t)len, body, MHD_RESPMEM_MUST_COPY);
  if (!response)
    return MHD_NO;
  MHD_add_response_header(response, "Content-Type", "application/json");
  enum MHD_Result result = MHD_queue_response(connection, status, response);
  MHD_destroy_response(response);
  return result;
}

static enum MHD_Result refuse_closing(struct MHD_Connection *connection) {
  return refuse(connection, 503, "ECLOSED", "the server is closing");
}

/* The response is left to the caller, who destroys it without our lock: its own
 * lock is held when the server's thread asks for more of a stream. */
static struct MHD_Response *clear_slot(mlxr_http_slot_t *slot) {
  struct MHD_Response *response = slot->response;
  free(slot->method);
  free(slot->path);
  free(slot->query);
  free(slot->body);
  free(slot->pending.data);
  *slot = (mlxr_http_slot_t){.http = slot->http, .number = slot->number};
  return response;
}

static void destroy_response(struct MHD_Response *response) {
  if (response)
    MHD_destroy_response(response);
}

mlxr_http_slot_t *mlxr_http_find(mlxr_http_t *http, uint32_t number) {
  return &http->slots[number % http->max_connections];
}

/* A slot waits at most once at a time, so that there is always a place. */
void mlxr_http_enqueue(mlxr_http_t *http, mlxr_http_slot_t *slot) {
  uint32_t tail =
      (http->queue_head + http->queue_len++) % http->max_connections;
  http->queue[tail] = (uint32_t)(slot - http->slots);
}

/* Called by the server's thread before anything else of a request; the result
 * is what the handler gets. NULL (too many, or no memory) is answered there. */
static void *on_request_line(void *cls, const char *uri,
                             struct MHD_Connection *connection) {
  mlxr_http_t *http = cls;
  const char *query = strchr(uri, '?');
  char *copy = strdup(query ? query + 1 : "");
  mlxr_http_slot_t *slot = NULL;
  pthread_mutex_lock(&http->lock);
  for (uint32_t i = 0; copy && i < http->max_connections && !slot; i++)
    if (http->slots[i].state == MLXR_HTTP_FREE)
      slot = &http->slots[i];
  if (slot) {
    uint32_t next = slot->number + http->max_connections;
    slot->number = next > slot->number ? next : (uint32_t)(slot - http->slots);
    slot->state = MLXR_HTTP_READING;
    slot->connection = connection;
    slot->query = copy;
  }
  pthread_mutex_unlock(&http->lock);
  if (!slot)
    free(copy);
  return slot;
}

static bool is_trusted(const mlxr_http_t *http,
                       struct MHD_Connection *connection) {
  if (!http->path)
    return true;
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  return info && mlxr_http_socket_is_trusted(info->connect_fd);
}

/* The headers have come, the body has not. */
static enum MHD_Result check_headers(mlxr_http_t *http, mlxr_http_slot_t *slot,
                                     const char *url, const char *method) {
  slot->is_checked = true;
  if (!is_trusted(http, slot->connection))
    return refuse(slot->connection, 403, "EPERM",
                  "only the owner of this socket and root may ask");
  const char *length = MHD_lookup_connection_value(
      slot->connection, MHD_HEADER_KIND, "Content-Length");
  if (length && strtoull(length, NULL, 10) > http->max_body)
    return refuse(slot->connection, 413, "EMSGSIZE", "the body is too large");
  slot->method = strdup(method);
  slot->path = strdup(url);
  if (!slot->method || !slot->path)
    return MHD_NO;
  return MHD_YES;
}

/* Grows with what came, not with what the client announced. */
static bool append_body(mlxr_http_slot_t *slot, const char *data, size_t len) {
  if (slot->body_len + len > slot->body_capacity) {
    size_t capacity = (slot->body_len + len) * 2;
    char *body = realloc(slot->body, capacity);
    if (!body)
      return false;
    slot->body = body;
    slot->body_capacity = capacity;
  }
  memcpy(slot->body + slot->body_len, data, len);
  slot->body_len += len;
  return true;
}

/* Past the limit the rest is read and thrown away, and 413 says so at the end:
 * a reply in the midst of an upload often never reaches the client. */
static enum MHD_Result read_body(mlxr_http_t *http, mlxr_http_slot_t *slot,
                                 const char *data, size_t *len) {
  size_t space = http->max_body + 1 - slot->body_len;
  bool ok = append_body(slot, data, *len < space ? *len : space);
  *len = 0;
  return ok ? MHD_YES : MHD_NO;
}

static enum MHD_Result hand_over(mlxr_http_t *http, mlxr_http_slot_t *slot) {
  pthread_mutex_lock(&http->lock);
  bool is_closing = http->is_closing;
  if (!is_closing) {
    MHD_suspend_connection(slot->connection);
    mlxr_http_enqueue(http, slot);
    slot->state = MLXR_HTTP_QUEUED;
  }
  pthread_mutex_unlock(&http->lock);
  if (is_closing)
    return refuse_closing(slot->connection);
  mlxr_wakeup_signal(&http->wakeup);
  return MHD_YES;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection,
                                  const char *url, const char *method,
                                  const char *version, const char *data,
                                  size_t *len, void **con_cls) {
  mlxr_http_t *http = cls;
  mlxr_http_slot_t *slot = *con_cls;
  (void)version;
  if (!slot)
    return refuse(connection, 503, "EBUSY", "too many requests at a time");
  if (!slot->is_checked)
    return check_headers(http, slot, url, method);
  if (*len > 0)
    return read_body(http, slot, data, len);
  if (slot->body_len > http->max_body)
    return refuse(connection, 413, "EMSGSIZE", "the body is too large");
  pthread_mutex_lock(&http->lock);
  mlxr_http_state_t state = slot->state;
  struct MHD_Response *response = slot->response;
  pthread_mutex_unlock(&http->lock);
  if (state == MLXR_HTTP_READING)
    return hand_over(http, slot);
  if ((state != MLXR_HTTP_REPLIED && state != MLXR_HTTP_STREAMING) || !response)
    return MHD_NO;
  return MHD_queue_response(connection, slot->status, response);
}

static void on_completed(void *cls, struct MHD_Connection *connection,
                         void **con_cls, enum MHD_RequestTerminationCode why) {
  mlxr_http_t *http = cls;
  mlxr_http_slot_t *slot = *con_cls;
  (void)connection;
  (void)why;
  if (!slot)
    return;
  pthread_mutex_lock(&http->lock);
  bool has_left = slot->state == MLXR_HTTP_STREAMING && !slot->is_finished;
  struct MHD_Response *response = clear_slot(slot);
  if (has_left) {
    slot->state = MLXR_HTTP_LEFT;
    mlxr_http_enqueue(http, slot);
  }
  pthread_cond_signal(&http->done);
  pthread_mutex_unlock(&http->lock);
  destroy_response(response);
  if (has_left)
    mlxr_wakeup_signal(&http->wakeup);
  *con_cls = NULL;
}

static void ignore_log(void *cls, const char *format, va_list args) {
  (void)cls;
  (void)format;
  (void)args;
}

/* The library closes the socket on some of its failures and leaves it open on
 * others; its number may be somebody else's by then. */
static void forget_closed_socket(mlxr_http_t *http, const struct stat *before) {
  struct stat now;
  if (fstat(http->listen_fd, &now) != 0 || now.st_dev != before->st_dev ||
      now.st_ino != before->st_ino)
    http->listen_fd = -1;
}

static int start_daemon(mlxr_http_t *http, uint32_t idle) {
  struct stat before;
  if (fstat(http->listen_fd, &before) != 0)
    return -errno;
  errno = 0;
  /* Not with epoll, which the library asks for changes only: it misses those
     who leave in the middle of a request, until they count as idle. */
  http->daemon = MHD_start_daemon(
      MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
      on_request, http, MHD_OPTION_EXTERNAL_LOGGER, ignore_log, NULL,
      MHD_OPTION_LISTEN_SOCKET, http->listen_fd, MHD_OPTION_CONNECTION_LIMIT,
      (unsigned)http->max_connections, MHD_OPTION_CONNECTION_TIMEOUT,
      (unsigned)((idle + 999) / 1000), MHD_OPTION_CONNECTION_MEMORY_LIMIT,
      (size_t)REQUEST_MEMORY, MHD_OPTION_URI_LOG_CALLBACK, on_request_line,
      http, MHD_OPTION_NOTIFY_COMPLETED, on_completed, http, MHD_OPTION_END);
  if (http->daemon)
    return 0;
  int code = errno != 0 ? -errno : -ENOMEM;
  forget_closed_socket(http, &before);
  return code;
}

static int listen_at(mlxr_http_t *http, const mlxr_http_options_t *options) {
  if (!options->path)
    return mlxr_http_socket_open_tcp(&options->address, &http->listen_fd);
  char *path = strdup(options->path);
  if (!path)
    return -ENOMEM;
  int rc = mlxr_http_socket_open_unix(path, &http->file, &http->listen_fd);
  if (rc == 0)
    http->path = path;
  else
    free(path);
  return rc;
}

static int make_slots(mlxr_http_t *http) {
  http->slots = calloc(http->max_connections, sizeof *http->slots);
  http->queue = calloc(http->max_connections, sizeof *http->queue);
  if (!http->slots || !http->queue)
    return -ENOMEM;
  for (uint32_t i = 0; i < http->max_connections; i++) {
    http->slots[i].http = http;
    http->slots[i].number = i;
  }
  return 0;
}

int mlxr_http_open(const mlxr_http_options_t *options, mlxr_http_t **out) {
  mlxr_http_t *http = calloc(1, sizeof *http);
  if (!http)
    return -ENOMEM;
  int rc = mlxr_clock_cond_init(&http->done);
  if (rc < 0) {
    free(http);
    return rc;
  }
  http->listen_fd = -1;
  http->wakeup = (mlxr_wakeup_t){-1, -1};
  pthread_mutex_init(&http->lock, NULL);
  uint32_t max = options->max_connections;
  http->max_connections = max == 0                ? DEFAULT_CONNECTIONS
                          : max > MAX_CONNECTIONS ? MAX_CONNECTIONS
                                                  : max;
  http->max_body = options->max_body ? options->max_body : DEFAULT_BODY;
  http->max_stream = options->max_stream ? options->max_stream : DEFAULT_STREAM;
  rc = make_slots(http);
  if (rc == 0)
    rc = mlxr_wakeup_open(&http->wakeup);
  if (rc == 0)
    rc = listen_at(http, options);
  if (rc == 0)
    rc = start_daemon(http, options->idle ? options->idle : DEFAULT_IDLE);
  if (rc != 0) {
    mlxr_http_close(http);
    return rc;
  }
  *out = http;
  return 0;
}

static bool has_replies_under_way(const mlxr_http_t *http) {
  for (uint32_t i = 0; i < http->max_connections; i++)
    if (http->slots[i].state == MLXR_HTTP_REPLIED ||
        http->slots[i].state == MLXR_HTTP_STREAMING)
      return true;
  return false;
}

static uint32_t number_of(mlxr_http_t *http, uint32_t index) {
  pthread_mutex_lock(&http->lock);
  uint32_t number = http->slots[index].number;
  pthread_mutex_unlock(&http->lock);
  return number;
}

/* No connection may be suspended when the daemon stops, and what was replied
 * needs a moment of its thread to leave. */
static void stop_daemon(mlxr_http_t *http) {
  static const char closing[] =
      "{\"error\":\"the server is closing\",\"code\":\"ECLOSED\"}\n";
  pthread_mutex_lock(&http->lock);
  http->is_closing = true;
  pthread_mutex_unlock(&http->lock);
  for (uint32_t i = 0; i < http->max_connections; i++) {
    uint32_t number = number_of(http, i);
    mlxr_http_reply(http, number, 503, "application/json", closing,
                    sizeof closing - 1);
    mlxr_http_finish(http, number);
  }
  pthread_mutex_lock(&http->lock);
  while (has_replies_under_way(http))
    if (mlxr_clock_await(&http->done, &http->lock, CLOSE_PATIENCE) != 0)
      break;
  pthread_mutex_unlock(&http->lock);
  MHD_stop_daemon(http->daemon);
}

void mlxr_http_close(mlxr_http_t *http) {
  if (!http)
    return;
  if (http->path)
    mlxr_http_socket_unlink(http->path, &http->file);
  /* The daemon closes the socket that it was given. */
  if (http->daemon)
    stop_daemon(http);
  else if (http->listen_fd >= 0)
    close(http->listen_fd);
  for (uint32_t i = 0; http->slots && i < http->max_connections; i++)
    destroy_response(clear_slot(&http->slots[i]));
  if (http->wakeup.read_fd >= 0)
    mlxr_wakeup_close(&http->wakeup);
  pthread_cond_destroy(&http->done);
  pthread_mutex_destroy(&http->lock);
  free(http->slots);
  free(http->queue);
  free(http->path);
  free(http);
}

int mlxr_http_fd(const mlxr_http_t *http) { return http->wakeup.read_fd; }

int mlxr_http_address(const mlxr_http_t *http, mlxr_address_t *out) {
  return mlxr_http_socket_address(http->listen_fd, out);
}

static void lend_request(const mlxr_http_slot_t *slot,
                         mlxr_http_request_t *out) {
  *out = (mlxr_http_request_t){.slot = slot->number,
                               .method = slot->method,
                               .path = slot->path,
                               .query = slot->query,
                               .body = slot->body ? slot->body : "",
                               .body_len = slot->body_len};
}

int mlxr_http_step(mlxr_http_t *http, mlxr_http_request_t *out, size_t count) {
  size_t taken = 0;
  mlxr_wakeup_drain(&http->wakeup);
  pthread_mutex_lock(&http->lock);
  while (taken < count && http->queue_len > 0) {
    mlxr_http_slot_t *slot = &http->slots[http->queue[http->queue_head]];
    http->queue_head = (http->queue_head + 1) % http->max_connections;
    http->queue_len--;
    bool has_left = slot->state == MLXR_HTTP_LEFT;
    slot->state = has_left ? MLXR_HTTP_FREE : MLXR_HTTP_TAKEN;
    lend_request(slot, &out[taken++]);
  }
  bool has_more = http->queue_len > 0;
  pthread_mutex_unlock(&http->lock);
  if (has_more)
    mlxr_wakeup_signal(&http->wakeup);
  return (int)taken;
}

void mlxr_http_reply(mlxr_http_t *http, uint32_t number, unsigned status,
                     const char *content_type, const char *body, size_t len) {
  mlxr_http_slot_t *slot = mlxr_http_find(http, number);
  pthread_mutex_lock(&http->lock);
  bool is_waiting = slot->number == number &&
                    (slot->state == MLXR_HTTP_TAKEN ||
                     (slot->state == MLXR_HTTP_QUEUED && http->is_closing));
  if (is_waiting) {
    /* Without memory the response stays NULL and the connection is closed. */
    slot->response = MHD_create_response_from_buffer(len, (void *)body,
                                                     MHD_RESPMEM_MUST_COPY);
    if (slot->response)
      MHD_add_response_header(slot->response, "Content-Type", content_type);
    slot->status = status;
    slot->state = MLXR_HTTP_REPLIED;
  }
  pthread_mutex_unlock(&http->lock);
  if (is_waiting)
    MHD_resume_connection(slot->connection);
}
