#include "points/point_view.h"

#include <array>

#include "core/error.h"

namespace lumbargrade {

View usual_point_view(Anchor anchor) {
  View view;
  view.name = kPointInput;
  view.anchor = anchor;
  view.size_px = 48;
  view.pixel_mm = 1.25;
  constexpr std::array kSeries = {SeriesRole::SagittalT2, SeriesRole::SagittalT1, SeriesRole::AxialT2};
  view.series = kSeries[index_of(anchor)];
  view.slices = anchor == Anchor::Foramen ? 7 : 5;
  return view;
}

NetworkSpec point_interface(const View& view) {
  NetworkSpec spec;
  spec.role = kPointsRole;
  spec.architecture = "point_finder";
  spec.inputs = {input_of(view)};
  spec.outputs = {{kPointOutput, {"point"}, "places", 1, 1}};
  return spec;
}

View point_view(const NetworkSpec& spec) {
  const auto refuse = [&](const std::string& reason) {
    throw Error(ErrorKind::BundleInvalid, text("the network \"", spec.name, "\", which finds points: ", reason));
  };
  if (spec.architecture != "point_finder") {
    refuse(text("its architecture is \"", spec.architecture, "\"; this version runs \"point_finder\""));
  }
  if (spec.inputs.size() != 1 || spec.outputs.size() != 1) refuse("it must have one input and one output");
  View view = view_of(spec.inputs.front(), spec.name);
  NetworkSpec wanted = point_interface(view);
  wanted.inputs.front().name = kPointInput;
  wanted.outputs.front().temperature = spec.outputs.front().temperature;
  const std::string difference = first_difference(wanted, spec);
  if (!difference.empty()) refuse(difference);
  return view;
}

}  // namespace lumbargrade
