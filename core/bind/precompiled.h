/* precompiled.h - our own Lua modules as bytecode, made when the program was
 * built. The files stay what counts: bytecode stands in for a file only while
 * that still says what it said at the build; an edited one is read as ever.
 */
#ifndef MLXR_PRECOMPILED_H
#define MLXR_PRECOMPILED_H

#include <stddef.h>
#include <stdint.h>

#include <lua.h>

typedef struct mlxr_precompiled {
  const char *name; ///< as in `require`
  const char *path; ///< of its file, below the folder of Lua files
  size_t size;      ///< of the file
  uint64_t hash;    ///< of the file; mlxr_precompiled_hash
  const char *code; ///< a dump of LuaJIT from behind its header's name on
  size_t code_len;
  unsigned char head[5]; ///< the dump's header up to its name
} mlxr_precompiled_t;

/// All of the program's; made by tools/precompile.c.
extern const mlxr_precompiled_t mlxr_precompiled[];
extern const size_t mlxr_precompiled_count;

uint64_t mlxr_precompiled_hash(const void *text, size_t len);

/// Has `require` look among `modules`, sorted by name, before it searches
/// files. Lends `modules`.
void mlxr_precompiled_open(lua_State *L, const mlxr_precompiled_t *modules,
                           size_t count, const char *folder);

#endif
