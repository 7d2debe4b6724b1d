# Defines `lumbargrade::libtorch`.
#
# The default is the LibTorch inside the PyPI wheel, unpacked by scripts/setup into .deps/libtorch. Its own
# find_package(Torch) insists on a CUDA SDK although linking needs none (pytorch#64692), so the two libraries that
# the CPU needs are linked as plain imported targets.
add_library(lumbargrade_libtorch INTERFACE)
add_library(lumbargrade::libtorch ALIAS lumbargrade_libtorch)

if(LUMBARGRADE_SYSTEM_TORCH)
  find_package(Torch REQUIRED)
  target_link_libraries(lumbargrade_libtorch INTERFACE ${TORCH_LIBRARIES})
  set(LUMBARGRADE_LIBTORCH_LIB_DIR "")
  set(LUMBARGRADE_LIBTORCH_VERSION "${Torch_VERSION}")
else()
  set(LUMBARGRADE_LIBTORCH_ROOT "${PROJECT_SOURCE_DIR}/.deps/libtorch" CACHE PATH "Unpacked LibTorch")
  set(LUMBARGRADE_LIBTORCH_LIB_DIR "${LUMBARGRADE_LIBTORCH_ROOT}/lib")
  if(NOT EXISTS "${LUMBARGRADE_LIBTORCH_LIB_DIR}/libtorch_cpu.so")
    message(FATAL_ERROR "No LibTorch in ${LUMBARGRADE_LIBTORCH_ROOT}: run scripts/setup first, "
                        "or configure with -DLUMBARGRADE_SYSTEM_TORCH=ON to use the distribution's")
  endif()
  target_include_directories(
    lumbargrade_libtorch SYSTEM BEFORE
    INTERFACE "${LUMBARGRADE_LIBTORCH_ROOT}/include" "${LUMBARGRADE_LIBTORCH_ROOT}/include/torch/csrc/api/include")
  target_link_libraries(lumbargrade_libtorch INTERFACE "${LUMBARGRADE_LIBTORCH_LIB_DIR}/libtorch_cpu.so"
                                                       "${LUMBARGRADE_LIBTORCH_LIB_DIR}/libc10.so")
  target_link_options(lumbargrade_libtorch INTERFACE "-Wl,--allow-shlib-undefined")
  set(LUMBARGRADE_LIBTORCH_VERSION "")
  foreach(part MAJOR MINOR PATCH)
    file(STRINGS "${LUMBARGRADE_LIBTORCH_ROOT}/include/torch/headeronly/version.h" line REGEX "TORCH_VERSION_${part} [0-9]")
    string(REGEX MATCH "[0-9]+" number "${line}")
    list(APPEND LUMBARGRADE_LIBTORCH_VERSION ${number})
  endforeach()
  list(JOIN LUMBARGRADE_LIBTORCH_VERSION "." LUMBARGRADE_LIBTORCH_VERSION)
endif()
