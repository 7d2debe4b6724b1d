#pragma once

#include <filesystem>
#include <map>
#include <opencv2/core.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/finding.h"
#include "levels/slice_image.h"
#include "volume/volume.h"

namespace lumbargrade {

/// One canonical slice with its soft labels, 0..255, on the same pixels.
struct LabelledSlice {
  cv::Mat1f pixels;
  cv::Mat classes;       ///< CV_8UC4: disc, vertebra, canal, L5/S1 disc
  cv::Mat spots;         ///< CV_8UC2: S1 spot, disc-centre spots
  cv::Point2d spine_px;  ///< middle of the five named discs
};

/// Slices of one stack in their order (neighbours may be averaged), or a single image.
struct LabelledStack {
  std::string study_id;
  std::vector<LabelledSlice> slices;
};

/// What is known of one labelled study, for measuring.
struct StudyTruth {
  struct CanalTruth {
    double diameter_mm = 0;
    std::optional<double> ratio;
  };
  /// Disc centres as patient points: per level, one for each slice that names the level.
  std::map<Level, std::vector<Vector3>> disc_centres_patient;
  std::map<Level, Vector3> canal_points_patient;
  std::map<Level, CanalTruth> canal;
};

struct LabelledStudy {
  std::string study_id;
  Volume volume;
  LabelledStack stack;
  StudyTruth truth;
};

/// An image without labels: one mid-sagittal slice.
struct UnlabelledImage {
  std::string file;
  std::string patient;  ///< images of one patient show the same spine
  SliceImage slice;
};

/// A folder for `train locator`:
///   train_images/<study>/<series>/<n>.dcm
///   masks/<study>/<series>/<n>.png            0 background, 1 disc, 2 vertebral body, 3 canal
///   disc_centres.csv                          study_id,series_id,instance_number,level,x,y  (pixels of the instance)
///   train_label_coordinates.csv               optional: canal points, only to measure with
///   canal_measurements.csv                    optional: study_id,level,ap_mm,reference_mm,ratio, only to measure with
class LocatorDataset {
 public:
  explicit LocatorDataset(std::filesystem::path root);

  const std::vector<std::string>& study_ids() const { return study_ids_; }
  LabelledStudy load(const std::string& study_id) const;
  /// The canal's masks of a loaded study on its volume's grid: 1 canal, 0 else.
  Volume canal_mask(const LabelledStudy& study) const;

 private:
  struct DiscRow {
    std::string series_id;
    int instance_number;
    Level level;
    cv::Point2d point_px;
  };

  StudyTruth truth_of(const std::string& study_id, const Volume& volume) const;

  std::filesystem::path root_;
  std::vector<std::string> study_ids_;
  std::map<std::string, std::vector<DiscRow>> discs_;
  std::map<std::string, std::vector<DiscRow>> canal_points_;
  std::map<std::string, std::map<Level, StudyTruth::CanalTruth>> canal_;
};

/// One sagittal image as a volume of one slice: columns run to the back, rows to the feet, the first pixel at zero.
Volume single_slice_volume(const cv::Mat1b& image, double pixel_mm);

/// Every PNG of a folder. `midsagittal.csv` beside them (file, patient, row_spacing_mm) gives patient and pixel size
/// where it is present; else the name up to the first '_' is the patient and the image is taken to be 280 mm wide.
std::vector<UnlabelledImage> load_unlabelled(const std::filesystem::path& folder);

}  // namespace lumbargrade
