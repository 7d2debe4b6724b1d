#include "grades/attention.h"

#include <algorithm>
#include <numeric>

namespace lumbargrade {

AttentionMean::View& AttentionMean::view_named(const std::string& name) {
  const auto found = std::find_if(views_.begin(), views_.end(), [&](const View& view) { return view.name == name; });
  if (found != views_.end()) return *found;
  return views_.emplace_back(View{name, 0, {}});
}

void AttentionMean::add(const ViewAttention& given) {
  const std::vector<double>& weights = given.weights;
  if (std::accumulate(weights.begin(), weights.end(), 0.0) <= 0) return;
  View& view = view_named(given.view);
  view.transforms += 1;
  for (size_t slice = 0; slice < weights.size(); ++slice) {
    const std::vector<std::string>& uids = given.sop_instance_uids[slice];
    for (const std::string& uid : uids) {
      const double share = weights[slice] / static_cast<double>(uids.size());
      const auto seen = std::find_if(view.images.begin(), view.images.end(),
                                     [&](const ImageAttention& image) { return image.sop_instance_uid == uid; });
      if (seen != view.images.end()) {
        seen->weight += share;
      } else {
        view.images.push_back({given.view, given.series_instance_uid, uid, share});
      }
    }
  }
}

std::vector<ImageAttention> AttentionMean::mean() const {
  std::vector<ImageAttention> images;
  for (const View& view : views_) {
    for (ImageAttention image : view.images) {
      image.weight /= view.transforms;
      images.push_back(std::move(image));
    }
  }
  return images;
}

}  // namespace lumbargrade
