/* bind.h - what the bindings share. A binding checks arguments, calls, and
 * pushes; it holds no logic. Failures are `nil, message, code`; misuse raises.
 */
#ifndef MLXR_BIND_H
#define MLXR_BIND_H

#include <lauxlib.h>
#include <lua.h>

#include "../address.h"
#include "../cache.h"
#include "../interest.h"
#include "../mlxresolve.h"
#include "../name.h"

/// Pushes nil, a message and the code's name; returns 3. With `what` the
/// message begins with it: "what: text".
int mlxr_bind_fail(lua_State *L, int code, const char *what);

/// Monotonic ms as the core wants it, from argument `arg`; raises.
uint64_t mlxr_bind_now(lua_State *L, int arg);

/// Integer field of the table at `arg`, or `fallback`; raises when it is not a
/// number from 0 to `max`.
uint64_t mlxr_bind_field(lua_State *L, int arg, const char *name,
                         uint64_t fallback, uint64_t max);

/// A seed that nobody can guess, for hashes of what strangers choose.
uint64_t mlxr_bind_seed(void);

/// Makes metatable `name` with `methods` as its __index, and __gc. A method's
/// first upvalue is the metatable.
void mlxr_bind_class(lua_State *L, const char *name, const luaL_Reg *methods,
                     lua_CFunction gc);

/// The userdata of class `name` at `arg`; raises. As luaL_checkudata, but cheap
/// within a method of the class: these run for every question.
void *mlxr_bind_check(lua_State *L, int arg, const char *name);

/// A userdata's object of the core. Lua runs finalizers whenever it allocates,
/// and one of them may close the object whose results are just being pushed:
/// while it is held, closing takes it out of use only.
typedef struct mlxr_bind_box {
  void *object; ///< NULL once closed
  void *doomed; ///< closed while it was held
  bool is_held;
} mlxr_bind_box_t;

typedef void (*mlxr_bind_close_fn)(void *object);

/// From here on the object lives until `let_go`, or until the userdata is
/// collected when Lua raises in between.
void mlxr_bind_hold(mlxr_bind_box_t *box);
void mlxr_bind_let_go(mlxr_bind_box_t *box, mlxr_bind_close_fn close);
/// What `close` of a userdata does; twice is fine.
void mlxr_bind_close(mlxr_bind_box_t *box, mlxr_bind_close_fn close);
/// What __gc does.
void mlxr_bind_collect(mlxr_bind_box_t *box, mlxr_bind_close_fn close);

/// Address text at `arg` (port optional), interface names understood.
/// 0, or MLXR_ETEXT.
int mlxr_bind_address(lua_State *L, int arg, mlxr_address_t *out);
/// Pushes an address's text; the port only when `with_port`.
void mlxr_bind_push_address(lua_State *L, const mlxr_address_t *address,
                            bool with_port);

/// Wire name, lower case, of the text at `arg`. 0, or MLXR_ETEXT.
int mlxr_bind_name(lua_State *L, int arg, uint8_t wire[MLXR_NAME_MAX],
                   size_t *len);
void mlxr_bind_push_name(lua_State *L, const uint8_t *wire);

/// The class of the cache's userdata.
#define MLXR_BIND_CACHE "mlxresolve.Cache"

/// The cache of the userdata at `arg`; raises.
mlxr_cache_t *mlxr_bind_check_cache(lua_State *L, int arg);

/// The interest of the userdata at `arg`; raises.
mlxr_interest_t *mlxr_bind_check_interest(lua_State *L, int arg);

/// The method `peek` of a cache: see lua/meta/core/cache.d.lua.
int mlxr_bind_cache_peek(lua_State *L);

/* Each pushes the table of its part; see module.c. */
int mlxr_bind_open_name(lua_State *L);
int mlxr_bind_open_address(lua_State *L);
int mlxr_bind_open_wire(lua_State *L);
int mlxr_bind_open_answer(lua_State *L);
int mlxr_bind_open_cache(lua_State *L);
int mlxr_bind_open_exchange(lua_State *L);
int mlxr_bind_open_interest(lua_State *L);
int mlxr_bind_open_upstream(lua_State *L);
int mlxr_bind_open_udp(lua_State *L);
int mlxr_bind_open_icmp(lua_State *L);
int mlxr_bind_open_netif(lua_State *L);
int mlxr_bind_open_clock(lua_State *L);
int mlxr_bind_open_native(lua_State *L);
int mlxr_bind_open_dnssd(lua_State *L);
int mlxr_bind_open_front(lua_State *L);
int mlxr_bind_open_report(lua_State *L);

MLXR_PUBLIC int luaopen_mlxresolve_core(lua_State *L);
MLXR_PUBLIC int luaopen_mlxresolve_http(lua_State *L);
MLXR_PUBLIC int luaopen_mlxresolve_store(lua_State *L);

#endif
