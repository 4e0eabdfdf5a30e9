# Our Lua modules as bytecode in the program; it falls back to the files, which stay beside it.
# What compiles has to run here, on the LuaJIT that the program is linked with.
if(NOT CMAKE_CROSSCOMPILING)
  set(lua_folder ${CMAKE_SOURCE_DIR}/lua)
  file(GLOB_RECURSE lua_modules CONFIGURE_DEPENDS RELATIVE ${lua_folder}
    ${lua_folder}/mlxresolve/*.lua)
  list(TRANSFORM lua_modules PREPEND ${lua_folder}/ OUTPUT_VARIABLE lua_files)

  add_executable(mlxr_precompile tools/precompile.c core/bind/precompiled.c)
  target_include_directories(mlxr_precompile PRIVATE ${LUAJIT_INCLUDE_DIRS})
  target_link_libraries(mlxr_precompile PRIVATE xxhash::headers PkgConfig::LUAJIT)
  target_compile_options(mlxr_precompile PRIVATE
    $<TARGET_PROPERTY:mlxr_options,INTERFACE_COMPILE_OPTIONS>)
  target_link_options(mlxr_precompile PRIVATE
    $<TARGET_PROPERTY:mlxr_options,INTERFACE_LINK_OPTIONS>)

  set(precompiled ${CMAKE_BINARY_DIR}/precompiled_modules.c)
  add_custom_command(OUTPUT ${precompiled} VERBATIM
    COMMAND mlxr_precompile ${lua_folder} ${lua_modules} > ${precompiled}
    DEPENDS mlxr_precompile ${lua_files})
  target_sources(mlxresolve PRIVATE ${precompiled})
  set_source_files_properties(${precompiled} PROPERTIES INCLUDE_DIRECTORIES ${CMAKE_SOURCE_DIR}/core)
  target_compile_definitions(mlxresolve PRIVATE MLXR_PRECOMPILED)
endif()
