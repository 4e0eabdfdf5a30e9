#include <stdlib.h>
#include <string.h>

#include "../front.h"
#include "bind.h"

#define CLASS "mlxresolve.Front"

enum { STEP_MAX = 64, STRIDE = 3 };

static void close_object(void *front) { mlxr_front_close(front); }

static mlxr_bind_box_t *check_box(lua_State *L) {
  return mlxr_bind_check(L, 1, CLASS);
}

static mlxr_front_t *check_front(lua_State *L) {
  mlxr_front_t *front = check_box(L)->object;
  if (!front)
    luaL_error(L, "the front is closed");
  return front;
}

static uint32_t check_slot(lua_State *L, int arg) {
  lua_Number slot = luaL_checknumber(L, arg);
  luaL_argcheck(L, slot >= 0 && slot <= UINT32_MAX, arg, "expected a slot");
  return (uint32_t)slot;
}

/* Leaves the list's `i`-th text on the stack. */
static const char *push_text(lua_State *L, int list, int i, const char *field) {
  lua_rawgeti(L, list, i);
  if (lua_type(L, -1) != LUA_TSTRING)
    luaL_error(L, "%s[%d]: expected text, got %s", field, i,
               luaL_typename(L, -1));
  return lua_tostring(L, -1);
}

static int push_list(lua_State *L, const char *field, size_t most) {
  lua_getfield(L, 1, field);
  if (!lua_istable(L, -1) && !lua_isnil(L, -1))
    luaL_error(L, "%s: expected a list of texts, got %s", field,
               luaL_typename(L, -1));
  size_t count = lua_istable(L, -1) ? lua_objlen(L, -1) : 0;
  if (count > most)
    luaL_error(L, "%s: at most %d entries", field, (int)most);
  return (int)count;
}

static int read_listen(lua_State *L, mlxr_front_options_t *options) {
  int count = push_list(L, "listen", MLXR_FRONT_LISTEN_MAX);
  for (int i = 1; i <= count; i++) {
    const char *text = push_text(L, -1, i, "listen");
    int rc = mlxr_bind_address(L, -1, &options->listen[i - 1]);
    if (rc < 0)
      return mlxr_bind_fail(L, rc, text);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  options->listen_count = (size_t)count;
  return 0;
}

static int read_network(lua_State *L, const char *text,
                        mlxr_front_network_t *out) {
  const char *slash = strchr(text, '/');
  char *end = NULL;
  if (!slash)
    return MLXR_ETEXT;
  unsigned long prefix = strtoul(slash + 1, &end, 10);
  lua_pushlstring(L, text, (size_t)(slash - text));
  int rc = mlxr_bind_address(L, -1, &out->base);
  lua_pop(L, 1);
  if (rc == 0 && (end == slash + 1 || *end != '\0' || out->base.port != 0 ||
                  prefix > (out->base.family == 4 ? 32 : 128)))
    rc = MLXR_ETEXT;
  out->prefix = (uint8_t)prefix;
  return rc;
}

static int read_allow(lua_State *L, mlxr_front_options_t *options) {
  int count = push_list(L, "allow", MLXR_FRONT_ALLOW_MAX);
  for (int i = 1; i <= count; i++) {
    const char *text = push_text(L, -1, i, "allow");
    int rc = read_network(L, text, &options->allow[i - 1]);
    if (rc < 0)
      return mlxr_bind_fail(L, rc, text);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  options->allow_count = (size_t)count;
  return 0;
}

static uint32_t field(lua_State *L, const char *name, uint32_t max) {
  return (uint32_t)mlxr_bind_field(L, 1, name, 0, max);
}

static uint32_t read_threads(lua_State *L) {
  lua_getfield(L, 1, "threads");
  const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
  bool is_auto = strcmp(text, "auto") == 0;
  lua_pop(L, 1);
  return is_auto ? MLXR_FRONT_THREADS_AUTO
                 : field(L, "threads", MLXR_FRONT_THREADS_MAX);
}

static int fail_at(lua_State *L, int code, const mlxr_front_options_t *options,
                   size_t failed) {
  if (failed >= options->listen_count)
    return mlxr_bind_fail(L, code, NULL);
  mlxr_bind_push_address(L, &options->listen[failed], true);
  return mlxr_bind_fail(L, code, lua_tostring(L, -1));
}

static int front_open(lua_State *L) {
  mlxr_front_options_t options = {0};
  size_t failed = 0;
  luaL_checktype(L, 1, LUA_TTABLE);
  mlxr_cache_t *cache = mlxr_bind_check_cache(L, 2);
  options.threads = read_threads(L);
  options.max_pending = field(L, "max_pending", MLXR_FRONT_PENDING_MAX);
  options.max_tcp = field(L, "max_tcp", UINT16_MAX);
  options.max_tcp_per_client = field(L, "max_tcp_per_client", UINT16_MAX);
  options.max_pipelined = field(L, "max_pipelined", UINT16_MAX);
  options.tcp_idle = field(L, "tcp_idle", INT32_MAX);
  options.udp_size = (uint16_t)field(L, "udp_size", UINT16_MAX);
  int results = read_listen(L, &options);
  if (results == 0)
    results = read_allow(L, &options);
  if (results != 0)
    return results;
  mlxr_bind_box_t *box = lua_newuserdata(L, sizeof *box);
  *box = (mlxr_bind_box_t){0};
  luaL_getmetatable(L, CLASS);
  lua_setmetatable(L, -2);
  lua_createtable(L, 1, 0);
  lua_pushvalue(L, 2);
  lua_rawseti(L, -2, 1);
  lua_setfenv(L, -2); /* the cache lives as long as the front */
  mlxr_front_t *front;
  int rc = mlxr_front_open(&options, cache, &front, &failed);
  if (rc < 0)
    return fail_at(L, rc, &options, failed);
  box->object = front;
  return 1;
}

static int front_step(lua_State *L) {
  mlxr_front_t *front = check_front(L);
  uint64_t now = mlxr_bind_now(L, 2);
  mlxr_miss_t misses[STEP_MAX];
  luaL_checktype(L, 3, LUA_TTABLE);
  int n = mlxr_front_step(front, now, misses, STEP_MAX);
  mlxr_bind_hold(check_box(L));
  for (int i = 0; i < n; i++) {
    lua_pushnumber(L, misses[i].slot);
    lua_rawseti(L, 3, i * STRIDE + 1);
    mlxr_bind_push_name(L, misses[i].name);
    lua_rawseti(L, 3, i * STRIDE + 2);
    lua_pushinteger(L, misses[i].type);
    lua_rawseti(L, 3, i * STRIDE + 3);
  }
  mlxr_bind_let_go(check_box(L), close_object);
  lua_pushinteger(L, n);
  return 1;
}

static int front_sleep(lua_State *L) {
  lua_pushboolean(L, mlxr_front_sleep(check_front(L)));
  return 1;
}

static uint16_t check_ede(lua_State *L, int arg) {
  lua_Integer code = luaL_optinteger(L, arg, 0);
  luaL_argcheck(L, code >= 0 && code <= UINT16_MAX, arg,
                "expected an EDE code from 0 to 65535");
  return (uint16_t)code;
}

static int front_answer(lua_State *L) {
  size_t len;
  mlxr_front_t *front = check_front(L);
  uint32_t slot = check_slot(L, 2);
  const char *answer = luaL_checklstring(L, 3, &len);
  uint16_t code = check_ede(L, 4);
  mlxr_front_answer(front, slot, (const uint8_t *)answer, len, code,
                    luaL_optstring(L, 5, NULL));
  return 0;
}

static int front_refuse(lua_State *L) {
  mlxr_front_t *front = check_front(L);
  uint32_t slot = check_slot(L, 2);
  lua_Integer rcode = luaL_checkinteger(L, 3);
  luaL_argcheck(L, rcode >= 0 && rcode <= UINT8_MAX, 3, "expected an rcode");
  uint16_t code = check_ede(L, 4);
  mlxr_front_refuse(front, slot, (uint8_t)rcode, code,
                    luaL_optstring(L, 5, NULL));
  return 0;
}

static int front_flush(lua_State *L) {
  mlxr_front_flush(check_front(L));
  return 0;
}

static int front_client(lua_State *L) {
  mlxr_miss_t miss;
  mlxr_front_t *front = check_front(L);
  if (!mlxr_front_get_miss(front, check_slot(L, 2), &miss)) {
    lua_pushnil(L);
    lua_pushboolean(L, 0);
    return 2;
  }
  mlxr_bind_push_address(L, &miss.client, true);
  lua_pushboolean(L, miss.is_tcp);
  return 2;
}

static int front_addresses(lua_State *L) {
  const mlxr_address_t *addresses;
  size_t count = mlxr_front_get_addresses(check_front(L), &addresses);
  mlxr_bind_hold(check_box(L));
  lua_createtable(L, (int)count, 0);
  for (size_t i = 0; i < count; i++) {
    mlxr_bind_push_address(L, &addresses[i], true);
    lua_rawseti(L, -2, (int)i + 1);
  }
  mlxr_bind_let_go(check_box(L), close_object);
  return 1;
}

static void set_number(lua_State *L, const char *name, uint64_t value) {
  lua_pushnumber(L, (lua_Number)value);
  lua_setfield(L, -2, name);
}

static int front_stats(lua_State *L) {
  mlxr_front_stats_t stats;
  mlxr_front_stats(check_front(L), &stats);
  lua_createtable(L, 0, 9);
  set_number(L, "queries", stats.queries);
  set_number(L, "hits", stats.hits);
  set_number(L, "misses", stats.misses);
  set_number(L, "replies", stats.replies);
  set_number(L, "refused", stats.refused);
  set_number(L, "dropped", stats.dropped);
  set_number(L, "tcp_connections", stats.tcp_connections);
  set_number(L, "pending", stats.pending);
  set_number(L, "tcp_open", stats.tcp_open);
  return 1;
}

static int front_fd(lua_State *L) {
  lua_pushinteger(L, mlxr_front_fd(check_front(L)));
  return 1;
}

static int front_close(lua_State *L) {
  mlxr_bind_close(check_box(L), close_object);
  return 0;
}

static int front_collect(lua_State *L) {
  mlxr_bind_collect(check_box(L), close_object);
  return 0;
}

static const luaL_Reg methods[] = {{"step", front_step},
                                   {"sleep", front_sleep},
                                   {"answer", front_answer},
                                   {"refuse", front_refuse},
                                   {"flush", front_flush},
                                   {"client", front_client},
                                   {"addresses", front_addresses},
                                   {"stats", front_stats},
                                   {"fd", front_fd},
                                   {"close", front_close},
                                   {NULL, NULL}};

static const luaL_Reg functions[] = {{"open", front_open}, {NULL, NULL}};

int mlxr_bind_open_front(lua_State *L) {
  mlxr_bind_class(L, CLASS, methods, front_collect);
  lua_newtable(L);
  luaL_register(L, NULL, functions);
  return 1;
}
