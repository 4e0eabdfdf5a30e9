/* main.c - the mlxresolve program: a LuaJIT state with luv and the core in it,
 * told where its Lua files are, and handed to lua/mlxresolve/cli.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <lauxlib.h>
#include <lua.h>
#include <luajit.h>
#include <lualib.h>

#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif

#include "bind/bind.h"
#include "bind/precompiled.h"
#include "ending.h"

/* cmake/Install.cmake says where things are; without it, the usual places. */
#ifndef MLXR_BINARY_DIR
#define MLXR_BINARY_DIR ""
#define MLXR_SOURCE_DIR ""
#define MLXR_LUA_DIR "../share/lua/5.1"
#define MLXR_MODULE_DIR "../lib/lua/5.1"
#endif

/* luv.h drags in another Lua's headers on Debian; this is all that we need. */
int luaopen_luv(lua_State *L);

typedef struct host {
  int argc;
  char **argv;
  int code;
} host_t;

/* Where the running program is, with links resolved, so that a link to it in
 * some bin folder still finds its own files. */
static bool find_executable(const char *argv0, char path[PATH_MAX]) {
#if defined(__APPLE__)
  char raw[PATH_MAX];
  uint32_t size = sizeof raw;
  (void)argv0;
  return _NSGetExecutablePath(raw, &size) == 0 && realpath(raw, path);
#elif defined(__linux__)
  (void)argv0;
  return realpath("/proc/self/exe", path) != NULL;
#else
  return realpath(argv0, path) != NULL;
#endif
}

/* Pushes the folder `relative` as seen from `folder`; absolute ones as such. */
static const char *push_folder(lua_State *L, const char *folder,
                               const char *relative) {
  char path[PATH_MAX];
  bool is_absolute = relative[0] == '/';
  lua_pushfstring(L, "%s%s%s", is_absolute ? "" : folder,
                  is_absolute ? "" : "/", relative);
  if (realpath(lua_tostring(L, -1), path)) {
    lua_pop(L, 1);
    lua_pushstring(L, path);
  }
  return lua_tostring(L, -1);
}

/* Puts our own folders first. Templates that begin with "./" are left out: a
 * daemon must not run whatever lies in the folder where it was started. */
static void set_search_path(lua_State *L, const char *field, const char *own) {
  lua_getglobal(L, "package");
  lua_getfield(L, -1, field);
  const char *rest = luaL_optstring(L, -1, "");
  luaL_Buffer path;
  luaL_buffinit(L, &path);
  luaL_addstring(&path, own);
  while (*rest) {
    size_t len = strcspn(rest, ";");
    if (len > 0 && strncmp(rest, "./", 2) != 0) {
      luaL_addchar(&path, ';');
      luaL_addlstring(&path, rest, len);
    }
    rest += len + (rest[len] == ';');
  }
  luaL_pushresult(&path);
  lua_setfield(L, -3, field);
  lua_pop(L, 2);
}

/* The build says whether it could compile our Lua files; see cmake/Precompile.
 */
static void use_precompiled(lua_State *L, const char *lua_folder) {
#ifdef MLXR_PRECOMPILED
  mlxr_precompiled_open(L, mlxr_precompiled, mlxr_precompiled_count,
                        lua_folder);
#else
  (void)L;
  (void)lua_folder;
#endif
}

/* Sets the search paths and the field `examples` of the table on top. In the
 * build tree the sources are used as they are. Installed, the usual places
 * below the prefix follow, for package managers that move things there. */
static void set_folders(lua_State *L, const char *executable) {
  char folder[PATH_MAX];
  snprintf(folder, sizeof folder, "%s", executable);
  char *slash = strrchr(folder, '/');
  if (slash)
    *slash = '\0';
  if (strcmp(folder, MLXR_BINARY_DIR) == 0) {
    set_search_path(L, "path",
                    MLXR_SOURCE_DIR "/lua/?.lua;" MLXR_SOURCE_DIR
                                    "/lua/?/init.lua");
    set_search_path(L, "cpath", MLXR_BINARY_DIR "/lib/?.so");
    use_precompiled(L, MLXR_SOURCE_DIR "/lua");
    lua_pushliteral(L, MLXR_SOURCE_DIR "/examples");
    lua_setfield(L, -2, "examples");
    return;
  }
  const char *lua = push_folder(L, folder, MLXR_LUA_DIR);
  use_precompiled(L, lua);
  const char *usual = push_folder(L, folder, "../share/lua/5.1");
  set_search_path(
      L, "path",
      lua_pushfstring(L, "%s/?.lua;%s/?/init.lua;%s/?.lua;%s/?/init.lua", lua,
                      lua, usual, usual));
  const char *modules = push_folder(L, folder, MLXR_MODULE_DIR);
  usual = push_folder(L, folder, "../lib/lua/5.1");
  set_search_path(L, "cpath",
                  lua_pushfstring(L, "%s/?.so;%s/?.so", modules, usual));
  lua_pop(L, 6);
}

static int terminal_width(void) {
  struct winsize size;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  return 80;
}

/* Whoever calls nohup wants this program to outlive its terminal. */
static bool is_hangup_ignored(void) {
  struct sigaction present;
  return sigaction(SIGHUP, NULL, &present) == 0 &&
         present.sa_handler == SIG_IGN;
}

static int end_within(lua_State *L) {
  mlxr_ending_limit((unsigned)luaL_checkinteger(L, 1));
  return 0;
}

/* Pushes what only this program can know of itself; see cli/init.lua. */
static void push_host(lua_State *L, const char *argv0) {
  char executable[PATH_MAX];
  if (!find_executable(argv0, executable))
    luaL_error(L, "cannot find where this program is: %s", strerror(errno));
  lua_newtable(L);
  lua_pushstring(L, executable);
  lua_setfield(L, -2, "executable");
  set_folders(L, executable);
  char folder[PATH_MAX];
  lua_pushstring(L, getcwd(folder, sizeof folder) ? folder : "/");
  lua_setfield(L, -2, "folder");
  lua_pushinteger(L, getpid());
  lua_setfield(L, -2, "pid");
  lua_pushinteger(L, (lua_Integer)geteuid());
  lua_setfield(L, -2, "uid");
  lua_pushboolean(L, isatty(STDOUT_FILENO));
  lua_setfield(L, -2, "stdout_is_terminal");
  lua_pushboolean(L, isatty(STDERR_FILENO));
  lua_setfield(L, -2, "stderr_is_terminal");
  lua_pushboolean(L, is_hangup_ignored());
  lua_setfield(L, -2, "ignores_hangup");
  lua_pushinteger(L, terminal_width());
  lua_setfield(L, -2, "columns");
  lua_pushcfunction(L, end_within);
  lua_setfield(L, -2, "end_within");
}

static void push_arguments(lua_State *L, const host_t *host) {
  lua_createtable(L, host->argc - 1, 1);
  for (int i = 0; i < host->argc; i++) {
    lua_pushstring(L, host->argv[i]);
    lua_rawseti(L, -2, i);
  }
  lua_pushvalue(L, -1);
  lua_setglobal(L, "arg");
}

static void preload(lua_State *L, const char *name, lua_CFunction open) {
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "preload");
  lua_pushcfunction(L, open);
  lua_setfield(L, -2, name);
  lua_pop(L, 2);
}

static int add_traceback(lua_State *L) {
  const char *message = lua_tostring(L, 1);
  if (!message)
    message = lua_pushfstring(L, "error of type %s", luaL_typename(L, 1));
  luaL_traceback(L, L, message, 1);
  return 1;
}

/* Everything that can raise, allocation failures included. */
static int run(lua_State *L) {
  host_t *host = lua_touserdata(L, 1);
  luaL_openlibs(L);
  // What runs once, as nearly all before the first answer, is not worth
  // compiling to machine code; the command line turns it on.
  luaJIT_setmode(L, 0, LUAJIT_MODE_ENGINE | LUAJIT_MODE_OFF);
  preload(L, "luv", luaopen_luv);
  preload(L, "mlxresolve.core", luaopen_mlxresolve_core);
  push_host(L, host->argv[0]);
  lua_getglobal(L, "require");
  lua_pushliteral(L, "mlxresolve.cli");
  lua_call(L, 1, 1);
  lua_getfield(L, -1, "main");
  push_arguments(L, host);
  lua_pushvalue(L, 2);
  lua_call(L, 2, 1);
  host->code = lua_isnumber(L, -1) ? (int)lua_tointeger(L, -1) : 0;
  return 0;
}

/* Every question to a server may hold a socket, and the usual soft limit of
 * 1,024 leaves room for a few pools only. */
static void raise_file_limit(void) {
  enum { ENOUGH = 65536 };
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= ENOUGH)
    return;
  limit.rlim_cur = limit.rlim_max < ENOUGH ? limit.rlim_max : ENOUGH;
  setrlimit(RLIMIT_NOFILE, &limit);
}

/* Where standard input, output or error is closed, the next file or socket
 * would stand in its place, and be written to. */
static void fill_standard_files(void) {
  int fd;
  do
    fd = open("/dev/null", O_RDWR);
  while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd > STDERR_FILENO)
    close(fd);
}

int main(int argc, char **argv) {
  host_t host = {.argc = argc, .argv = argv, .code = 1};
  fill_standard_files();
  signal(SIGPIPE, SIG_IGN);
  raise_file_limit();
  lua_State *L = luaL_newstate();
  if (!L) {
    fputs("mlxresolve: out of memory\n", stderr);
    return 1;
  }
  lua_pushcfunction(L, add_traceback);
  lua_pushcfunction(L, run);
  lua_pushlightuserdata(L, &host);
  if (lua_pcall(L, 1, 0, 1) != 0) {
    fprintf(stderr, "mlxresolve: %s\n", lua_tostring(L, -1));
    host.code = 1;
  }
  lua_close(L);
  return host.code;
}
