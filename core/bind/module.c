#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "../clock.h"
#include "../front.h"
#include "bind.h"

enum { ENTROPY_MAX = 256 };

static int core_explain(lua_State *L) {
  lua_pushstring(L, mlxr_error_explain(luaL_checkstring(L, 1)));
  return 1;
}

static int core_now(lua_State *L) {
  lua_pushnumber(L, (lua_Number)mlxr_clock_ns() / 1e6);
  return 1;
}

static int core_entropy(lua_State *L) {
  lua_Integer n = luaL_checkinteger(L, 1);
  luaL_argcheck(L, n >= 0 && n <= ENTROPY_MAX, 1, "expected 0 to 256 bytes");
  char bytes[ENTROPY_MAX];
  if (getentropy(bytes, (size_t)n) != 0)
    return mlxr_bind_fail(L, -errno, "entropy");
  lua_pushlstring(L, bytes, (size_t)n);
  return 1;
}

static int core_yield_to_fronts(lua_State *L) {
  (void)L;
  mlxr_front_yield_to(); /* without it fronts are only a little slower */
  return 0;
}

static const luaL_Reg functions[] = {{"explain", core_explain},
                                     {"now", core_now},
                                     {"entropy", core_entropy},
                                     {"yield_to_fronts", core_yield_to_fronts},
                                     {NULL, NULL}};

static const luaL_Reg parts[] = {{"name", mlxr_bind_open_name},
                                 {"address", mlxr_bind_open_address},
                                 {"wire", mlxr_bind_open_wire},
                                 {"answer", mlxr_bind_open_answer},
                                 {"cache", mlxr_bind_open_cache},
                                 {"exchange", mlxr_bind_open_exchange},
                                 {"interest", mlxr_bind_open_interest},
                                 {"upstream", mlxr_bind_open_upstream},
                                 {"udp", mlxr_bind_open_udp},
                                 {"icmp", mlxr_bind_open_icmp},
                                 {"netif", mlxr_bind_open_netif},
                                 {"clock", mlxr_bind_open_clock},
                                 {"native", mlxr_bind_open_native},
                                 {"dnssd", mlxr_bind_open_dnssd},
                                 {"front", mlxr_bind_open_front},
                                 {"report", mlxr_bind_open_report},
                                 {NULL, NULL}};

int luaopen_mlxresolve_core(lua_State *L) {
  lua_newtable(L);
  luaL_register(L, NULL, functions);
  lua_pushliteral(L, MLXR_VERSION);
  lua_setfield(L, -2, "version");
  for (const luaL_Reg *part = parts; part->name; part++) {
    if (part->func(L) != 1)
      continue;
    lua_setfield(L, -2, part->name);
  }
  return 1;
}
