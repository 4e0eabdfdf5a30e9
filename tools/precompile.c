/* precompile FOLDER FILE...: compiles Lua modules below FOLDER to bytecode and
 * prints the C source of the table that core/bind/precompiled.h describes.
 * Runs while the program is built, on the LuaJIT that it is linked with.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

#include "../core/bind/precompiled.h"

enum { HEAD = 5, NAME = 512 }; // ESC, "LJ", version, flags

static int fail(const char *path, const char *message) {
  fprintf(stderr, "precompile: %s: %s\n", path, message);
  return 1;
}

typedef struct dump {
  unsigned char bytes[1 << 20];
  size_t len;
} dump_t;

static int add_piece(lua_State *L, const void *piece, size_t len, void *to) {
  dump_t *dump = to;
  (void)L;
  if (len > sizeof dump->bytes - dump->len)
    return 1;
  memcpy(dump->bytes + dump->len, piece, len);
  dump->len += len;
  return 0;
}

typedef struct source {
  const char *path; ///< below the folder
  char name[NAME];
} source_t;

/* "mlxresolve/policy/init.lua" is required as "mlxresolve.policy". */
static int init_source(source_t *source, const char *path) {
  size_t len = strlen(path);
  if (len < 5 || len >= NAME || strcmp(path + len - 4, ".lua") != 0)
    return fail(path, "expected a path that ends in .lua");
  len -= 4;
  if (len > 5 && memcmp(path + len - 5, "/init", 5) == 0)
    len -= 5;
  source->path = path;
  for (size_t i = 0; i < len; i++)
    source->name[i] = path[i] == '/' ? '.' : path[i];
  source->name[len] = '\0';
  return 0;
}

static int compare_sources(const void *a, const void *b) {
  return strcmp(((const source_t *)a)->name, ((const source_t *)b)->name);
}

static char *read_file(const char *path, size_t *len) {
  FILE *file = fopen(path, "rb");
  char *text = NULL;
  if (!file)
    return NULL;
  if (fseek(file, 0, SEEK_END) == 0) {
    long size = ftell(file);
    rewind(file);
    text = size < 0 ? NULL : malloc((size_t)size + 1);
    if (text && fread(text, 1, (size_t)size, file) != (size_t)size) {
      free(text);
      text = NULL;
    }
    *len = (size_t)size;
  }
  fclose(file);
  return text;
}

static void print_code(const unsigned char *code, size_t len) {
  for (size_t i = 0; i < len; i++)
    printf("%s\\%03o%s", i % 24 == 0 ? "    \"" : "", code[i],
           i % 24 == 23 || i + 1 == len ? "\"\n" : "");
}

/* Where the chunk's name in the dump's header ends. */
static const unsigned char *skip_name(const unsigned char *at) {
  size_t len = 0;
  int shift = 0;
  at += HEAD;
  do {
    len |= (size_t)(*at & 0x7f) << shift;
    shift += 7;
  } while (*at++ & 0x80);
  return at + len;
}

static int compile(lua_State *L, const char *path, size_t *len, uint64_t *hash,
                   dump_t *dump) {
  char *text = read_file(path, len);
  if (!text)
    return fail(path, "cannot be read");
  *hash = mlxr_precompiled_hash(text, *len);
  int rc = luaL_loadbuffer(L, text, *len, path);
  free(text);
  if (rc != 0)
    return fail(path, lua_tostring(L, -1));
  dump->len = 0;
  if (lua_dump(L, add_piece, dump) != 0)
    return fail(path, "is too long");
  lua_pop(L, 1);
  return 0;
}

static int print_module(lua_State *L, const char *folder,
                        const source_t *source) {
  static dump_t dump;
  char path[2 * NAME];
  size_t len = 0;
  uint64_t hash;
  snprintf(path, sizeof path, "%s/%s", folder, source->path);
  if (compile(L, path, &len, &hash, &dump) != 0)
    return 1;
  const unsigned char *code = skip_name(dump.bytes), *head = dump.bytes;
  size_t code_len = dump.len - (size_t)(code - head);
  printf("  {\"%s\", \"%s\", %zu, %lluULL,\n", source->name, source->path, len,
         (unsigned long long)hash);
  print_code(code, code_len);
  printf("    , %zu, {%u, %u, %u, %u, %u}},\n", code_len, head[0], head[1],
         head[2], head[3], head[4]);
  return 0;
}

static int print_table(lua_State *L, const char *folder, source_t *sources,
                       size_t count) {
  qsort(sources, count, sizeof *sources, compare_sources);
  puts("#include \"bind/precompiled.h\"\n"
       "const mlxr_precompiled_t mlxr_precompiled[] = {");
  for (size_t i = 0; i < count; i++)
    if (print_module(L, folder, &sources[i]) != 0)
      return 1;
  printf("};\nconst size_t mlxr_precompiled_count = %zu;\n", count);
  return 0;
}

int main(int argc, char **argv) {
  if (argc < 3)
    return fail("usage", "precompile FOLDER FILE...");
  size_t count = (size_t)argc - 2;
  source_t *sources = calloc(count, sizeof *sources);
  lua_State *L = luaL_newstate();
  int code = sources && L ? 0 : fail("memory", "there is none left");
  for (size_t i = 0; i < count && code == 0; i++)
    code = init_source(&sources[i], argv[i + 2]);
  if (code == 0)
    code = print_table(L, argv[1], sources, count);
  if (L)
    lua_close(L);
  free(sources);
  return code;
}
