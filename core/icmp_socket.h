/* icmp_socket.h - what differs between systems, for icmp.c alone.
 */
#ifndef MLXR_ICMP_SOCKET_H
#define MLXR_ICMP_SOCKET_H

#include <stddef.h>
#include <stdint.h>

/// Where the ICMP message begins in what a socket of that family gave; more
/// than `len` when it cannot be told.
size_t mlxr_icmp_socket_start(uint8_t family, const uint8_t *data, size_t len);

#endif
