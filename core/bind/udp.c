#include "../udp.h"

#include "bind.h"

#define CLASS "mlxresolve.udp"

enum { STRIDE = 6, BATCH = 64 };

static void close_object(void *udp) { mlxr_udp_close(udp); }

static mlxr_bind_box_t *check_box(lua_State *L) {
  return luaL_checkudata(L, 1, CLASS);
}

static mlxr_udp_t *check_udp(lua_State *L) {
  mlxr_udp_t *udp = check_box(L)->object;
  if (!udp)
    luaL_error(L, "udp: the socket is closed");
  return udp;
}

static bool get_flag(lua_State *L, int arg, const char *name) {
  lua_getfield(L, arg, name);
  bool is_set = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return is_set;
}

static int udp_open(lua_State *L) {
  mlxr_udp_options_t options = {0};
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  options.share_port = get_flag(L, 1, "share");
  options.is_multicast = get_flag(L, 1, "multicast");
  options.receive_bytes =
      (uint32_t)mlxr_bind_field(L, 1, "receive_bytes", 0, INT32_MAX);
  lua_getfield(L, 1, "filter");
  if (!lua_isnil(L, 2))
    options.filter = mlxr_bind_check_interest(L, 2);
  lua_getfield(L, 1, "bind");
  int rc = mlxr_bind_address(L, 3, &options.bind);
  if (rc < 0)
    return mlxr_bind_fail(L, rc, lua_tostring(L, 3));
  mlxr_bind_box_t *box = lua_newuserdata(L, sizeof *box);
  *box = (mlxr_bind_box_t){0};
  luaL_getmetatable(L, CLASS);
  lua_setmetatable(L, -2);
  lua_createtable(L, 1, 0);
  lua_pushvalue(L, 2);
  lua_rawseti(L, -2, 1);
  lua_setfenv(L, -2); /* the filter lives as long as the socket */
  mlxr_udp_t *udp;
  rc = mlxr_udp_open(&options, &udp);
  if (rc < 0)
    return mlxr_bind_fail(L, rc, lua_tostring(L, 3));
  box->object = udp;
  return 1;
}

static int udp_close(lua_State *L) {
  mlxr_bind_close(check_box(L), close_object);
  return 0;
}

static int udp_collect(lua_State *L) {
  mlxr_bind_collect(check_box(L), close_object);
  return 0;
}

static int succeed_or_fail(lua_State *L, int rc, const char *what) {
  if (rc < 0)
    return mlxr_bind_fail(L, rc, what);
  lua_pushboolean(L, 1);
  return 1;
}

static int udp_send(lua_State *L) {
  mlxr_udp_t *udp = check_udp(L);
  mlxr_address_t to;
  size_t len;
  const char *data = luaL_checklstring(L, 2, &len);
  uint32_t interface = (uint32_t)luaL_optinteger(L, 4, 0);
  int rc = mlxr_bind_address(L, 3, &to);
  if (rc == 0)
    rc = mlxr_udp_send(udp, (const uint8_t *)data, len, &to, interface);
  return succeed_or_fail(L, rc, lua_tostring(L, 3));
}

static int change_membership(lua_State *L,
                             int (*change)(mlxr_udp_t *, const mlxr_address_t *,
                                           uint32_t)) {
  mlxr_udp_t *udp = check_udp(L);
  mlxr_address_t group;
  uint32_t interface = (uint32_t)luaL_checkinteger(L, 3);
  int rc = mlxr_bind_address(L, 2, &group);
  if (rc == 0)
    rc = change(udp, &group, interface);
  return succeed_or_fail(L, rc, lua_tostring(L, 2));
}

static int udp_join(lua_State *L) {
  return change_membership(L, mlxr_udp_join);
}

static int udp_leave(lua_State *L) {
  return change_membership(L, mlxr_udp_leave);
}

static void put_datagram(lua_State *L, int batch, int at,
                         const mlxr_datagram_t *datagram) {
  lua_pushlstring(L, (const char *)datagram->data, datagram->len);
  lua_rawseti(L, batch, at);
  mlxr_bind_push_address(L, &datagram->from, false);
  lua_rawseti(L, batch, at + 1);
  lua_pushinteger(L, datagram->from.port);
  lua_rawseti(L, batch, at + 2);
  lua_pushinteger(L, (lua_Integer)datagram->interface);
  lua_rawseti(L, batch, at + 3);
  if (datagram->to.family == 0)
    lua_pushboolean(L, 0);
  else
    mlxr_bind_push_address(L, &datagram->to, false);
  lua_rawseti(L, batch, at + 4);
  lua_pushinteger(L, datagram->hops);
  lua_rawseti(L, batch, at + 5);
}

/* One item, and whom it concerns. */
static int udp_take(lua_State *L) {
  mlxr_udp_t *udp = check_udp(L);
  mlxr_datagram_t datagram;
  luaL_checktype(L, 2, LUA_TTABLE);
  luaL_argcheck(L, mlxr_udp_is_filtered(udp), 1, "expected a filter");
  unsigned concerns = mlxr_udp_take(udp, &datagram);
  if (concerns != 0) {
    mlxr_bind_hold(check_box(L));
    put_datagram(L, 2, 1, &datagram);
    mlxr_bind_let_go(check_box(L), close_object);
    lua_pushboolean(L, (concerns & MLXR_INTEREST_AWAITED) != 0);
    lua_rawseti(L, 2, STRIDE + 1);
    lua_pushboolean(L, (concerns & MLXR_INTEREST_OWNED) != 0);
    lua_rawseti(L, 2, STRIDE + 2);
  }
  lua_pushboolean(L, concerns != 0);
  return 1;
}

static int fill(lua_State *L, mlxr_udp_t *udp) {
  int n = mlxr_udp_fill(udp);
  if (n < 0)
    return mlxr_bind_fail(L, n, "receive");
  lua_pushinteger(L, n);
  return 1;
}

/* A datagram longer than any that DNS allows is no DNS: cut off, it would only
 * be misread. */
static int udp_step(lua_State *L) {
  mlxr_udp_t *udp = check_udp(L);
  mlxr_datagram_t datagrams[BATCH];
  if (mlxr_udp_is_filtered(udp))
    return fill(L, udp);
  luaL_checktype(L, 3, LUA_TTABLE);
  int n = mlxr_udp_receive(udp, datagrams, BATCH);
  if (n < 0)
    return mlxr_bind_fail(L, n, "receive");
  int items = 0;
  mlxr_bind_hold(check_box(L));
  for (int i = 0; i < n; i++)
    if (!datagrams[i].is_truncated)
      put_datagram(L, 3, STRIDE * items++ + 1, &datagrams[i]);
  mlxr_bind_let_go(check_box(L), close_object);
  lua_pushinteger(L, items);
  return 1;
}

static int udp_address(lua_State *L) {
  mlxr_address_t address;
  int rc = mlxr_udp_address(check_udp(L), &address);
  if (rc < 0)
    return mlxr_bind_fail(L, rc, NULL);
  mlxr_bind_push_address(L, &address, true);
  return 1;
}

static int udp_fd(lua_State *L) {
  lua_pushinteger(L, mlxr_udp_fd(check_udp(L)));
  return 1;
}

static const luaL_Reg methods[] = {
    {"send", udp_send}, {"join", udp_join},   {"leave", udp_leave},
    {"step", udp_step}, {"take", udp_take},   {"address", udp_address},
    {"fd", udp_fd},     {"close", udp_close}, {NULL, NULL}};

int mlxr_bind_open_udp(lua_State *L) {
  mlxr_bind_class(L, CLASS, methods, udp_collect);
  lua_newtable(L);
  lua_pushcfunction(L, udp_open);
  lua_setfield(L, -2, "open");
  return 1;
}
