#include "report/overview.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <optional>

#include "core/error.h"
#include "report/drawing.h"
#include "report/finding_picture.h"
#include "report/grades_csv.h"
#include "report/measure_list.h"
#include "report/printable_ascii.h"
#include "report/severity_style.h"
#include "report/slice_picture.h"

namespace lumbargrade {
namespace {

constexpr int kMargin = 12;
constexpr int kGap = 6;
constexpr int kHeaderPx = 64;
constexpr int kColumnTitlePx = 22;
constexpr int kNotePx = 19;
constexpr int kTileCaptionPx = 20;
constexpr int kTileHeightPx = 132;
/// The axial tiles are wider: the captions of two recesses stand below them.
const cv::Size kForamenTilePx(168, kTileHeightPx), kAxialTilePx(228, kTileHeightPx);
constexpr int kTilesWidthPx = 2 * 168 + 228 + 2 * kGap;
const cv::Size kOverviewSagittal(426, 5 * (kTileHeightPx + kTileCaptionPx + kGap) - kGap);
/// Above and below the outermost discs, so that the neighbouring vertebrae are seen.
constexpr double kBeyondDiscsMm = 32;
const PictureSize kForamenTile{kForamenTilePx, 56};
const PictureSize kAxialTile{kAxialTilePx, 90};
const cv::Scalar kEmpty(236, 236, 236);

/// Sagittal window around all discs that were found.
SliceWindow spine_window(const Spine& spine) {
  Vector3 low = Vector3::Constant(1e9), high = Vector3::Constant(-1e9);
  for (const auto& level : spine.levels) {
    if (!level) continue;
    low = low.cwiseMin(level->centre_patient);
    high = high.cwiseMax(level->centre_patient);
  }
  const Vector3 centre = (low + high) / 2 + Vector3(0, 12, 0);  // the canal lies behind the discs
  const double height_mm = high.z() - low.z() + 2 * kBeyondDiscsMm;
  return sagittal_window(centre, kOverviewSagittal, height_mm / kOverviewSagittal.height);
}

void draw_level(SlicePicture& picture, const LevelFrame& frame, const Grade& canal) {
  const cv::Scalar colour = colour_of(canal);
  const Vector3 half = frame.posterior * frame.depth_mm / 2;
  cv::line(picture.pixels(), picture.pixel_of(frame.centre_patient - half),
           picture.pixel_of(frame.centre_patient + half), cv::Scalar(255, 255, 255), 1, cv::LINE_AA);
  const cv::Point2d front = picture.pixel_of(frame.centre_patient - half);
  write_plate(picture.pixels(), std::string(level_name(frame.level)),
              {std::max(6, static_cast<int>(front.x) - 56), static_cast<int>(front.y) + 5});
  if (!frame.canal && !frame.canal_patient) return;
  const Vector3 point = frame.canal ? frame.canal->point_patient : *frame.canal_patient;
  const cv::Point2d at = picture.pixel_of(point);
  const double radius_px =
      frame.canal && std::isfinite(frame.canal->diameter_mm) ? frame.canal->diameter_mm / 2 / picture.pixel_mm() : 4;
  cv::circle(picture.pixels(), at, std::max(2, static_cast<int>(std::lround(radius_px))), colour, 2, cv::LINE_AA);
  const auto measures = measures_of(canal);
  const std::string words =
      (measures.empty() ? "" : measure_text(measures.front().value, measures.front().unit) + "  ") + grade_words(canal);
  const int width_px = text_size(words, kPlateScale).width + 8;
  const cv::Point beside(static_cast<int>(at.x + radius_px) + 16, static_cast<int>(at.y) + 5);
  const bool fits = beside.x + width_px <= picture.pixels().cols;
  // Where there is no room beside the circle the words stand below it.
  const cv::Point below(picture.pixels().cols - width_px, static_cast<int>(at.y + radius_px) + 20);
  write_plate(picture.pixels(), words, fits ? beside : below, colour);
}

cv::Mat sagittal_panel(const StudyReport& report) {
  const int slice =
      std::clamp(static_cast<int>(std::lround(report.spine.central_slice)), 0, report.sagittal.slices - 1);
  SlicePicture picture(report.sagittal, slice, spine_window(report.spine));
  for (const Level level : kLevels) {
    const auto& frame = report.spine.levels[index_of(level)];
    if (frame)
      draw_level(picture, *frame, row_of(report.grades, {Condition::SpinalCanalStenosis, std::nullopt, level}));
  }
  return picture.pixels();
}

/// Grey with words where there is no picture.
cv::Mat tile_or_words(const cv::Mat& picture, bool is_found, const char* words, const cv::Size& size_px) {
  if (!picture.empty()) return picture;
  const std::string shown = is_found ? words : "level not found";
  cv::Mat tile(size_px, CV_8UC3, kEmpty);
  write(tile, shown, {(tile.cols - text_size(shown, 0.4).width) / 2, tile.rows / 2}, 0.4, kPale);
  return tile;
}

void place_tile(cv::Mat& sheet, const cv::Mat& tile, cv::Point corner, const std::vector<const Grade*>& grades) {
  tile.copyTo(sheet(cv::Rect(corner, tile.size())));
  for (size_t k = 0; k < grades.size(); ++k) {
    const double scale = grades.size() > 1 ? 0.36 : 0.4;
    const std::string words = grade_words(*grades[k]);
    const cv::Point at(corner.x + static_cast<int>(k) * tile.cols / 2, corner.y + tile.rows);
    const cv::Rect bar(at, cv::Size(tile.cols / static_cast<int>(grades.size()), 4));
    cv::rectangle(sheet, bar, colour_of(*grades[k]), cv::FILLED);
    write(sheet, words, at + cv::Point(2, kTileCaptionPx - 3), scale);
  }
}

void place_level_row(cv::Mat& sheet, const StudyReport& report, Level level, const cv::Point& corner) {
  const bool is_found = report.spine.levels[index_of(level)].has_value();
  const auto place_foramen = [&](Side side, const cv::Point& at) {
    const Grade& grade = row_of(report.grades, {Condition::NeuralForaminalNarrowing, side, level});
    place_tile(sheet,
               tile_or_words(foramen_picture(report, grade, kForamenTile), is_found, "no slice there", kForamenTilePx),
               at, {&grade});
  };
  const auto recess = [&](Side side) { return &row_of(report.grades, {Condition::SubarticularStenosis, side, level}); };
  const cv::Mat axial = axial_picture(report, level, kAxialTile);
  place_foramen(Side::Right, corner);
  place_tile(sheet, tile_or_words(axial, is_found, "no axial image", kAxialTilePx),
             corner + cv::Point(kForamenTilePx.width + kGap, 0), {recess(Side::Right), recess(Side::Left)});
  place_foramen(Side::Left, corner + cv::Point(kForamenTilePx.width + kAxialTilePx.width + 2 * kGap, 0));
}

void write_header(cv::Mat& sheet, const StudyReport& report) {
  write(sheet, name_in_pictures(report.study_id, report.study.study_instance_uid), {kMargin, 26}, 0.62);
  write(sheet, text("LumbarGrade: ", kNotice, kBracketsNote), {kMargin, 48}, 0.42, kPale);
  int x = sheet.cols - kMargin;
  for (const Severity severity : {Severity::Severe, Severity::Moderate, Severity::NormalMild}) {
    const cv::Size size = text_size(severity_words(severity), 0.45);
    x -= size.width;
    write(sheet, severity_words(severity), {x, 26}, 0.45);
    cv::rectangle(sheet, {x - 18, 14, 12, 12}, severity_rgb(severity), cv::FILLED);
    x -= 34;
  }
}

/// Sentences broken at blanks so that none is wider than the sheet.
std::vector<std::string> broken(const std::vector<std::string>& notes, int width_px) {
  std::vector<std::string> lines;
  for (const std::string& note : notes) {
    std::string line;
    size_t from = 0;
    while (from < note.size()) {
      const size_t blank = std::min(note.find(' ', from), note.size());
      const std::string word = note.substr(from, blank - from);
      const std::string longer = line.empty() ? word : text(line, " ", word);
      if (!line.empty() && text_size(printable_ascii(longer), 0.42).width > width_px) {
        lines.push_back(line);
        line = "  " + word;
      } else {
        line = longer;
      }
      from = blank + 1;
    }
    if (!line.empty()) lines.push_back(line);
  }
  return lines;
}

}  // namespace

cv::Mat overview_picture(const StudyReport& report) {
  const int width = 3 * kMargin + kOverviewSagittal.width + kTilesWidthPx;
  const auto lines = broken(report_notes(report), width - 2 * kMargin);
  const int top = kHeaderPx + kColumnTitlePx;
  const int bottom = top + kOverviewSagittal.height;
  cv::Mat sheet(bottom + kMargin + static_cast<int>(lines.size()) * kNotePx + kMargin, width, CV_8UC3, kPaper);
  write_header(sheet, report);
  const int grid_x = 2 * kMargin + kOverviewSagittal.width;
  const std::array<std::pair<const char*, int>, 3> titles = {
      {{"right foramen", 0},
       {"axial: right recess, left recess", kForamenTilePx.width + kGap},
       {"left foramen", kForamenTilePx.width + kAxialTilePx.width + 2 * kGap}}};
  write(sheet, "sagittal: canal diameter and grade", {kMargin, top - 7}, 0.42, kPale);
  for (const auto& [title, x] : titles) write(sheet, title, {grid_x + x, top - 7}, 0.42, kPale);
  sagittal_panel(report).copyTo(sheet(cv::Rect({kMargin, top}, kOverviewSagittal)));
  for (const Level level : kLevels) {
    const int row = top + static_cast<int>(index_of(level)) * (kTileHeightPx + kTileCaptionPx + kGap);
    place_level_row(sheet, report, level, {grid_x, row});
  }
  for (size_t k = 0; k < lines.size(); ++k) {
    write(sheet, lines[k], {kMargin, bottom + kMargin + static_cast<int>(k + 1) * kNotePx - 5}, 0.42);
  }
  return sheet;
}

cv::Mat thumbnail_picture(const StudyReport& report) {
  constexpr int kThumbnailPx = 144;
  cv::Mat small;
  cv::resize(sagittal_panel(report), small,
             {kThumbnailPx, kThumbnailPx * kOverviewSagittal.height / kOverviewSagittal.width}, 0, 0, cv::INTER_AREA);
  return small;
}

}  // namespace lumbargrade
