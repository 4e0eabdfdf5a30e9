/* http_internal.h - what the files of the HTTP server share: the slots.
 *
 * A request is one slot from its first line to its last byte of reply. The
 * server's thread suspends the connection and queues the slot; whoever steps
 * takes it, and the reply resumes the connection, which makes the server's
 * thread ask the handler again: then the response is there.
 *
 *   FREE -> READING -> QUEUED -> TAKEN -> REPLIED -> FREE
 *
 * A reply that is streamed has a response that the server's thread reads from;
 * when there is nothing to read the connection is suspended again: parked. A
 * client that leaves before the end makes the slot wait once more, so that
 * whoever steps hears of it.
 *
 *   TAKEN -> STREAMING -> FREE, or -> LEFT -> FREE
 *
 * A connection that is suspended is never destroyed by its client's leaving, so
 * what a taken slot lends stays valid until the reply.
 */
#ifndef MLXR_HTTP_INTERNAL_H
#define MLXR_HTTP_INTERNAL_H

#include <pthread.h>

#include <microhttpd.h>

#include "http.h"
#include "http_socket.h"
#include "poller.h"

typedef enum mlxr_http_state {
  MLXR_HTTP_FREE,
  MLXR_HTTP_READING,
  MLXR_HTTP_QUEUED,
  MLXR_HTTP_TAKEN,
  MLXR_HTTP_REPLIED,
  MLXR_HTTP_STREAMING,
  MLXR_HTTP_LEFT
} mlxr_http_state_t;

/// What a stream has yet to send.
typedef struct mlxr_http_pending {
  char *data;
  size_t len, capacity;
} mlxr_http_pending_t;

typedef struct mlxr_http_slot {
  mlxr_http_t *http;
  mlxr_http_state_t state;
  bool is_checked;  ///< the headers were looked at
  bool is_parked;   ///< a stream with nothing to send
  bool is_finished; ///< the stream ends after what is pending
  bool is_dropped;  ///< it ends at once
  uint32_t number;
  int fd; ///< of a stream's connection
  struct MHD_Connection *connection;
  struct MHD_Response *response;
  unsigned status;
  char *method, *path, *query, *body;
  size_t body_len, body_capacity;
  mlxr_http_pending_t pending;
} mlxr_http_slot_t;

struct mlxr_http {
  struct MHD_Daemon *daemon;
  int listen_fd;
  char *path;
  mlxr_socket_file_t file;
  mlxr_wakeup_t wakeup;
  uint32_t max_connections, max_body, max_stream;
  pthread_mutex_t lock; ///< all below
  pthread_cond_t done;
  bool is_closing;
  mlxr_http_slot_t *slots;
  uint32_t *queue;
  uint32_t queue_head, queue_len;
};

/// The slot of that number, which may be another request's by now.
mlxr_http_slot_t *mlxr_http_find(mlxr_http_t *http, uint32_t number);

/// Makes a slot wait to be stepped over. Under the lock.
void mlxr_http_enqueue(mlxr_http_t *http, mlxr_http_slot_t *slot);

#endif
