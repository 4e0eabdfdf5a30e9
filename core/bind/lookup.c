#include "lookup.h"

#include <string.h>

enum { STRIDE = 4, BATCH = 3 };

int mlxr_bind_check_lookup(lua_State *L, mlxr_bind_lookup_t *out) {
  size_t len;
  out->name = luaL_checklstring(L, 2, &len);
  out->family = luaL_checkint(L, 3);
  luaL_argcheck(L, out->family == 0 || out->family == 4 || out->family == 6, 3,
                "expected 4, 6 or 0");
  out->deadline = mlxr_bind_now(L, 4);
  out->now = mlxr_bind_now(L, 5);
  return strlen(out->name) == len ? 0 : MLXR_ETEXT;
}

uint32_t mlxr_bind_check_slot(lua_State *L, int arg) {
  lua_Number slot = luaL_checknumber(L, arg);
  luaL_argcheck(L, slot >= 0 && slot <= UINT32_MAX, arg, "expected a slot");
  return (uint32_t)slot;
}

static void put(lua_State *L, int *at) { lua_rawseti(L, BATCH, ++*at); }

static void put_false(lua_State *L, int *at) {
  lua_pushboolean(L, false);
  put(L, at);
}

static void put_addresses(lua_State *L, const mlxr_native_result_t *result,
                          int *at) {
  lua_createtable(L, (int)result->count, 0);
  for (size_t i = 0; i < result->count; i++) {
    mlxr_bind_push_address(L, &result->addresses[i], false);
    lua_rawseti(L, -2, (int)i + 1);
  }
  put(L, at);
}

void mlxr_bind_put_lookup(lua_State *L, const mlxr_native_result_t *result,
                          int *at) {
  lua_pushnumber(L, result->slot);
  put(L, at);
  if (result->code == 0) {
    put_addresses(L, result, at);
    put_false(L, at);
    put_false(L, at);
    return;
  }
  put_false(L, at);
  lua_pushstring(L, result->detail ? result->detail
                                   : mlxr_error_text(result->code));
  put(L, at);
  lua_pushstring(L, mlxr_error_name(result->code));
  put(L, at);
}

int mlxr_bind_end_lookups(lua_State *L, int at, uint64_t next) {
  lua_pushinteger(L, at / STRIDE);
  if (next == UINT64_MAX)
    return 1;
  lua_pushnumber(L, (lua_Number)next);
  return 2;
}
