#include "report/severity_style.h"

#include <array>
#include <cmath>

#include "core/error.h"

namespace lumbargrade {

cv::Scalar severity_rgb(Severity severity) {
  static const std::array<cv::Scalar, kSeverityCount> kColours = {{{0, 158, 115}, {230, 159, 0}, {213, 94, 0}}};
  return kColours[index_of(severity)];
}

const char* severity_words(Severity severity) {
  static constexpr std::array<const char*, kSeverityCount> kWords = {"normal/mild", "moderate", "severe"};
  return kWords[index_of(severity)];
}

std::string grade_words(const Grade& grade) {
  const Severity severity = most_probable(grade.probabilities);
  const std::string words =
      text(severity_words(severity), " ", std::lround(100 * grade.probabilities[static_cast<size_t>(severity)]), "%");
  return grade.source == GradeSource::Prior ? "(" + words + ")" : words;
}

}  // namespace lumbargrade
