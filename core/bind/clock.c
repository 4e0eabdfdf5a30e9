#include "../clock.h"

#include "bind.h"

#define CLASS "mlxresolve.ClockWatch"

static void close_object(void *watch) { mlxr_clock_watch_close(watch); }

static mlxr_clock_watch_t *check(lua_State *L) {
  mlxr_bind_box_t *box = luaL_checkudata(L, 1, CLASS);
  if (!box->object)
    luaL_error(L, "this watch is closed");
  return box->object;
}

static int clock_watch(lua_State *L) {
  mlxr_bind_box_t *box = lua_newuserdata(L, sizeof *box);
  *box = (mlxr_bind_box_t){0};
  luaL_getmetatable(L, CLASS);
  lua_setmetatable(L, -2);
  mlxr_clock_watch_t *watch;
  int rc = mlxr_clock_watch_open(&watch);
  if (rc < 0)
    return mlxr_bind_fail(L, rc, "clock");
  box->object = watch;
  return 1;
}

static int watch_fd(lua_State *L) {
  lua_pushinteger(L, mlxr_clock_watch_fd(check(L)));
  return 1;
}

static void add_event(lua_State *L, int at, const char *type, const char *field,
                      lua_Number ms) {
  lua_createtable(L, 0, 2);
  lua_pushstring(L, type);
  lua_setfield(L, -2, "type");
  lua_pushnumber(L, ms);
  lua_setfield(L, -2, field);
  lua_rawseti(L, 3, at);
}

static int watch_step(lua_State *L) {
  mlxr_clock_watch_t *watch = check(L);
  mlxr_bind_now(L, 2);
  luaL_checktype(L, 3, LUA_TTABLE);
  mlxr_clock_change_t change;
  int items = 0, rc = mlxr_clock_watch_step(watch, &change);
  if (rc < 0)
    return mlxr_bind_fail(L, rc, "clock");
  if (change.slept != 0)
    add_event(L, ++items, "resumed", "slept", (lua_Number)change.slept);
  if (change.jumped != 0)
    add_event(L, ++items, "clock_jumped", "by", (lua_Number)change.jumped);
  lua_pushinteger(L, items);
  return 1;
}

static int watch_close(lua_State *L) {
  mlxr_bind_close(luaL_checkudata(L, 1, CLASS), close_object);
  return 0;
}

static int watch_collect(lua_State *L) {
  mlxr_bind_collect(luaL_checkudata(L, 1, CLASS), close_object);
  return 0;
}

static const luaL_Reg methods[] = {{"fd", watch_fd},
                                   {"step", watch_step},
                                   {"close", watch_close},
                                   {NULL, NULL}};

static const luaL_Reg functions[] = {{"watch", clock_watch}, {NULL, NULL}};

int mlxr_bind_open_clock(lua_State *L) {
  mlxr_bind_class(L, CLASS, methods, watch_collect);
  lua_newtable(L);
  luaL_register(L, NULL, functions);
  return 1;
}
