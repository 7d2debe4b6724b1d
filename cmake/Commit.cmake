# Writes commit.h with the git commit that is built, "-dirty" when tracked files differ from it. As a module it defines
# the target `lumbargrade_commit`, which looks again at every build; as a script (cmake -P) it does the writing.
if(NOT CMAKE_SCRIPT_MODE_FILE)
  add_custom_target(
    lumbargrade_commit
    COMMAND ${CMAKE_COMMAND} -D "SOURCE=${PROJECT_SOURCE_DIR}" -D "OUTPUT=${PROJECT_BINARY_DIR}/generated/commit.h" -P
            "${CMAKE_CURRENT_LIST_FILE}"
    BYPRODUCTS "${PROJECT_BINARY_DIR}/generated/commit.h"
    COMMENT ""
    VERBATIM)
  return()
endif()

set(commit "unknown")
if(EXISTS "${SOURCE}/.git")
  # --exclude: never a tag's name, always the commit's.
  execute_process(
    COMMAND git describe --always --dirty --abbrev=12 --exclude "*"
    WORKING_DIRECTORY "${SOURCE}"
    OUTPUT_VARIABLE described
    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(described)
    set(commit "${described}")
  endif()
else()
  # `git archive` puts the commit here (.gitattributes, export-subst).
  file(STRINGS "${SOURCE}/cmake/commit.txt" archived LIMIT_COUNT 1)
  if(NOT archived MATCHES "Format")
    set(commit "${archived}")
  endif()
endif()

file(CONFIGURE OUTPUT "${OUTPUT}" CONTENT "#define LUMBARGRADE_COMMIT \"${commit}\"\n" @ONLY)
