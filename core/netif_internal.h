/* netif_internal.h - what netif.c shares with the platform's file.
 *
 * The platform reads the kernel's whole state into a view (`system_read`) and
 * tells single changes as they come (`mlxr_netif_put_…`, `_drop_…`); netif.c
 * keeps the view, reports what changed in it, and nothing else.
 */
#ifndef MLXR_NETIF_INTERNAL_H
#define MLXR_NETIF_INTERNAL_H

#include "netif.h"

/* Far above what machines have; what is beyond is not seen. */
enum {
  MLXR_NETIF_MAX_INTERFACES = 4096,
  MLXR_NETIF_MAX_ADDRESSES = 16384,
  MLXR_NETIF_MAX_ROUTES = 1024,
  MLXR_NETIF_MAX_NEIGHBOURS = 8192
};

/// A growing array of plain items, bounded.
typedef struct mlxr_netif_list {
  void *items;
  size_t count, capacity, item_size, max;
} mlxr_netif_list_t;

typedef struct mlxr_netif_view {
  mlxr_netif_list_t interfaces, addresses, routes, neighbours;
} mlxr_netif_view_t;

/// What a platform keeps: sockets, buffers.
typedef struct mlxr_netif_system mlxr_netif_system_t;

/// Views (netif_view.c). `put` adds or replaces by the item's identity.
/// 0, MLXR_ENOSPACE at the bound, or -ENOMEM.
void mlxr_netif_view_init(mlxr_netif_view_t *view);
void mlxr_netif_view_deinit(mlxr_netif_view_t *view);
int mlxr_netif_view_put_interface(mlxr_netif_view_t *view,
                                  const mlxr_interface_t *item);
int mlxr_netif_view_put_address(mlxr_netif_view_t *view,
                                const mlxr_interface_address_t *item);
int mlxr_netif_view_put_route(mlxr_netif_view_t *view,
                              const mlxr_route_t *item);
int mlxr_netif_view_put_neighbour(mlxr_netif_view_t *view,
                                  const mlxr_neighbour_t *item);

/// The item of that identity, or NULL.
mlxr_interface_t *mlxr_netif_view_get_interface(const mlxr_netif_view_t *view,
                                                uint32_t index);
mlxr_interface_address_t *
mlxr_netif_view_get_address(const mlxr_netif_view_t *view,
                            const mlxr_interface_address_t *like);
mlxr_route_t *mlxr_netif_view_get_route(const mlxr_netif_view_t *view,
                                        const mlxr_route_t *like);
mlxr_neighbour_t *mlxr_netif_view_get_neighbour(const mlxr_netif_view_t *view,
                                                const mlxr_neighbour_t *like);

/// Removes the item that a `get` lent.
void mlxr_netif_list_remove(mlxr_netif_list_t *list, void *item);
void mlxr_netif_list_clear(mlxr_netif_list_t *list);

/// Single changes, told by the platform while it steps (netif.c). An item that
/// says nothing new is no event.
void mlxr_netif_put_interface(mlxr_netif_t *netif,
                              const mlxr_interface_t *item);
void mlxr_netif_put_address(mlxr_netif_t *netif,
                            const mlxr_interface_address_t *item);
void mlxr_netif_put_route(mlxr_netif_t *netif, const mlxr_route_t *item);
void mlxr_netif_put_neighbour(mlxr_netif_t *netif,
                              const mlxr_neighbour_t *item);
void mlxr_netif_drop_interface(mlxr_netif_t *netif, uint32_t index);
void mlxr_netif_drop_address(mlxr_netif_t *netif,
                             const mlxr_interface_address_t *like);
void mlxr_netif_drop_route(mlxr_netif_t *netif, const mlxr_route_t *like);
void mlxr_netif_drop_neighbour(mlxr_netif_t *netif,
                               const mlxr_neighbour_t *like);
/// The interface as the view has it; NULL when it does not.
const mlxr_interface_t *mlxr_netif_find(const mlxr_netif_t *netif,
                                        uint32_t index);

enum mlxr_netif_reading {
  MLXR_READ_EVENTS = 0, ///< the view follows from what was told
  MLXR_READ_ROUTES = 1, ///< routes changed without a word: read them anew
  MLXR_READ_NEIGHBOURS = 2,
  MLXR_READ_ALL = 4, ///< read all anew
  MLXR_READ_LOST = 8 ///< read all anew and say that events were lost
};

/* The platform (netif_linux.c, netif_bsd.c). */
int mlxr_netif_system_open(uint32_t receive_bytes, mlxr_netif_system_t **out);
void mlxr_netif_system_close(mlxr_netif_system_t *system);
int mlxr_netif_system_fd(const mlxr_netif_system_t *system);
/// Tells waiting changes; returns MLXR_READ_… flags or a negative code.
int mlxr_netif_system_step(mlxr_netif_system_t *system, mlxr_netif_t *netif);
/// Reads the kernel's state of now into an empty view. MLXR_READ_ALL reads
/// everything and forgets what is still waiting to be told.
int mlxr_netif_system_read(mlxr_netif_system_t *system, int what,
                           mlxr_netif_view_t *view);

#endif
