/* netif_bsd.h - what getifaddrs does not say: what sort of link an interface
 * is, and the state of an IPv6 address.
 */
#ifndef MLXR_NETIF_BSD_H
#define MLXR_NETIF_BSD_H

#include <sys/socket.h>

#include "netif.h"

/// Addresses in routing messages are padded to this: macOS keeps to 32 bits.
#ifdef __APPLE__
#define MLXR_ROUTE_ALIGN sizeof(uint32_t)
#else
#define MLXR_ROUTE_ALIGN sizeof(long)
#endif
#define MLXR_ROUTE_ROUND(len)                                                  \
  ((len) == 0 ? MLXR_ROUTE_ALIGN                                               \
              : ((len) + MLXR_ROUTE_ALIGN - 1) & ~(MLXR_ROUTE_ALIGN - 1))

/// `hardware` is the link's IFT_… number; `control` any socket for ioctl.
enum mlxr_netif_kind mlxr_netif_kind_of(int control,
                                        const mlxr_interface_t *interface,
                                        unsigned hardware);

/// Sets is_temporary and is_tentative of an IPv6 address.
void mlxr_netif_address_flags(int control, const char *name,
                              const struct sockaddr *address,
                              mlxr_interface_address_t *out);

#endif
