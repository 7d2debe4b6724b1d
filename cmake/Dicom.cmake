# Defines `lumbargrade::dcmtk` and `lumbargrade::openjpeg` (and `lumbargrade::charls`). Debian's DCMTKConfig.cmake and OpenJPEGConfig.cmake name
# static libraries and tools that their packages do not ship, so both are found by header and library.
find_package(ZLIB REQUIRED)  # deflated data sets
find_path(LUMBARGRADE_DCMTK_INCLUDE dcmtk/dcmdata/dctk.h REQUIRED)
add_library(lumbargrade_dcmtk INTERFACE)
add_library(lumbargrade::dcmtk ALIAS lumbargrade_dcmtk)
target_include_directories(lumbargrade_dcmtk SYSTEM INTERFACE "${LUMBARGRADE_DCMTK_INCLUDE}")
target_compile_definitions(lumbargrade_dcmtk INTERFACE HAVE_CONFIG_H)
foreach(part dcmjpeg dcmdata oflog ofstd)
  find_library(LUMBARGRADE_DCMTK_${part} ${part} REQUIRED)
  target_link_libraries(lumbargrade_dcmtk INTERFACE "${LUMBARGRADE_DCMTK_${part}}")
endforeach()

# What writes results: structured reports with their templates, and segmentations.
add_library(lumbargrade_dcmtk_results INTERFACE)
add_library(lumbargrade::dcmtk_results ALIAS lumbargrade_dcmtk_results)
foreach(part cmr dcmsr dcmseg dcmfg dcmiod)
  find_library(LUMBARGRADE_DCMTK_${part} ${part} REQUIRED)
  target_link_libraries(lumbargrade_dcmtk_results INTERFACE "${LUMBARGRADE_DCMTK_${part}}")
endforeach()
target_link_libraries(lumbargrade_dcmtk_results INTERFACE lumbargrade_dcmtk)

# The network: associations, and their TLS.
add_library(lumbargrade_dcmtk_network INTERFACE)
add_library(lumbargrade::dcmtk_network ALIAS lumbargrade_dcmtk_network)
foreach(part dcmtls dcmnet)
  find_library(LUMBARGRADE_DCMTK_${part} ${part} REQUIRED)
  target_link_libraries(lumbargrade_dcmtk_network INTERFACE "${LUMBARGRADE_DCMTK_${part}}")
endforeach()
target_link_libraries(lumbargrade_dcmtk_network INTERFACE lumbargrade_dcmtk)

find_path(LUMBARGRADE_OPENJPEG_INCLUDE openjpeg.h PATH_SUFFIXES openjpeg-2.5 openjpeg-2.4 REQUIRED)
find_library(LUMBARGRADE_OPENJPEG openjp2 REQUIRED)
add_library(lumbargrade_openjpeg INTERFACE)
add_library(lumbargrade::openjpeg ALIAS lumbargrade_openjpeg)
target_include_directories(lumbargrade_openjpeg SYSTEM INTERFACE "${LUMBARGRADE_OPENJPEG_INCLUDE}")
target_link_libraries(lumbargrade_openjpeg INTERFACE "${LUMBARGRADE_OPENJPEG}")

find_path(LUMBARGRADE_CHARLS_INCLUDE charls/charls.h REQUIRED)
find_library(LUMBARGRADE_CHARLS charls REQUIRED)
add_library(lumbargrade_charls INTERFACE)
add_library(lumbargrade::charls ALIAS lumbargrade_charls)
target_include_directories(lumbargrade_charls SYSTEM INTERFACE "${LUMBARGRADE_CHARLS_INCLUDE}")
target_link_libraries(lumbargrade_charls INTERFACE "${LUMBARGRADE_CHARLS}")

find_package(LibArchive REQUIRED)
