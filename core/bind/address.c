#include <errno.h>
#include <math.h>
#include <net/if.h>

#include "bind.h"

static void set_flag(lua_State *L, const char *name, bool value) {
  lua_pushboolean(L, value);
  lua_setfield(L, -2, name);
}

/* Pushes the scope's name, or its number when the interface is gone. */
static void push_scope(lua_State *L, uint32_t scope) {
  char name[IF_NAMESIZE];
  if (scope == 0)
    lua_pushboolean(L, false);
  else if (if_indextoname(scope, name))
    lua_pushstring(L, name);
  else
    lua_pushfstring(L, "%d", (int)scope);
}

static int address_parse(lua_State *L) {
  mlxr_address_t address;
  int rc = mlxr_bind_address(L, 1, &address);
  if (rc != 0)
    return mlxr_bind_fail(L, rc, "address");
  lua_createtable(L, 0, 6);
  mlxr_bind_push_address(L, &address, false);
  lua_setfield(L, -2, "address");
  lua_pushstring(L, address.family == 4 ? "ipv4" : "ipv6");
  lua_setfield(L, -2, "family");
  if (address.port != 0)
    lua_pushinteger(L, address.port);
  else
    lua_pushboolean(L, false);
  lua_setfield(L, -2, "port");
  push_scope(L, address.scope);
  lua_setfield(L, -2, "interface");
  set_flag(L, "is_loopback", mlxr_address_is_loopback(&address));
  set_flag(L, "is_link_local", mlxr_address_is_link_local(&address));
  return 1;
}

static uint32_t scope_of(const char *name) { return if_nametoindex(name); }

static int get_network(lua_State *L, int arg, mlxr_address_t *base,
                       unsigned *prefix) {
  size_t len;
  const char *text = luaL_checklstring(L, arg, &len);
  return mlxr_address_network_from_text(text, len, scope_of, base, prefix);
}

static lua_Number size_of(const mlxr_address_t *base, unsigned prefix) {
  return ldexp(1, (base->family == 4 ? 32 : 128) - (int)prefix);
}

static int address_is_within(lua_State *L) {
  mlxr_address_t address, base;
  unsigned prefix;
  int rc = mlxr_bind_address(L, 1, &address);
  if (rc != 0)
    return mlxr_bind_fail(L, rc, "address");
  rc = get_network(L, 2, &base, &prefix);
  if (rc != 0)
    return mlxr_bind_fail(L, rc, "network");
  lua_pushboolean(L, mlxr_address_is_within(&address, &base, prefix));
  return 1;
}

static int address_network(lua_State *L) {
  mlxr_address_t base;
  unsigned prefix;
  int rc = get_network(L, 1, &base, &prefix);
  if (rc != 0)
    return mlxr_bind_fail(L, rc, "network");
  mlxr_bind_push_address(L, &base, false);
  lua_pushinteger(L, (lua_Integer)prefix);
  lua_pushnumber(L, size_of(&base, prefix));
  return 3;
}

static int address_nth(lua_State *L) {
  mlxr_address_t base;
  unsigned prefix;
  int rc = get_network(L, 1, &base, &prefix);
  lua_Number n = luaL_checknumber(L, 2);
  if (rc != 0)
    return mlxr_bind_fail(L, rc, "network");
  if (!(n >= 0 && n < size_of(&base, prefix) && n < 9007199254740992.0))
    return mlxr_bind_fail(L, -EINVAL, "beyond the network");
  mlxr_address_advance(&base, (uint64_t)n);
  mlxr_bind_push_address(L, &base, false);
  return 1;
}

static const luaL_Reg functions[] = {{"parse", address_parse},
                                     {"is_within", address_is_within},
                                     {"network", address_network},
                                     {"nth", address_nth},
                                     {NULL, NULL}};

int mlxr_bind_open_address(lua_State *L) {
  lua_newtable(L);
  luaL_register(L, NULL, functions);
  return 1;
}
