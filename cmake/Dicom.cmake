# Defines `lumbargrade::dcmtk` and `lumbargrade::gdcm`. Debian's DCMTKConfig.cmake names static libraries and tools that
# its packages do not ship, so both are found by header and library.
find_package(ZLIB REQUIRED)  # deflated data sets
find_path(LUMBARGRADE_DCMTK_INCLUDE dcmtk/dcmdata/dctk.h REQUIRED)
add_library(lumbargrade_dcmtk INTERFACE)
add_library(lumbargrade::dcmtk ALIAS lumbargrade_dcmtk)
target_include_directories(lumbargrade_dcmtk SYSTEM INTERFACE "${LUMBARGRADE_DCMTK_INCLUDE}")
target_compile_definitions(lumbargrade_dcmtk INTERFACE HAVE_CONFIG_H)
foreach(part dcmjpls dcmjpeg dcmdata oflog ofstd)
  find_library(LUMBARGRADE_DCMTK_${part} ${part} REQUIRED)
  target_link_libraries(lumbargrade_dcmtk INTERFACE "${LUMBARGRADE_DCMTK_${part}}")
endforeach()

find_path(LUMBARGRADE_GDCM_INCLUDE gdcmJPEG2000Codec.h PATH_SUFFIXES gdcm-3.0 REQUIRED)
add_library(lumbargrade_gdcm INTERFACE)
add_library(lumbargrade::gdcm ALIAS lumbargrade_gdcm)
target_include_directories(lumbargrade_gdcm SYSTEM INTERFACE "${LUMBARGRADE_GDCM_INCLUDE}")
foreach(part gdcmMSFF gdcmDSED gdcmCommon)
  find_library(LUMBARGRADE_GDCM_${part} ${part} REQUIRED)
  target_link_libraries(lumbargrade_gdcm INTERFACE "${LUMBARGRADE_GDCM_${part}}")
endforeach()
