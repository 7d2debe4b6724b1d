#pragma once

#include <opencv2/core.hpp>
#include <string>

#include "grades/grade.h"

namespace lumbargrade {

/// How a grade looks in pictures and pages. Colours are Okabe and Ito's (2008), which people with any colour vision
/// tell apart; every use of a colour stands beside the word.
cv::Scalar severity_rgb(Severity severity);
const char* severity_words(Severity severity);  ///< "normal/mild"

/// What pictures say of the brackets of grade_words.
inline constexpr const char* kBracketsNote = ". In brackets: prior, nothing was looked at.";

/// "moderate 48%", in brackets where nothing was looked at.
std::string grade_words(const Grade& grade);

}  // namespace lumbargrade
