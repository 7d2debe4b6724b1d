#include "levels/network_interface.h"

#include "core/error.h"
#include "levels/canal_outline.h"
#include "levels/slice_image.h"
#include "network/architecture.h"

namespace lumbargrade {
namespace {

constexpr double kPercent = 100;

AxisSpec plane_axis(const char* name, const char* towards, double spacing_mm, const UNetOptions& network) {
  AxisSpec axis;
  axis.name = name;
  axis.multiple_of = network.stride();
  axis.spacing_mm = spacing_mm;
  axis.towards = towards;
  return axis;
}

/// A sagittal image, or several side by side, around which `padding` goes.
InputSpec image_input(AxisSpec channel, double pixel_mm, const UNetOptions& network, const char* padding,
                      const NormalisationSpec& normalisation) {
  InputSpec input;
  input.name = "image";
  input.series = {"sagittal_t2", "sagittal_t1"};
  input.axes = {std::move(channel), plane_axis("row", "feet", pixel_mm, network),
                plane_axis("column", "posterior", pixel_mm, network)};
  input.interpolation = "linear";
  input.padding = padding;
  input.normalisation = normalisation;
  return input;
}

}  // namespace

NetworkSpec locator_interface(const UNetOptions& network) {
  NetworkSpec spec;
  spec.inputs = {image_input({"channel", 1, 1, {}, {}}, kLocatorPixelMm, network, "minimum",
                             {kLocatorLowQuantile * kPercent, kLocatorHighQuantile * kPercent})};
  spec.outputs = {{"fine", {"background", "disc", "vertebra", "canal"}, "softmax", 1, 1},
                  {"coarse", {"l5_s1_disc", "s1_spot", "disc_centre"}, "sigmoid", 1, 2}};
  return spec;
}

NetworkSpec canal_outline_interface(const UNetOptions& network) {
  NetworkSpec spec;
  spec.inputs = {image_input({"channel", kOutlineChannels, 1, kOutlineSideMm, {}}, kOutlinePixelMm, network, "edge",
                             {0, kPercent})};
  spec.outputs = {{"fine", {"canal"}, "sigmoid", 1, 1}};
  return spec;
}

void check_interface(const NetworkSpec& declared, const std::string& file) {
  const bool is_locator = declared.role == "locator";
  if (!is_locator && declared.role != "canal_outline") return;
  const std::string place = text("network \"", declared.name, "\"");
  if (declared.architecture != "unet") {
    throw Error(ErrorKind::BundleInvalid, text(file, ": the architecture of the ", place, " is \"",
                                               declared.architecture, "\"; this version runs \"unet\""));
  }
  const UNetOptions network = read_unet_options(declared.parameters, file, place);
  const NetworkSpec wanted = is_locator ? locator_interface(network) : canal_outline_interface(network);
  const std::string difference = first_difference(wanted, declared);
  if (difference.empty()) return;
  throw Error(ErrorKind::BundleInvalid, text(file, ": ", place, " of role ", declared.role, ": ", difference));
}

}  // namespace lumbargrade
