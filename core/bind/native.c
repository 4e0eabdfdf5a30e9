#include "../native.h"

#include <stdlib.h>
#include <string.h>

#include "bind.h"

#define CLASS "mlxresolve.native"

enum { STEP_RESULTS = 16, STRIDE = 4 };

/* The results live here since they are too large for the stack of a host that
 * steps from a small coroutine. */
typedef struct handle {
  mlxr_native_t *native;
  mlxr_native_result_t results[STEP_RESULTS];
} handle_t;

static handle_t *check(lua_State *L) {
  handle_t *handle = luaL_checkudata(L, 1, CLASS);
  if (!handle->native)
    luaL_error(L, "this native is closed");
  return handle;
}

static int native_open(lua_State *L) {
  mlxr_native_options_t options = {
      .threads = (uint32_t)mlxr_bind_field(L, 1, "threads", 0, 1024),
      .max_threads = (uint32_t)mlxr_bind_field(L, 1, "max_threads", 0, 4096),
      .max_waiting = (uint32_t)mlxr_bind_field(L, 1, "max_waiting", 0, 65535)};
  handle_t *handle = lua_newuserdata(L, sizeof *handle);
  handle->native = NULL;
  luaL_getmetatable(L, CLASS);
  lua_setmetatable(L, -2);
  int rc = mlxr_native_open(&options, &handle->native);
  return rc < 0 ? mlxr_bind_fail(L, rc, "native lookups") : 1;
}

static int native_close(lua_State *L) {
  handle_t *handle = luaL_checkudata(L, 1, CLASS);
  mlxr_native_close(handle->native);
  handle->native = NULL;
  return 0;
}

static int native_fd(lua_State *L) {
  lua_pushinteger(L, mlxr_native_fd(check(L)->native));
  return 1;
}

static int native_ask(lua_State *L) {
  mlxr_native_t *native = check(L)->native;
  size_t len;
  const char *name = luaL_checklstring(L, 2, &len);
  int family = luaL_checkint(L, 3);
  uint64_t deadline = mlxr_bind_now(L, 4), now = mlxr_bind_now(L, 5);
  uint32_t slot;
  luaL_argcheck(L, family == 0 || family == 4 || family == 6, 3,
                "expected 4, 6 or 0");
  if (strlen(name) != len)
    return mlxr_bind_fail(L, MLXR_ETEXT, "name with a zero byte");
  int rc = mlxr_native_ask(native, name, family, deadline, now, &slot);
  if (rc < 0)
    return mlxr_bind_fail(L, rc, name);
  lua_pushnumber(L, slot);
  return 1;
}

static int native_cancel(lua_State *L) {
  mlxr_native_t *native = check(L)->native;
  lua_Number slot = luaL_checknumber(L, 2);
  luaL_argcheck(L, slot >= 0 && slot <= UINT32_MAX, 2, "expected a slot");
  mlxr_native_cancel(native, (uint32_t)slot);
  return 0;
}

static void put(lua_State *L, int *at) { lua_rawseti(L, 3, ++*at); }

static void put_addresses(lua_State *L, const mlxr_native_result_t *result,
                          int *at) {
  lua_createtable(L, (int)result->count, 0);
  for (size_t i = 0; i < result->count; i++) {
    mlxr_bind_push_address(L, &result->addresses[i], false);
    lua_rawseti(L, -2, (int)i + 1);
  }
  put(L, at);
}

static void put_result(lua_State *L, const mlxr_native_result_t *result,
                       int *at) {
  lua_pushnumber(L, result->slot);
  put(L, at);
  if (result->code == 0) {
    put_addresses(L, result, at);
    lua_pushboolean(L, false);
    put(L, at);
    lua_pushboolean(L, false);
    put(L, at);
    return;
  }
  lua_pushboolean(L, false);
  put(L, at);
  lua_pushstring(L, result->detail ? result->detail
                                   : mlxr_error_text(result->code));
  put(L, at);
  lua_pushstring(L, mlxr_error_name(result->code));
  put(L, at);
}

static int native_step(lua_State *L) {
  handle_t *handle = check(L);
  uint64_t now = mlxr_bind_now(L, 2), next;
  luaL_checktype(L, 3, LUA_TTABLE);
  int at = 0, n;
  do {
    n = mlxr_native_step(handle->native, now, handle->results, STEP_RESULTS,
                         &next);
    for (int i = 0; i < n; i++)
      put_result(L, &handle->results[i], &at);
  } while (n == STEP_RESULTS);
  lua_pushinteger(L, at / STRIDE);
  if (next == UINT64_MAX)
    return 1;
  lua_pushnumber(L, (lua_Number)next);
  return 2;
}

static int native_stats(lua_State *L) {
  mlxr_native_stats_t stats;
  mlxr_native_stats(check(L)->native, &stats);
  const struct {
    const char *name;
    uint64_t value;
  } rows[] = {{"asked", stats.asked},         {"joined", stats.joined},
              {"answered", stats.answered},   {"timed_out", stats.timed_out},
              {"abandoned", stats.abandoned}, {"threads", stats.threads},
              {"stuck", stats.stuck},         {"waiting", stats.waiting}};
  lua_createtable(L, 0, (int)(sizeof rows / sizeof rows[0]));
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    lua_pushnumber(L, (lua_Number)rows[i].value);
    lua_setfield(L, -2, rows[i].name);
  }
  return 1;
}

static const luaL_Reg methods[] = {
    {"ask", native_ask},   {"cancel", native_cancel},
    {"step", native_step}, {"stats", native_stats},
    {"fd", native_fd},     {"close", native_close},
    {NULL, NULL}};

static const luaL_Reg functions[] = {{"open", native_open}, {NULL, NULL}};

int mlxr_bind_open_native(lua_State *L) {
  mlxr_bind_class(L, CLASS, methods, native_close);
  lua_newtable(L);
  luaL_register(L, NULL, functions);
  return 1;
}
