/* filter.h - what a table says of the cache's entries that are meant. */
#ifndef MLXR_BIND_FILTER_H
#define MLXR_BIND_FILTER_H

#include "bind.h"

typedef struct mlxr_bind_filter {
  mlxr_cache_filter_t meant;
  uint8_t name[MLXR_NAME_MAX];
  uint8_t suffix[MLXR_NAME_MAX];
  uint32_t purpose;
} mlxr_bind_filter_t;

/// The filter of the table at `arg`; raises. NULL, which the core takes for
/// everything, when there is none. Valid as long as the function's stack.
const mlxr_cache_filter_t *mlxr_bind_check_filter(lua_State *L, int arg,
                                                  mlxr_bind_filter_t *out);

#endif
