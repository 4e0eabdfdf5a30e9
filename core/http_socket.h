/* http_socket.h - the listening socket of the HTTP server, apart from HTTP.
 *
 * A Unix socket can be reached by its owner and by root only. The file of a
 * server that is gone is replaced; nothing but a socket is ever removed.
 */
#ifndef MLXR_HTTP_SOCKET_H
#define MLXR_HTTP_SOCKET_H

#include "address.h"

typedef struct mlxr_socket_file {
  uint64_t device, inode;
} mlxr_socket_file_t;

/// Listens at `path`; `*identity` names the file for `unlink`. -EADDRINUSE
/// when somebody answers there, -EEXIST when it is no socket.
int mlxr_http_socket_open_unix(const char *path, mlxr_socket_file_t *identity,
                               int *out);

/// Listens at an address; port 0 takes a free one.
int mlxr_http_socket_open_tcp(const mlxr_address_t *address, int *out);

/// Removes the file unless somebody else has put his own there meanwhile.
void mlxr_http_socket_unlink(const char *path,
                             const mlxr_socket_file_t *identity);

/// Is the peer of a connected Unix socket this user or root?
bool mlxr_http_socket_is_trusted(int fd);

/// The address a TCP socket is bound to.
int mlxr_http_socket_address(int fd, mlxr_address_t *out);

#endif
