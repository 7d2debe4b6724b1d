#pragma once

#include <cstdint>

namespace lumbargrade {

/// How a StudyStack joins the levels of a study.
enum class StackKind {
  Linear,   ///< a weighted sum of the answers to the levels around
  Mlp,      ///< one hidden layer over them
  Sequence  ///< a bidirectional LSTM along the spine (fifth place of RSNA 2024)
};

/// Shape of a StudyStack.
struct StudyStackOptions {
  StackKind kind = StackKind::Linear;
  std::int64_t reach_levels = 4;  ///< linear and mlp: so many levels above and below are heard
  std::int64_t hidden = 32;       ///< mlp and sequence
  double dropout = 0;             ///< mlp and sequence: of the hidden values
};

}  // namespace lumbargrade
