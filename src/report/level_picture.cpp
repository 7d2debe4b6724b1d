#include "report/level_picture.h"

#include <opencv2/imgproc.hpp>

#include "core/error.h"
#include "report/drawing.h"
#include "report/finding_picture.h"
#include "report/grades_csv.h"
#include "report/printable_ascii.h"
#include "report/severity_style.h"

namespace lumbargrade {
namespace {

const cv::Size kPanelPx(400, 286);
const cv::Size kLevelSheetPx(832, 700);
constexpr int kPanelMargin = 12;
constexpr int kPanelCaption = 24;
constexpr double kPanelScale = 0.48;

/// A panel with its caption below; words where there is no image.
void place_panel(cv::Mat& sheet, const cv::Mat& picture, const cv::Point& corner, const std::string& caption) {
  if (picture.empty()) {
    cv::rectangle(sheet, cv::Rect(corner, kPanelPx), cv::Scalar(236, 236, 236), cv::FILLED);
    write(sheet, "no image there", corner + cv::Point(140, kPanelPx.height / 2), kPanelScale, kPale);
  } else {
    picture.copyTo(sheet(cv::Rect(corner, picture.size())));
  }
  write(sheet, caption, corner + cv::Point(2, kPanelPx.height + 17), kPanelScale);
}

}  // namespace

cv::Mat level_picture(const StudyReport& report, Level level) {
  if (!report.spine.levels[index_of(level)]) return {};
  const auto row = [&](Condition condition, std::optional<Side> side) -> const Grade& {
    return row_of(report.grades, {condition, side, level});
  };
  const auto sided = [&](Condition condition) {
    return text("R ", grade_words(row(condition, Side::Right)), ", L ", grade_words(row(condition, Side::Left)));
  };
  const auto foramen = [&](Side side) -> const Grade& { return row(Condition::NeuralForaminalNarrowing, side); };
  cv::Mat sheet(kLevelSheetPx, CV_8UC3, kPaper);
  write(sheet, text(name_in_pictures(report.study_id, report.study.study_instance_uid), "  ", level_name(level)),
        {kPanelMargin, 26}, 0.62);
  write(sheet, text("LumbarGrade: ", kNotice, kBracketsNote), {kPanelMargin, 48}, 0.42, kPale);
  const int left = kPanelMargin, right = 2 * kPanelMargin - 4 + kPanelPx.width;
  const int upper = 60, lower = upper + kPanelPx.height + kPanelCaption;
  place_panel(sheet, canal_picture(report, level, {kPanelPx, 90}), {left, upper},
              text("canal: ", grade_words(row(Condition::SpinalCanalStenosis, std::nullopt))));
  place_panel(sheet, axial_picture(report, level, {kPanelPx, 100}), {right, upper},
              text("recesses: ", sided(Condition::SubarticularStenosis)));
  place_panel(sheet, foramen_picture(report, foramen(Side::Right), {kPanelPx, 80}), {left, lower},
              text("right foramen: ", grade_words(foramen(Side::Right))));
  place_panel(sheet, foramen_picture(report, foramen(Side::Left), {kPanelPx, 80}), {right, lower},
              text("left foramen: ", grade_words(foramen(Side::Left))));
  return sheet;
}

}  // namespace lumbargrade
