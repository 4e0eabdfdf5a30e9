#include "netif.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netif_internal.h"

enum { QUEUE_KEPT = 256 }; /* a longer queue is given back once it is empty */

struct mlxr_netif {
  mlxr_netif_system_t *system;
  mlxr_netif_view_t view;
  mlxr_netif_view_t asked; /* the neighbours that were lent */
  mlxr_netif_event_t *events;
  size_t first, count, capacity;
  int owed; /* MLXR_READ_… that could not be done yet */
};

/* Room for an event is made before the view changes: a change that could not
 * be reported would otherwise never be. */
static bool reserve_event(mlxr_netif_t *netif) {
  if (netif->count < netif->capacity)
    return true;
  size_t capacity = netif->capacity ? netif->capacity * 2 : 16;
  mlxr_netif_event_t *events =
      realloc(netif->events, capacity * sizeof *events);
  if (!events) {
    netif->owed |= MLXR_READ_LOST;
    return false;
  }
  netif->events = events;
  netif->capacity = capacity;
  return true;
}

static mlxr_netif_event_t *
push(mlxr_netif_t *netif, enum mlxr_netif_event_type type, uint32_t index) {
  mlxr_netif_event_t *event = &netif->events[netif->count++];
  *event = (mlxr_netif_event_t){.type = type, .index = index};
  const mlxr_interface_t *interface =
      mlxr_netif_view_get_interface(&netif->view, index);
  if (interface)
    event->interface = *interface;
  return event;
}

static bool is_same_interface(const mlxr_interface_t *a,
                              const mlxr_interface_t *b) {
  return strcmp(a->name, b->name) == 0 && a->kind == b->kind &&
         a->flags == b->flags && a->mtu == b->mtu && a->has_mac == b->has_mac &&
         memcmp(a->mac, b->mac, sizeof a->mac) == 0;
}

void mlxr_netif_put_interface(mlxr_netif_t *netif,
                              const mlxr_interface_t *item) {
  const mlxr_interface_t *have =
      mlxr_netif_view_get_interface(&netif->view, item->index);
  bool is_new = !have;
  if ((have && is_same_interface(have, item)) || !reserve_event(netif))
    return;
  if (mlxr_netif_view_put_interface(&netif->view, item) == 0)
    push(netif, is_new ? MLXR_LINK_ADDED : MLXR_LINK_CHANGED, item->index);
}

void mlxr_netif_put_address(mlxr_netif_t *netif,
                            const mlxr_interface_address_t *item) {
  const mlxr_interface_address_t *have =
      mlxr_netif_view_get_address(&netif->view, item);
  bool was_usable = have && !have->is_tentative;
  if (!reserve_event(netif) ||
      mlxr_netif_view_put_address(&netif->view, item) != 0)
    return;
  if (was_usable == !item->is_tentative)
    return;
  push(netif, was_usable ? MLXR_ADDRESS_REMOVED : MLXR_ADDRESS_ADDED,
       item->index)
      ->address = *item;
}

void mlxr_netif_put_route(mlxr_netif_t *netif, const mlxr_route_t *item) {
  if (mlxr_netif_view_get_route(&netif->view, item) || !reserve_event(netif))
    return;
  if (mlxr_netif_view_put_route(&netif->view, item) == 0)
    push(netif, MLXR_ROUTE_ADDED, item->index)->route = *item;
}

void mlxr_netif_put_neighbour(mlxr_netif_t *netif,
                              const mlxr_neighbour_t *item) {
  const mlxr_neighbour_t *have =
      mlxr_netif_view_get_neighbour(&netif->view, item);
  bool is_same = have && memcmp(have->mac, item->mac, sizeof item->mac) == 0 &&
                 have->is_reachable == item->is_reachable &&
                 have->is_failed == item->is_failed;
  if (is_same || !reserve_event(netif))
    return;
  if (mlxr_netif_view_put_neighbour(&netif->view, item) == 0)
    push(netif, MLXR_NEIGHBOUR_CHANGED, item->index)->neighbour = *item;
}

void mlxr_netif_drop_address(mlxr_netif_t *netif,
                             const mlxr_interface_address_t *like) {
  mlxr_interface_address_t *have =
      mlxr_netif_view_get_address(&netif->view, like);
  if (!have || !reserve_event(netif))
    return;
  mlxr_interface_address_t gone = *have;
  mlxr_netif_list_remove(&netif->view.addresses, have);
  if (!gone.is_tentative)
    push(netif, MLXR_ADDRESS_REMOVED, gone.index)->address = gone;
}

void mlxr_netif_drop_route(mlxr_netif_t *netif, const mlxr_route_t *like) {
  mlxr_route_t *have = mlxr_netif_view_get_route(&netif->view, like);
  if (!have || !reserve_event(netif))
    return;
  mlxr_route_t gone = *have;
  mlxr_netif_list_remove(&netif->view.routes, have);
  push(netif, MLXR_ROUTE_REMOVED, gone.index)->route = gone;
}

void mlxr_netif_drop_neighbour(mlxr_netif_t *netif,
                               const mlxr_neighbour_t *like) {
  mlxr_neighbour_t *have = mlxr_netif_view_get_neighbour(&netif->view, like);
  if (!have || !reserve_event(netif))
    return;
  mlxr_neighbour_t gone = {.index = have->index, .address = have->address};
  bool was_failed = have->is_failed; /* told as one without a MAC already */
  mlxr_netif_list_remove(&netif->view.neighbours, have);
  if (!was_failed)
    push(netif, MLXR_NEIGHBOUR_CHANGED, gone.index)->neighbour = gone;
}

/* What stood on an interface goes before it does. Neighbours go silently: the
 * event of the link says it of all of them. */
static void drop_what_stands_on(mlxr_netif_t *netif, uint32_t index) {
  mlxr_netif_view_t *view = &netif->view;
  for (size_t i = view->routes.count; i-- > 0;) {
    mlxr_route_t item = ((mlxr_route_t *)view->routes.items)[i];
    if (item.index == index)
      mlxr_netif_drop_route(netif, &item);
  }
  for (size_t i = view->addresses.count; i-- > 0;) {
    mlxr_interface_address_t item =
        ((mlxr_interface_address_t *)view->addresses.items)[i];
    if (item.index == index)
      mlxr_netif_drop_address(netif, &item);
  }
  for (size_t i = view->neighbours.count; i-- > 0;) {
    mlxr_neighbour_t *item = (mlxr_neighbour_t *)view->neighbours.items + i;
    if (item->index == index)
      mlxr_netif_list_remove(&view->neighbours, item);
  }
}

void mlxr_netif_drop_interface(mlxr_netif_t *netif, uint32_t index) {
  if (!mlxr_netif_view_get_interface(&netif->view, index))
    return;
  drop_what_stands_on(netif, index);
  mlxr_interface_t *have = mlxr_netif_view_get_interface(&netif->view, index);
  if (!reserve_event(netif))
    return;
  mlxr_interface_t gone = *have;
  mlxr_netif_list_remove(&netif->view.interfaces, have);
  push(netif, MLXR_LINK_REMOVED, index)->interface = gone;
}

const mlxr_interface_t *mlxr_netif_find(const mlxr_netif_t *netif,
                                        uint32_t index) {
  return mlxr_netif_view_get_interface(&netif->view, index);
}

/* A new reading is adopted by the same single changes that events make. They
 * go from the last to the first, since a drop moves what follows it. */

static void adopt_routes(mlxr_netif_t *netif, const mlxr_netif_view_t *now) {
  for (size_t i = netif->view.routes.count; i-- > 0;) {
    mlxr_route_t item = ((mlxr_route_t *)netif->view.routes.items)[i];
    if (!mlxr_netif_view_get_route(now, &item))
      mlxr_netif_drop_route(netif, &item);
  }
  for (size_t i = 0; i < now->routes.count; i++)
    mlxr_netif_put_route(netif, (mlxr_route_t *)now->routes.items + i);
}

static void adopt_neighbours(mlxr_netif_t *netif,
                             const mlxr_netif_view_t *now) {
  for (size_t i = netif->view.neighbours.count; i-- > 0;) {
    mlxr_neighbour_t item =
        ((mlxr_neighbour_t *)netif->view.neighbours.items)[i];
    if (!mlxr_netif_view_get_neighbour(now, &item))
      mlxr_netif_drop_neighbour(netif, &item);
  }
  for (size_t i = 0; i < now->neighbours.count; i++)
    mlxr_netif_put_neighbour(netif,
                             (mlxr_neighbour_t *)now->neighbours.items + i);
}

static void adopt_all(mlxr_netif_t *netif, const mlxr_netif_view_t *now) {
  for (size_t i = netif->view.interfaces.count; i-- > 0;) {
    uint32_t index =
        ((mlxr_interface_t *)netif->view.interfaces.items)[i].index;
    if (!mlxr_netif_view_get_interface(now, index))
      mlxr_netif_drop_interface(netif, index);
  }
  for (size_t i = netif->view.addresses.count; i-- > 0;) {
    mlxr_interface_address_t item =
        ((mlxr_interface_address_t *)netif->view.addresses.items)[i];
    if (!mlxr_netif_view_get_address(now, &item))
      mlxr_netif_drop_address(netif, &item);
  }
  for (size_t i = 0; i < now->interfaces.count; i++)
    mlxr_netif_put_interface(netif,
                             (mlxr_interface_t *)now->interfaces.items + i);
  for (size_t i = 0; i < now->addresses.count; i++)
    mlxr_netif_put_address(
        netif, (mlxr_interface_address_t *)now->addresses.items + i);
  adopt_routes(netif, now);
  adopt_neighbours(netif, now);
}

static int read_anew(mlxr_netif_t *netif, int what) {
  mlxr_netif_view_t now;
  mlxr_netif_view_init(&now);
  bool all = what & (MLXR_READ_ALL | MLXR_READ_LOST);
  int rc =
      mlxr_netif_system_read(netif->system, all ? MLXR_READ_ALL : what, &now);
  if (rc == 0 && all)
    adopt_all(netif, &now);
  else if (rc == 0 && what & MLXR_READ_ROUTES)
    adopt_routes(netif, &now);
  if (rc == 0 && !all && what & MLXR_READ_NEIGHBOURS)
    adopt_neighbours(netif, &now);
  mlxr_netif_view_deinit(&now);
  if (rc == 0 && what & MLXR_READ_LOST && reserve_event(netif))
    push(netif, MLXR_RESYNCED, 0);
  return rc;
}

int mlxr_netif_open(uint32_t receive_bytes, mlxr_netif_t **out) {
  mlxr_netif_t *netif = calloc(1, sizeof *netif);
  if (!netif)
    return -ENOMEM;
  mlxr_netif_view_init(&netif->view);
  mlxr_netif_view_init(&netif->asked);
  int rc = mlxr_netif_system_open(receive_bytes, &netif->system);
  if (rc == 0)
    rc = mlxr_netif_system_read(netif->system, MLXR_READ_ALL, &netif->view);
  if (rc < 0) {
    mlxr_netif_close(netif);
    return rc;
  }
  *out = netif;
  return 0;
}

void mlxr_netif_close(mlxr_netif_t *netif) {
  if (!netif)
    return;
  mlxr_netif_system_close(netif->system);
  mlxr_netif_view_deinit(&netif->view);
  mlxr_netif_view_deinit(&netif->asked);
  free(netif->events);
  free(netif);
}

int mlxr_netif_fd(const mlxr_netif_t *netif) {
  return mlxr_netif_system_fd(netif->system);
}

static void forget_events(mlxr_netif_t *netif) {
  netif->first = netif->count = 0;
  if (netif->capacity <= QUEUE_KEPT)
    return;
  free(netif->events);
  netif->events = NULL;
  netif->capacity = 0;
}

static int gather(mlxr_netif_t *netif) {
  forget_events(netif);
  int what = mlxr_netif_system_step(netif->system, netif);
  if (what < 0)
    return what;
  what |= netif->owed;
  netif->owed = 0;
  if (what == MLXR_READ_EVENTS)
    return 0;
  int rc = read_anew(netif, what);
  if (rc < 0)
    netif->owed |= what;
  return rc;
}

int mlxr_netif_step(mlxr_netif_t *netif, mlxr_netif_event_t *out,
                    size_t count) {
  if (netif->first == netif->count) {
    int rc = gather(netif);
    if (rc < 0 && netif->count == 0)
      return rc;
  }
  size_t n = netif->count - netif->first;
  if (n > count)
    n = count;
  if (n > 0)
    memcpy(out, netif->events + netif->first, n * sizeof *out);
  netif->first += n;
  return (int)n;
}

size_t mlxr_netif_get_interfaces(const mlxr_netif_t *netif,
                                 const mlxr_interface_t **out) {
  *out = netif->view.interfaces.items;
  return netif->view.interfaces.count;
}

size_t mlxr_netif_get_addresses(const mlxr_netif_t *netif,
                                const mlxr_interface_address_t **out) {
  *out = netif->view.addresses.items;
  return netif->view.addresses.count;
}

size_t mlxr_netif_get_routes(const mlxr_netif_t *netif,
                             const mlxr_route_t **out) {
  *out = netif->view.routes.items;
  return netif->view.routes.count;
}

int mlxr_netif_get_neighbours(mlxr_netif_t *netif, const mlxr_neighbour_t **out,
                              size_t *count) {
  mlxr_netif_list_clear(&netif->asked.neighbours);
  int rc = mlxr_netif_system_read(netif->system, MLXR_READ_NEIGHBOURS,
                                  &netif->asked);
  *out = netif->asked.neighbours.items;
  *count = rc == 0 ? netif->asked.neighbours.count : 0;
  return rc;
}

const char *mlxr_netif_kind_name(enum mlxr_netif_kind kind) {
  static const char *const names[] = {
      [MLXR_KIND_OTHER] = "other",
      [MLXR_KIND_LOOPBACK] = "loopback",
      [MLXR_KIND_ETHERNET] = "ethernet",
      [MLXR_KIND_WIFI] = "wifi",
      [MLXR_KIND_THUNDERBOLT] = "thunderbolt",
      [MLXR_KIND_BRIDGE] = "bridge",
      [MLXR_KIND_TUNNEL] = "tunnel",
  };
  if ((unsigned)kind >= sizeof names / sizeof names[0])
    return "other";
  return names[kind];
}
