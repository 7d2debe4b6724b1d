#pragma once

#include <memory>
#include <opencv2/core.hpp>

#include "results/dicom_object.h"

namespace lumbargrade::results {

/// A picture (CV_8UC3, RGB) as Secondary Capture, which every viewer shows. `number` counts the pictures of a series
/// from 1; `purpose` names this one. Its pixels go into its UID.
std::unique_ptr<DcmDataset> secondary_capture(const cv::Mat& rgb, const ResultOrigin& origin,
                                              const std::string& purpose, int number);

}  // namespace lumbargrade::results
