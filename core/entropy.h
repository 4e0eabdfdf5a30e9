/* entropy.h - unpredictable numbers, cheaply: the system's generator, read a
 * kilobyte at a time. No generator of our own stands between, so what it hands
 * out is as good as the kernel's; a number costs about ten nanoseconds.
 *
 * Reserve what the next steps need, then draw.
 */
#ifndef MLXR_ENTROPY_H
#define MLXR_ENTROPY_H

#include "mlxresolve.h"

enum { MLXR_ENTROPY_MAX = 1024 };

typedef struct mlxr_entropy {
  uint8_t bytes[MLXR_ENTROPY_MAX];
  uint32_t left;
} mlxr_entropy_t;

/// Has nothing in stock yet.
void mlxr_entropy_init(mlxr_entropy_t *entropy);

/// Makes sure of `draws` draws (at most 64): 0 or a negative errno.
int mlxr_entropy_reserve(mlxr_entropy_t *entropy, uint32_t draws);

/// Draws a number below `n`, which is not 0.
uint32_t mlxr_entropy_below(mlxr_entropy_t *entropy, uint32_t n);

#endif
