#include "../upstream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bind.h"

#define CLASS "mlxresolve.upstream"

enum {
  STRIDE = 6,
  BATCH = 64,
  SERVERS_MAX = 65536,
  RESEND = 600, ///< ms; three fifths of a short timeout instead
  MAX_TIMEOUT = 3600000
};

enum { FLAG_TCP = 1, FLAG_NO_EDNS = 2, FLAG_NO_RECURSION = 4, FLAG_COOKIE = 8 };

typedef struct box {
  mlxr_bind_box_t upstream;
  mlxr_address_t *servers;
  size_t server_count, server_cap;
} box_t;

static void close_object(void *upstream) { mlxr_upstream_close(upstream); }

static box_t *check_open(lua_State *L) {
  box_t *box = mlxr_bind_check(L, 1, CLASS);
  if (!box->upstream.object)
    luaL_error(L, "upstream: it is closed");
  return box;
}

static int upstream_open(lua_State *L) {
  mlxr_upstream_options_t options;
  options.max_pending =
      (uint32_t)mlxr_bind_field(L, 1, "max_pending", 0, 1 << 20);
  options.fresh_rate =
      (uint32_t)mlxr_bind_field(L, 1, "fresh_rate", 0, 1000000000);
  box_t *box = lua_newuserdata(L, sizeof *box);
  *box = (box_t){0};
  luaL_getmetatable(L, CLASS);
  lua_setmetatable(L, -2);
  mlxr_upstream_t *upstream;
  int rc = mlxr_upstream_open(&options, &upstream);
  if (rc < 0)
    return mlxr_bind_fail(L, rc, "upstream");
  box->upstream.object = upstream;
  return 1;
}

static int upstream_close(lua_State *L) {
  box_t *box = luaL_checkudata(L, 1, CLASS);
  mlxr_bind_close(&box->upstream, close_object);
  return 0;
}

static int upstream_collect(lua_State *L) {
  box_t *box = luaL_checkudata(L, 1, CLASS);
  mlxr_bind_collect(&box->upstream, close_object);
  free(box->servers);
  box->servers = NULL;
  return 0;
}

static int add_server(box_t *box, const mlxr_address_t *server) {
  if (box->server_count == box->server_cap) {
    size_t cap = box->server_cap > 0 ? box->server_cap * 2 : 8;
    if (cap > SERVERS_MAX)
      return MLXR_EBUSY;
    mlxr_address_t *grown = realloc(box->servers, cap * sizeof *grown);
    if (!grown)
      return -ENOMEM;
    box->servers = grown;
    box->server_cap = cap;
  }
  box->servers[box->server_count++] = *server;
  return 0;
}

static int upstream_server(lua_State *L) {
  box_t *box = check_open(L);
  mlxr_address_t server;
  int rc = mlxr_bind_address(L, 2, &server);
  if (rc < 0)
    return mlxr_bind_fail(L, rc, lua_tostring(L, 2));
  if (server.port == 0)
    server.port = 53;
  size_t at = 0;
  while (at < box->server_count &&
         !(box->servers[at].port == server.port &&
           mlxr_address_is_same_host(&box->servers[at], &server)))
    at++;
  if (at == box->server_count && (rc = add_server(box, &server)) < 0)
    return mlxr_bind_fail(L, rc, lua_tostring(L, 2));
  lua_pushinteger(L, (lua_Integer)at + 1);
  return 1;
}

static mlxr_exchange_options_t read_options(lua_State *L) {
  lua_Number timeout = luaL_checknumber(L, 5);
  lua_Integer flags = luaL_optinteger(L, 7, 0);
  luaL_argcheck(L, timeout >= 0 && timeout <= MAX_TIMEOUT, 5,
                "expected milliseconds, an hour at most");
  uint32_t ms = (uint32_t)timeout;
  return (mlxr_exchange_options_t){
      .timeout = ms,
      .resend = ms < RESEND * 5 / 3 ? ms * 3 / 5 : RESEND,
      .udp_size = flags & FLAG_NO_EDNS ? 0 : MLXR_EDNS_SIZE,
      .use_tcp = (flags & FLAG_TCP) != 0,
      .recurse = (flags & FLAG_NO_RECURSION) == 0,
      .use_cookie = (flags & FLAG_COOKIE) != 0};
}

static int upstream_ask(lua_State *L) {
  box_t *box = check_open(L);
  uint8_t name[MLXR_NAME_MAX];
  size_t name_len;
  uint32_t slot;
  lua_Integer server = luaL_checkinteger(L, 2);
  lua_Integer type = luaL_checkinteger(L, 4);
  uint64_t now = mlxr_bind_now(L, 6);
  mlxr_exchange_options_t options = read_options(L);
  luaL_argcheck(L, server >= 1 && (size_t)server <= box->server_count, 2,
                "expected a number from server()");
  luaL_argcheck(L, type >= 0 && type <= 65535, 4, "expected a type's number");
  int rc = mlxr_bind_name(L, 3, name, &name_len);
  if (rc < 0)
    return mlxr_bind_fail(L, rc, lua_tostring(L, 3));
  rc = mlxr_upstream_ask(box->upstream.object, &box->servers[server - 1], name,
                         (uint16_t)type, &options, now, &slot);
  if (rc < 0)
    return mlxr_bind_fail(L, rc, NULL);
  lua_pushinteger(L, (lua_Integer)slot);
  return 1;
}

static int upstream_cancel(lua_State *L) {
  box_t *box = check_open(L);
  lua_Integer slot = luaL_checkinteger(L, 2);
  if (slot > 0 && slot <= UINT32_MAX)
    mlxr_upstream_cancel(box->upstream.object, (uint32_t)slot);
  return 0;
}

static int push_deadline(lua_State *L, uint64_t deadline) {
  if (deadline == UINT64_MAX)
    lua_pushnil(L);
  else
    lua_pushnumber(L, (lua_Number)deadline);
  return 1;
}

static int upstream_flush(lua_State *L) {
  box_t *box = check_open(L);
  uint64_t now = mlxr_bind_now(L, 2);
  return push_deadline(L, mlxr_upstream_flush(box->upstream.object, now));
}

static void put_values(lua_State *L, const mlxr_upstream_result_t *result) {
  if (result->code < 0) {
    lua_pushinteger(L, result->code);
    lua_pushboolean(L, 0);
    lua_pushstring(L, mlxr_error_name(result->code));
    lua_pushboolean(L, 0);
    return;
  }
  lua_pushinteger(L, (lua_Integer)result->info.status);
  lua_pushlstring(L, (const char *)result->answer, result->info.len);
  lua_pushinteger(L, (lua_Integer)result->info.ttl);
  lua_pushinteger(L, result->info.rcode);
}

static int upstream_step(lua_State *L) {
  box_t *box = check_open(L);
  mlxr_upstream_result_t results[BATCH];
  uint64_t now = mlxr_bind_now(L, 2), deadline;
  luaL_checktype(L, 3, LUA_TTABLE);
  int n =
      mlxr_upstream_step(box->upstream.object, now, results, BATCH, &deadline);
  if (n < 0)
    return mlxr_bind_fail(L, n, "upstream");
  mlxr_bind_hold(&box->upstream);
  for (int i = 0; i < n; i++) {
    int at = STRIDE * i;
    lua_pushnumber(L, (lua_Number)results[i].ms);
    put_values(L, &results[i]);
    for (int value = 5; value >= 2; value--)
      lua_rawseti(L, 3, at + value);
    lua_rawseti(L, 3, at + 6);
    lua_pushinteger(L, (lua_Integer)results[i].slot);
    lua_rawseti(L, 3, at + 1);
  }
  mlxr_bind_let_go(&box->upstream, close_object);
  lua_pushinteger(L, n);
  return 1 + push_deadline(L, deadline);
}

static int upstream_fd(lua_State *L) {
  lua_pushinteger(L, mlxr_upstream_fd(check_open(L)->upstream.object));
  return 1;
}

static int upstream_stats(lua_State *L) {
  mlxr_upstream_stats_t stats;
  mlxr_upstream_stats(check_open(L)->upstream.object, &stats);
  const struct {
    const char *name;
    uint64_t value;
  } fields[] = {{"asked", stats.asked},         {"answered", stats.answered},
                {"timed_out", stats.timed_out}, {"failed", stats.failed},
                {"ignored", stats.ignored},     {"tcp", stats.tcp},
                {"ports", stats.ports},         {"pending", stats.pending}};
  lua_createtable(L, 0, sizeof fields / sizeof fields[0]);
  for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
    lua_pushnumber(L, (lua_Number)fields[i].value);
    lua_setfield(L, -2, fields[i].name);
  }
  return 1;
}

static const luaL_Reg methods[] = {{"server", upstream_server},
                                   {"ask", upstream_ask},
                                   {"cancel", upstream_cancel},
                                   {"flush", upstream_flush},
                                   {"step", upstream_step},
                                   {"fd", upstream_fd},
                                   {"stats", upstream_stats},
                                   {"close", upstream_close},
                                   {NULL, NULL}};

int mlxr_bind_open_upstream(lua_State *L) {
  mlxr_bind_class(L, CLASS, methods, upstream_collect);
  lua_newtable(L);
  lua_pushcfunction(L, upstream_open);
  lua_setfield(L, -2, "open");
  return 1;
}
