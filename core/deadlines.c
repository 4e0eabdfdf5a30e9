#include "deadlines.h"

#include <errno.h>
#include <stdlib.h>

enum { FANOUT = 4 }; // a level of four children is one cache line

int mlxr_deadlines_init(mlxr_deadlines_t *deadlines, uint32_t cap) {
  deadlines->count = 0;
  deadlines->heap = calloc(cap, sizeof *deadlines->heap);
  deadlines->where = calloc(cap, sizeof *deadlines->where);
  if (deadlines->heap && deadlines->where)
    return 0;
  mlxr_deadlines_deinit(deadlines);
  return -ENOMEM;
}

void mlxr_deadlines_deinit(mlxr_deadlines_t *deadlines) {
  free(deadlines->heap);
  free(deadlines->where);
  *deadlines = (mlxr_deadlines_t){0};
}

static void place(mlxr_deadlines_t *deadlines, uint32_t at,
                  mlxr_deadline_t entry) {
  deadlines->heap[at] = entry;
  deadlines->where[entry.id] = at + 1;
}

static void rise(mlxr_deadlines_t *deadlines, uint32_t at,
                 mlxr_deadline_t entry) {
  while (at > 0) {
    uint32_t parent = (at - 1) / FANOUT;
    if (deadlines->heap[parent].at <= entry.at)
      break;
    place(deadlines, at, deadlines->heap[parent]);
    at = parent;
  }
  place(deadlines, at, entry);
}

static uint32_t earliest_child(const mlxr_deadlines_t *deadlines, uint32_t at) {
  uint32_t first = at * FANOUT + 1, best = first;
  for (uint32_t i = first + 1; i < first + FANOUT && i < deadlines->count; i++)
    if (deadlines->heap[i].at < deadlines->heap[best].at)
      best = i;
  return best;
}

static void sink(mlxr_deadlines_t *deadlines, uint32_t at,
                 mlxr_deadline_t entry) {
  while (at * FANOUT + 1 < deadlines->count) {
    uint32_t child = earliest_child(deadlines, at);
    if (deadlines->heap[child].at >= entry.at)
      break;
    place(deadlines, at, deadlines->heap[child]);
    at = child;
  }
  place(deadlines, at, entry);
}

/* `at` is a hole; the entry may belong above or below it. */
static void settle(mlxr_deadlines_t *deadlines, uint32_t at,
                   mlxr_deadline_t entry) {
  if (at > 0 && deadlines->heap[(at - 1) / FANOUT].at > entry.at)
    rise(deadlines, at, entry);
  else
    sink(deadlines, at, entry);
}

void mlxr_deadlines_put(mlxr_deadlines_t *deadlines, uint32_t id, uint64_t at) {
  mlxr_deadline_t entry = {at, id};
  uint32_t where = deadlines->where[id];
  if (where > 0)
    settle(deadlines, where - 1, entry);
  else
    rise(deadlines, deadlines->count++, entry);
}

void mlxr_deadlines_clear(mlxr_deadlines_t *deadlines, uint32_t id) {
  uint32_t where = deadlines->where[id];
  if (where == 0)
    return;
  deadlines->where[id] = 0;
  mlxr_deadline_t last = deadlines->heap[--deadlines->count];
  if (last.id != id)
    settle(deadlines, where - 1, last);
}

const mlxr_deadline_t *mlxr_deadlines_get(const mlxr_deadlines_t *deadlines) {
  return deadlines->count > 0 ? &deadlines->heap[0] : NULL;
}
