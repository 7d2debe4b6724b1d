# Everything that comes from outside, as imported targets. `scripts/setup` installs all of it.
find_package(Threads REQUIRED)
find_package(Eigen3 REQUIRED NO_MODULE)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto SSL)
include(Dicom)
include(OpenCV)
include(LibTorch)

if(LUMBARGRADE_TESTS)
  find_package(GTest REQUIRED)
endif()

find_program(LUMBARGRADE_CCACHE ccache)
if(LUMBARGRADE_CCACHE)
  # Without these, ccache refuses every file that uses a precompiled header.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      ${LUMBARGRADE_CCACHE})
endif()
