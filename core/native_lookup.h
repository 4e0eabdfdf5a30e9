/* native_lookup.h - one blocking lookup, as a thread of the pool makes it.
 */
#ifndef MLXR_NATIVE_LOOKUP_H
#define MLXR_NATIVE_LOOKUP_H

#include "native.h"

/// Fills `out` but for its slot. May take as long as the system likes.
void mlxr_native_lookup(const char *name, int family,
                        mlxr_native_result_t *out);

#endif
