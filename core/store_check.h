/* store_check.h - is a file a sound LMDB environment?
 *
 * LMDB trusts its pages: what a damaged one says is followed, and the process
 * dies of it. This looks at all of a file before LMDB does.
 */
#ifndef MLXR_STORE_CHECK_H
#define MLXR_STORE_CHECK_H

#include "mlxresolve.h"

/// 0 when every page that can be reached is in order, MLXR_EFORMAT, -ENOMEM.
/// Files with more than the one unnamed table, or with duplicate keys, are not
/// what we write: MLXR_EFORMAT, too.
int mlxr_store_check(const uint8_t *bytes, size_t len);

#endif
