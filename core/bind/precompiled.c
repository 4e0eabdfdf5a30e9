#include "precompiled.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lauxlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { UPVALUE_MODULES = 1, UPVALUE_COUNT, UPVALUE_FOLDER };

uint64_t mlxr_precompiled_hash(const void *text, size_t len) {
  return XXH3_64bits(text, len);
}

static int compare_names(const void *name, const void *module) {
  return strcmp(name, ((const mlxr_precompiled_t *)module)->name);
}

static bool read_all(int fd, char *to, size_t len) {
  while (len > 0) {
    ssize_t n = read(fd, to, len);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    to += n;
    len -= (size_t)n;
  }
  return true;
}

/* By content: times of files do not survive packaging, and a file that was put
 * back counts as not edited. Reading costs a tenth of compiling. */
static bool is_unedited(const mlxr_precompiled_t *module, const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return false;
  struct stat info;
  bool is_same = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) &&
                 (uint64_t)info.st_size == module->size;
  char *text = is_same ? malloc(module->size + 1) : NULL;
  is_same = text && read_all(fd, text, module->size) &&
            mlxr_precompiled_hash(text, module->size) == module->hash;
  free(text);
  close(fd);
  return is_same;
}

/* A dump in three pieces: its header's beginning, the name of the chunk with
 * its length before it, and the rest. The name is made here, as it is made for
 * a file that is read: positions in messages, and folders that are seen from a
 * file, must not depend on who compiled it. */
typedef struct dump {
  const mlxr_precompiled_t *module;
  char name[PATH_MAX + 8];
  size_t name_len;
  int piece;
} dump_t;

static size_t put_length(char *to, size_t len) {
  size_t n = 0;
  for (; len >= 0x80; len >>= 7)
    to[n++] = (char)(len | 0x80);
  to[n++] = (char)len;
  return n;
}

static void init_dump(dump_t *dump, const mlxr_precompiled_t *module,
                      const char *path) {
  size_t len = strlen(path) + 1;
  size_t at = put_length(dump->name, len);
  dump->name[at] = '@';
  memcpy(dump->name + at + 1, path, len - 1);
  dump->name_len = at + len;
  dump->module = module;
  dump->piece = 0;
}

static const char *next_piece(lua_State *L, void *data, size_t *len) {
  dump_t *dump = data;
  (void)L;
  switch (dump->piece++) {
  case 0:
    *len = sizeof dump->module->head;
    return (const char *)dump->module->head;
  case 1:
    *len = dump->name_len;
    return dump->name;
  case 2:
    *len = dump->module->code_len;
    return dump->module->code;
  default:
    *len = 0;
    return NULL;
  }
}

/* A searcher as in package.loaders: the module's function, or why there is
 * none; the searchers of files come next. */
static int search(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  const mlxr_precompiled_t *modules =
      lua_touserdata(L, lua_upvalueindex(UPVALUE_MODULES));
  size_t count = (size_t)lua_tointeger(L, lua_upvalueindex(UPVALUE_COUNT));
  const mlxr_precompiled_t *module =
      bsearch(name, modules, count, sizeof *modules, compare_names);
  if (!module)
    return 0;
  char path[PATH_MAX];
  dump_t dump;
  int len =
      snprintf(path, sizeof path, "%s/%s",
               lua_tostring(L, lua_upvalueindex(UPVALUE_FOLDER)), module->path);
  if (len < 0 || (size_t)len >= sizeof path || !is_unedited(module, path))
    return 0;
  init_dump(&dump, module, path);
  // another LuaJIT than that of the build may not take it
  return lua_load(L, next_piece, &dump, name) == 0 ? 1 : 0;
}

void mlxr_precompiled_open(lua_State *L, const mlxr_precompiled_t *modules,
                           size_t count, const char *folder) {
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "loaders");
  for (int i = (int)lua_objlen(L, -1); i >= 2; i--) { // the first is preload's
    lua_rawgeti(L, -1, i);
    lua_rawseti(L, -2, i + 1);
  }
  lua_pushlightuserdata(L, (void *)(uintptr_t)modules);
  lua_pushinteger(L, (lua_Integer)count);
  lua_pushstring(L, folder);
  lua_pushcclosure(L, search, 3);
  lua_rawseti(L, -2, 2);
  lua_pop(L, 2);
}
