#include "../dnssd.h"

#include <errno.h>

#include "lookup.h"

#ifdef __APPLE__

#define CLASS "mlxresolve.Dnssd"

typedef struct handle {
  mlxr_bind_box_t dnssd;
  mlxr_native_result_t results[MLXR_BIND_LOOKUP_RESULTS];
} handle_t;

static void close_object(void *dnssd) { mlxr_dnssd_close(dnssd); }

static handle_t *check(lua_State *L) {
  handle_t *handle = luaL_checkudata(L, 1, CLASS);
  if (!handle->dnssd.object)
    luaL_error(L, "this dnssd is closed");
  return handle;
}

static int dnssd_open(lua_State *L) {
  handle_t *handle = lua_newuserdata(L, sizeof *handle);
  handle->dnssd = (mlxr_bind_box_t){0};
  luaL_getmetatable(L, CLASS);
  lua_setmetatable(L, -2);
  mlxr_dnssd_t *dnssd;
  int rc = mlxr_dnssd_open(&dnssd);
  if (rc < 0)
    return mlxr_bind_fail(L, rc, "dns_sd");
  handle->dnssd.object = dnssd;
  return 1;
}

static int dnssd_close(lua_State *L) {
  handle_t *handle = luaL_checkudata(L, 1, CLASS);
  mlxr_bind_close(&handle->dnssd, close_object);
  return 0;
}

static int dnssd_collect(lua_State *L) {
  handle_t *handle = luaL_checkudata(L, 1, CLASS);
  mlxr_bind_collect(&handle->dnssd, close_object);
  return 0;
}

static int dnssd_fd(lua_State *L) {
  lua_pushinteger(L, mlxr_dnssd_fd(check(L)->dnssd.object));
  return 1;
}

static int dnssd_ask(lua_State *L) {
  mlxr_dnssd_t *dnssd = check(L)->dnssd.object;
  mlxr_bind_lookup_t ask;
  uint32_t slot;
  int rc = mlxr_bind_check_lookup(L, &ask);
  if (rc == 0)
    rc = mlxr_dnssd_ask(dnssd, ask.name, ask.family, ask.deadline, ask.now,
                        &slot);
  if (rc < 0)
    return mlxr_bind_fail(L, rc, ask.name);
  lua_pushnumber(L, slot);
  return 1;
}

static int dnssd_cancel(lua_State *L) {
  mlxr_dnssd_cancel(check(L)->dnssd.object, mlxr_bind_check_slot(L, 2));
  return 0;
}

static int dnssd_step(lua_State *L) {
  handle_t *handle = check(L);
  uint64_t now = mlxr_bind_now(L, 2), next;
  luaL_checktype(L, 3, LUA_TTABLE);
  void *dnssd = handle->dnssd.object;
  int at = 0, n;
  mlxr_bind_hold(&handle->dnssd);
  do {
    n = mlxr_dnssd_step(dnssd, now, handle->results, MLXR_BIND_LOOKUP_RESULTS,
                        &next);
    for (int i = 0; i < n; i++)
      mlxr_bind_put_lookup(L, &handle->results[i], &at);
  } while (n == MLXR_BIND_LOOKUP_RESULTS);
  mlxr_bind_let_go(&handle->dnssd, close_object);
  return mlxr_bind_end_lookups(L, at, next);
}

static const luaL_Reg methods[] = {
    {"ask", dnssd_ask}, {"cancel", dnssd_cancel}, {"step", dnssd_step},
    {"fd", dnssd_fd},   {"close", dnssd_close},   {NULL, NULL}};

#else

static int dnssd_open(lua_State *L) {
  return mlxr_bind_fail(L, -ENOTSUP, "dns_sd is on macOS only");
}

#endif

static const luaL_Reg functions[] = {{"open", dnssd_open}, {NULL, NULL}};

int mlxr_bind_open_dnssd(lua_State *L) {
#ifdef __APPLE__
  mlxr_bind_class(L, CLASS, methods, dnssd_collect);
#endif
  lua_newtable(L);
  luaL_register(L, NULL, functions);
  return 1;
}
