#include "dicom/frames.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <cmath>

#include "core/error.h"
#include "dicom/values.h"

namespace lumbargrade::dicom {
namespace {

constexpr double kSmallestPixel_mm = 0.02, kLargestPixel_mm = 100;
constexpr double kFarthest_mm = 1e4;    // from the scanner's isocentre
constexpr double kLargestValue = 1e12;  // after rescaling
constexpr double kSmallestSlope = 1e-9;
constexpr double kOrthonormal = 1e-2;  // headers round their direction cosines

const DcmTagKey kPhilipsCreator(0x2005, 0x0010);
const DcmTagKey kPhilipsScaleSlope(0x2005, 0x100E);
const DcmTagKey kPhilipsFrameSequence(0x2005, 0x140F);

/// An attribute as one place holds it: nothing where it is not there or an empty text, an empty value where what is
/// there makes no sense.
template <typename Value>
using Held = std::optional<std::optional<Value>>;

struct Directions {
  Vector3 row;
  Vector3 column;
};

struct PixelSpacing {
  double row_mm = 0;
  double column_mm = 0;
};

/// What one place (a frame's groups, the shared groups, the data set) says of a frame.
struct Attributes {
  Held<Vector3> position;
  Held<Directions> directions;
  Held<PixelSpacing> spacing;
  Held<double> slope;
  Held<double> intercept;
  Held<double> scale_slope;  ///< Philips'
  Held<double> echo_time_ms;
  Held<double> b_value;
  Held<int> echo_number;
  Held<int> temporal_position;
  Held<std::string> image_type;
};

/// Each attribute from the first place that holds it.
Attributes merged(const Attributes& first, const Attributes& second) {
  Attributes result = first;
  const auto fill = [&](auto member) {
    if (!(result.*member)) result.*member = second.*member;
  };
  fill(&Attributes::position);
  fill(&Attributes::directions);
  fill(&Attributes::spacing);
  fill(&Attributes::slope);
  fill(&Attributes::intercept);
  fill(&Attributes::scale_slope);
  fill(&Attributes::echo_time_ms);
  fill(&Attributes::b_value);
  fill(&Attributes::echo_number);
  fill(&Attributes::temporal_position);
  fill(&Attributes::image_type);
  return result;
}

bool holds(DcmItem* item, const DcmTagKey& tag) {
  return item && element_of(*item, tag);
}

Held<double> held_number(DcmItem* item, const DcmTagKey& tag) {
  return holds(item, tag) ? Held<double>(number_value(*item, tag)) : std::nullopt;
}

/// Nothing where several values stand: which one the image has is not told.
Held<double> held_single_number(DcmItem* item, const DcmTagKey& tag) {
  DcmElement* element = item ? element_of(*item, tag) : nullptr;
  if (!element) return std::nullopt;
  return element->getVM() > 1 ? Held<double>(std::optional<double>()) : held_number(item, tag);
}

Held<int> held_integer(DcmItem* item, const DcmTagKey& tag) {
  return holds(item, tag) ? Held<int>(integer_value(*item, tag, 0)) : std::nullopt;
}

Held<std::string> held_text(DcmItem* item, const DcmTagKey& tag) {
  if (!holds(item, tag)) return std::nullopt;
  std::string value = string_value(*item, tag);
  return value.empty() ? Held<std::string>() : Held<std::string>(std::move(value));
}

Held<Vector3> held_position(DcmItem* item) {
  if (!holds(item, DCM_ImagePositionPatient)) return std::nullopt;
  return vector_value(*item, DCM_ImagePositionPatient);
}

Held<Directions> held_directions(DcmItem* item) {
  if (!holds(item, DCM_ImageOrientationPatient)) return std::nullopt;
  const auto row = vector_value(*item, DCM_ImageOrientationPatient, 0);
  const auto column = vector_value(*item, DCM_ImageOrientationPatient, 3);
  return row && column ? std::optional(Directions{*row, *column}) : std::nullopt;
}

Held<PixelSpacing> held_spacing(DcmItem* item) {
  if (!holds(item, DCM_PixelSpacing)) return std::nullopt;
  return PixelSpacing{number_value(*item, DCM_PixelSpacing, 0).value_or(0),
                      number_value(*item, DCM_PixelSpacing, 1).value_or(0)};
}

bool is_philips(DcmItem& item) {
  return string_value(item, kPhilipsCreator).rfind("Philips MR Imaging", 0) == 0;
}

/// A private element's number, where the group's first block is the vendor's.
Held<double> private_number(DcmItem& item, uint16_t group, const char* creator, uint16_t element) {
  if (string_value(item, DcmTagKey(group, 0x0010)) != creator) return std::nullopt;
  const auto number = number_value(item, DcmTagKey(group, static_cast<uint16_t>(0x1000 | element)));
  return number ? Held<double>(number) : std::nullopt;
}

/// Where the standard's attribute is missing, the vendor's own. GE adds 10^9 to mark it valid.
Held<double> b_value_of(DcmItem& dataset) {
  if (const auto b = held_number(&dataset, DCM_DiffusionBValue); b && *b) return b;
  if (const auto siemens = private_number(dataset, 0x0019, "SIEMENS MR HEADER", 0x0C)) return siemens;
  if (const auto philips = private_number(dataset, 0x2001, "Philips Imaging DD 001", 0x03)) return philips;
  const auto ge = private_number(dataset, 0x0043, "GEMS_PARM_01", 0x39);
  return ge ? Held<double>(std::fmod(**ge, 1e9)) : std::nullopt;
}

/// The first of two that holds a value.
template <typename Value>
Held<Value> either(const Held<Value>& first, const Held<Value>& second) {
  return first && *first ? first : second;
}

Attributes of_dataset(DcmItem& dataset) {
  Attributes attributes;
  attributes.position = held_position(&dataset);
  attributes.directions = held_directions(&dataset);
  attributes.spacing = held_spacing(&dataset);
  attributes.slope = held_number(&dataset, DCM_RescaleSlope);
  attributes.intercept = held_number(&dataset, DCM_RescaleIntercept);
  if (is_philips(dataset)) attributes.scale_slope = held_number(&dataset, kPhilipsScaleSlope);
  attributes.echo_time_ms =
      either(held_number(&dataset, DCM_EffectiveEchoTime), held_single_number(&dataset, DCM_EchoTime));
  attributes.b_value = b_value_of(dataset);
  attributes.echo_number = held_integer(&dataset, DCM_EchoNumbers);
  const auto temporal = held_integer(&dataset, DCM_TemporalPositionIndex);
  attributes.temporal_position =
      temporal && **temporal ? temporal : held_integer(&dataset, DCM_TemporalPositionIdentifier);
  attributes.image_type = either(held_text(&dataset, DCM_FrameType), held_text(&dataset, DCM_ImageType));
  return attributes;
}

/// The item in which an object made from classic images keeps what it has no place for (PS3.3 C.7.6.16.2.25 and 26).
DcmItem* converted_attributes(DcmItem* groups) {
  DcmItem* item = first_item(groups, DCM_UnassignedPerFrameConvertedAttributesSequence);
  return item ? item : first_item(groups, DCM_UnassignedSharedConvertedAttributesSequence);
}

Attributes of_groups(DcmItem* groups) {
  Attributes attributes;
  if (!groups) return attributes;
  const auto in = [&](const DcmTagKey& macro) { return first_item(groups, macro); };
  DcmItem* converted = converted_attributes(groups);
  attributes.position = held_position(in(DCM_PlanePositionSequence));
  attributes.directions = held_directions(in(DCM_PlaneOrientationSequence));
  attributes.spacing = held_spacing(in(DCM_PixelMeasuresSequence));
  DcmItem* transformation = in(DCM_PixelValueTransformationSequence);
  attributes.slope = held_number(transformation, DCM_RescaleSlope);
  attributes.intercept = held_number(transformation, DCM_RescaleIntercept);
  DcmItem* philips = in(kPhilipsFrameSequence);
  if (philips && is_philips(*philips)) attributes.scale_slope = held_number(philips, kPhilipsScaleSlope);
  attributes.echo_time_ms =
      either(held_number(in(DCM_MREchoSequence), DCM_EffectiveEchoTime), held_number(converted, DCM_EchoTime));
  attributes.b_value = held_number(in(DCM_MRDiffusionSequence), DCM_DiffusionBValue);
  attributes.echo_number = held_integer(converted, DCM_EchoNumbers);
  attributes.temporal_position = held_integer(in(DCM_FrameContentSequence), DCM_TemporalPositionIndex);
  attributes.image_type =
      either(held_text(in(DCM_MRImageFrameTypeSequence), DCM_FrameType), held_text(converted, DCM_ImageType));
  return attributes;
}

// ---- one frame -----------------------------------------------------------------------------------------------------

template <typename Value>
std::optional<Value> value_of(const Held<Value>& held) {
  return held ? *held : std::nullopt;
}

bool is_plausible_spacing(double spacing_mm) {
  return spacing_mm >= kSmallestPixel_mm && spacing_mm <= kLargestPixel_mm;
}

void set_plane(const Attributes& attributes, Frame& frame) {
  const auto position = value_of(attributes.position);
  const auto directions = value_of(attributes.directions);
  const PixelSpacing spacing = value_of(attributes.spacing).value_or(PixelSpacing{});
  if (!position) {
    frame.plane_problem = "no ImagePositionPatient";
  } else if (!directions || !is_orthonormal(directions->row, directions->column, kOrthonormal)) {
    frame.plane_problem = "no valid ImageOrientationPatient";
  } else if (spacing.row_mm <= 0 || spacing.column_mm <= 0) {
    frame.plane_problem = "no valid PixelSpacing";
  } else if (!is_plausible_spacing(spacing.row_mm) || !is_plausible_spacing(spacing.column_mm)) {
    frame.plane_problem = text("implausible PixelSpacing of ", spacing.row_mm, " x ", spacing.column_mm, " mm");
  } else if (position->cwiseAbs().maxCoeff() > kFarthest_mm) {
    frame.plane_problem = text("implausible ImagePositionPatient, ", position->norm(), " mm from the scanner's middle");
  } else {
    frame.plane = ImagePlane{*position, directions->row.normalized(), directions->column.normalized(), spacing.row_mm,
                             spacing.column_mm};
  }
}

/// Philips keeps the factor to the scanner's own units apart: value = displayed value / (RescaleSlope * ScaleSlope)
/// (Chenevert et al., Transl Oncol 2014). Rescaling alone leaves bands where the slope changes from slice to slice.
void apply_philips_scaling(const Attributes& attributes, Frame& frame) {
  const auto scale_slope = value_of(attributes.scale_slope);
  if (!scale_slope || *scale_slope <= 0 || frame.slope <= 0) return;
  const double divisor = frame.slope * *scale_slope;
  frame.slope /= divisor;
  frame.intercept /= divisor;
}

void set_scaling(const Attributes& attributes, Frame& frame, std::vector<std::string>& notes) {
  if (attributes.slope && !*attributes.slope) add_note(notes, "RescaleSlope holds no number, taken as 1");
  if (attributes.intercept && !*attributes.intercept) add_note(notes, "RescaleIntercept holds no number, taken as 0");
  frame.slope = value_of(attributes.slope).value_or(1);
  frame.intercept = value_of(attributes.intercept).value_or(0);
  if (frame.slope == 0) {
    frame.slope = 1;
    add_note(notes, "RescaleSlope 0, which would blank the image, taken as 1");
  }
  if (frame.slope < 0) add_note(notes, "RescaleSlope is negative: bright and dark are exchanged");
  apply_philips_scaling(attributes, frame);
  const double largest = std::abs(frame.slope) * 65535 + std::abs(frame.intercept);
  if (!(largest <= kLargestValue) || std::abs(frame.slope) < kSmallestSlope) {
    frame.plane.reset();
    frame.plane_problem = text("implausible RescaleSlope ", frame.slope, " and RescaleIntercept ", frame.intercept);
  }
}

Frame make_frame(const Attributes& attributes, int index, std::vector<std::string>& notes) {
  Frame frame;
  frame.index = index;
  set_plane(attributes, frame);
  set_scaling(attributes, frame, notes);
  frame.contrast.echo_time_ms = value_of(attributes.echo_time_ms);
  frame.contrast.b_value = value_of(attributes.b_value);
  frame.contrast.echo_number = value_of(attributes.echo_number).value_or(0);
  frame.contrast.temporal_position = value_of(attributes.temporal_position).value_or(0);
  frame.contrast.image_type = value_of(attributes.image_type).value_or("");
  return frame;
}

// ---- told once -----------------------------------------------------------------------------------------------------

/// Where attributes of all images stand: the first frame's groups, the shared ones, the data set.
struct Places {
  DcmItem* per_frame = nullptr;
  DcmItem* shared = nullptr;
  DcmItem* dataset = nullptr;

  std::optional<double> number(const DcmTagKey& macro, const DcmTagKey& attribute) const {
    for (DcmItem* groups : {per_frame, shared}) {
      for (DcmItem* item : {first_item(groups, macro), converted_attributes(groups)}) {
        if (holds(item, attribute)) return number_value(*item, attribute);
      }
    }
    return number_value(*dataset, attribute);
  }

  std::string text_of(const DcmTagKey& attribute) const {
    for (DcmItem* item : {dataset, converted_attributes(per_frame), converted_attributes(shared)}) {
      if (!item) continue;
      std::string value = string_value(*item, attribute);
      if (!value.empty()) return value;
    }
    return {};
  }
};

/// Empty when none was given, as far as the file tells.
std::string contrast_agent_of(const Places& places) {
  std::string agent = places.text_of(DCM_ContrastBolusAgent);
  if (!agent.empty()) return agent;
  DcmItem* coded = first_item(places.dataset, DCM_ContrastBolusAgentSequence);
  if (!coded) return {};
  for (DcmItem* groups : {places.per_frame, places.shared, places.dataset}) {
    DcmItem* usage = first_item(groups, DCM_ContrastBolusUsageSequence);
    if (!holds(usage, DCM_ContrastBolusAgentAdministered)) continue;
    if (string_value(*usage, DCM_ContrastBolusAgentAdministered) == "NO") return {};
    break;
  }
  const std::string name = string_value(*coded, DCM_CodeMeaning);
  return name.empty() ? "unnamed" : name;
}

}  // namespace

std::vector<Frame> read_frames(DcmDataset& dataset, size_t count, std::vector<std::string>& notes) {
  std::vector<Frame> frames;
  if (count == 0) return frames;
  const Attributes common =
      merged(of_groups(first_item(&dataset, DCM_SharedFunctionalGroupsSequence)), of_dataset(dataset));
  DcmSequenceOfItems* per_frame = nullptr;
  dataset.findAndGetSequence(DCM_PerFrameFunctionalGroupsSequence, per_frame);
  DcmObject* item = nullptr;  // DCMTK's own access by number would walk the list anew for each frame
  frames.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    if (per_frame && (i == 0 || item)) item = per_frame->nextInContainer(item);
    const Attributes own = of_groups(dynamic_cast<DcmItem*>(item));
    frames.push_back(make_frame(merged(own, common), static_cast<int>(i), notes));
  }
  return frames;
}

void read_acquisition(DcmDataset& dataset, Instance& instance) {
  const Places places = {first_item(&dataset, DCM_PerFrameFunctionalGroupsSequence),
                         first_item(&dataset, DCM_SharedFunctionalGroupsSequence), &dataset};
  instance.series_description = string_value(dataset, DCM_SeriesDescription);
  instance.protocol_name = string_value(dataset, DCM_ProtocolName);
  instance.body_part = places.text_of(DCM_BodyPartExamined);
  instance.scanning_sequence = places.text_of(DCM_ScanningSequence);
  if (instance.scanning_sequence.empty()) {
    instance.scanning_sequence = string_value(dataset, DCM_EchoPulseSequence);
  }
  instance.sequence_name = places.text_of(DCM_SequenceName);
  instance.contrast_agent = contrast_agent_of(places);
  instance.repetition_time_ms = places.number(DCM_MRTimingAndRelatedParametersSequence, DCM_RepetitionTime);
  instance.inversion_time_ms = places.number(DCM_MRModifierSequence, DCM_InversionTimes);
  if (!instance.inversion_time_ms)
    instance.inversion_time_ms = places.number(DCM_MRModifierSequence, DCM_InversionTime);
  instance.slice_thickness_mm = places.number(DCM_PixelMeasuresSequence, DCM_SliceThickness);
}

}  // namespace lumbargrade::dicom
