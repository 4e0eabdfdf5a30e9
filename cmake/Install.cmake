# Where things go: a luajit that searches the prefix finds library and module without help,
# and the program finds all of them from its own place (relative folders are taken from bin).
include(GNUInstallDirs)
set(MLXR_INSTALL_LUADIR ${CMAKE_INSTALL_DATADIR}/lua/5.1 CACHE STRING "Lua files")
set(MLXR_INSTALL_MODULEDIR ${CMAKE_INSTALL_LIBDIR}/lua/5.1 CACHE STRING "Lua modules in C")

# `from_bin(OUT FOLDER)`: FOLDER as the installed program sees it.
function(from_bin out folder)
  if(IS_ABSOLUTE ${folder})
    set(${out} ${folder} PARENT_SCOPE)
  else()
    file(RELATIVE_PATH relative /p/${CMAKE_INSTALL_BINDIR} /p/${folder})
    set(${out} ${relative} PARENT_SCOPE)
  endif()
endfunction()

if(TARGET mlxresolve)
  file(REAL_PATH ${CMAKE_BINARY_DIR} binary_dir)
  from_bin(lua_dir ${MLXR_INSTALL_LUADIR})
  if(MLXR_PROGRAM_LUADIR)
    set(lua_dir ${MLXR_PROGRAM_LUADIR})
  endif()
  from_bin(module_dir ${MLXR_INSTALL_MODULEDIR})
  if(MLXR_PROGRAM_MODULEDIR)
    set(module_dir ${MLXR_PROGRAM_MODULEDIR})
  endif()
  target_compile_definitions(mlxresolve PRIVATE
    MLXR_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
    MLXR_BINARY_DIR="${binary_dir}"
    MLXR_LUA_DIR="${lua_dir}"
    MLXR_MODULE_DIR="${module_dir}")
  install(TARGETS mlxresolve RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

install(TARGETS mlxresolve_module LIBRARY DESTINATION ${MLXR_INSTALL_MODULEDIR})
if(TARGET mlxresolve_http)
  install(TARGETS mlxresolve_http LIBRARY DESTINATION ${MLXR_INSTALL_MODULEDIR}/mlxresolve)
endif()
if(TARGET mlxresolve_store)
  install(TARGETS mlxresolve_store LIBRARY DESTINATION ${MLXR_INSTALL_MODULEDIR}/mlxresolve)
endif()
install(FILES core/mlxresolve.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY lua/mlxresolve DESTINATION ${MLXR_INSTALL_LUADIR}
  FILES_MATCHING PATTERN "*.lua")
# Beside the Lua files, so that whoever moves those takes plugins and examples along.
install(DIRECTORY plugins examples DESTINATION ${MLXR_INSTALL_LUADIR}/mlxresolve
  FILES_MATCHING PATTERN "*.lua")
# In the folders of the source tree, so that the pages find each other.
install(DIRECTORY docs examples DESTINATION ${CMAKE_INSTALL_DOCDIR}
  FILES_MATCHING PATTERN "*.md" PATTERN "*.lua")
install(FILES plugins/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR}/plugins)
foreach(page README.md LICENSE ARCHITECTURE.md CHANGELOG.md HACKING.md)
  if(EXISTS ${CMAKE_SOURCE_DIR}/${page})
    install(FILES ${page} DESTINATION ${CMAKE_INSTALL_DOCDIR})
  endif()
endforeach()
