# LuaJIT and libuv by pkg-config; luv by hand, since its .pc asks for PUC Lua.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(LUAJIT REQUIRED IMPORTED_TARGET luajit)
pkg_check_modules(LIBUV REQUIRED IMPORTED_TARGET libuv)
if(MLXR_HTTP)
  pkg_check_modules(MICROHTTPD REQUIRED IMPORTED_TARGET libmicrohttpd)
endif()
if(MLXR_STORE)
  pkg_check_modules(LMDB REQUIRED IMPORTED_TARGET lmdb)
endif()

find_library(LUV_LIBRARY NAMES lua5.1-luv luv luv_a REQUIRED)
find_path(LUV_INCLUDE_DIR luv/luv.h PATH_SUFFIXES lua5.1 REQUIRED)
add_library(luv::luv UNKNOWN IMPORTED)
set_target_properties(luv::luv PROPERTIES IMPORTED_LOCATION ${LUV_LIBRARY}
  INTERFACE_INCLUDE_DIRECTORIES "${LUV_INCLUDE_DIR}")

# xxHash is used as a header: no library to load.
find_path(XXHASH_INCLUDE_DIR xxhash.h REQUIRED)
add_library(xxhash::headers INTERFACE IMPORTED)
set_target_properties(xxhash::headers PROPERTIES
  INTERFACE_INCLUDE_DIRECTORIES "${XXHASH_INCLUDE_DIR}")
