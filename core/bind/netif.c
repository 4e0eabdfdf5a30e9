#include "../netif.h"

#include <stdio.h>
#include <string.h>

#include "bind.h"

#define CLASS "mlxresolve.Netif"

enum { STEP_EVENTS = 64 };

static void close_object(void *netif) { mlxr_netif_close(netif); }

static mlxr_bind_box_t *check_box(lua_State *L) {
  return luaL_checkudata(L, 1, CLASS);
}

static mlxr_netif_t *check(lua_State *L) {
  mlxr_netif_t *netif = check_box(L)->object;
  if (!netif)
    luaL_error(L, "this netif is closed");
  return netif;
}

static void set_text(lua_State *L, const char *key, const char *value) {
  lua_pushstring(L, value);
  lua_setfield(L, -2, key);
}

static void set_bool(lua_State *L, const char *key, bool value) {
  lua_pushboolean(L, value);
  lua_setfield(L, -2, key);
}

static void set_number(lua_State *L, const char *key, lua_Number value) {
  lua_pushnumber(L, value);
  lua_setfield(L, -2, key);
}

/* The name in a scope is the view's: by the time that an event is read, the
 * system may not know the interface any more. */
static void push_address(lua_State *L, const mlxr_address_t *address,
                         const char *interface) {
  mlxr_address_t bare = *address;
  if (!interface[0] || bare.scope == 0) {
    mlxr_bind_push_address(L, address, false);
    return;
  }
  char text[MLXR_ADDRESS_TEXT_MAX];
  bare.scope = bare.port = 0;
  mlxr_address_to_text(&bare, NULL, text);
  lua_pushfstring(L, "%s%%%s", text, interface);
}

static void set_address(lua_State *L, const char *key,
                        const mlxr_address_t *address, const char *interface) {
  push_address(L, address, interface);
  lua_setfield(L, -2, key);
}

static void set_mac(lua_State *L, const uint8_t mac[6], bool has_mac) {
  char text[18];
  if (has_mac) {
    snprintf(text, sizeof text, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
             mac[2], mac[3], mac[4], mac[5]);
    lua_pushstring(L, text);
  } else {
    lua_pushboolean(L, false);
  }
  lua_setfield(L, -2, "mac");
}

static bool has_mac(const uint8_t mac[6]) {
  for (int i = 0; i < 6; i++)
    if (mac[i] != 0)
      return true;
  return false;
}

static bool is_up(const mlxr_interface_t *interface) {
  int both = MLXR_NETIF_UP | MLXR_NETIF_RUNNING;
  return (interface->flags & both) == both;
}

/* An on-link default route has no gateway: "". */
static void push_gateway(lua_State *L, const mlxr_address_t *gateway,
                         const char *interface) {
  static const uint8_t none[16];
  if (memcmp(gateway->bytes, none, sizeof none) == 0)
    lua_pushliteral(L, "");
  else
    push_address(L, gateway, interface);
}

static int netif_open(lua_State *L) {
  uint64_t bytes = mlxr_bind_field(L, 1, "receive_bytes", 0, INT32_MAX);
  mlxr_bind_box_t *box = lua_newuserdata(L, sizeof *box);
  *box = (mlxr_bind_box_t){0};
  luaL_getmetatable(L, CLASS);
  lua_setmetatable(L, -2);
  mlxr_netif_t *netif;
  int rc = mlxr_netif_open((uint32_t)bytes, &netif);
  if (rc < 0)
    return mlxr_bind_fail(L, rc, "network interfaces");
  box->object = netif;
  return 1;
}

static int netif_close(lua_State *L) {
  mlxr_bind_close(check_box(L), close_object);
  return 0;
}

static int netif_collect(lua_State *L) {
  mlxr_bind_collect(check_box(L), close_object);
  return 0;
}

static int netif_fd(lua_State *L) {
  lua_pushinteger(L, mlxr_netif_fd(check(L)));
  return 1;
}

static void push_addresses_of(lua_State *L, const mlxr_netif_t *netif,
                              const mlxr_interface_t *interface) {
  const mlxr_interface_address_t *items;
  size_t count = mlxr_netif_get_addresses(netif, &items);
  int n = 0;
  lua_newtable(L);
  for (size_t i = 0; i < count; i++) {
    if (items[i].index != interface->index)
      continue;
    lua_createtable(L, 0, 5);
    set_address(L, "address", &items[i].address, interface->name);
    set_text(L, "family", items[i].address.family == 4 ? "ipv4" : "ipv6");
    set_number(L, "prefix", items[i].prefix);
    set_bool(L, "temporary", items[i].is_temporary);
    set_bool(L, "tentative", items[i].is_tentative);
    lua_rawseti(L, -2, ++n);
  }
}

static void push_gateways_of(lua_State *L, const mlxr_netif_t *netif,
                             const mlxr_interface_t *interface) {
  const mlxr_route_t *items;
  size_t count = mlxr_netif_get_routes(netif, &items);
  int n = 0;
  lua_newtable(L);
  for (size_t i = 0; i < count; i++) {
    if (items[i].index != interface->index)
      continue;
    push_gateway(L, &items[i].gateway, interface->name);
    lua_rawseti(L, -2, ++n);
  }
}

static int push_interfaces(lua_State *L) {
  mlxr_netif_t *netif = check(L);
  const mlxr_interface_t *items;
  size_t count = mlxr_netif_get_interfaces(netif, &items);
  lua_createtable(L, (int)count, 0);
  for (size_t i = 0; i < count; i++) {
    const mlxr_interface_t *item = &items[i];
    lua_createtable(L, 0, 10);
    set_number(L, "index", item->index);
    set_text(L, "name", item->name);
    set_text(L, "kind", mlxr_netif_kind_name(item->kind));
    set_bool(L, "up", is_up(item));
    set_bool(L, "multicast", item->flags & MLXR_NETIF_MULTICAST);
    set_bool(L, "point_to_point", item->flags & MLXR_NETIF_POINT_TO_POINT);
    set_mac(L, item->mac, item->has_mac);
    set_number(L, "mtu", item->mtu);
    push_addresses_of(L, netif, item);
    lua_setfield(L, -2, "addresses");
    push_gateways_of(L, netif, item);
    lua_setfield(L, -2, "gateways");
    lua_rawseti(L, -2, (int)i + 1);
  }
  return 1;
}

static int push_neighbours(lua_State *L) {
  mlxr_netif_t *netif = check(L);
  const mlxr_neighbour_t *items;
  size_t count;
  int n = 0, rc = mlxr_netif_get_neighbours(netif, &items, &count);
  if (rc < 0)
    return mlxr_bind_fail(L, rc, "neighbours");
  const mlxr_interface_t *links;
  size_t link_count = mlxr_netif_get_interfaces(netif, &links);
  lua_newtable(L);
  for (size_t i = 0; i < count; i++) {
    if (!has_mac(items[i].mac))
      continue;
    const char *name = "";
    for (size_t j = 0; j < link_count; j++)
      if (links[j].index == items[i].index)
        name = links[j].name;
    lua_createtable(L, 0, 5);
    set_address(L, "address", &items[i].address, name);
    set_text(L, "interface", name);
    set_number(L, "index", items[i].index);
    set_mac(L, items[i].mac, true);
    set_bool(L, "reachable", items[i].is_reachable);
    lua_rawseti(L, -2, ++n);
  }
  return 1;
}

static void push_event(lua_State *L, const mlxr_netif_event_t *event) {
  static const char *const types[] = {
      [MLXR_LINK_ADDED] = "link_added",
      [MLXR_LINK_CHANGED] = "link_changed",
      [MLXR_LINK_REMOVED] = "link_removed",
      [MLXR_ADDRESS_ADDED] = "address_added",
      [MLXR_ADDRESS_REMOVED] = "address_removed",
      [MLXR_ROUTE_ADDED] = "route_added",
      [MLXR_ROUTE_REMOVED] = "route_removed",
      [MLXR_NEIGHBOUR_CHANGED] = "neighbour_changed",
      [MLXR_RESYNCED] = "resynced"};
  lua_createtable(L, 0, 6);
  set_text(L, "type", types[event->type]);
  set_number(L, "index", event->index);
  if (event->interface.name[0])
    set_text(L, "interface", event->interface.name);
  else
    set_bool(L, "interface", false);
  switch (event->type) {
  case MLXR_LINK_ADDED:
  case MLXR_LINK_CHANGED:
  case MLXR_LINK_REMOVED:
    set_bool(L, "up",
             event->type != MLXR_LINK_REMOVED && is_up(&event->interface));
    set_mac(L, event->interface.mac, event->interface.has_mac);
    break;
  case MLXR_ADDRESS_ADDED:
  case MLXR_ADDRESS_REMOVED:
    set_address(L, "address", &event->address.address, event->interface.name);
    set_number(L, "prefix", event->address.prefix);
    break;
  case MLXR_ROUTE_ADDED:
  case MLXR_ROUTE_REMOVED:
    push_gateway(L, &event->route.gateway, event->interface.name);
    lua_setfield(L, -2, "gateway");
    break;
  case MLXR_NEIGHBOUR_CHANGED:
    set_address(L, "address", &event->neighbour.address, event->interface.name);
    set_mac(L, event->neighbour.mac, has_mac(event->neighbour.mac));
    set_bool(L, "reachable", event->neighbour.is_reachable);
    break;
  case MLXR_RESYNCED:
    break;
  }
}

/* All that waits in one batch: what stays queued would not show in the
 * descriptor. */
static int push_events(lua_State *L) {
  mlxr_netif_t *netif = check(L);
  mlxr_bind_now(L, 2);
  luaL_checktype(L, 3, LUA_TTABLE);
  mlxr_netif_event_t events[STEP_EVENTS];
  int items = 0, n;
  do {
    n = mlxr_netif_step(netif, events, STEP_EVENTS);
    if (n < 0 && items == 0)
      return mlxr_bind_fail(L, n, "network interfaces");
    for (int i = 0; i < n; i++) {
      push_event(L, &events[i]);
      lua_rawseti(L, 3, ++items);
    }
  } while (n == STEP_EVENTS);
  lua_pushinteger(L, items);
  return 1;
}

/* All that is lent lives until it was pushed. */
static int held(lua_State *L, lua_CFunction push) {
  mlxr_bind_box_t *box = check_box(L);
  mlxr_bind_hold(box);
  int results = push(L);
  mlxr_bind_let_go(box, close_object);
  return results;
}

static int netif_interfaces(lua_State *L) { return held(L, push_interfaces); }

static int netif_neighbours(lua_State *L) { return held(L, push_neighbours); }

static int netif_step(lua_State *L) { return held(L, push_events); }

static const luaL_Reg methods[] = {{"interfaces", netif_interfaces},
                                   {"neighbours", netif_neighbours},
                                   {"step", netif_step},
                                   {"fd", netif_fd},
                                   {"close", netif_close},
                                   {NULL, NULL}};

static const luaL_Reg functions[] = {{"open", netif_open}, {NULL, NULL}};

int mlxr_bind_open_netif(lua_State *L) {
  mlxr_bind_class(L, CLASS, methods, netif_collect);
  lua_newtable(L);
  luaL_register(L, NULL, functions);
  return 1;
}
