#include "../report.h"

#include "bind.h"

#define CLASS "mlxresolve.Report"

enum { STRIDE = 2, BATCH = 16 };

static void close_object(void *report) { mlxr_report_close(report); }

static mlxr_bind_box_t *check_box(lua_State *L) {
  return luaL_checkudata(L, 1, CLASS);
}

static mlxr_report_t *check_report(lua_State *L) {
  mlxr_report_t *report = check_box(L)->object;
  if (!report)
    luaL_error(L, "report: the box is closed");
  return report;
}

static int report_open(lua_State *L) {
  mlxr_bind_box_t *box = lua_newuserdata(L, sizeof *box);
  *box = (mlxr_bind_box_t){0};
  luaL_getmetatable(L, CLASS);
  lua_setmetatable(L, -2);
  mlxr_report_t *report;
  int rc = mlxr_report_open(&report);
  if (rc != 0)
    return mlxr_bind_fail(L, rc, "report");
  box->object = report;
  return 1;
}

static void push_address(lua_State *L, const mlxr_address_t *address) {
  if (address->family == 0)
    lua_pushboolean(L, 0);
  else
    mlxr_bind_push_address(L, address, false);
}

static int report_step(lua_State *L) {
  mlxr_report_t *report = check_report(L);
  mlxr_report_item_t items[BATCH];
  luaL_checktype(L, 3, LUA_TTABLE);
  int count = mlxr_report_step(report, items, BATCH);
  mlxr_bind_hold(check_box(L));
  for (int i = 0; i < count; i++) {
    mlxr_bind_push_name(L, items[i].name);
    lua_rawseti(L, 3, i * STRIDE + 1);
    push_address(L, &items[i].address);
    lua_rawseti(L, 3, i * STRIDE + 2);
  }
  mlxr_bind_let_go(check_box(L), close_object);
  lua_pushinteger(L, count);
  return 1;
}

static int report_fd(lua_State *L) {
  lua_pushinteger(L, mlxr_report_fd(check_report(L)));
  return 1;
}

static int report_close(lua_State *L) {
  mlxr_bind_close(check_box(L), close_object);
  return 0;
}

static int report_collect(lua_State *L) {
  mlxr_bind_collect(check_box(L), close_object);
  return 0;
}

static const luaL_Reg methods[] = {{"step", report_step},
                                   {"fd", report_fd},
                                   {"close", report_close},
                                   {NULL, NULL}};

int mlxr_bind_open_report(lua_State *L) {
  mlxr_bind_class(L, CLASS, methods, report_collect);
  lua_newtable(L);
  lua_pushcfunction(L, report_open);
  lua_setfield(L, -2, "open");
  return 1;
}
