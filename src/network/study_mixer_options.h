#pragma once

#include <cstdint>

namespace lumbargrade {

/// Which findings of a study hear of each other.
enum class MixerOver {
  Study,      ///< all of them: a transformer
  Levels,     ///< those of one condition and side, along the spine: a bidirectional LSTM
  Conditions  ///< those of one level: a bidirectional LSTM (fifth place of RSNA 2024)
};

/// Shape of a StudyMixer.
struct StudyMixerOptions {
  std::int64_t features = 512;  ///< of each finding: GraderNetwork::features()
  std::int64_t hidden = 128;
  std::int64_t layers = 2;
  double dropout = 0.1;
  MixerOver over = MixerOver::Study;
};

}  // namespace lumbargrade
