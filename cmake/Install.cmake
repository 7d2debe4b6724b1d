# `cmake --install`: component "program" is the program with LibTorch beside it, models, documents, manual page and
# completions; component "library" is the library with its header for other C++ programs. scripts/release makes its tree
# from the first one.
include(GNUInstallDirs)

# Debian's libraries stay where they are; LibTorch is not the system's and travels along.
set(LUMBARGRADE_PRIVATE_LIBRARIES "${CMAKE_INSTALL_LIBDIR}/lumbargrade")
file(RELATIVE_PATH from_bin_to_private "/${CMAKE_INSTALL_BINDIR}" "/${LUMBARGRADE_PRIVATE_LIBRARIES}")
# DT_RPATH and not DT_RUNPATH: it also serves the libraries that libraries ask for, and what a cluster's modules or conda
# put into LD_LIBRARY_PATH (another LibTorch, another OpenSSL) does not come before it.
target_link_options(lumbargrade PRIVATE "-Wl,--disable-new-dtags")
set_target_properties(lumbargrade PROPERTIES INSTALL_RPATH "$ORIGIN/${from_bin_to_private}")
install(TARGETS lumbargrade RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT program)

# The parts of the program that need LibTorch lie beside it.
foreach(library lumbargrade_networks lumbargrade_training_library)
  target_link_options(${library} PRIVATE "-Wl,--disable-new-dtags")
  set_target_properties(${library} PROPERTIES INSTALL_RPATH "$ORIGIN")
endforeach()
install(TARGETS lumbargrade_networks lumbargrade_training_library LIBRARY DESTINATION "${LUMBARGRADE_PRIVATE_LIBRARIES}" COMPONENT program)

# One shared library with everything below the command line; its public face is include/lumbargrade.
add_library(lumbargrade_shared SHARED $<TARGET_OBJECTS:lumbargrade_pipeline>)
target_link_libraries(lumbargrade_shared PRIVATE lumbargrade::pipeline)
target_include_directories(lumbargrade_shared INTERFACE "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
target_compile_features(lumbargrade_shared INTERFACE cxx_std_20)
# libtorch_cpu.so refers to symbols of its GPU part, which are absent and unused on the CPU.
target_link_options(lumbargrade_shared INTERFACE "-Wl,--allow-shlib-undefined")
set_target_properties(
  lumbargrade_shared
  PROPERTIES OUTPUT_NAME lumbargrade
             EXPORT_NAME lumbargrade
             VERSION ${PROJECT_VERSION}
             SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
             INSTALL_RPATH "$ORIGIN/lumbargrade")
install(
  TARGETS lumbargrade_shared
  EXPORT lumbargrade_targets
  LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}"
          COMPONENT library
          NAMELINK_COMPONENT library)
install(DIRECTORY include/lumbargrade DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT library)

include(CMakePackageConfigHelpers)
set(package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/lumbargrade")
install(
  EXPORT lumbargrade_targets
  NAMESPACE lumbargrade::
  FILE lumbargradeConfig.cmake
  DESTINATION "${package_folder}"
  COMPONENT library)
write_basic_package_version_file("${PROJECT_BINARY_DIR}/lumbargradeConfigVersion.cmake" COMPATIBILITY SameMinorVersion)
install(
  FILES "${PROJECT_BINARY_DIR}/lumbargradeConfigVersion.cmake"
  DESTINATION "${package_folder}"
  COMPONENT library)

if(LUMBARGRADE_LIBTORCH_LIB_DIR)
  # With the GPU part (scripts/setup --cuda) NVIDIA's libraries lie beside it in nvidia/*/lib; installed, all of them
  # share one folder, which is on each one's own search path.
  file(GLOB libtorch_libraries "${LUMBARGRADE_LIBTORCH_LIB_DIR}/*.so*")
  list(FILTER libtorch_libraries EXCLUDE REGEX "/lib(torch_python|torch|shm)\\.so$")
  file(GLOB nvidia_libraries "${LUMBARGRADE_LIBTORCH_ROOT}/../nvidia/*/lib/*.so*")
  install(
    PROGRAMS ${libtorch_libraries} ${nvidia_libraries}
    DESTINATION "${LUMBARGRADE_PRIVATE_LIBRARIES}"
    COMPONENT program)
endif()

set(share "${CMAKE_INSTALL_DATADIR}/lumbargrade")
install(DIRECTORY models/default models/recipes DESTINATION "${share}/models" COMPONENT program)
install(DIRECTORY scripts/cluster DESTINATION "${share}" COMPONENT program USE_SOURCE_PERMISSIONS)
install(PROGRAMS scripts/kaggle DESTINATION "${share}" COMPONENT program)
install(DIRECTORY docs DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT program)
install(FILES LICENSE NOTICE README.md CHANGELOG.md DESTINATION "${CMAKE_INSTALL_DOCDIR}" COMPONENT program)

# The program writes its manual page and completions itself.
set(written "${PROJECT_BINARY_DIR}/generated")
foreach(page "man lumbargrade.1" "completion bash lumbargrade" "completion zsh _lumbargrade"
             "completion fish lumbargrade.fish")
  separate_arguments(words UNIX_COMMAND "${page}")
  list(POP_BACK words file)
  list(JOIN words " " arguments)
  install(
    CODE "execute_process(COMMAND \"$<TARGET_FILE:lumbargrade>\" ${arguments} OUTPUT_FILE \"${written}/${file}\" COMMAND_ERROR_IS_FATAL ANY)"
    COMPONENT program)
endforeach()
install(FILES "${written}/lumbargrade.1" DESTINATION "${CMAKE_INSTALL_MANDIR}/man1" COMPONENT program)
install(FILES "${written}/lumbargrade" DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" COMPONENT program)
install(FILES "${written}/_lumbargrade" DESTINATION "${CMAKE_INSTALL_DATADIR}/zsh/site-functions" COMPONENT program)
install(FILES "${written}/lumbargrade.fish" DESTINATION "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d" COMPONENT program)
