/* lookup.h - what the bindings of native and dnssd share: the same arguments
 * and the same results.
 */
#ifndef MLXR_BIND_LOOKUP_H
#define MLXR_BIND_LOOKUP_H

#include "../native.h"
#include "bind.h"

enum { MLXR_BIND_LOOKUP_RESULTS = 16 }; ///< taken at a time

typedef struct mlxr_bind_lookup {
  const char *name;
  int family;
  uint64_t deadline, now;
} mlxr_bind_lookup_t;

/// Reads (self, name, family, deadline, now); raises. MLXR_ETEXT for a name
/// with a zero byte.
int mlxr_bind_check_lookup(lua_State *L, mlxr_bind_lookup_t *out);

/// A slot's number at `arg`; raises.
uint32_t mlxr_bind_check_slot(lua_State *L, int arg);

/// Puts a result's four values into the batch at index 3, behind `*at`.
void mlxr_bind_put_lookup(lua_State *L, const mlxr_native_result_t *result,
                          int *at);

/// Pushes what a step returns after `at` values; returns how many.
int mlxr_bind_end_lookups(lua_State *L, int at, uint64_t next);

#endif
