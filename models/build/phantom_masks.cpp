#include "phantom_masks.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <opencv2/core.hpp>
#include <sstream>
#include <vector>

#include "core/atomic_file.h"
#include "core/csv.h"
#include "core/error.h"
#include "core/finding.h"
#include "core/log.h"
#include "dicom/instance.h"
#include "dicom/pixels.h"
#include "phantom/tissue.h"
#include "pictures/png_file.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr double kNamedWithinMm = 8;      // slices this near to the discs' centres name them
constexpr double kBrightestShare = 0.99;  // of the pixels of a PNG are not saturated

/// One file of a series, decoded.
struct Slice {
  int instance_number = 0;
  ImagePlane plane;
  cv::Mat1f pixels;
};

Slice read_slice(const fs::path& file) {
  const dicom::Instance instance = dicom::read_instance(file);
  if (instance.frames.size() != 1 || !instance.frames.front().plane) {
    throw Error(ErrorKind::Failure, text(file.string(), " is not one slice with its place in the patient"));
  }
  Slice slice{instance.instance_number, *instance.frames.front().plane,
              cv::Mat1f(instance.format.rows, instance.format.columns)};
  const dicom::FrameTarget target{0, slice.pixels.ptr<float>()};
  dicom::decode_frames(instance, {&target, 1});
  return slice;
}

/// The slices of a series, by instance number.
std::vector<Slice> read_series(const fs::path& folder) {
  std::vector<Slice> slices;
  for (const auto& entry : fs::directory_iterator(folder)) slices.push_back(read_slice(entry.path()));
  if (slices.empty()) throw Error(ErrorKind::Usage, text(folder.string(), " is empty"));
  std::sort(slices.begin(), slices.end(),
            [](const Slice& a, const Slice& b) { return a.instance_number < b.instance_number; });
  return slices;
}

uchar mask_value(float stored) {
  switch (static_cast<phantom::Label>(std::lround(stored))) {
    case phantom::Label::Annulus:
    case phantom::Label::Nucleus:
      return 1;
    case phantom::Label::Vertebra:
    case phantom::Label::Cortex:
      return 2;
    case phantom::Label::Csf:
    case phantom::Label::NerveRoot:
    case phantom::Label::Cord:
      return 3;
    default:
      return 0;
  }
}

cv::Mat1b mask_of(const cv::Mat1f& labels) {
  cv::Mat1b mask(labels.size());
  std::transform(labels.begin(), labels.end(), mask.begin(), mask_value);
  return mask;
}

/// 8 bits, saturated at the brightest hundredth.
cv::Mat1b grey_of(const cv::Mat1f& pixels) {
  std::vector<float> sorted(pixels.begin(), pixels.end());
  const auto bright =
      sorted.begin() + static_cast<std::ptrdiff_t>(kBrightestShare * static_cast<double>(sorted.size()));
  std::nth_element(sorted.begin(), bright, sorted.end());
  cv::Mat1b grey;
  pixels.convertTo(grey, CV_8U, 255.0 / std::max(1.0F, *bright));
  return grey;
}

std::string decimal(double value) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(3) << value;
  return out.str();
}

Vector3 point_of(const Json& json) {
  return {json.at(0).get<double>(), json.at(1).get<double>(), json.at(2).get<double>()};
}

/// "L1/L2", of a level of truth.json.
std::string name_of(const Json& level) {
  const auto parsed = parse_level(level.at("level").get<std::string>());
  if (!parsed) throw Error(ErrorKind::Failure, text("unknown level ", level.at("level").dump(), " in truth.json"));
  return std::string(level_name(*parsed));
}

std::string id_of(const Json& id) {
  return id.is_string() ? id.get<std::string>() : id.dump();
}

/// The tables, grown study by study.
struct Tables {
  std::string discs = csv_line({"study_id", "series_id", "instance_number", "level", "x", "y"});
  std::string points = csv_line({"study_id", "series_id", "instance_number", "condition", "level", "x", "y"});
  std::string canals = csv_line({"study_id", "level", "ap_mm", "reference_mm", "ratio"});
  std::string midsagittal = csv_line({"file", "patient", "contrast", "row_spacing_mm", "column_spacing_mm"});
};

void add_discs(const std::string& study, const std::string& series, const Slice& slice, const Json& levels,
               Tables& tables) {
  for (const Json& level : levels) {
    const Vector3 index = slice.plane.patient_from_index().inverse() * point_of(level.at("centre_patient_mm"));
    if (std::abs(index.z()) > kNamedWithinMm) continue;
    tables.discs += csv_line(
        {study, series, std::to_string(slice.instance_number), name_of(level), decimal(index.x()), decimal(index.y())});
  }
}

void add_canals(const std::string& study, const Json& levels, Tables& tables) {
  for (const Json& level : levels) {
    const double diameter_mm = level.at("canal_mm");
    const double reference_mm = level.at("canal_reference_mm");
    tables.canals += csv_line(
        {study, level.at("level"), decimal(diameter_mm), decimal(reference_mm), decimal(diameter_mm / reference_mm)});
  }
}

void add_points(const Json& truth, Tables& tables) {
  for (const Json& row : truth.at("coordinates")) {
    if (row.at(3) != "Spinal Canal Stenosis") continue;
    tables.points += csv_line({id_of(row.at(0)), id_of(row.at(1)), id_of(row.at(2)), row.at(3), row.at(4),
                               decimal(row.at(5)), decimal(row.at(6))});
  }
}

/// The slice whose plane lies nearest to the point.
const Slice& nearest_slice(const std::vector<Slice>& slices, const Vector3& point_patient) {
  const auto distance = [&](const Slice& slice) {
    return std::abs(slice.plane.normal().dot(point_patient - slice.plane.position_patient));
  };
  return *std::min_element(slices.begin(), slices.end(),
                           [&](const Slice& a, const Slice& b) { return distance(a) < distance(b); });
}

void write_midsagittal(const fs::path& images, const std::string& study, const std::string& contrast,
                       const Vector3& middle_patient, const fs::path& out, Tables& tables) {
  const std::vector<Slice> slices = read_series(images);
  const Slice& slice = nearest_slice(slices, middle_patient);
  const std::string file = study + "_" + contrast + ".png";
  write_grey_png(out / "midsagittal" / file, grey_of(slice.pixels));
  tables.midsagittal +=
      csv_line({file, study, contrast, decimal(slice.plane.row_spacing_mm), decimal(slice.plane.column_spacing_mm)});
}

/// Masks and tables of one study.
void convert(const Json& truth, const fs::path& phantom, const fs::path& out, Tables& tables) {
  const std::string study = id_of(truth.at("study_id"));
  const Json& levels = truth.at("levels");
  const Vector3 middle_patient = point_of(levels.at(levels.size() / 2).at("canal_point_patient_mm"));
  for (const Json& entry : truth.at("series")) {
    const std::string series = id_of(entry.at("series_id"));
    const fs::path images = phantom / "train_images" / study / series;
    if (entry.at("description") == "Sagittal T1") write_midsagittal(images, study, "t1", middle_patient, out, tables);
    if (entry.at("description") != "Sagittal T2/STIR") continue;
    write_midsagittal(images, study, "t2", middle_patient, out, tables);
    const fs::path masks = out / "masks" / study / series;
    fs::create_directories(masks);
    for (const Slice& labels : read_series(phantom / "labels" / study / series)) {
      write_grey_png(masks / (std::to_string(labels.instance_number) + ".png"), mask_of(labels.pixels));
      add_discs(study, series, labels, levels, tables);
    }
  }
  add_points(truth, tables);
  add_canals(study, levels, tables);
}

Json read_truth_json(const fs::path& phantom) {
  std::ifstream file(phantom / "truth.json");
  Json truth = Json::parse(file, nullptr, false);
  if (!truth.is_array() || !fs::is_directory(phantom / "labels")) {
    throw Error(ErrorKind::Usage, text(phantom.string(),
                                       " holds no truth.json and labels/; make it with `lumbargrade "
                                       "phantom --labels`"));
  }
  return truth;
}

}  // namespace

void write_phantom_masks(const fs::path& phantom, const fs::path& out) {
  if (fs::exists(out)) throw Error(ErrorKind::Usage, text(out.string(), " exists; name another folder"));
  const Json truth = read_truth_json(phantom);
  fs::create_directories(out / "midsagittal");
  Tables tables;
  try {
    for (const Json& study : truth) convert(study, phantom, out, tables);
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorKind::Failure, text((phantom / "truth.json").string(), ": ", error.what()));
  }
  fs::create_directory_symlink(fs::absolute(phantom / "train_images"), out / "train_images");
  write_file_atomically(out / "disc_centres.csv", tables.discs);
  write_file_atomically(out / "train_label_coordinates.csv", tables.points);
  write_file_atomically(out / "canal_measurements.csv", tables.canals);
  write_file_atomically(out / "midsagittal.csv", tables.midsagittal);
  log_info(text(truth.size(), " studies with masks in ", out.string()));
}

}  // namespace lumbargrade
