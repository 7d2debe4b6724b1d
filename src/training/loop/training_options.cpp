#include "training/loop/training_options.h"

#include <ATen/Parallel.h>

#include <opencv2/core.hpp>

#include "core/error.h"

namespace lumbargrade {

namespace fs = std::filesystem;

void prepare_training(const TrainingOptions& options) {
  if (!options.resume && fs::exists(options.out) && !fs::is_empty(options.out)) {
    throw Error(ErrorKind::Failure, text(options.out.string(), " is not empty; give another --out, or --resume"));
  }
  fs::create_directories(options.record_folder());
  at::set_num_threads(options.threads);
  cv::setNumThreads(1);
}

}  // namespace lumbargrade
