#include "../exchange.h"

#include <string.h>
#include <sys/random.h>

#include "../rdata.h"
#include "bind.h"

#define CLASS "mlxresolve.exchange"

enum { DEFAULT_TIMEOUT = 2000, DEFAULT_RESEND = 400, MAX_TIMEOUT = 3600000 };

static mlxr_exchange_t *check_exchange(lua_State *L) {
  return luaL_checkudata(L, 1, CLASS);
}

static int push_action(lua_State *L, enum mlxr_exchange_action action) {
  static const char *const names[] = {[MLXR_EXCHANGE_WAIT] = "wait",
                                      [MLXR_EXCHANGE_SEND_UDP] = "send_udp",
                                      [MLXR_EXCHANGE_SEND_TCP] = "send_tcp",
                                      [MLXR_EXCHANGE_DONE] = "done"};
  lua_pushstring(L, names[action]);
  return 1;
}

static bool get_flag(lua_State *L, int arg, const char *name, bool fallback) {
  if (lua_isnoneornil(L, arg))
    return fallback;
  lua_getfield(L, arg, name);
  bool is_set = lua_isnil(L, -1) ? fallback : lua_toboolean(L, -1);
  lua_pop(L, 1);
  return is_set;
}

static uint16_t choose_id(lua_State *L, int arg) {
  enum { UNSET = 65536 };
  uint64_t id = mlxr_bind_field(L, arg, "id", UNSET, UNSET);
  uint16_t random;
  if (id < UNSET)
    return (uint16_t)id;
  if (getentropy(&random, sizeof random) != 0)
    luaL_error(L, "exchange: the system has no randomness");
  return random;
}

static mlxr_exchange_options_t read_options(lua_State *L, int arg) {
  mlxr_exchange_options_t options;
  options.timeout = (uint32_t)mlxr_bind_field(L, arg, "timeout",
                                              DEFAULT_TIMEOUT, MAX_TIMEOUT);
  options.resend =
      (uint32_t)mlxr_bind_field(L, arg, "resend", DEFAULT_RESEND, MAX_TIMEOUT);
  options.udp_size =
      (uint16_t)mlxr_bind_field(L, arg, "udp_size", MLXR_EDNS_SIZE, 65535);
  options.use_tcp = get_flag(L, arg, "tcp", false);
  options.recurse = get_flag(L, arg, "recurse", true);
  return options;
}

/* Bytes that no server would have sent are cut or of a wrong length: it is
 * specs that give them. */
static void read_cookie(lua_State *L, int arg, mlxr_cookie_t *cookie) {
  size_t len = 0;
  const char *bytes = NULL;
  if (!lua_isnoneornil(L, arg)) {
    lua_getfield(L, arg, "cookie");
    bytes = lua_tolstring(L, -1, &len);
    lua_pop(L, 1); // the options hold it
  }
  luaL_argcheck(L, len <= MLXR_COOKIE_MAX, arg, "cookie: 40 bytes at most");
  cookie->len = (uint8_t)len;
  if (len > 0)
    memcpy(cookie->bytes, bytes, len);
}

static int exchange_new(lua_State *L) {
  mlxr_address_t server;
  uint8_t name[MLXR_NAME_MAX];
  size_t name_len, type_len;
  uint16_t type;
  const char *type_text = luaL_checklstring(L, 3, &type_len);
  uint64_t now = mlxr_bind_now(L, 5);
  int rc = mlxr_bind_address(L, 1, &server);
  if (rc < 0)
    return mlxr_bind_fail(L, rc, lua_tostring(L, 1));
  rc = mlxr_bind_name(L, 2, name, &name_len);
  if (rc < 0)
    return mlxr_bind_fail(L, rc, lua_tostring(L, 2));
  rc = mlxr_type_from_text(type_text, type_len, &type);
  if (rc < 0)
    return mlxr_bind_fail(L, rc, type_text);
  if (server.port == 0)
    server.port = 53;
  mlxr_exchange_options_t options = read_options(L, 4);
  mlxr_cookie_t cookie;
  read_cookie(L, 4, &cookie);
  uint16_t id = choose_id(L, 4);
  mlxr_exchange_t *exchange = lua_newuserdata(L, sizeof *exchange);
  luaL_getmetatable(L, CLASS);
  lua_setmetatable(L, -2);
  rc = mlxr_exchange_init(exchange, &server, name, type, &options, id, now);
  if (rc < 0)
    return mlxr_bind_fail(L, rc, "exchange");
  mlxr_exchange_put_cookie(exchange, &cookie);
  return 1 + push_action(L, mlxr_exchange_start(exchange));
}

static int exchange_query(lua_State *L) {
  const mlxr_exchange_t *exchange = check_exchange(L);
  lua_pushlstring(L, (const char *)exchange->query, exchange->query_len);
  return 1;
}

static int exchange_deadline(lua_State *L) {
  lua_pushnumber(L, (lua_Number)check_exchange(L)->deadline);
  return 1;
}

static int exchange_message(lua_State *L) {
  static const char *const statuses[] = {[MLXR_STATUS_ANSWER] = "answer",
                                         [MLXR_STATUS_NODATA] = "nodata",
                                         [MLXR_STATUS_NXDOMAIN] = "nxdomain",
                                         [MLXR_STATUS_FAILURE] = "failure"};
  mlxr_exchange_t *exchange = check_exchange(L);
  uint8_t answer[MLXR_PACKET_MAX];
  mlxr_address_t from;
  mlxr_answer_info_t info;
  size_t len;
  const char *packet = luaL_checklstring(L, 3, &len);
  uint64_t now = mlxr_bind_now(L, 4);
  if (mlxr_bind_address(L, 2, &from) < 0)
    return luaL_argerror(L, 2, "expected an address with port");
  enum mlxr_exchange_action action =
      mlxr_exchange_on_message(exchange, &from, (const uint8_t *)packet, len,
                               now, answer, sizeof answer, &info);
  push_action(L, action);
  if (action != MLXR_EXCHANGE_DONE || exchange->result != 0)
    return 1;
  lua_pushlstring(L, (const char *)answer, info.len);
  lua_pushstring(L, statuses[info.status]);
  lua_pushinteger(L, (lua_Integer)info.ttl);
  lua_pushinteger(L, info.rcode);
  return 5;
}

static int exchange_time(lua_State *L) {
  mlxr_exchange_t *exchange = check_exchange(L);
  return push_action(L, mlxr_exchange_on_time(exchange, mlxr_bind_now(L, 2)));
}

static int exchange_fail(lua_State *L) {
  mlxr_exchange_t *exchange = check_exchange(L);
  int code = mlxr_error_code(luaL_checkstring(L, 2));
  luaL_argcheck(L, code != 0, 2, "expected the name of an error code");
  uint64_t now = mlxr_bind_now(L, 3);
  return push_action(L, mlxr_exchange_on_error(exchange, code, now));
}

static int exchange_result(lua_State *L) {
  const mlxr_exchange_t *exchange = check_exchange(L);
  if (!exchange->is_done)
    return luaL_error(L, "exchange: it is not done yet");
  if (exchange->result < 0)
    return mlxr_bind_fail(L, exchange->result, NULL);
  lua_pushboolean(L, 1);
  return 1;
}

static int exchange_ignored(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)check_exchange(L)->ignored);
  return 1;
}

static int exchange_cookie(lua_State *L) {
  static const char *const news[] = {
      [MLXR_COOKIE_LEARNT] = "learnt", [MLXR_COOKIE_LOST] = "lost"};
  const mlxr_exchange_t *exchange = check_exchange(L);
  lua_pushlstring(L, (const char *)exchange->cookie.bytes,
                  exchange->cookie.len);
  if (exchange->cookie_news == MLXR_COOKIE_NO_NEWS)
    return 1;
  lua_pushstring(L, news[exchange->cookie_news]);
  return 2;
}

static const luaL_Reg methods[] = {{"query", exchange_query},
                                   {"deadline", exchange_deadline},
                                   {"message", exchange_message},
                                   {"time", exchange_time},
                                   {"fail", exchange_fail},
                                   {"result", exchange_result},
                                   {"ignored", exchange_ignored},
                                   {"cookie", exchange_cookie},
                                   {NULL, NULL}};

int mlxr_bind_open_exchange(lua_State *L) {
  mlxr_bind_class(L, CLASS, methods, NULL);
  lua_newtable(L);
  lua_pushcfunction(L, exchange_new);
  lua_setfield(L, -2, "new");
  return 1;
}
