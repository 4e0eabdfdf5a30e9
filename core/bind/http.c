#include <errno.h>

#include "../http.h"
#include "bind.h"

#define HTTP "mlxresolve.Http"

enum { STEP_MAX = 16, STRIDE = 5 };

static void close_object(void *http) { mlxr_http_close(http); }

static mlxr_bind_box_t *check_box(lua_State *L) {
  return luaL_checkudata(L, 1, HTTP);
}

static mlxr_http_t *check_http(lua_State *L) {
  mlxr_http_t *http = check_box(L)->object;
  if (!http)
    luaL_argerror(L, 1, "the HTTP server is closed");
  return http;
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

static int http_open(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  mlxr_http_options_t options = {
      .max_connections =
          (uint32_t)mlxr_bind_field(L, 1, "max_connections", 0, 1024),
      .max_body = (uint32_t)mlxr_bind_field(L, 1, "max_body", 0, 1 << 24),
      .max_stream = (uint32_t)mlxr_bind_field(L, 1, "max_stream", 0, 1 << 24),
      .idle = (uint32_t)mlxr_bind_field(L, 1, "idle", 0, 3600000)};
  options.path = get_text(L, "path");
  const char *where = options.path;
  if (!where) {
    where = get_text(L, "address");
    luaL_argcheck(L, where, 1, "expected a path or an address");
    int rc = mlxr_bind_address(L, lua_gettop(L), &options.address);
    if (rc != 0)
      return mlxr_bind_fail(L, rc, where);
  }
  mlxr_bind_box_t *box = lua_newuserdata(L, sizeof *box);
  *box = (mlxr_bind_box_t){0};
  luaL_getmetatable(L, HTTP);
  lua_setmetatable(L, -2);
  lua_newtable(L);
  lua_pushstring(L, options.path);
  lua_setfield(L, -2, "path");
  lua_setfenv(L, -2);
  mlxr_http_t *http;
  int rc = mlxr_http_open(&options, &http);
  if (rc != 0)
    return mlxr_bind_fail(L, rc, where);
  box->object = http;
  return 1;
}

static void put(lua_State *L, int index) { lua_rawseti(L, 3, index); }

static int http_step(lua_State *L) {
  mlxr_http_t *http = check_http(L);
  mlxr_http_request_t requests[STEP_MAX];
  luaL_checktype(L, 3, LUA_TTABLE);
  int count = mlxr_http_step(http, requests, STEP_MAX);
  mlxr_bind_hold(check_box(L));
  for (int i = 0; i < count; i++) {
    const mlxr_http_request_t *request = &requests[i];
    int base = i * STRIDE;
    lua_pushnumber(L, request->slot), put(L, base + 1);
    if (!request->method) {
      lua_pushboolean(L, 0), put(L, base + 2);
      continue;
    }
    lua_pushstring(L, request->method), put(L, base + 2);
    lua_pushstring(L, request->path), put(L, base + 3);
    lua_pushstring(L, request->query), put(L, base + 4);
    lua_pushlstring(L, request->body, request->body_len), put(L, base + 5);
  }
  mlxr_bind_let_go(check_box(L), close_object);
  lua_pushinteger(L, count);
  return 1;
}

static uint32_t check_slot(lua_State *L) {
  lua_Number slot = luaL_checknumber(L, 2);
  luaL_argcheck(L, slot >= 0 && slot <= UINT32_MAX, 2, "expected a slot");
  return (uint32_t)slot;
}

static unsigned check_status(lua_State *L) {
  lua_Integer status = luaL_checkinteger(L, 3);
  luaL_argcheck(L, status >= 200 && status <= 599, 3,
                "expected an HTTP status from 200 to 599");
  return (unsigned)status;
}

static int http_reply(lua_State *L) {
  mlxr_http_t *http = check_http(L);
  uint32_t slot = check_slot(L);
  unsigned status = check_status(L);
  const char *content_type = luaL_checkstring(L, 4);
  size_t len;
  const char *body = luaL_checklstring(L, 5, &len);
  mlxr_http_reply(http, slot, status, content_type, body, len);
  return 0;
}

static int push_result(lua_State *L, int rc) {
  if (rc != 0)
    return mlxr_bind_fail(L, rc, "stream");
  lua_pushboolean(L, 1);
  return 1;
}

static int http_stream(lua_State *L) {
  mlxr_http_t *http = check_http(L);
  uint32_t slot = check_slot(L);
  unsigned status = check_status(L);
  return push_result(
      L, mlxr_http_stream(http, slot, status, luaL_checkstring(L, 4)));
}

static int http_write(lua_State *L) {
  mlxr_http_t *http = check_http(L);
  uint32_t slot = check_slot(L);
  size_t len;
  const char *data = luaL_checklstring(L, 3, &len);
  return push_result(L, mlxr_http_write(http, slot, data, len));
}

static int http_finish(lua_State *L) {
  mlxr_http_finish(check_http(L), check_slot(L));
  return 0;
}

static int http_drop(lua_State *L) {
  mlxr_http_drop(check_http(L), check_slot(L));
  return 0;
}

static int http_address(lua_State *L) {
  mlxr_http_t *http = check_http(L);
  mlxr_address_t address;
  int rc = mlxr_http_address(http, &address);
  if (rc == -EAFNOSUPPORT) {
    lua_getfenv(L, 1);
    lua_getfield(L, -1, "path");
    return 1;
  }
  if (rc != 0)
    return mlxr_bind_fail(L, rc, "HTTP server");
  mlxr_bind_push_address(L, &address, true);
  return 1;
}

static int http_fd(lua_State *L) {
  lua_pushinteger(L, mlxr_http_fd(check_http(L)));
  return 1;
}

static int http_close(lua_State *L) {
  mlxr_bind_close(check_box(L), close_object);
  return 0;
}

static int http_collect(lua_State *L) {
  mlxr_bind_collect(check_box(L), close_object);
  return 0;
}

static const luaL_Reg methods[] = {
    {"step", http_step},   {"reply", http_reply},     {"stream", http_stream},
    {"write", http_write}, {"finish", http_finish},   {"drop", http_drop},
    {"fd", http_fd},       {"address", http_address}, {"close", http_close},
    {NULL, NULL}};

static const luaL_Reg functions[] = {{"open", http_open}, {NULL, NULL}};

int luaopen_mlxresolve_http(lua_State *L) {
  mlxr_bind_class(L, HTTP, methods, http_collect);
  lua_newtable(L);
  luaL_register(L, NULL, functions);
  return 1;
}
