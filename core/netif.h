/* netif.h - interfaces, addresses, default routes and neighbours, and what
 * becomes of them.
 *
 * The object keeps a view that equals the kernel's: netlink on Linux
 * (netif_linux.c), PF_ROUTE and getifaddrs on BSD and macOS (netif_bsd.c).
 * When the kernel says that events were lost (ENOBUFS), the view is read anew
 * and the difference is reported, so that a missed event is only a late one.
 */
#ifndef MLXR_NETIF_H
#define MLXR_NETIF_H

#include "address.h"

typedef struct mlxr_netif mlxr_netif_t;

enum mlxr_netif_kind {
  MLXR_KIND_OTHER,
  MLXR_KIND_LOOPBACK,
  MLXR_KIND_ETHERNET,
  MLXR_KIND_WIFI,
  MLXR_KIND_THUNDERBOLT,
  MLXR_KIND_BRIDGE,
  MLXR_KIND_TUNNEL ///< VPN, point to point
};

enum {
  MLXR_NETIF_UP = 1,      ///< administratively up
  MLXR_NETIF_RUNNING = 2, ///< carrier
  MLXR_NETIF_MULTICAST = 4,
  MLXR_NETIF_POINT_TO_POINT = 8
};

typedef struct mlxr_interface {
  uint32_t index;
  char name[16];
  enum mlxr_netif_kind kind;
  int flags;
  uint32_t mtu;
  uint8_t mac[6];
  bool has_mac;
} mlxr_interface_t;

typedef struct mlxr_interface_address {
  uint32_t index;
  mlxr_address_t address;
  uint8_t prefix;
  bool is_temporary; ///< RFC 8981 address
  bool is_tentative; ///< duplicate address detection runs
} mlxr_interface_address_t;

typedef struct mlxr_route {
  uint32_t index;
  mlxr_address_t gateway; ///< family set, all zero when on-link
  uint32_t metric;
} mlxr_route_t; ///< default routes only

typedef struct mlxr_neighbour {
  uint32_t index;
  mlxr_address_t address;
  uint8_t mac[6];
  bool is_reachable; ///< confirmed lately; false when stale or probing
  bool is_failed;    ///< asked and did not answer; no MAC then
} mlxr_neighbour_t;  ///< one that the kernel dropped comes with no MAC

/* An event comes only when the view changed; what the kernel repeats is none.
 * Addresses are told when they can be used: a tentative one stands in the view
 * at once and is ADDED when its detection ends, and one that becomes tentative
 * again is REMOVED. */
enum mlxr_netif_event_type {
  MLXR_LINK_ADDED,
  MLXR_LINK_CHANGED, ///< up, carrier, name, MAC or MTU
  MLXR_LINK_REMOVED, ///< after what stood on it; its neighbours go unsaid
  MLXR_ADDRESS_ADDED,
  MLXR_ADDRESS_REMOVED,
  MLXR_ROUTE_ADDED,
  MLXR_ROUTE_REMOVED,
  MLXR_NEIGHBOUR_CHANGED,
  MLXR_RESYNCED ///< events were lost; the view is right again
};

typedef struct mlxr_netif_event {
  enum mlxr_netif_event_type type;
  uint32_t index;
  mlxr_interface_t interface;       ///< of `index`; no name when unknown
  mlxr_interface_address_t address; ///< ADDRESS_…
  mlxr_route_t route;               ///< ROUTE_…
  mlxr_neighbour_t neighbour;       ///< NEIGHBOUR_…
} mlxr_netif_event_t;

/// Opens and reads the present state. `receive_bytes` is for the event
/// socket's buffer; 0 leaves the default.
int mlxr_netif_open(uint32_t receive_bytes, mlxr_netif_t **out);
void mlxr_netif_close(mlxr_netif_t *netif);
int mlxr_netif_fd(const mlxr_netif_t *netif);

/// Up to `count` events, in the order in which they happened. More may wait
/// when there are `count`: the descriptor tells of the kernel's only.
int mlxr_netif_step(mlxr_netif_t *netif, mlxr_netif_event_t *out, size_t count);

/// The present view; the arrays are lent until the next step.
size_t mlxr_netif_get_interfaces(const mlxr_netif_t *netif,
                                 const mlxr_interface_t **out);
size_t mlxr_netif_get_addresses(const mlxr_netif_t *netif,
                                const mlxr_interface_address_t **out);
size_t mlxr_netif_get_routes(const mlxr_netif_t *netif,
                             const mlxr_route_t **out);

/// Reads the kernel's neighbour table; the array is lent until the next call.
int mlxr_netif_get_neighbours(mlxr_netif_t *netif, const mlxr_neighbour_t **out,
                              size_t *count);

const char *mlxr_netif_kind_name(enum mlxr_netif_kind kind);

#endif
