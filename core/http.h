/* http.h - an HTTP/1.1 server on a Unix socket or a TCP address.
 *
 * libmicrohttpd's thread hands requests over and waits for replies; it never
 * sees Lua. Bodies, numbers of connections and idle times are bounded. On a
 * Unix socket only the owner and root may connect (mode 0600 and SO_PEERCRED).
 *
 * A reply comes at once, or as a stream: chunks that are sent as they are
 * written, until it is finished. What a client has not taken is kept up to
 * `max_stream`; whoever writes more is told, and drops that client.
 */
#ifndef MLXR_HTTP_H
#define MLXR_HTTP_H

#include "address.h"

typedef struct mlxr_http mlxr_http_t;

typedef struct mlxr_http_options {
  const char *path;         ///< Unix socket, or NULL
  mlxr_address_t address;   ///< used when `path` is NULL
  uint32_t max_connections; ///< 0 means 50
  uint32_t max_body;        ///< bytes; 0 means 65536
  uint32_t max_stream;      ///< bytes that wait for a client; 0 means 65536
  uint32_t idle;            ///< ms; 0 means 30000
} mlxr_http_options_t;

typedef struct mlxr_http_request {
  uint32_t slot;
  const char *method; ///< NULL: the client of a stream has left, and the slot
                      ///< is no more. Lent until the reply, as all below
  const char *path;   ///< decoded, without the query string
  const char *query;  ///< undecoded, "" for none
  const char *body;
  size_t body_len;
} mlxr_http_request_t;

/// A stale socket file is replaced; a live one is -EADDRINUSE.
int mlxr_http_open(const mlxr_http_options_t *options, mlxr_http_t **out);
/// Clients that wait get 503; the socket file is removed.
void mlxr_http_close(mlxr_http_t *http);
int mlxr_http_fd(const mlxr_http_t *http);
int mlxr_http_address(const mlxr_http_t *http, mlxr_address_t *out);

int mlxr_http_step(mlxr_http_t *http, mlxr_http_request_t *out, size_t count);
/// Copies body and headers. Unknown slots are ignored.
void mlxr_http_reply(mlxr_http_t *http, uint32_t slot, unsigned status,
                     const char *content_type, const char *body, size_t len);

/// Begins a stream as the reply. 0, -ENOENT for unknown slots, or -ENOMEM.
int mlxr_http_stream(mlxr_http_t *http, uint32_t slot, unsigned status,
                     const char *content_type);
/// Copies what is to be sent next, whole or not at all. 0; -ENOBUFS when the
/// client is too slow, -EPIPE when there is no such stream (any more), -ENOMEM.
int mlxr_http_write(mlxr_http_t *http, uint32_t slot, const char *data,
                    size_t len);
/// Ends a stream when all of it was sent; its slot is no more.
void mlxr_http_finish(mlxr_http_t *http, uint32_t slot);
/// Ends a stream at once: the connection is broken.
void mlxr_http_drop(mlxr_http_t *http, uint32_t slot);

#endif
