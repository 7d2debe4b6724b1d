#include "crops/view.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/error.h"

namespace lumbargrade {
namespace {

constexpr std::array<std::pair<Anchor, std::string_view>, 3> kAnchors = {
    {{Anchor::Canal, "canal"}, {Anchor::Foramen, "foramen"}, {Anchor::Recess, "recess"}}};
constexpr std::array<SeriesRole, 3> kRoles = {SeriesRole::SagittalT1, SeriesRole::SagittalT2, SeriesRole::AxialT2};

[[noreturn]] void refuse(const InputSpec& input, const std::string& network, const std::string& reason) {
  throw Error(ErrorKind::BundleInvalid, text("input \"", input.name, "\" of network \"", network, "\" ", reason));
}

SeriesRole series_of(const InputSpec& input, const std::string& network) {
  if (input.series.size() != 1) refuse(input, network, "must name one series to cut crops from");
  for (const SeriesRole role : kRoles) {
    if (role_name(role) == input.series.front()) return role;
  }
  refuse(input, network, text("names the unknown series ", input.series.front()));
}

Anchor anchor_of_input(const InputSpec& input, const std::string& network) {
  for (const auto& [anchor, name] : kAnchors) {
    if (input.anchor == name) return anchor;
  }
  refuse(input, network, "must have an anchor: canal, foramen or recess");
}

bool is_axis(const AxisSpec& axis, const char* name) {
  return axis.name == name && axis.size && axis.spacing_mm;
}

}  // namespace

std::string_view anchor_name(Anchor anchor) {
  return kAnchors[index_of(anchor)].second;
}

Anchor anchor_of(Condition condition) {
  static constexpr std::array<Anchor, kConditionCount> kOfCondition = {Anchor::Canal, Anchor::Foramen, Anchor::Recess};
  return kOfCondition[index_of(condition)];
}

Condition condition_of(Anchor anchor) {
  return *std::find_if(kConditions.begin(), kConditions.end(),
                       [&](Condition condition) { return anchor_of(condition) == anchor; });
}

std::optional<Condition> unseen_condition(const std::vector<Condition>& conditions, const std::vector<View>& views) {
  if (conditions.size() < 2) return std::nullopt;
  for (const Condition condition : conditions) {
    const bool is_seen =
        std::any_of(views.begin(), views.end(), [&](const View& view) { return view.anchor == anchor_of(condition); });
    if (!is_seen) return condition;
  }
  return std::nullopt;
}

InputSpec input_of(const View& view) {
  const bool axial = view.series == SeriesRole::AxialT2;
  InputSpec input;
  input.name = view.name;
  input.series = {std::string(role_name(view.series))};
  input.anchor = std::string(anchor_name(view.anchor));
  // Right-sided crops are mirrored: what is said here of the left side holds for them with left and right exchanged.
  input.axes = {{"slice", view.slices, 1, view.slice_mm, axial ? "feet" : "left"},
                {"row", view.size_px, 1, view.pixel_mm, axial ? "posterior" : "feet"},
                {"column", view.size_px, 1, view.pixel_mm, axial ? "left" : "posterior"}};
  input.interpolation = "linear";
  input.padding = "minimum";
  input.normalisation = view.normalisation;
  input.mirrored = view.mirrored;
  input.relative_to_discs = view.relative_to_discs;
  return input;
}

View view_of(const InputSpec& input, const std::string& network) {
  View view;
  view.name = input.name;
  view.series = series_of(input, network);
  view.anchor = anchor_of_input(input, network);
  if (input.axes.size() != 3 || !is_axis(input.axes[0], "slice") || !is_axis(input.axes[1], "row") ||
      !is_axis(input.axes[2], "column")) {
    refuse(input, network, "must have the axes slice, row and column with size and spacing_mm");
  }
  view.slices = static_cast<int>(*input.axes[0].size);
  view.size_px = static_cast<int>(*input.axes[1].size);
  view.slice_mm = *input.axes[0].spacing_mm;
  view.pixel_mm = *input.axes[1].spacing_mm;
  view.normalisation = input.normalisation;
  view.mirrored = input.mirrored;
  view.relative_to_discs = input.relative_to_discs;
  if (input_of(view) != input) {
    NetworkSpec wanted, declared;
    wanted.inputs = {input_of(view)};
    declared.inputs = {input};
    refuse(input, network,
           "must be square, linearly interpolated, padded with the minimum, with its axes towards left, feet, "
           "posterior (sagittal) or feet, posterior, left (axial): " +
               first_difference(wanted, declared));
  }
  if (view.slices % 2 == 0) refuse(input, network, "must have an odd number of slices");
  return view;
}

}  // namespace lumbargrade
