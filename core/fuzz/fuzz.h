/* fuzz.h - what the fuzz targets share. One target a file, fuzz_<what>.c; its
 * inputs are kept in corpus/<what>.
 */
#ifndef MLXR_FUZZ_H
#define MLXR_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/// Ends the process, as a crash, when the promise is broken.
#define MLXR_PROMISE(condition)                                                \
  do {                                                                         \
    if (!(condition))                                                          \
      __builtin_trap();                                                        \
  } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
