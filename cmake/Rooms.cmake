# One static library per room. LINKS are the rooms and packages that its headers and sources use.
set(LUMBARGRADE_WARNING_FLAGS -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 14 takes every function that is given a temporary and returns a reference for one that returns the temporary.
  list(APPEND LUMBARGRADE_WARNING_FLAGS -Wno-dangling-reference)
endif()
if(LUMBARGRADE_WARNINGS_AS_ERRORS)
  # A library's next version may deprecate what its last one needs: that is told, not refused.
  list(APPEND LUMBARGRADE_WARNING_FLAGS -Werror -Wno-error=deprecated-declarations)
endif()

# A room that includes LibTorch says TORCH: it then shares its precompiled headers with the others. One that handles words
# and files, or has LibTorch compute, says LIGHT: it is compiled with -O1, which takes two thirds of the time. GCC 14 takes
# no precompiled header that was made with another -O, so rooms that are both keep -O3 there.
function(lumbargrade_room name)
  cmake_parse_arguments(PARSE_ARGV 1 ROOM "TORCH;LIGHT" "" "SOURCES;LINKS")
  set(target lumbargrade_${name})
  add_library(${target} STATIC ${ROOM_SOURCES})
  add_library(lumbargrade::${name} ALIAS ${target})
  target_include_directories(${target} PUBLIC "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>")
  target_compile_options(${target} PRIVATE ${LUMBARGRADE_WARNING_FLAGS})
  target_link_libraries(${target} PUBLIC ${ROOM_LINKS})
  if(CMAKE_UNITY_BUILD)
    # A unit costs 3 s for its headers, 6 s with LibTorch's; with these it takes .1 GB a file, so fewer lie in one.
    set(files_in_unit 20)
    if(ROOM_TORCH)
      set(files_in_unit 14)
    endif()
    set_target_properties(${target} PROPERTIES UNITY_BUILD_BATCH_SIZE ${files_in_unit})
  endif()
  if(ROOM_LIGHT AND NOT (ROOM_TORCH AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 13))
    target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
  endif()
  if(ROOM_TORCH)
    lumbargrade_share_torch_header(${target})
  endif()
endfunction()

# The headers of LibTorch that most of these need cost 20-30 s per file; compiled once, they are shared. <torch/torch.h>
# would cost half as much again, and every file 3 s more than these, for what it instantiates.
function(lumbargrade_share_torch_header target)
  if(NOT TARGET lumbargrade_torch_header)
    file(WRITE "${PROJECT_BINARY_DIR}/torch_header.cpp" "")
    add_library(lumbargrade_torch_header STATIC "${PROJECT_BINARY_DIR}/torch_header.cpp")
    target_link_libraries(lumbargrade_torch_header PUBLIC lumbargrade::libtorch)
    target_compile_options(lumbargrade_torch_header PRIVATE ${LUMBARGRADE_WARNING_FLAGS})
    target_precompile_headers(lumbargrade_torch_header PRIVATE <torch/types.h> <torch/nn/module.h> <torch/nn/pimpl.h>)
  endif()
  target_link_libraries(${target} PUBLIC lumbargrade::libtorch)
  target_precompile_headers(${target} REUSE_FROM lumbargrade_torch_header)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # GCC's collector walks through all of these headers, a tenth of the time: not before 2 GB.
    target_compile_options(${target} PRIVATE --param=ggc-min-heapsize=2000000)
  endif()
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "EXECUTABLE")
    # CMake compiles programs with -fPIE; a precompiled header made with -fPIC is refused there.
    set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF)
    target_compile_options(${target} PRIVATE -fPIC)
  endif()
endfunction()

# Tests run beside each other: threads of OpenMP that wait for their fellows must not spin meanwhile (on two busy cores
# one `grade` then costs 10 s of CPU instead of 2.6 s).
set(LUMBARGRADE_TEST_ENVIRONMENT "OMP_WAIT_POLICY=passive")

# A GoogleTest program for one room: tests/<name>/*_test.cpp.
function(lumbargrade_test name)
  cmake_parse_arguments(PARSE_ARGV 1 TEST "TORCH" "" "SOURCES;LINKS")
  set(target ${name}_tests)
  add_executable(${target} ${TEST_SOURCES})
  target_link_libraries(${target} PRIVATE ${TEST_LINKS} GTest::gmock GTest::gtest_main)
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_compile_options(${target} PRIVATE ${LUMBARGRADE_WARNING_FLAGS})
  target_compile_definitions(${target} PRIVATE LUMBARGRADE_TEST_DATA="${PROJECT_SOURCE_DIR}/tests/data"
                                               LUMBARGRADE_MODELS="${PROJECT_SOURCE_DIR}/models"
                                               LUMBARGRADE_SHARED="${PROJECT_SOURCE_DIR}/../shared")
  if(TEST_TORCH)
    lumbargrade_share_torch_header(${target})
  endif()
  add_test(NAME ${name} COMMAND ${target})
  # scripts/test counts the cases from these files.
  set_tests_properties(
    ${name} PROPERTIES ENVIRONMENT
                       "${LUMBARGRADE_TEST_ENVIRONMENT};GTEST_OUTPUT=xml:${PROJECT_BINARY_DIR}/test-results/${name}.xml")
endfunction()
