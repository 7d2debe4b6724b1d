#include "levels/naming_spec.h"

#include "core/error.h"

namespace lumbargrade {
namespace {

template <size_t N>
void check_names(const std::vector<NamingSpec::Feature>& features, const std::array<std::string_view, N>& names,
                 const char* key, const std::string& file) {
  if (features.size() != N) {
    throw Error(ErrorKind::BundleInvalid,
                text(file, ": naming.", key, " has ", features.size(), " features, this version works with ", N));
  }
  for (size_t k = 0; k < N; ++k) {
    if (features[k].name == names[k]) continue;
    throw Error(ErrorKind::BundleInvalid, text(file, ": naming.", key, "[", k, "].name is \"", features[k].name,
                                               "\", this version works with \"", names[k], "\""));
  }
}

}  // namespace

NamingSpec naming_spec(const NamingModel& model, const std::string& source) {
  NamingSpec spec{source, {}, {}};
  for (size_t k = 0; k < kNamingFeatureCount; ++k) {
    spec.discs.push_back({std::string(kNamingFeatures[k]), model.mean[k], model.scale[k], model.weight[k]});
  }
  for (size_t k = 0; k < kOutOfViewFeatures.size(); ++k) {
    spec.out_of_view.push_back({std::string(kOutOfViewFeatures[k]), 0, 1, model.out_of_view[k]});
  }
  return spec;
}

NamingModel naming_model(const NamingSpec& spec) {
  NamingModel model;
  for (size_t k = 0; k < kNamingFeatureCount; ++k) {
    model.mean[k] = spec.discs[k].mean;
    model.scale[k] = spec.discs[k].scale;
    model.weight[k] = spec.discs[k].weight;
  }
  for (size_t k = 0; k < kOutOfViewFeatures.size(); ++k) {
    model.out_of_view[k] = spec.out_of_view[k].weight / spec.out_of_view[k].scale;
  }
  return model;
}

void check_naming(const NamingSpec& spec, const std::string& file) {
  check_names(spec.discs, kNamingFeatures, "discs", file);
  check_names(spec.out_of_view, kOutOfViewFeatures, "out_of_view", file);
}

}  // namespace lumbargrade
