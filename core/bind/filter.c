#include "filter.h"

#include <string.h>

#include "../rdata.h"

/* When the state ends, objects older than a cache outlive it and may still ask
 * it from a finalizer of theirs. */
mlxr_cache_t *mlxr_bind_check_cache(lua_State *L, int arg) {
  mlxr_cache_t **box = mlxr_bind_check(L, arg, MLXR_BIND_CACHE);
  if (!*box)
    luaL_argerror(L, arg, "the cache is gone");
  return *box;
}

static uint32_t get_u32(lua_State *L, int arg, const char *name) {
  return (uint32_t)mlxr_bind_field(L, arg, name, 0, UINT32_MAX);
}

static uint32_t check_u32(lua_State *L, int arg) {
  lua_Number value = luaL_checknumber(L, arg);
  luaL_argcheck(L, value >= 0 && value <= UINT32_MAX, arg,
                "expected a number of 32 bits");
  return (uint32_t)value;
}

/* A name that cannot be read must not end up as "any name". */
static const uint8_t *check_name(lua_State *L, int arg, const char *field,
                                 uint8_t wire[MLXR_NAME_MAX]) {
  size_t len;
  lua_getfield(L, arg, field);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    return NULL;
  }
  if (lua_type(L, -1) != LUA_TSTRING ||
      mlxr_bind_name(L, lua_gettop(L), wire, &len) != 0)
    luaL_error(L, "%s: expected a name, got %s", field,
               lua_isstring(L, -1) ? lua_tostring(L, -1)
                                   : luaL_typename(L, -1));
  lua_pop(L, 1);
  return wire;
}

static uint16_t check_type(lua_State *L, int arg) {
  size_t len;
  uint16_t type = 0;
  lua_getfield(L, arg, "type");
  if (!lua_isnil(L, -1)) {
    const char *text = luaL_checklstring(L, -1, &len);
    if (mlxr_type_from_text(text, len, &type) != 0)
      luaL_error(L, "type: expected a record type, got %s", text);
  }
  lua_pop(L, 1);
  return type;
}

/* None is a purpose like others: what is left out means any. */
static const uint32_t *check_purpose(lua_State *L, int arg, uint32_t *out) {
  lua_getfield(L, arg, "purpose");
  bool is_any = lua_isnil(L, -1);
  lua_pop(L, 1);
  *out = get_u32(L, arg, "purpose");
  return is_any ? NULL : out;
}

static uint8_t check_flag(lua_State *L, int arg, const char *name,
                          uint8_t flag) {
  lua_getfield(L, arg, name);
  bool is_set = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return is_set ? flag : 0;
}

/* The list lives in a userdata that stays on the stack. */
static void check_strategies_but(lua_State *L, int arg,
                                 mlxr_cache_filter_t *out) {
  lua_getfield(L, arg, "strategies_but");
  if (lua_isnil(L, -1))
    return;
  luaL_checktype(L, -1, LUA_TTABLE);
  int list = lua_gettop(L);
  size_t count = lua_objlen(L, list);
  uint32_t *strategies = lua_newuserdata(L, (count + 1) * sizeof *strategies);
  for (size_t i = 0; i < count; i++) {
    lua_rawgeti(L, list, (int)i + 1);
    strategies[i] = check_u32(L, lua_gettop(L));
    lua_pop(L, 1);
  }
  out->strategies_but = strategies;
  out->strategies_but_count = count;
}

const mlxr_cache_filter_t *mlxr_bind_check_filter(lua_State *L, int arg,
                                                  mlxr_bind_filter_t *out) {
  if (lua_isnoneornil(L, arg))
    return NULL;
  luaL_checktype(L, arg, LUA_TTABLE);
  memset(&out->meant, 0, sizeof out->meant);
  out->meant.name = check_name(L, arg, "name", out->name);
  out->meant.suffix = check_name(L, arg, "suffix", out->suffix);
  out->meant.type = check_type(L, arg);
  out->meant.purpose = check_purpose(L, arg, &out->purpose);
  out->meant.interface = get_u32(L, arg, "interface");
  out->meant.strategy = get_u32(L, arg, "strategy");
  out->meant.from = mlxr_bind_field(L, arg, "from", 0, UINT64_C(1) << 48);
  out->meant.older_than = get_u32(L, arg, "older_than");
  out->meant.used_within = get_u32(L, arg, "used_within");
  out->meant.flags = check_flag(L, arg, "suspect", MLXR_CACHE_SUSPECT) |
                     check_flag(L, arg, "withheld", MLXR_CACHE_WITHHELD);
  check_strategies_but(L, arg, &out->meant);
  return &out->meant;
}
