/* netif_linux.h - rtnetlink messages as plain items, and what sort of link an
 * interface is. All but the kind is pure: bytes in, items out.
 */
#ifndef MLXR_NETIF_LINUX_H
#define MLXR_NETIF_LINUX_H

#include <linux/netlink.h>

#include "netif.h"

typedef void (*mlxr_netif_route_fn)(void *context, const mlxr_route_t *route);

/// Each reads one message; false when it tells of nothing that a view holds.
/// `known` is the interface as the view has it, or NULL: it spares a look into
/// /sys when the name is the same.
bool mlxr_netif_read_link(const struct nlmsghdr *message,
                          const mlxr_interface_t *known, mlxr_interface_t *out);
bool mlxr_netif_read_address(const struct nlmsghdr *message,
                             mlxr_interface_address_t *out);
bool mlxr_netif_read_neighbour(const struct nlmsghdr *message,
                               mlxr_neighbour_t *out);

/// Calls back for every default route of the main table in a message, each
/// path of a multipath route.
void mlxr_netif_each_route(const struct nlmsghdr *message,
                           mlxr_netif_route_fn found, void *context);

/// `hardware` is the link's ARPHRD_… number, `type` its rtnetlink type
/// ("bridge", "veth", …) or "". Looks into /sys for what netlink does not say.
enum mlxr_netif_kind mlxr_netif_kind_of(const mlxr_interface_t *interface,
                                        unsigned hardware, const char *type);

#endif
