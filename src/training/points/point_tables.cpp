#include "training/points/point_tables.h"

#include <cctype>
#include <cmath>

#include "core/atomic_file.h"
#include "core/csv.h"
#include "core/error.h"
#include "core/number_text.h"
#include "core/statistics.h"

namespace lumbargrade {
namespace {

constexpr int kPointDecimals = 3;

/// "Left Neural Foraminal Narrowing", as the challenge's table has it.
std::string condition_words(const Finding& finding) {
  std::string words = finding.side ? std::string(side_name(*finding.side)) + "_" : "";
  words += condition_key(finding.condition);
  bool begins = true;
  for (char& c : words) {
    if (c == '_') c = ' ';
    if (begins) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    begins = c == ' ';
  }
  return words;
}

std::string decimals(double value) {
  return fixed_decimals(value, kPointDecimals);
}

/// How far a place lies from the given one.
struct Distance {
  double slices = 0;
  double row_mm = 0;
  double column_mm = 0;

  double in_plane_mm() const { return std::hypot(row_mm, column_mm); }
};

Distance distance_of(const CropPlace& place, const HeldOutPoint& point) {
  return {std::abs(std::round(place.slice) - std::round(point.given->slice)),
          point.pixel_mm * (place.row - point.given->row), point.pixel_mm * (place.column - point.given->column)};
}

template <typename PlaceOf>
PointFigures figures_of(const std::vector<HeldOutPoint>& points, Anchor anchor, const PlaceOf& place_of) {
  PointFigures figures;
  std::vector<float> in_plane;
  for (const HeldOutPoint& point : points) {
    if (!point.given || anchor_of(all_findings()[point.finding].condition) != anchor) continue;
    const Distance distance = distance_of(place_of(point), point);
    ++figures.count;
    figures.exact += distance.slices < 0.5;
    figures.within_one += distance.slices < 1.5;
    in_plane.push_back(static_cast<float>(distance.in_plane_mm()));
  }
  if (figures.count == 0) return figures;
  figures.exact /= figures.count;
  figures.within_one /= figures.count;
  figures.median_mm = quantile_of(in_plane, 0.5);
  return figures;
}

}  // namespace

void write_out_of_fold_points(const std::filesystem::path& path, const PointData& data,
                              const std::vector<HeldOutPoint>& points) {
  std::string content =
      csv_line({"study_id", "series_id", "instance_number", "condition", "level", "x", "y", "confidence"});
  for (const HeldOutPoint& point : points) {
    if (!point.image) continue;
    const Finding& finding = all_findings()[point.finding];
    content +=
        csv_line({data.study_ids[static_cast<size_t>(point.study)], point.image->series_id,
                  text(point.image->instance_number), condition_words(finding), std::string(level_name(finding.level)),
                  decimals(point.image->column), decimals(point.image->row), decimals(point.read.confidence)});
  }
  write_file_atomically(path, content);
}

void write_held_out_points(const std::filesystem::path& path, const PointData& data,
                           const std::vector<HeldOutPoint>& points) {
  std::string content = csv_line({"study_id", "finding", "slices", "in_plane_mm", "row_mm", "column_mm", "usual_slices",
                                  "usual_in_plane_mm", "confidence"});
  for (const HeldOutPoint& point : points) {
    if (!point.given) continue;
    const Distance found = distance_of(point.read.place, point), usual = distance_of(point.usual, point);
    content +=
        csv_line({data.study_ids[static_cast<size_t>(point.study)], finding_key(all_findings()[point.finding]),
                  text(found.slices), decimals(found.in_plane_mm()), decimals(found.row_mm), decimals(found.column_mm),
                  text(usual.slices), decimals(usual.in_plane_mm()), decimals(point.read.confidence)});
  }
  write_file_atomically(path, content);
}

PointFigures found_figures(const std::vector<HeldOutPoint>& points, Anchor anchor) {
  return figures_of(points, anchor, [](const HeldOutPoint& point) { return point.read.place; });
}

PointFigures usual_figures(const std::vector<HeldOutPoint>& points, Anchor anchor) {
  return figures_of(points, anchor, [](const HeldOutPoint& point) { return point.usual; });
}

std::string describe(const PointFigures& figures) {
  return text("slice exact ", fixed_decimals(100 * figures.exact, 1), " %, within one ",
              fixed_decimals(100 * figures.within_one, 1), " %, in the plane ", fixed_decimals(figures.median_mm, 2),
              " mm (median of ", figures.count, ")");
}

}  // namespace lumbargrade
