/* report.h - failures that C code of this process has met, on their way to the
 * resolvers of this process.
 *
 * `mlxr_report_failure` (mlxresolve.h) puts a report into the box of every
 * resolver that takes them, from whatever thread; each takes them out in its
 * own. A box is bounded, and the same report waits in it once.
 */
#ifndef MLXR_REPORT_H
#define MLXR_REPORT_H

#include "address.h"
#include "name.h"

typedef struct mlxr_report mlxr_report_t;

typedef struct mlxr_report_item {
  uint8_t name[MLXR_NAME_MAX]; ///< wire form, lower case
  mlxr_address_t address;      ///< family 0: all of the name's
} mlxr_report_item_t;

/// Opens a box; from here on it is reported to.
int mlxr_report_open(mlxr_report_t **out);
void mlxr_report_close(mlxr_report_t *report);
int mlxr_report_fd(const mlxr_report_t *report);

/// Takes up to `count` reports out; returns how many.
int mlxr_report_step(mlxr_report_t *report, mlxr_report_item_t *out,
                     size_t count);

#endif
