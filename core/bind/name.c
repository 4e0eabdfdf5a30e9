#include "bind.h"

static int name_canonical(lua_State *L) {
  uint8_t wire[MLXR_NAME_MAX];
  size_t len;
  int rc = mlxr_bind_name(L, 1, wire, &len);
  if (rc != 0)
    return mlxr_bind_fail(L, rc, "name");
  mlxr_bind_push_name(L, wire);
  return 1;
}

static int name_reverse(lua_State *L) {
  mlxr_address_t address;
  uint8_t wire[MLXR_NAME_MAX];
  int rc = mlxr_bind_address(L, 1, &address);
  if (rc != 0)
    return mlxr_bind_fail(L, rc, "address");
  mlxr_address_to_reverse(&address, wire);
  mlxr_bind_push_name(L, wire);
  return 1;
}

static int name_to_wire(lua_State *L) {
  size_t text_len, len;
  const char *text = luaL_checklstring(L, 1, &text_len);
  uint8_t wire[MLXR_NAME_MAX];
  int rc = mlxr_name_from_text(text, text_len, wire, &len);
  if (rc != 0)
    return mlxr_bind_fail(L, rc, "name");
  lua_pushlstring(L, (const char *)wire, len);
  return 1;
}

static int name_from_wire(lua_State *L) {
  size_t len;
  const uint8_t *wire = (const uint8_t *)luaL_checklstring(L, 1, &len);
  if (len == 0 || mlxr_name_measure(wire, len) != len)
    return mlxr_bind_fail(L, MLXR_EFORMAT, "name");
  mlxr_bind_push_name(L, wire);
  return 1;
}

static const luaL_Reg functions[] = {{"canonical", name_canonical},
                                     {"reverse", name_reverse},
                                     {"to_wire", name_to_wire},
                                     {"from_wire", name_from_wire},
                                     {NULL, NULL}};

int mlxr_bind_open_name(lua_State *L) {
  lua_newtable(L);
  luaL_register(L, NULL, functions);
  return 1;
}
