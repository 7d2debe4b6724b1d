#include "report/severity_style.h"

#include <array>
#include <cmath>

#include "core/error.h"

namespace lumbargrade {
namespace {

struct Style {
  const char* words;
  const char* css;
  cv::Scalar rgb;
};

const Style& style_of(Severity severity) {
  static const std::array<Style, kSeverityCount> kStyles = {{{"normal/mild", "#009e73", {0, 158, 115}},
                                                             {"moderate", "#e69f00", {230, 159, 0}},
                                                             {"severe", "#d55e00", {213, 94, 0}}}};
  return kStyles[static_cast<size_t>(severity)];
}

}  // namespace

cv::Scalar severity_rgb(Severity severity) {
  return style_of(severity).rgb;
}

const char* severity_css(Severity severity) {
  return style_of(severity).css;
}

const char* severity_words(Severity severity) {
  return style_of(severity).words;
}

std::string grade_words(const Grade& grade) {
  const Severity severity = most_probable(grade.probabilities);
  const std::string words =
      text(severity_words(severity), " ", std::lround(100 * grade.probabilities[static_cast<size_t>(severity)]), "%");
  return grade.source == GradeSource::Prior ? "(" + words + ")" : words;
}

}  // namespace lumbargrade
