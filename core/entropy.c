#include "entropy.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#ifdef __APPLE__
#include <sys/random.h>
#endif

enum { PORTION = 256 }; ///< the most that getentropy gives at once

void mlxr_entropy_init(mlxr_entropy_t *entropy) {
  memset(entropy, 0, sizeof *entropy);
}

int mlxr_entropy_reserve(mlxr_entropy_t *entropy, uint32_t draws) {
  if (entropy->left >= draws * sizeof(uint32_t))
    return 0;
  while (entropy->left + PORTION <= sizeof entropy->bytes) {
    if (getentropy(entropy->bytes + entropy->left, PORTION) != 0)
      return -errno;
    entropy->left += PORTION;
  }
  return 0;
}

/* A product instead of a remainder, so that the number of draws is known: the
 * bias is n / 2^32, which nobody can use. Bytes are wiped once drawn. */
uint32_t mlxr_entropy_below(mlxr_entropy_t *entropy, uint32_t n) {
  uint32_t draw;
  if (entropy->left < sizeof draw &&
      mlxr_entropy_reserve(entropy, sizeof draw) != 0)
    return 0;
  entropy->left -= (uint32_t)sizeof draw;
  memcpy(&draw, entropy->bytes + entropy->left, sizeof draw);
  memset(entropy->bytes + entropy->left, 0, sizeof draw);
  return (uint32_t)((uint64_t)draw * n >> 32);
}
