#include "training/segmentation/canal_evaluation.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <sstream>

#include "core/atomic_file.h"
#include "core/csv.h"
#include "core/error.h"
#include "core/number_text.h"
#include "core/statistics.h"
#include "core/table.h"
#include "levels/central_slices.h"

namespace lumbargrade {
namespace {

constexpr double kNarrowestShare = 0.1;
const std::vector<std::string> kRecessColumns = {"study_id", "level", "side", "depth_mm", "true_depth_mm"};

void add_recess(CanalFigures& figures, const std::string& study_id, Level level, Side side,
                const std::optional<RecessMeasure>& found, const std::optional<RecessMeasure>& truth) {
  if (found && truth) figures.recesses.push_back({study_id, level, side, found->depth_mm, truth->depth_mm});
}

double correlation(const std::vector<RecessFigure>& rows) {
  std::vector<double> found, truth;
  for (const RecessFigure& row : rows) found.push_back(row.depth_mm), truth.push_back(row.true_depth_mm);
  return correlation_of(found, truth);
}

/// Share of (narrow, other) pairs in the right order; ties count half.
double narrowest_auc(const std::vector<RecessFigure>& rows) {
  std::vector<double> truths;
  for (const RecessFigure& row : rows) truths.push_back(row.true_depth_mm);
  std::sort(truths.begin(), truths.end());
  const auto narrow_count =
      std::max<size_t>(1, static_cast<size_t>(std::lround(kNarrowestShare * static_cast<double>(truths.size()))));
  const double limit = truths[narrow_count - 1];
  std::vector<double> narrow, others;
  for (const RecessFigure& row : rows) (row.true_depth_mm <= limit ? narrow : others).push_back(-row.depth_mm);
  return area_under_roc(narrow, others).value_or(std::numeric_limits<double>::quiet_NaN());
}

}  // namespace

std::vector<OutlineMeasures> measure_mask(const Volume& sagittal, const Volume& canal_mask, const Spine& spine,
                                          double central_slice, int multiple_of) {
  const std::vector<DiscEdge> discs = disc_edges(spine);
  const CanalStrip strip = cut_canal_strip(sagittal, discs, multiple_of);
  const SliceWeights weights(discs.size(), weights_around(central_slice, strip.positions));
  return measure_outline(strip, discs, weights, cut_slices(canal_mask, strip.rect_px));
}

Volume thick_stack(const Volume& thin, int count) {
  const int together = std::clamp(count, 1, thin.slices);
  Volume thick = thin;
  thick.slices = thin.slices / together;
  const int first = (thin.slices - thick.slices * together) / 2;
  const size_t pixels = static_cast<size_t>(thin.rows) * static_cast<size_t>(thin.columns);
  thick.voxels.assign(pixels * static_cast<size_t>(thick.slices), 0.0F);
  thick.sources.clear();
  for (int k = 0; k < thick.slices; ++k) {
    const auto target = thick.voxels.begin() + static_cast<std::ptrdiff_t>(pixels * static_cast<size_t>(k));
    for (int j = 0; j < together; ++j) {
      const float* from = thin.slice_data(first + k * together + j);
      std::transform(from, from + pixels, target, target,
                     [together](float value, float sum) { return sum + value / static_cast<float>(together); });
    }
    const int middle = first + k * together + together / 2;
    const auto source = static_cast<size_t>(middle);
    if (source < thin.sources.size()) thick.sources.push_back(thin.sources[source]);
  }
  const Vector3 step = thin.patient_from_index.linear().col(2);
  thick.patient_from_index.translation() += step * (first + (together - 1) / 2.0);
  thick.patient_from_index.linear().col(2) = step * together;
  return thick;
}

CanalFigures evaluate_canal(const LabelledStudy& study, const Volume& canal_mask, const LocatorNetwork& locator,
                            const CanalOutliner& outliner) {
  Spine spine = spine_of(study, locator);
  if (spine.level_count() == 0) return {evaluate_spine(study, spine), {}};
  outline_canal(study.volume, outliner, spine);
  CanalFigures figures{evaluate_spine(study, spine), {}};

  const std::vector<DiscEdge> discs = disc_edges(spine);
  const auto truths = measure_mask(study.volume, canal_mask, spine, spine.central_slice, outliner.multiple_of);
  for (size_t k = 0; k < discs.size(); ++k) {
    const LevelFrame& frame = *spine.levels[index_of(discs[k].level)];
    add_recess(figures, study.study_id, frame.level, Side::Left, frame.recess_left, truths[k].recess_left);
    add_recess(figures, study.study_id, frame.level, Side::Right, frame.recess_right, truths[k].recess_right);
  }
  return figures;
}

RecessSummary summarise(const std::vector<RecessFigure>& rows, Side side) {
  std::vector<RecessFigure> of_side;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(of_side),
               [&](const RecessFigure& row) { return row.side == side; });
  RecessSummary summary{side, of_side.size(), std::nan(""), std::nan(""), std::nan("")};
  if (of_side.size() < 2) return summary;
  summary.correlation = correlation(of_side);
  summary.mean_absolute_error_mm = 0;
  for (const RecessFigure& row : of_side) {
    summary.mean_absolute_error_mm += std::abs(row.depth_mm - row.true_depth_mm) / static_cast<double>(of_side.size());
  }
  summary.narrowest_tenth_auc = narrowest_auc(of_side);
  return summary;
}

std::string describe(const RecessSummary& summary) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(3) << side_name(summary.side) << " recess, " << summary.count
      << " levels: depth r " << summary.correlation << ", mean absolute error " << summary.mean_absolute_error_mm
      << " mm, narrowest tenth found with AUC " << summary.narrowest_tenth_auc;
  return out.str();
}

void write_recess_figures(const std::filesystem::path& path, const std::vector<RecessFigure>& rows) {
  std::string csv = csv_line(kRecessColumns);
  for (const RecessFigure& row : rows) {
    csv += csv_line({row.study_id, std::string(level_name(row.level)), std::string(side_name(row.side)),
                     fixed_decimals(row.depth_mm, 3), fixed_decimals(row.true_depth_mm, 3)});
  }
  write_file_atomically(path, csv);
}

std::vector<RecessFigure> read_recess_figures(const std::filesystem::path& path) {
  const Table table(path, ErrorKind::Usage, kRecessColumns);
  std::vector<RecessFigure> rows;
  for (const TableRow row : table) {
    rows.push_back(
        {row.word("study_id"), row.level(), row.side(), row.number("depth_mm"), row.number("true_depth_mm")});
  }
  return rows;
}

}  // namespace lumbargrade
