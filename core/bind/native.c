#include "../native.h"

#include "lookup.h"

#define CLASS "mlxresolve.Native"

/* The results live here since they are too large for the stack of a host that
 * steps from a small coroutine. */
typedef struct handle {
  mlxr_bind_box_t native;
  mlxr_native_result_t results[MLXR_BIND_LOOKUP_RESULTS];
} handle_t;

static void close_object(void *native) { mlxr_native_close(native); }

static handle_t *check(lua_State *L) {
  handle_t *handle = luaL_checkudata(L, 1, CLASS);
  if (!handle->native.object)
    luaL_error(L, "this native is closed");
  return handle;
}

static int native_open(lua_State *L) {
  mlxr_native_options_t options = {
      .threads = (uint32_t)mlxr_bind_field(L, 1, "threads", 0, 1024),
      .max_threads = (uint32_t)mlxr_bind_field(L, 1, "max_threads", 0, 4096),
      .max_waiting = (uint32_t)mlxr_bind_field(L, 1, "max_waiting", 0, 65535)};
  handle_t *handle = lua_newuserdata(L, sizeof *handle);
  handle->native = (mlxr_bind_box_t){0};
  luaL_getmetatable(L, CLASS);
  lua_setmetatable(L, -2);
  mlxr_native_t *native;
  int rc = mlxr_native_open(&options, &native);
  if (rc < 0)
    return mlxr_bind_fail(L, rc, "native lookups");
  handle->native.object = native;
  return 1;
}

static int native_close(lua_State *L) {
  handle_t *handle = luaL_checkudata(L, 1, CLASS);
  mlxr_bind_close(&handle->native, close_object);
  return 0;
}

static int native_collect(lua_State *L) {
  handle_t *handle = luaL_checkudata(L, 1, CLASS);
  mlxr_bind_collect(&handle->native, close_object);
  return 0;
}

static int native_fd(lua_State *L) {
  lua_pushinteger(L, mlxr_native_fd(check(L)->native.object));
  return 1;
}

static int native_ask(lua_State *L) {
  mlxr_native_t *native = check(L)->native.object;
  mlxr_bind_lookup_t ask;
  uint32_t slot;
  int rc = mlxr_bind_check_lookup(L, &ask);
  if (rc == 0)
    rc = mlxr_native_ask(native, ask.name, ask.family, ask.deadline, ask.now,
                         &slot);
  if (rc < 0)
    return mlxr_bind_fail(L, rc, ask.name);
  lua_pushnumber(L, slot);
  return 1;
}

static int native_cancel(lua_State *L) {
  mlxr_native_cancel(check(L)->native.object, mlxr_bind_check_slot(L, 2));
  return 0;
}

static int native_step(lua_State *L) {
  handle_t *handle = check(L);
  uint64_t now = mlxr_bind_now(L, 2), next;
  luaL_checktype(L, 3, LUA_TTABLE);
  void *native = handle->native.object;
  int at = 0, n;
  mlxr_bind_hold(&handle->native);
  do {
    n = mlxr_native_step(native, now, handle->results, MLXR_BIND_LOOKUP_RESULTS,
                         &next);
    for (int i = 0; i < n; i++)
      mlxr_bind_put_lookup(L, &handle->results[i], &at);
  } while (n == MLXR_BIND_LOOKUP_RESULTS);
  mlxr_bind_let_go(&handle->native, close_object);
  return mlxr_bind_end_lookups(L, at, next);
}

static int native_stats(lua_State *L) {
  mlxr_native_stats_t stats;
  mlxr_native_stats(check(L)->native.object, &stats);
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
  mlxr_bind_class(L, CLASS, methods, native_collect);
  lua_newtable(L);
  luaL_register(L, NULL, functions);
  return 1;
}
