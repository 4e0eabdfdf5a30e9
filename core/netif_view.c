#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netif_internal.h"

/* Lists are searched from front to back: machines have dozens of items, and
 * the bounds keep the worst case in the milliseconds. */

static void list_init(mlxr_netif_list_t *list, size_t item_size, size_t max) {
  *list = (mlxr_netif_list_t){.item_size = item_size, .max = max};
}

static int list_add(mlxr_netif_list_t *list, const void *item) {
  if (list->count == list->max)
    return MLXR_ENOSPACE;
  if (list->count == list->capacity) {
    size_t capacity = list->capacity ? list->capacity * 2 : 16;
    void *items = realloc(list->items, capacity * list->item_size);
    if (!items)
      return -ENOMEM;
    list->items = items;
    list->capacity = capacity;
  }
  memcpy((char *)list->items + list->count++ * list->item_size, item,
         list->item_size);
  return 0;
}

void mlxr_netif_list_remove(mlxr_netif_list_t *list, void *item) {
  char *at = item;
  char *end = (char *)list->items + list->count * list->item_size;
  memmove(at, at + list->item_size, (size_t)(end - at) - list->item_size);
  list->count--;
}

void mlxr_netif_list_clear(mlxr_netif_list_t *list) {
  free(list->items);
  list_init(list, list->item_size, list->max);
}

void mlxr_netif_view_init(mlxr_netif_view_t *view) {
  list_init(&view->interfaces, sizeof(mlxr_interface_t),
            MLXR_NETIF_MAX_INTERFACES);
  list_init(&view->addresses, sizeof(mlxr_interface_address_t),
            MLXR_NETIF_MAX_ADDRESSES);
  list_init(&view->routes, sizeof(mlxr_route_t), MLXR_NETIF_MAX_ROUTES);
  list_init(&view->neighbours, sizeof(mlxr_neighbour_t),
            MLXR_NETIF_MAX_NEIGHBOURS);
}

void mlxr_netif_view_deinit(mlxr_netif_view_t *view) {
  free(view->interfaces.items);
  free(view->addresses.items);
  free(view->routes.items);
  free(view->neighbours.items);
  mlxr_netif_view_init(view);
}

mlxr_interface_t *mlxr_netif_view_get_interface(const mlxr_netif_view_t *view,
                                                uint32_t index) {
  mlxr_interface_t *items = view->interfaces.items;
  for (size_t i = 0; i < view->interfaces.count; i++)
    if (items[i].index == index)
      return &items[i];
  return NULL;
}

mlxr_interface_address_t *
mlxr_netif_view_get_address(const mlxr_netif_view_t *view,
                            const mlxr_interface_address_t *like) {
  mlxr_interface_address_t *items = view->addresses.items;
  for (size_t i = 0; i < view->addresses.count; i++)
    if (items[i].index == like->index && items[i].prefix == like->prefix &&
        mlxr_address_is_same_host(&items[i].address, &like->address))
      return &items[i];
  return NULL;
}

mlxr_route_t *mlxr_netif_view_get_route(const mlxr_netif_view_t *view,
                                        const mlxr_route_t *like) {
  mlxr_route_t *items = view->routes.items;
  for (size_t i = 0; i < view->routes.count; i++)
    if (items[i].index == like->index && items[i].metric == like->metric &&
        mlxr_address_is_same_host(&items[i].gateway, &like->gateway))
      return &items[i];
  return NULL;
}

mlxr_neighbour_t *mlxr_netif_view_get_neighbour(const mlxr_netif_view_t *view,
                                                const mlxr_neighbour_t *like) {
  mlxr_neighbour_t *items = view->neighbours.items;
  for (size_t i = 0; i < view->neighbours.count; i++)
    if (items[i].index == like->index &&
        mlxr_address_is_same_host(&items[i].address, &like->address))
      return &items[i];
  return NULL;
}

int mlxr_netif_view_put_interface(mlxr_netif_view_t *view,
                                  const mlxr_interface_t *item) {
  mlxr_interface_t *have = mlxr_netif_view_get_interface(view, item->index);
  if (!have)
    return list_add(&view->interfaces, item);
  *have = *item;
  return 0;
}

int mlxr_netif_view_put_address(mlxr_netif_view_t *view,
                                const mlxr_interface_address_t *item) {
  mlxr_interface_address_t *have = mlxr_netif_view_get_address(view, item);
  if (!have)
    return list_add(&view->addresses, item);
  *have = *item;
  return 0;
}

int mlxr_netif_view_put_route(mlxr_netif_view_t *view,
                              const mlxr_route_t *item) {
  return mlxr_netif_view_get_route(view, item) ? 0
                                               : list_add(&view->routes, item);
}

int mlxr_netif_view_put_neighbour(mlxr_netif_view_t *view,
                                  const mlxr_neighbour_t *item) {
  mlxr_neighbour_t *have = mlxr_netif_view_get_neighbour(view, item);
  if (!have)
    return list_add(&view->neighbours, item);
  *have = *item;
  return 0;
}
