#include "pipeline/study_reading.h"

#include <utility>

namespace lumbargrade {

StudyReading::StudyReading(std::filesystem::path path, StudyOptions options) {
  prepared_ = std::async(std::launch::async, [path = std::move(path), options = std::move(options),
                                              locator = locator_.get_future().share()] {
    const SpineLocator locate = [&](const Volume& sagittal) { return locator.get()(sagittal); };
    return prepare_study(path, options, locate);
  });
}

PreparedStudy StudyReading::finished(const SpineLocator& locate) {
  locator_.set_value(locate);
  return prepared_.get();
}

}  // namespace lumbargrade
