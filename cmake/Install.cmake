# `cmake --install`: the program, LibTorch beside it, models, and the library with its header for other C++ programs.
include(GNUInstallDirs)

# Debian's libraries stay where they are; LibTorch is not the system's and travels along.
set(LUMBARGRADE_PRIVATE_LIBRARIES "${CMAKE_INSTALL_LIBDIR}/lumbargrade")
file(RELATIVE_PATH from_bin_to_private "/${CMAKE_INSTALL_BINDIR}" "/${LUMBARGRADE_PRIVATE_LIBRARIES}")
set_target_properties(lumbargrade PROPERTIES INSTALL_RPATH "$ORIGIN/${from_bin_to_private}")
install(TARGETS lumbargrade RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}")

if(LUMBARGRADE_LIBTORCH_LIB_DIR)
  # With the GPU part (scripts/setup --cuda) NVIDIA's libraries lie beside it in nvidia/*/lib; installed, all of them
  # share one folder, which is on each one's own search path.
  file(GLOB libtorch_libraries "${LUMBARGRADE_LIBTORCH_LIB_DIR}/*.so*")
  list(FILTER libtorch_libraries EXCLUDE REGEX "/lib(torch_python|torch|shm)\\.so$")
  file(GLOB nvidia_libraries "${LUMBARGRADE_LIBTORCH_ROOT}/../nvidia/*/lib/*.so*")
  install(PROGRAMS ${libtorch_libraries} ${nvidia_libraries} DESTINATION "${LUMBARGRADE_PRIVATE_LIBRARIES}")
endif()

install(DIRECTORY models/ DESTINATION "${CMAKE_INSTALL_DATADIR}/lumbargrade/models")
install(FILES LICENSE NOTICE README.md DESTINATION "${CMAKE_INSTALL_DOCDIR}")
