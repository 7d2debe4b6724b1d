#include "slab_axials.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <map>
#include <set>
#include <sstream>

#include "core/atomic_file.h"
#include "core/csv.h"
#include "core/error.h"
#include "core/log.h"
#include "core/prevalence.h"
#include "metric/cases.h"
#include "phantom/dataset.h"
#include "phantom/dicom_series.h"
#include "pipeline/load_grader.h"
#include "training/segmentation/canal_evaluation.h"
#include "training/segmentation/locator_data.h"
#include "volume/volume_sampler.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

constexpr double kPixelMm = 0.6;
constexpr int kColumns = 160, kRows = 160;  // the field of view: 96 mm
constexpr double kSliceMm = 4;
constexpr int kSlicesPerDisc = 5;
constexpr int kSamplesPerSlice = 4;  // through its thickness
constexpr double kLargestPixel = 4095;
constexpr std::uint64_t kSagittalSeries = 2, kAxialSeries = 3;  // appended to the study's number

struct Depth {
  std::string study_id;
  Finding finding;
  double depth_mm = 0;
};

phantom::SlicePlan slice_plan(const LevelFrame& frame, int place) {
  phantom::SlicePlan slice;
  slice.plane.row_direction = frame.left;
  slice.plane.column_direction = frame.posterior;
  slice.plane.row_spacing_mm = slice.plane.column_spacing_mm = kPixelMm;
  const Vector3 middle = frame.canal_patient.value_or(frame.centre_patient) + place * kSliceMm * frame.up;
  slice.plane.position_patient = middle - kPixelMm / 2 * ((kColumns - 1) * frame.left + (kRows - 1) * frame.posterior);
  slice.thickness_mm = slice.step_mm = kSliceMm;
  slice.rows = kRows;
  slice.columns = kColumns;
  return slice;
}

/// Mean over the slice's thickness; 0 where the slab does not reach.
std::vector<float> imaged(const Volume& sagittal, const phantom::SlicePlan& slice) {
  std::vector<float> mean(static_cast<size_t>(kRows) * kColumns, 0.0F);
  const VolumeSampler sample(sagittal);
  for (int k = 0; k < kSamplesPerSlice; ++k) {
    ImagePlane plane = slice.plane;
    plane.position_patient += ((k + 0.5) / kSamplesPerSlice - 0.5) * kSliceMm * slice.plane.normal();
    const Affine patient_from_index = plane.patient_from_index();
    for (int pixel = 0; pixel < kRows * kColumns; ++pixel) {
      const int row = pixel / kColumns;
      const float value = sample(patient_from_index * Vector3(pixel % kColumns, row, 0));
      if (std::isfinite(value)) mean[static_cast<size_t>(pixel)] += value / kSamplesPerSlice;
    }
  }
  return mean;
}

phantom::SlicePixels stored(const std::vector<float>& values, double scale) {
  phantom::SlicePixels pixels;
  for (const float value : values) {
    pixels.push_back(static_cast<std::uint16_t>(std::lround(std::clamp(value * scale, 0.0, kLargestPixel))));
  }
  return pixels;
}

phantom::SeriesPlan axial_plan(const Spine& spine) {
  phantom::SeriesPlan series;
  series.role = SeriesRole::AxialT2;
  for (const auto& frame : spine.levels) {
    if (!frame) continue;
    const int reach = kSlicesPerDisc / 2;
    for (int place = reach; place >= -reach; --place) series.slices.push_back(slice_plan(*frame, place));
  }
  return series;
}

phantom::SeriesPlan sagittal_plan(const Volume& volume) {
  phantom::SeriesPlan series;
  series.role = SeriesRole::SagittalT2;
  const Vector3 spacing = spacing_mm(volume.patient_from_index);
  for (const SliceSource& source : volume.sources) {
    phantom::SlicePlan slice;
    slice.plane.position_patient = source.position_patient;
    slice.plane.row_direction = volume.patient_from_index.linear().col(0).normalized();
    slice.plane.column_direction = volume.patient_from_index.linear().col(1).normalized();
    slice.plane.column_spacing_mm = spacing.x();
    slice.plane.row_spacing_mm = spacing.y();
    slice.thickness_mm = slice.step_mm = spacing.z();
    slice.rows = volume.rows;
    slice.columns = volume.columns;
    series.slices.push_back(slice);
  }
  return series;
}

/// One study UID for both series, which a copy of SPIDER's own files would not have.
void write_series(const phantom::SeriesPlan& series, const std::vector<phantom::SlicePixels>& pixels,
                  std::uint64_t study_id, std::uint64_t series_digit, const fs::path& study_folder) {
  phantom::SeriesIdentity identity;
  identity.study_id = study_id;
  identity.series_id = study_id * 10 + series_digit;
  const fs::path folder = study_folder / std::to_string(identity.series_id);
  fs::create_directories(folder);
  for (size_t k = 0; k < series.slices.size(); ++k) {
    phantom::write_slice(folder, identity, series, static_cast<int>(k) + 1, pixels[k], phantom::VendorQuirks::Rsna);
  }
}

void write_study(const Volume& sagittal, const Spine& spine, std::uint64_t study_id, const fs::path& folder) {
  const double scale =
      kLargestPixel / std::max(1.0F, *std::max_element(sagittal.voxels.begin(), sagittal.voxels.end()));
  const auto per_slice = static_cast<std::ptrdiff_t>(sagittal.rows) * sagittal.columns;
  std::vector<phantom::SlicePixels> own, axial;
  for (int k = 0; k < sagittal.slices; ++k) {
    const float* data = sagittal.slice_data(k);
    own.push_back(stored(std::vector<float>(data, data + per_slice), scale));
  }
  write_series(sagittal_plan(sagittal), own, study_id, kSagittalSeries, folder);
  const phantom::SeriesPlan plan = axial_plan(spine);
  for (const phantom::SlicePlan& slice : plan.slices) axial.push_back(stored(imaged(sagittal, slice), scale));
  write_series(plan, axial, study_id, kAxialSeries, folder);
}

/// The deepest-to-narrowest order decides the grade: see the top of the file.
std::map<std::string, std::map<std::string, Severity>> graded_by_rank(std::vector<Depth> depths) {
  std::map<std::string, std::map<std::string, Severity>> grades;
  std::sort(depths.begin(), depths.end(), [](const Depth& a, const Depth& b) { return a.depth_mm < b.depth_mm; });
  for (const Level level : kLevels) {
    std::vector<Depth> of_level;
    std::copy_if(depths.begin(), depths.end(), std::back_inserter(of_level),
                 [&](const Depth& depth) { return depth.finding.level == level; });
    const auto count = static_cast<double>(of_level.size());
    for (size_t rank = 0; rank < of_level.size(); ++rank) {
      const Probabilities& share = prior_of(challenge_prevalence(), of_level[rank].finding);
      const double place = (static_cast<double>(rank) + 0.5) / count;
      grades[of_level[rank].study_id][finding_key(of_level[rank].finding)] = place < share[2] ? Severity::Severe
                                                                             : place < share[2] + share[1]
                                                                                 ? Severity::Moderate
                                                                                 : Severity::NormalMild;
    }
  }
  return grades;
}

void write_tables(const std::vector<Depth>& depths, const std::set<std::string>& studies, const fs::path& out) {
  std::string csv = csv_line({"study_id", "level", "side", "depth_mm"});
  for (const Depth& depth : depths) {
    std::ostringstream mm;
    mm << std::fixed << std::setprecision(3) << depth.depth_mm;
    csv += csv_line({depth.study_id, std::string(level_name(depth.finding.level)),
                     std::string(side_name(*depth.finding.side)), mm.str()});
  }
  write_file_atomically(out / "recess_depths.csv", csv);

  // The phantom's order, so that the table can be appended to one of `lumbargrade phantom`.
  const std::vector<Finding> columns = phantom::train_csv_columns();
  std::vector<std::string> header = {"study_id"};
  for (const Finding& finding : columns) header.push_back(finding_key(finding));
  std::string labels = csv_line(header);
  std::string series = csv_line({"study_id", "series_id", "series_description"});
  const auto grades = graded_by_rank(depths);
  for (const std::string& study : studies) {
    std::vector<std::string> row = {study};
    for (const Finding& finding : columns) {
      const auto& of_study = grades.at(study);
      const auto found = of_study.find(finding_key(finding));
      row.emplace_back(found == of_study.end() ? "" : train_csv_word(found->second));
    }
    labels += csv_line(row);
    series += csv_line({study, text(study, kSagittalSeries), "Sagittal T2/STIR"});
    series += csv_line({study, text(study, kAxialSeries), "Axial T2"});
  }
  write_file_atomically(out / "train.csv", labels);
  write_file_atomically(out / "train_series_descriptions.csv", series);
}

/// The study's recesses by its mask.
std::vector<Depth> depths_of(const LabelledStudy& study, const Volume& canal_mask, const Spine& spine) {
  std::vector<Depth> depths;
  const std::vector<DiscEdge> discs = disc_edges(spine);
  const auto truths = measure_mask(study.volume, canal_mask, spine, spine.central_slice, 1);
  for (size_t k = 0; k < discs.size(); ++k) {
    const auto add = [&](Side side, const std::optional<RecessMeasure>& recess) {
      if (!recess) return;
      depths.push_back({study.study_id, {Condition::SubarticularStenosis, side, discs[k].level}, recess->depth_mm});
    };
    add(Side::Left, truths[k].recess_left);
    add(Side::Right, truths[k].recess_right);
  }
  return depths;
}

}  // namespace

void write_slab_axials(const fs::path& data, const fs::path& out, const std::string& bundle) {
  if (fs::exists(out)) throw Error(ErrorKind::Usage, text(out.string(), " exists; name another folder"));
  GraderOptions options;
  options.bundle = bundle;
  options.precision = "float32";  // the same on every processor
  const LoadedGrader loaded = load_grader(options);
  const LocatorDataset dataset(data);
  std::vector<Depth> depths;
  std::set<std::string> studies;
  for (const std::string& id : dataset.study_ids()) {
    const LabelledStudy study = dataset.load(id);
    const Spine spine = loaded.grader.locate(study.volume);
    const std::vector<Depth> of_study = depths_of(study, dataset.canal_mask(study), spine);
    if (of_study.empty()) {
      log_warning(text(id, ": no recess in its slab, left out"));
      continue;
    }
    depths.insert(depths.end(), of_study.begin(), of_study.end());
    write_study(study.volume, spine, std::stoull(id), out / "train_images" / id);
    studies.insert(id);
  }
  if (studies.empty()) throw Error(ErrorKind::Failure, text("no study of ", data.string(), " shows a lateral recess"));
  write_tables(depths, studies, out);
  log_info(text(studies.size(), " studies, ", depths.size(), " recesses in ", out.string()));
}

}  // namespace lumbargrade
