/* sockaddr.h - our addresses in the shape that the socket calls want.
 */
#ifndef MLXR_SOCKADDR_H
#define MLXR_SOCKADDR_H

#include <sys/socket.h>

#include "address.h"

/// AF_INET, AF_INET6, or AF_UNSPEC for "none".
int mlxr_sockaddr_family(const mlxr_address_t *address);

/// Fills `out`, port and scope included, and returns its length; 0 for "none".
socklen_t mlxr_sockaddr_put(const mlxr_address_t *address,
                            struct sockaddr_storage *out);

/// The way back; family 0 for anything but IPv4 and IPv6.
void mlxr_sockaddr_read(const struct sockaddr *from, mlxr_address_t *out);

/// A socket that does not block and is not inherited by programs that we
/// start: its descriptor or a negative errno. `type` is SOCK_DGRAM or
/// SOCK_STREAM.
int mlxr_sockaddr_socket(const mlxr_address_t *address, int type);

/// The same for a protocol that is not the type's own.
int mlxr_sockaddr_socket_of(const mlxr_address_t *address, int type,
                            int protocol);

#endif
