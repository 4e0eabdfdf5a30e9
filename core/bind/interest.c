#include "../interest.h"

#include <string.h>

#include "bind.h"

#define CLASS "mlxresolve.interest"

enum { OWN_MAX = 4096 };

mlxr_interest_t *mlxr_bind_check_interest(lua_State *L, int arg) {
  return *(mlxr_interest_t **)luaL_checkudata(L, arg, CLASS);
}

static mlxr_interest_t *check_interest(lua_State *L) {
  return *(mlxr_interest_t **)mlxr_bind_check(L, 1, CLASS);
}

static int interest_new(lua_State *L) {
  mlxr_interest_t **interest = lua_newuserdata(L, sizeof *interest);
  *interest = NULL;
  int rc = mlxr_interest_new(mlxr_bind_seed(), interest);
  if (rc != 0)
    return mlxr_bind_fail(L, rc, "interest");
  luaL_getmetatable(L, CLASS);
  lua_setmetatable(L, -2);
  return 1;
}

static int interest_collect(lua_State *L) {
  mlxr_interest_t **interest = luaL_checkudata(L, 1, CLASS);
  mlxr_interest_free(*interest);
  *interest = NULL;
  return 0;
}

static unsigned check_reason(lua_State *L, int arg) {
  static const char *const names[] = {"awaited", "owned", NULL};
  return 1u << luaL_checkoption(L, arg, NULL, names);
}

/* What is no name is in no packet. */
static int change(lua_State *L,
                  void (*fn)(mlxr_interest_t *, const uint8_t *, unsigned)) {
  mlxr_interest_t *interest = check_interest(L);
  uint8_t name[MLXR_NAME_MAX];
  size_t len;
  unsigned reason = check_reason(L, 3);
  if (mlxr_bind_name(L, 2, name, &len) == 0)
    fn(interest, name, reason);
  return 0;
}

static int interest_add(lua_State *L) { return change(L, mlxr_interest_add); }

static int interest_remove(lua_State *L) {
  return change(L, mlxr_interest_remove);
}

static int interest_expect(lua_State *L) {
  mlxr_interest_t *interest = check_interest(L);
  mlxr_interest_expect(interest, check_reason(L, 2), lua_toboolean(L, 3));
  return 0;
}

static int interest_sent(lua_State *L) {
  mlxr_interest_t *interest = check_interest(L);
  unsigned reason = check_reason(L, 2);
  size_t len;
  const char *packet = luaL_checklstring(L, 3, &len);
  mlxr_interest_put_sent(interest, reason, (const uint8_t *)packet, len);
  return 0;
}

/* Scopes do not count, so interfaces need not exist. */
static int read_address(lua_State *L, int arg, mlxr_address_t *out) {
  size_t len;
  const char *text = luaL_checklstring(L, arg, &len);
  const char *scope = memchr(text, '%', len);
  return mlxr_address_from_text(text, scope ? (size_t)(scope - text) : len,
                                NULL, out);
}

static int interest_own(lua_State *L) {
  mlxr_interest_t *interest = check_interest(L);
  luaL_checktype(L, 2, LUA_TTABLE);
  size_t count = 0, len = lua_objlen(L, 2);
  luaL_argcheck(L, len <= OWN_MAX, 2, "expected fewer addresses");
  mlxr_address_t *list = lua_newuserdata(L, (len + 1) * sizeof *list);
  for (size_t i = 1; i <= len; i++) {
    lua_rawgeti(L, 2, (int)i);
    if (read_address(L, -1, &list[count]) == 0)
      count++;
    lua_pop(L, 1);
  }
  int rc = mlxr_interest_put_own(interest, list, count);
  if (rc < 0)
    return mlxr_bind_fail(L, rc, "interest");
  lua_pushboolean(L, 1);
  return 1;
}

static int interest_admit(lua_State *L) {
  mlxr_interest_t *interest = check_interest(L);
  size_t len;
  const char *packet = luaL_checklstring(L, 2, &len);
  mlxr_address_t from = {0};
  read_address(L, 3, &from);
  from.port = (uint16_t)luaL_checkinteger(L, 4);
  unsigned concerns =
      mlxr_interest_admit(interest, (const uint8_t *)packet, len, &from);
  lua_pushboolean(L, (concerns & MLXR_INTEREST_AWAITED) != 0);
  lua_pushboolean(L, (concerns & MLXR_INTEREST_OWNED) != 0);
  return 2;
}

static int interest_stats(lua_State *L) {
  mlxr_interest_stats_t stats = mlxr_interest_stats(check_interest(L));
  lua_createtable(L, 0, 4);
  lua_pushnumber(L, (lua_Number)stats.labels);
  lua_setfield(L, -2, "labels");
  lua_pushnumber(L, (lua_Number)stats.query);
  lua_setfield(L, -2, "query");
  lua_pushnumber(L, (lua_Number)stats.unawaited);
  lua_setfield(L, -2, "unawaited");
  lua_pushnumber(L, (lua_Number)stats.echo);
  lua_setfield(L, -2, "echo");
  return 1;
}

static const luaL_Reg methods[] = {
    {"add", interest_add},       {"remove", interest_remove},
    {"expect", interest_expect}, {"sent", interest_sent},
    {"own", interest_own},       {"admit", interest_admit},
    {"stats", interest_stats},   {NULL, NULL}};

int mlxr_bind_open_interest(lua_State *L) {
  mlxr_bind_class(L, CLASS, methods, interest_collect);
  lua_newtable(L);
  lua_pushcfunction(L, interest_new);
  lua_setfield(L, -2, "new");
  return 1;
}
