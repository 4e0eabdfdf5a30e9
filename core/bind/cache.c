#include <stdlib.h>
#include <string.h>

#include "../rdata.h"
#include "bind.h"
#include "filter.h"

#define ROWS_CLASS "mlxresolve.CacheRows"

enum { LIST_DEFAULT = 1000, LIST_MAX = 10 * 1000 * 1000, ROWS_MIN = 64 };

static const char *const status_names[] = {"answer", "nodata", "nxdomain",
                                           "failure"};

static uint32_t get_seconds(lua_State *L, int arg, const char *name,
                            uint64_t absent) {
  return (uint32_t)mlxr_bind_field(L, arg, name, absent, INT32_MAX);
}

static void read_times(lua_State *L, int arg, mlxr_cache_options_t *options) {
  enum { DAY = 86400, NEGATIVE = 3 * 3600 };
  luaL_checktype(L, arg, LUA_TTABLE);
  options->min_ttl = get_seconds(L, arg, "min_ttl", 0);
  options->max_ttl = get_seconds(L, arg, "max_ttl", DAY);
  options->max_negative_ttl = get_seconds(L, arg, "max_negative_ttl", NEGATIVE);
  options->stale = get_seconds(L, arg, "stale", 0);
}

static int cache_new(lua_State *L) {
  mlxr_cache_options_t options = {0};
  read_times(L, 1, &options);
  options.bytes =
      (size_t)mlxr_bind_field(L, 1, "size", 32u << 20, UINT64_C(1) << 40);
  options.seed = mlxr_bind_field(L, 1, "seed", 0, UINT32_MAX);
  if (options.seed == 0)
    options.seed = mlxr_bind_seed();
  mlxr_cache_t **cache = lua_newuserdata(L, sizeof *cache);
  *cache = NULL;
  int rc = mlxr_cache_new(&options, cache);
  if (rc != 0)
    return mlxr_bind_fail(L, rc, "cache");
  luaL_getmetatable(L, MLXR_BIND_CACHE);
  lua_setmetatable(L, -2);
  return 1;
}

static int cache_tune(lua_State *L) {
  mlxr_cache_t *cache = mlxr_bind_check_cache(L, 1);
  mlxr_cache_options_t options = {0};
  read_times(L, 2, &options);
  int rc = mlxr_cache_tune(cache, &options);
  if (rc != 0)
    return mlxr_bind_fail(L, rc, "cache");
  lua_pushboolean(L, true);
  return 1;
}

static int cache_gc(lua_State *L) {
  mlxr_cache_t **box = luaL_checkudata(L, 1, MLXR_BIND_CACHE);
  mlxr_cache_free(*box);
  *box = NULL;
  return 0;
}

/* What is left out is 0. */
static uint32_t check_u32(lua_State *L, int arg) {
  lua_Number value = luaL_optnumber(L, arg, 0);
  luaL_argcheck(L, value >= 0 && value <= UINT32_MAX, arg,
                "expected a number of 32 bits");
  return (uint32_t)value;
}

/* The fields of a note. Answers are put all the time, and making a string of a
 * name to look it up costs more than reading the field: the names stand in the
 * class's metatable, in this order. */
enum field {
  FIELD_STRATEGY,
  FIELD_INTERFACE,
  FIELD_PURPOSE,
  FIELD_MIN_TTL,
  FIELD_MAX_TTL,
  FIELD_AGE,
  FIELD_ROTATE,
  FIELD_PINNED,
  FIELD_BY_NAME,
  FIELDS
};

static const char *const field_names[FIELDS] = {
    "strategy", "interface", "purpose", "min_ttl", "max_ttl",
    "age",      "rotate",    "pinned",  "by_name"};

static void push_field(lua_State *L, int arg, enum field field) {
  lua_rawgeti(L, lua_upvalueindex(1), (int)field + 1);
  lua_rawget(L, arg);
}

static uint64_t get_number(lua_State *L, int arg, enum field field,
                           uint64_t max) {
  push_field(L, arg, field);
  uint64_t value = 0;
  if (!lua_isnil(L, -1)) {
    lua_Number number = lua_tonumber(L, -1);
    if (!lua_isnumber(L, -1) || !(number >= 0) || number > (lua_Number)max)
      luaL_error(L, "%s: expected a number from 0 to %f, got %s",
                 field_names[field], (lua_Number)max, luaL_typename(L, -1));
    value = (uint64_t)number;
  }
  lua_pop(L, 1);
  return value;
}

static bool get_flag(lua_State *L, int arg, enum field field) {
  push_field(L, arg, field);
  bool is_set = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return is_set;
}

static uint32_t get_u32(lua_State *L, int arg, enum field field) {
  return (uint32_t)get_number(L, arg, field, UINT32_MAX);
}

/* Returns the purpose, which is the key's. */
static uint32_t read_note(lua_State *L, int arg, mlxr_cache_note_t *note) {
  if (lua_isnoneornil(L, arg))
    return 0;
  luaL_checktype(L, arg, LUA_TTABLE);
  note->strategy = get_u32(L, arg, FIELD_STRATEGY);
  note->interface = get_u32(L, arg, FIELD_INTERFACE);
  note->min_ttl = get_u32(L, arg, FIELD_MIN_TTL);
  note->max_ttl = get_u32(L, arg, FIELD_MAX_TTL);
  note->age = get_number(L, arg, FIELD_AGE, UINT64_C(1) << 40);
  if (get_flag(L, arg, FIELD_ROTATE))
    note->flags |= MLXR_CACHE_ROTATE;
  if (get_flag(L, arg, FIELD_PINNED))
    note->flags |= MLXR_CACHE_PINNED;
  if (get_flag(L, arg, FIELD_BY_NAME))
    note->flags |= MLXR_CACHE_BY_NAME;
  return get_u32(L, arg, FIELD_PURPOSE);
}

/* The key is the answer's own question. What the limits have changed comes as
 * a second result: who is told now is to know no more than who asks next. */
static int cache_put(lua_State *L) {
  mlxr_cache_t *cache = mlxr_bind_check_cache(L, 1);
  size_t len;
  const uint8_t *answer = (const uint8_t *)luaL_checklstring(L, 2, &len);
  uint64_t now = mlxr_bind_now(L, 3);
  mlxr_cache_note_t note = {0};
  mlxr_reader_t reader;
  mlxr_question_t question;
  uint8_t kept[MLXR_PACKET_MAX];
  uint32_t purpose = read_note(L, 4, &note);
  int rc = mlxr_reader_init(&reader, answer, len);
  if (rc == 0)
    rc = mlxr_reader_question(&reader, &question) == 1 ? 0 : MLXR_EFORMAT;
  if (rc == 0) {
    const mlxr_cache_key_t key = {question.name, question.name_len,
                                  question.type, purpose};
    rc = mlxr_cache_put(cache, &key, answer, len, &note, now, kept);
  }
  if (rc != 0)
    return mlxr_bind_fail(L, rc, NULL);
  lua_pushboolean(L, true);
  if (memcmp(kept, answer, len) == 0)
    return 1;
  lua_pushlstring(L, (const char *)kept, len);
  return 2;
}

/* What two fields of a hit look like from Lua. */
static void push_flags(lua_State *L, uint8_t flags) {
  lua_pushboolean(L, flags & MLXR_CACHE_SUSPECT);
  lua_pushboolean(L, flags & MLXR_CACHE_WITHHELD);
}

static int cache_get(lua_State *L) {
  mlxr_cache_t *cache = mlxr_bind_check_cache(L, 1);
  uint8_t name[MLXR_NAME_MAX], out[MLXR_PACKET_MAX];
  mlxr_cache_key_t key = {.name = name};
  mlxr_cache_hit_t hit;
  lua_Integer type = luaL_checkinteger(L, 3);
  luaL_argcheck(L, type >= 0 && type <= UINT16_MAX, 3, "expected a type");
  uint64_t now = mlxr_bind_now(L, 4);
  key.type = (uint16_t)type;
  key.purpose = check_u32(L, 5);
  if (mlxr_bind_name(L, 2, name, &key.name_len) != 0)
    return mlxr_bind_fail(L, MLXR_ETEXT, lua_tostring(L, 2));
  int rc = mlxr_cache_get(cache, &key, lua_toboolean(L, 6), now, out,
                          sizeof out, &hit);
  if (rc < 0)
    return mlxr_bind_fail(L, rc, NULL);
  if (rc == 0)
    return 0;
  lua_pushlstring(L, (const char *)out, hit.len);
  lua_pushnumber(L, hit.ttl);
  lua_pushnumber(L, hit.age);
  lua_pushnumber(L, hit.strategy);
  lua_pushnumber(L, hit.interface);
  lua_pushboolean(L, hit.is_stale);
  lua_pushboolean(L, hit.is_due);
  lua_pushstring(L, status_names[hit.status]);
  push_flags(L, hit.flags);
  return 10;
}

static int cache_copy(lua_State *L) {
  mlxr_cache_t *cache = mlxr_bind_check_cache(L, 1);
  uint8_t name[MLXR_NAME_MAX], out[MLXR_PACKET_MAX];
  mlxr_cache_key_t key = {.name = name};
  mlxr_cache_record_t record;
  lua_Integer type = luaL_checkinteger(L, 3);
  luaL_argcheck(L, type >= 0 && type <= UINT16_MAX, 3, "expected a type");
  uint64_t now = mlxr_bind_now(L, 4);
  key.type = (uint16_t)type;
  key.purpose = check_u32(L, 5);
  if (mlxr_bind_name(L, 2, name, &key.name_len) != 0)
    return mlxr_bind_fail(L, MLXR_ETEXT, lua_tostring(L, 2));
  int rc = mlxr_cache_copy(cache, &key, now, out, sizeof out, &record);
  if (rc < 0)
    return mlxr_bind_fail(L, rc, NULL);
  if (rc == 0)
    return 0;
  lua_pushlstring(L, (const char *)out, record.len);
  lua_pushnumber(L, (lua_Number)record.age);
  lua_pushnumber(L, record.ttl);
  lua_pushnumber(L, record.strategy);
  lua_pushnumber(L, record.interface);
  push_flags(L, record.flags);
  return 7;
}

/* ---- flushing ---- */

static int cache_flush(lua_State *L) {
  mlxr_cache_t *cache = mlxr_bind_check_cache(L, 1);
  uint64_t now = mlxr_bind_now(L, 2);
  mlxr_bind_filter_t filter;
  const mlxr_cache_filter_t *meant = mlxr_bind_check_filter(L, 3, &filter);
  lua_pushnumber(L, (lua_Number)mlxr_cache_flush(cache, meant, now));
  return 1;
}

static int cache_expire(lua_State *L) {
  mlxr_cache_t *cache = mlxr_bind_check_cache(L, 1);
  uint64_t now = mlxr_bind_now(L, 2);
  mlxr_bind_filter_t filter;
  const mlxr_cache_filter_t *meant = mlxr_bind_check_filter(L, 3, &filter);
  lua_pushnumber(L, (lua_Number)mlxr_cache_expire(cache, meant, now));
  return 1;
}

static int cache_mark(lua_State *L) {
  mlxr_cache_t *cache = mlxr_bind_check_cache(L, 1);
  uint64_t now = mlxr_bind_now(L, 2);
  mlxr_bind_filter_t filter;
  luaL_checktype(L, 4, LUA_TTABLE); /* the filter may leave things behind it */
  const mlxr_cache_filter_t *meant = mlxr_bind_check_filter(L, 3, &filter);
  uint8_t set = 0, clear = 0;
  static const struct {
    const char *name;
    uint8_t flag;
  } flags[] = {{"suspect", MLXR_CACHE_SUSPECT},
               {"withheld", MLXR_CACHE_WITHHELD},
               {"idle", MLXR_CACHE_IDLE}};
  for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
    lua_getfield(L, 4, flags[i].name);
    if (!lua_isnil(L, -1))
      *(lua_toboolean(L, -1) ? &set : &clear) |= flags[i].flag;
    lua_pop(L, 1);
  }
  lua_pushnumber(L, (lua_Number)mlxr_cache_mark(cache, meant, set, clear, now));
  return 1;
}

/* ---- listing ---- */

/* Lua may raise when memory is short, which it must not do while a shard is
 * locked: so rows are collected first, and belong to a userdata. */
typedef struct row {
  mlxr_cache_hit_t hit;
  uint32_t purpose;
  uint32_t idle;
  uint16_t type;
  uint8_t name[MLXR_NAME_MAX];
} row_t;

typedef struct rows {
  row_t *row;
  size_t count, cap, limit;
  bool is_short; /* of memory */
  bool is_paged; /* and ends where no place is cut in two */
  uint64_t place, next;
} rows_t;

static int rows_gc(lua_State *L) {
  rows_t *rows = luaL_checkudata(L, 1, ROWS_CLASS);
  free(rows->row);
  rows->row = NULL;
  return 0;
}

static bool add_row(void *context, const mlxr_cache_view_t *view) {
  rows_t *rows = context;
  if (rows->is_paged && rows->count >= rows->limit &&
      view->place != rows->place) {
    rows->next = view->place;
    return false;
  }
  rows->place = view->place;
  if (rows->count == rows->cap) {
    size_t cap = rows->cap > 0 ? rows->cap * 2 : ROWS_MIN;
    row_t *grown = realloc(rows->row, cap * sizeof *grown);
    rows->is_short = grown == NULL;
    if (!grown)
      return false;
    rows->row = grown;
    rows->cap = cap;
  }
  row_t *row = &rows->row[rows->count++];
  row->hit = view->hit;
  row->purpose = view->purpose;
  row->idle = view->idle;
  row->type = view->type;
  memcpy(row->name, view->name, mlxr_name_len(view->name));
  return rows->is_paged || rows->count < rows->limit;
}

static void set_number(lua_State *L, const char *name, uint32_t value) {
  lua_pushnumber(L, value);
  lua_setfield(L, -2, name);
}

static void push_row(lua_State *L, const row_t *row) {
  char scratch[16];
  lua_createtable(L, 0, 12);
  mlxr_bind_push_name(L, row->name);
  lua_setfield(L, -2, "name");
  lua_pushstring(L, mlxr_type_to_text(row->type, scratch));
  lua_setfield(L, -2, "type");
  lua_pushstring(L, status_names[row->hit.status]);
  lua_setfield(L, -2, "status");
  lua_pushboolean(L, row->hit.is_stale);
  lua_setfield(L, -2, "stale");
  push_flags(L, row->hit.flags);
  lua_setfield(L, -3, "withheld");
  lua_setfield(L, -2, "suspect");
  set_number(L, "ttl", row->hit.ttl);
  set_number(L, "idle", row->idle);
  set_number(L, "age", row->hit.age);
  set_number(L, "strategy", row->hit.strategy);
  set_number(L, "interface", row->hit.interface);
  set_number(L, "purpose", row->purpose);
}

static int cache_list(lua_State *L) {
  mlxr_cache_t *cache = mlxr_bind_check_cache(L, 1);
  uint64_t now = mlxr_bind_now(L, 2);
  lua_Number limit = luaL_optnumber(L, 4, LIST_DEFAULT);
  luaL_argcheck(L, limit >= 1 && limit <= LIST_MAX, 4,
                "expected a number of entries");
  mlxr_bind_filter_t filter;
  const mlxr_cache_filter_t *meant = mlxr_bind_check_filter(L, 3, &filter);
  rows_t *rows = lua_newuserdata(L, sizeof *rows);
  memset(rows, 0, sizeof *rows);
  rows->limit = (size_t)limit;
  if (meant && !meant->name) {
    lua_getfield(L, 3, "from");
    rows->is_paged = !lua_isnil(L, -1);
    lua_pop(L, 1);
  }
  luaL_getmetatable(L, ROWS_CLASS);
  lua_setmetatable(L, -2);
  mlxr_cache_each(cache, meant, now, add_row, rows);
  if (rows->is_short)
    return luaL_error(L, "not enough memory");
  lua_createtable(L, (int)rows->count, 0);
  for (size_t i = 0; i < rows->count; i++) {
    push_row(L, &rows->row[i]);
    lua_rawseti(L, -2, (int)i + 1);
  }
  free(rows->row);
  rows->row = NULL;
  if (rows->next == 0)
    return 1;
  lua_pushnumber(L, (lua_Number)rows->next);
  return 2;
}

static int cache_stats(lua_State *L) {
  mlxr_cache_stats_t stats;
  mlxr_cache_stats(mlxr_bind_check_cache(L, 1), &stats);
  const struct {
    const char *name;
    uint64_t value;
  } rows[] = {{"entries", stats.entries},   {"bytes", stats.bytes},
              {"capacity", stats.capacity}, {"hits", stats.hits},
              {"misses", stats.misses},     {"stale_hits", stats.stale_hits},
              {"puts", stats.puts},         {"evictions", stats.evictions},
              {"expired", stats.expired}};
  lua_createtable(L, 0, 9);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    lua_pushnumber(L, (lua_Number)rows[i].value);
    lua_setfield(L, -2, rows[i].name);
  }
  return 1;
}

static int cache_fingerprint(lua_State *L) {
  size_t len;
  const char *text = luaL_checklstring(L, 1, &len);
  lua_pushnumber(L, (lua_Number)mlxr_cache_fingerprint(text, len));
  return 1;
}

static const luaL_Reg methods[] = {{"tune", cache_tune},
                                   {"put", cache_put},
                                   {"get", cache_get},
                                   {"peek", mlxr_bind_cache_peek},
                                   {"copy", cache_copy},
                                   {"flush", cache_flush},
                                   {"expire", cache_expire},
                                   {"mark", cache_mark},
                                   {"list", cache_list},
                                   {"stats", cache_stats},
                                   {NULL, NULL}};

static const luaL_Reg functions[] = {
    {"new", cache_new}, {"fingerprint", cache_fingerprint}, {NULL, NULL}};

int mlxr_bind_open_cache(lua_State *L) {
  static const luaL_Reg no_methods[] = {{NULL, NULL}};
  mlxr_bind_class(L, MLXR_BIND_CACHE, methods, cache_gc);
  luaL_getmetatable(L, MLXR_BIND_CACHE);
  for (int i = 0; i < FIELDS; i++) {
    lua_pushstring(L, field_names[i]);
    lua_rawseti(L, -2, i + 1);
  }
  lua_pop(L, 1);
  mlxr_bind_class(L, ROWS_CLASS, no_methods, rows_gc);
  lua_newtable(L);
  luaL_register(L, NULL, functions);
  return 1;
}
