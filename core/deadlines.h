/* deadlines.h - which of many numbered things is due first.
 *
 * A heap with the place of every number kept beside it. Nearly all deadlines
 * are cancelled before they come; a new one is usually later than all others,
 * so that setting costs a step or two, and clearing O(log n). The memory is
 * taken once and stays untouched until so many are set at one time.
 */
#ifndef MLXR_DEADLINES_H
#define MLXR_DEADLINES_H

#include "mlxresolve.h"

typedef struct mlxr_deadline {
  uint64_t at;
  uint32_t id;
} mlxr_deadline_t;

typedef struct mlxr_deadlines {
  mlxr_deadline_t *heap;
  uint32_t *where; ///< by id: one-based place in the heap, 0 for unset
  uint32_t count;
} mlxr_deadlines_t;

/// Room for ids from 0 to `cap` - 1. -ENOMEM.
int mlxr_deadlines_init(mlxr_deadlines_t *deadlines, uint32_t cap);
void mlxr_deadlines_deinit(mlxr_deadlines_t *deadlines);

/// Sets or moves the deadline of `id`.
void mlxr_deadlines_put(mlxr_deadlines_t *deadlines, uint32_t id, uint64_t at);
/// Does nothing when it is not set.
void mlxr_deadlines_clear(mlxr_deadlines_t *deadlines, uint32_t id);

/// The earliest, or NULL; lent until the next change.
const mlxr_deadline_t *mlxr_deadlines_get(const mlxr_deadlines_t *deadlines);

#endif
