#include "bind.h"

#include <net/if.h>
#include <string.h>
#include <sys/random.h>

int mlxr_bind_fail(lua_State *L, int code, const char *what) {
  lua_pushnil(L);
  if (what)
    lua_pushfstring(L, "%s: %s", what, mlxr_error_text(code));
  else
    lua_pushstring(L, mlxr_error_text(code));
  lua_pushstring(L, mlxr_error_name(code));
  return 3;
}

uint64_t mlxr_bind_now(lua_State *L, int arg) {
  lua_Number now = luaL_checknumber(L, arg);
  luaL_argcheck(L, now >= 0 && now < 9e15, arg, "expected milliseconds");
  return (uint64_t)now;
}

uint64_t mlxr_bind_field(lua_State *L, int arg, const char *name,
                         uint64_t fallback, uint64_t max) {
  if (lua_isnoneornil(L, arg))
    return fallback;
  luaL_checktype(L, arg, LUA_TTABLE);
  lua_getfield(L, arg, name);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    return fallback;
  }
  lua_Number value = lua_tonumber(L, -1);
  if (!lua_isnumber(L, -1) || !(value >= 0) || value > (lua_Number)max)
    luaL_error(L, "%s: expected a number from 0 to %f, got %s", name,
               (lua_Number)max, luaL_typename(L, -1));
  lua_pop(L, 1);
  return (uint64_t)value;
}

uint64_t mlxr_bind_seed(void) {
  uint64_t seed = 0;
  /* Fails only where there is no generator at all. */
  if (getentropy(&seed, sizeof seed) != 0)
    seed = (uint64_t)(uintptr_t)&seed;
  return seed;
}

void mlxr_bind_class(lua_State *L, const char *name, const luaL_Reg *methods,
                     lua_CFunction gc) {
  luaL_newmetatable(L, name);
  lua_pushstring(L, name);
  lua_setfield(L, -2, "__name");
  lua_newtable(L);
  for (; methods->name; methods++) {
    lua_pushvalue(L, -2);
    lua_pushcclosure(L, methods->func, 1);
    lua_setfield(L, -2, methods->name);
  }
  lua_setfield(L, -2, "__index");
  if (gc) {
    lua_pushcfunction(L, gc);
    lua_setfield(L, -2, "__gc");
  }
  lua_pop(L, 1);
}

/* luaL_checkudata makes a string of the name, and looks it up, every time. */
void *mlxr_bind_check(lua_State *L, int arg, const char *name) {
  void *object = lua_touserdata(L, arg);
  if (object && lua_getmetatable(L, arg)) {
    bool is_same = lua_rawequal(L, -1, lua_upvalueindex(1));
    lua_pop(L, 1);
    if (is_same)
      return object;
  }
  return luaL_checkudata(L, arg, name);
}

void mlxr_bind_hold(mlxr_bind_box_t *box) { box->is_held = true; }

void mlxr_bind_let_go(mlxr_bind_box_t *box, mlxr_bind_close_fn close) {
  void *doomed = box->doomed;
  box->is_held = false;
  box->doomed = NULL;
  if (doomed)
    close(doomed);
}

void mlxr_bind_close(mlxr_bind_box_t *box, mlxr_bind_close_fn close) {
  void *object = box->object;
  box->object = NULL;
  if (object && box->is_held)
    box->doomed = object;
  else if (object)
    close(object);
}

void mlxr_bind_collect(mlxr_bind_box_t *box, mlxr_bind_close_fn close) {
  mlxr_bind_let_go(box, close);
  mlxr_bind_close(box, close);
}

static uint32_t scope_of(const char *name) { return if_nametoindex(name); }

static bool scope_name(uint32_t index, char name[16]) {
  char text[IF_NAMESIZE];
  if (!if_indextoname(index, text))
    return false;
  strncpy(name, text, 15);
  name[15] = '\0';
  return true;
}

int mlxr_bind_address(lua_State *L, int arg, mlxr_address_t *out) {
  size_t len;
  const char *text = luaL_checklstring(L, arg, &len);
  return mlxr_address_from_text(text, len, scope_of, out);
}

void mlxr_bind_push_address(lua_State *L, const mlxr_address_t *address,
                            bool with_port) {
  mlxr_address_t shown = *address;
  char text[MLXR_ADDRESS_TEXT_MAX];
  if (!with_port)
    shown.port = 0;
  mlxr_address_to_text(&shown, scope_name, text);
  lua_pushstring(L, text);
}

int mlxr_bind_name(lua_State *L, int arg, uint8_t wire[MLXR_NAME_MAX],
                   size_t *len) {
  size_t text_len;
  const char *text = luaL_checklstring(L, arg, &text_len);
  int rc = mlxr_name_from_text(text, text_len, wire, len);
  if (rc == 0)
    mlxr_name_put_lower(wire, *len, wire);
  return rc;
}

void mlxr_bind_push_name(lua_State *L, const uint8_t *wire) {
  char text[MLXR_NAME_TEXT_MAX];
  size_t len;
  mlxr_name_to_text(wire, text, &len);
  lua_pushlstring(L, text, len);
}
