#pragma once

#include <filesystem>
#include <future>

#include "pipeline/prepare_study.h"

namespace lumbargrade {

/// A study that is read (prepare_study) in a thread of its own, from the beginning of this object's life, while the
/// caller loads what is to look at it.
class StudyReading {
 public:
  StudyReading(std::filesystem::path path, StudyOptions options);

  /// Waits for the study; its errors are prepare_study's. `locate` serves series whose headers do not tell their role:
  /// reading waits for it only where it meets one. Once.
  PreparedStudy finished(const SpineLocator& locate);

 private:
  std::future<PreparedStudy> prepared_;
  std::promise<SpineLocator> locator_;  ///< last, so that it goes first: a thread that waits for it ends then
};

}  // namespace lumbargrade
