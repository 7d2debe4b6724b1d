#pragma once

#include <string>
#include <vector>

namespace lumbargrade {

/// How much one image counted in what the networks said of a finding.
struct ImageAttention {
  std::string view;  ///< the networks' input
  std::string series_instance_uid;
  std::string sop_instance_uid;
  double weight = 0;  ///< 0..1; they sum to 1 over the images of a view
};

/// How much the images of one view counted in what a network said of a region.
struct ViewAttention {
  std::string view;
  std::string series_instance_uid;
  std::vector<std::vector<std::string>> sop_instance_uids;  ///< by slice: the images that it is made of
  std::vector<double> weights;                              ///< by slice
};

/// Gathers the weights that the networks of an ensemble gave to the slices of one finding, over all their transforms.
class AttentionMean {
 public:
  /// What one network gave in one transform. A slice that is the mean of several images shares its weight evenly among
  /// them. A view in which no slice counted changes nothing.
  void add(const ViewAttention& given);

  /// The mean over the transforms that showed the view; views and images in the order in which they came.
  std::vector<ImageAttention> mean() const;

 private:
  struct View {
    std::string name;
    double transforms = 0;
    std::vector<ImageAttention> images;  ///< summed weights
  };
  View& view_named(const std::string& name);

  std::vector<View> views_;
};

}  // namespace lumbargrade
