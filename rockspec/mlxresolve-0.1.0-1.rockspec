rockspec_format = "3.0"
package = "mlxresolve"
version = "0.1.0-1"

source = {
  url = "git+https://github.com/mlxresolve/mlxresolve.git",
  tag = "v0.1.0",
}

description = {
  summary = "A Lua-scriptable resolver: strategies, retries and network reactions as plugins",
  detailed = [[
Resolves names through a policy written in Lua: hosts file, multicast DNS, unicast DNS, and
fallbacks of your own, in the order that you list them. A C core gives sockets, a cache and
interface events. For luajit with luv, for Neovim, and as a DNS server of its own.]],
  license = "MIT",
  labels = { "dns", "mdns", "resolver", "luv", "network" },
}

dependencies = {
  "lua == 5.1",
  "luv >= 1.44",
  "lua-cjson >= 2.1",
  "argparse >= 0.7",
}

external_dependencies = {
  LUAJIT = { header = "luajit-2.1/luajit.h" },
  LIBUV = { header = "uv.h" },
  LMDB = { header = "lmdb.h" },
  MICROHTTPD = { header = "microhttpd.h" },
  XXHASH = { header = "xxhash.h" },
}

build = {
  type = "cmake",
  variables = {
    CMAKE_BUILD_TYPE = "Release",
    CMAKE_INSTALL_PREFIX = "$(PREFIX)",
    CMAKE_INSTALL_BINDIR = "$(BINDIR)",
    MLXR_INSTALL_LUADIR = "$(LUADIR)",
    MLXR_INSTALL_MODULEDIR = "$(LIBDIR)",
    -- a rock's files are moved into the tree; the program stays in the rock's own folder
    MLXR_PROGRAM_LUADIR = "../../../../../../share/lua/5.1",
    MLXR_PROGRAM_MODULEDIR = "../../../../../lua/5.1",
  },
}

test = {
  type = "command",
  command = "make test",
}
