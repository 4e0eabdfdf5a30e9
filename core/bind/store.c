#include <string.h>

#include "../answer_walk.h"
#include "../store.h"
#include "filter.h"

#define STORE "mlxresolve.Store"

enum { STEP_MAX = 8, STRIDE = 3, PATIENCE = 500, PATIENCE_MAX = 60000 };

typedef struct box {
  mlxr_store_t *store; ///< NULL once closed
} box_t;

static const char *const kinds[] = {"loaded", "aside", "problem", "works"};

static mlxr_store_t *check_store(lua_State *L) {
  box_t *box = luaL_checkudata(L, 1, STORE);
  if (!box->store)
    luaL_argerror(L, 1, "the store is closed");
  return box->store;
}

/* The text field `name` of the options, left on the stack; NULL without one. */
static const char *get_text(lua_State *L, const char *name) {
  lua_getfield(L, 1, name);
  if (lua_isnil(L, -1))
    return NULL;
  if (lua_type(L, -1) != LUA_TSTRING)
    luaL_error(L, "%s: expected a string, got %s", name, luaL_typename(L, -1));
  return lua_tostring(L, -1);
}

/* Leaves the list's memory on the stack. */
static void get_strategies(lua_State *L, mlxr_store_options_t *options) {
  lua_getfield(L, 1, "strategies");
  if (lua_isnil(L, -1))
    return;
  luaL_checktype(L, -1, LUA_TTABLE);
  int list = lua_gettop(L);
  size_t count = lua_objlen(L, list);
  uint32_t *strategies = lua_newuserdata(L, (count + 1) * sizeof *strategies);
  for (size_t i = 0; i < count; i++) {
    lua_rawgeti(L, list, (int)i + 1);
    strategies[i] = (uint32_t)lua_tonumber(L, -1);
    lua_pop(L, 1);
  }
  options->strategies = strategies;
  options->strategy_count = count;
}

static int store_open(lua_State *L) {
  const uint64_t time_max = UINT64_C(1) << 50;
  luaL_checktype(L, 1, LUA_TTABLE);
  mlxr_store_options_t options = {
      .bytes = (size_t)mlxr_bind_field(L, 1, "bytes", 0, UINT64_C(1) << 40),
      .min_ttl = (uint32_t)mlxr_bind_field(L, 1, "min_ttl", 0, INT32_MAX),
      .now = mlxr_bind_field(L, 1, "now", 0, time_max),
      .date = mlxr_bind_field(L, 1, "date", 0, time_max),
      .uptime = mlxr_bind_field(L, 1, "uptime", 0, time_max),
      .cache = mlxr_bind_check_cache(L, 2)};
  options.path = get_text(L, "path");
  options.boot = get_text(L, "boot");
  get_strategies(L, &options);
  box_t *box = lua_newuserdata(L, sizeof *box);
  box->store = NULL;
  luaL_getmetatable(L, STORE);
  lua_setmetatable(L, -2);
  int rc = mlxr_store_open(&options, &box->store);
  if (rc != 0)
    return mlxr_bind_fail(L, rc, "store");
  /* the cache stays as long as we do */
  lua_createtable(L, 1, 0);
  lua_pushvalue(L, 2);
  lua_rawseti(L, -2, 1);
  lua_setfenv(L, -2);
  return 1;
}

static const char *opt_interface(lua_State *L, int arg) {
  return lua_toboolean(L, arg) ? luaL_checkstring(L, arg) : NULL;
}

static uint32_t get_u32(lua_State *L, int arg, const char *name) {
  return (uint32_t)mlxr_bind_field(L, arg, name, 0, UINT32_MAX);
}

static bool get_flag(lua_State *L, int arg, const char *name) {
  lua_getfield(L, arg, name);
  bool is_set = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return is_set;
}

/* The key is the answer's own question. */
static int store_put(lua_State *L) {
  mlxr_store_t *store = check_store(L);
  size_t len;
  const uint8_t *answer = (const uint8_t *)luaL_checklstring(L, 2, &len);
  uint64_t now = mlxr_bind_now(L, 3);
  luaL_checktype(L, 4, LUA_TTABLE);
  const char *interface = opt_interface(L, 5);
  mlxr_cache_note_t note = {
      .strategy = get_u32(L, 4, "strategy"),
      .min_ttl = get_u32(L, 4, "min_ttl"),
      .max_ttl = get_u32(L, 4, "max_ttl"),
      .age = mlxr_bind_field(L, 4, "age", 0, UINT64_C(1) << 40)};
  if (get_flag(L, 4, "rotate"))
    note.flags |= MLXR_CACHE_ROTATE;
  if (get_flag(L, 4, "pinned"))
    note.flags |= MLXR_CACHE_PINNED;
  mlxr_reader_t reader;
  mlxr_question_t question;
  int rc = mlxr_reader_init(&reader, answer, len);
  if (rc == 0)
    rc = mlxr_reader_question(&reader, &question) == 1 ? 0 : MLXR_EFORMAT;
  if (rc != 0)
    return mlxr_bind_fail(L, rc, NULL);
  const mlxr_cache_key_t key = {question.name, question.name_len, question.type,
                                get_u32(L, 4, "purpose")};
  mlxr_store_put(store, &key, answer, len, &note, interface, now);
  lua_pushboolean(L, true);
  return 1;
}

static int store_flush(lua_State *L) {
  mlxr_store_t *store = check_store(L);
  uint64_t now = mlxr_bind_now(L, 2);
  const char *interface = opt_interface(L, 4);
  lua_settop(L, 4);
  mlxr_bind_filter_t filter;
  const mlxr_cache_filter_t *meant = mlxr_bind_check_filter(L, 3, &filter);
  mlxr_store_flush(store, meant, interface, now);
  return 0;
}

static void put(lua_State *L, int index) { lua_rawseti(L, 3, index); }

static int store_step(lua_State *L) {
  mlxr_store_t *store = check_store(L);
  mlxr_store_event_t events[STEP_MAX];
  luaL_checktype(L, 3, LUA_TTABLE);
  int count = mlxr_store_step(store, events, STEP_MAX);
  for (int i = 0; i < count; i++) {
    int base = i * STRIDE;
    lua_pushstring(L, kinds[events[i].kind]), put(L, base + 1);
    lua_pushstring(L, events[i].text), put(L, base + 2);
    lua_pushnumber(L, (lua_Number)events[i].count), put(L, base + 3);
  }
  lua_pushinteger(L, count);
  return 1;
}

static void set_number(lua_State *L, const char *name, uint64_t value) {
  lua_pushnumber(L, (lua_Number)value);
  lua_setfield(L, -2, name);
}

static int store_stats(lua_State *L) {
  mlxr_store_stats_t stats;
  mlxr_store_stats(check_store(L), &stats);
  lua_createtable(L, 0, 8);
  set_number(L, "entries", stats.entries);
  set_number(L, "bytes", stats.bytes);
  set_number(L, "loaded", stats.loaded);
  set_number(L, "written", stats.written);
  set_number(L, "batches", stats.batches);
  set_number(L, "lost", stats.lost);
  lua_pushboolean(L, stats.is_loading);
  lua_setfield(L, -2, "loading");
  lua_pushboolean(L, stats.is_working);
  lua_setfield(L, -2, "working");
  return 1;
}

static int store_fd(lua_State *L) {
  lua_pushinteger(L, mlxr_store_fd(check_store(L)));
  return 1;
}

static int store_close(lua_State *L) {
  box_t *box = luaL_checkudata(L, 1, STORE);
  lua_Number patience = luaL_optnumber(L, 2, PATIENCE);
  luaL_argcheck(L, patience >= 0 && patience <= PATIENCE_MAX, 2,
                "expected milliseconds");
  mlxr_store_t *store = box->store;
  box->store = NULL;
  lua_pushboolean(L, mlxr_store_close(store, (unsigned)patience));
  return 1;
}

static int store_gc(lua_State *L) {
  box_t *box = luaL_checkudata(L, 1, STORE);
  mlxr_store_close(box->store, PATIENCE);
  box->store = NULL;
  return 0;
}

static const luaL_Reg methods[] = {{"put", store_put},   {"flush", store_flush},
                                   {"step", store_step}, {"stats", store_stats},
                                   {"fd", store_fd},     {"close", store_close},
                                   {NULL, NULL}};

static const luaL_Reg functions[] = {{"open", store_open}, {NULL, NULL}};

int luaopen_mlxresolve_store(lua_State *L) {
  mlxr_bind_class(L, STORE, methods, store_gc);
  lua_newtable(L);
  luaL_register(L, NULL, functions);
  return 1;
}
