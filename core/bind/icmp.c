#include "../icmp.h"

#include <string.h>

#include "bind.h"

#define CLASS "mlxresolve.icmp"

enum { STRIDE = 2, BATCH = 64, TOKEN = 8 };

static void close_object(void *icmp) { mlxr_icmp_close(icmp); }

static mlxr_bind_box_t *check_box(lua_State *L) {
  return luaL_checkudata(L, 1, CLASS);
}

static mlxr_icmp_t *check_icmp(lua_State *L) {
  mlxr_icmp_t *icmp = check_box(L)->object;
  if (!icmp)
    luaL_error(L, "icmp: the socket is closed");
  return icmp;
}

static int icmp_open(lua_State *L) {
  int family = luaL_checkint(L, 1);
  luaL_argcheck(L, family == 4 || family == 6, 1, "expected 4 or 6");
  mlxr_bind_box_t *box = lua_newuserdata(L, sizeof *box);
  *box = (mlxr_bind_box_t){0};
  luaL_getmetatable(L, CLASS);
  lua_setmetatable(L, -2);
  mlxr_icmp_t *icmp;
  int rc = mlxr_icmp_open(family, &icmp);
  if (rc < 0)
    return mlxr_bind_fail(L, rc, "icmp");
  box->object = icmp;
  return 1;
}

static int icmp_close(lua_State *L) {
  mlxr_bind_close(check_box(L), close_object);
  return 0;
}

static int icmp_collect(lua_State *L) {
  mlxr_bind_collect(check_box(L), close_object);
  return 0;
}

static int icmp_send(lua_State *L) {
  mlxr_icmp_t *icmp = check_icmp(L);
  mlxr_address_t to;
  size_t len;
  uint64_t token;
  int rc = mlxr_bind_address(L, 2, &to);
  const char *text = luaL_checklstring(L, 3, &len);
  luaL_argcheck(L, len == TOKEN, 3, "expected 8 bytes");
  memcpy(&token, text, sizeof token);
  if (rc == 0)
    rc = mlxr_icmp_send(icmp, &to, token);
  if (rc < 0)
    return mlxr_bind_fail(L, rc, lua_tostring(L, 2));
  lua_pushboolean(L, 1);
  return 1;
}

static int icmp_step(lua_State *L) {
  mlxr_icmp_t *icmp = check_icmp(L);
  mlxr_icmp_reply_t replies[BATCH];
  luaL_checktype(L, 3, LUA_TTABLE);
  int n = mlxr_icmp_step(icmp, replies, BATCH);
  if (n < 0)
    return mlxr_bind_fail(L, n, "icmp");
  mlxr_bind_hold(check_box(L));
  for (int i = 0; i < n; i++) {
    lua_pushlstring(L, (const char *)&replies[i].token, TOKEN);
    lua_rawseti(L, 3, i * STRIDE + 1);
    mlxr_bind_push_address(L, &replies[i].from, false);
    lua_rawseti(L, 3, i * STRIDE + 2);
  }
  mlxr_bind_let_go(check_box(L), close_object);
  lua_pushinteger(L, n);
  return 1;
}

static int icmp_fd(lua_State *L) {
  lua_pushinteger(L, mlxr_icmp_fd(check_icmp(L)));
  return 1;
}

static const luaL_Reg methods[] = {{"send", icmp_send},
                                   {"step", icmp_step},
                                   {"fd", icmp_fd},
                                   {"close", icmp_close},
                                   {NULL, NULL}};

int mlxr_bind_open_icmp(lua_State *L) {
  mlxr_bind_class(L, CLASS, methods, icmp_collect);
  lua_newtable(L);
  lua_pushcfunction(L, icmp_open);
  lua_setfield(L, -2, "open");
  return 1;
}
