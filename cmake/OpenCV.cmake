# Defines `lumbargrade::opencv` (core and imgproc). Debian keeps OpenCVConfig.cmake in libopencv-dev, which depends on
# every module and some hundred packages (GDAL, VTK ...); the two modules alone come without it.
find_path(LUMBARGRADE_OPENCV_INCLUDE opencv2/imgproc.hpp PATH_SUFFIXES opencv4 REQUIRED)
find_library(LUMBARGRADE_OPENCV_CORE opencv_core REQUIRED)
find_library(LUMBARGRADE_OPENCV_IMGPROC opencv_imgproc REQUIRED)
add_library(lumbargrade_opencv INTERFACE)
add_library(lumbargrade::opencv ALIAS lumbargrade_opencv)
target_include_directories(lumbargrade_opencv SYSTEM INTERFACE "${LUMBARGRADE_OPENCV_INCLUDE}")
target_link_libraries(lumbargrade_opencv INTERFACE "${LUMBARGRADE_OPENCV_IMGPROC}" "${LUMBARGRADE_OPENCV_CORE}")
