#pragma once

#include <cstdint>

namespace lumbargrade {

/// Shape of a StudyMixer.
struct StudyMixerOptions {
  std::int64_t features = 512;  ///< of each finding: GraderNetwork::features()
  std::int64_t hidden = 128;
  std::int64_t layers = 2;
  double dropout = 0.1;
};

}  // namespace lumbargrade
