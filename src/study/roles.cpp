#include "study/roles.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "core/error.h"
#include "core/words.h"
#include "study/contrast_agent.h"

namespace lumbargrade {
namespace {

// Limits between weightings for spin echo at 0.3-3 T; a gap is left between them, where only words decide.
constexpr double kShortestEcho_ms = 1;  // of a spin echo; less is seconds, or nothing
constexpr double kLongestT1Echo_ms = 35;
constexpr double kShortestT2Echo_ms = 60;
constexpr double kLongestT1Repetition_ms = 1500;
constexpr double kShortestFlairInversion_ms = 400;  // T1 FLAIR 700-1000 ms, STIR 80-300 ms
constexpr double kSmallestDiffusion_b = 50;
constexpr double kLongestEcho_ms = 3000;   // beyond, the number is no echo time in ms
constexpr double kLongestT2Echo_ms = 400;  // beyond, only fluid is seen: MR myelography has 600-1200 ms

constexpr double kEnhancedDemotion = 4;  // an agent changes T1, hardly T2: used only where there is no plain series
constexpr double kToldPlain = 0.25;      // beside a series of the same words that does not tell, it is the plain one
constexpr double kSteepestAxial = 0.5;   // |z| of an axial block's normal: S1 end plates tilt up to 60 degrees
constexpr const char* kSecondaryCaptureClass = "1.2.840.10008.5.1.4.1.1.7";  // multi-frame ones continue it

Words description_words(const dicom::Instance& instance) {
  return words_of(instance.series_description + " " + instance.protocol_name);
}

// ---- what speaks against any role
// ----------------------------------------------------------------------------------------

/// The same word in the languages of common scanner consoles; the last three are Russian, Chinese and Japanese.
bool is_localizer(const Words& image_type, const Words& description) {
  return has_word(image_type, {"localizer"}) ||
         has_word_with(description, {"locali", "lokali", "scout", "survey", "topogram", "surview", "repera",
                                     "ubersicht", "uebersicht", "overzicht", "scanogram",
                                     "\u043e\u043a\u0430\u043b\u0438\u0437", "\u5b9a\u4f4d", "\u4f4d\u7f6e\u6c7a"}) ||
         has_word(description, {"loc", "scano", "pilot", "3plane", "3pl"}) ||
         has_pair(description, {{"3", "plane"}, {"3", "pl"}, {"three", "plane"}});
}

bool is_diffusion(const Words& image_type, const Words& description, const dicom::Instance& instance) {
  return has_word(image_type, {"diffusion", "adc", "tracew"}) ||
         has_word(description, {"dwi", "adc", "dti", "diff", "diffusion", "ep2d", "tracew"}) ||
         instance.sequence_name.find("ep_b") != std::string::npos;  // Siemens: "*ep_b500t"
}

bool is_projection(const Words& image_type, const Words& description) {
  return has_word(image_type, {"projection", "mip", "minip", "csa", "screen"}) || has_word(description, {"mip", "vrt"});
}

// Of a Dixon sequence's four images water (which is fat-suppressed) and in-phase are T1- or T2-weighted in the usual
// sense. The vendors mark them in ImageType or in the description.

bool is_dixon(const Words& image_type, const Words& description) {
  return has_word(image_type, {"dixon"}) || has_word_with(description, {"dixon", "ideal", "flex"});
}

bool says_fat_is_suppressed(const Words& description) {
  return has_word_with(description, {"stir", "tirm", "spair", "spir", "fatsat"}) || has_word(description, {"fs"}) ||
         has_pair(description, {{"fat", "sat"}, {"fat", "sup"}, {"fat", "suppressed"}});
}

bool is_fat_or_opposed_phase(const Words& image_type, const Words& description) {
  if (has_word(image_type, {"f", "fat", "op", "opp", "oop", "opposed"})) return true;
  if (has_word_with(description, {"outphase", "opposed"})) return true;
  if (!is_dixon(image_type, description)) return false;
  return has_word(description, {"opp", "op", "out", "f"}) ||
         (has_word(description, {"fat"}) && !says_fat_is_suppressed(description));
}

bool is_water(const Words& image_type, const Words& description) {
  return has_word(image_type, {"w", "water"}) ||
         (is_dixon(image_type, description) && has_word(description, {"w", "water"}));
}

bool is_phase_or_map(const Words& image_type, const Words& description) {
  return has_word(image_type, {"p", "phase", "i", "imaginary", "map"}) ||
         has_word(description, {"map", "maps", "mapit", "t1map", "t2map"});
}

// ---- weighting
// -----------------------------------------------------------------------------------------------------------

/// An echo comes before the next excitation, and both take milliseconds: otherwise seconds, microseconds or swapped
/// values are there, and the times tell nothing.
bool has_plausible_times(const dicom::Instance& instance, const dicom::Contrast& contrast) {
  const double echo_ms = contrast.echo_time_ms.value_or(0), repetition_ms = instance.repetition_time_ms.value_or(0);
  return echo_ms >= kShortestEcho_ms && echo_ms <= kLongestEcho_ms && (repetition_ms <= 0 || echo_ms < repetition_ms);
}

WeightingFinding weighting_from_times(const Candidate& candidate) {
  const auto echo_ms = candidate.contrast().echo_time_ms;
  const auto repetition_ms = candidate.instance().repetition_time_ms;
  const auto inversion_ms = candidate.instance().inversion_time_ms;
  if (!has_plausible_times(candidate.instance(), candidate.contrast())) return {};
  // T2*-weighted gradient echoes have short echoes too: only the description can tell.
  if (has_word(words_of(candidate.instance().scanning_sequence), {"gr", "gradient"})) return {};
  std::string times = text("TE ", *echo_ms, " ms");
  if (repetition_ms) times += text(", TR ", *repetition_ms, " ms");
  const bool inverts = inversion_ms && *inversion_ms > 0;
  if (inverts) times += text(", TI ", *inversion_ms, " ms");
  if (inverts && *inversion_ms < kShortestFlairInversion_ms) return {Weighting::T2, times + " (STIR)"};
  if (*echo_ms >= kShortestT2Echo_ms) return {Weighting::T2, times};
  if (*echo_ms > kLongestT1Echo_ms) return {};
  if (inverts) return {Weighting::T1, times + " (T1 FLAIR)"};
  if (repetition_ms && *repetition_ms > 0 && *repetition_ms <= kLongestT1Repetition_ms) return {Weighting::T1, times};
  return {};
}

WeightingFinding weighting_from_description(const dicom::Instance& instance) {
  const Words words = description_words(instance);
  const bool t2 = has_word_with(words, {"t2", "stir", "tirm"});
  const bool t1 = has_word_with(words, {"t1"});
  if (t1 == t2) return {};
  const std::string& said = instance.series_description.empty() ? instance.protocol_name : instance.series_description;
  return {t2 ? Weighting::T2 : Weighting::T1, text("description \"", said, "\"")};
}

WeightingFinding find_weighting(const Candidate& candidate) {
  const WeightingFinding times = weighting_from_times(candidate);
  WeightingFinding description = weighting_from_description(candidate.instance());
  if (times.weighting == Weighting::Unknown) return description;
  const bool contradicts = description.weighting != Weighting::Unknown && description.weighting != times.weighting;
  return contradicts ? WeightingFinding{times.weighting, text(times.evidence, " against ", description.evidence)}
                     : times;
}

// ---- rank
// ----------------------------------------------------------------------------------------------------------------

bool is_elsewhere(const dicom::Instance& instance) {
  const Words words = words_of(instance.body_part + " " + instance.series_description + " " + instance.protocol_name);
  return has_word_with(words, {"cspine", "cervi", "tspine", "thora", "brain", "knee", "shoulder"}) ||
         has_word(words, {"head", "hws", "bws", "neck", "pelvis", "hip"});
}

double rank_of(const Candidate& candidate) {
  const ImagePlane& plane = candidate.blocks.front().plane();
  const double pixel_mm = std::max(plane.row_spacing_mm, plane.column_spacing_mm);
  const Words image_type = words_of(candidate.contrast().image_type);
  const Words description = description_words(candidate.instance());
  double rank =
      3 * std::min(1.0, z_extent(candidate).length_mm() / kLumbarHeight_mm) + std::min(1.0, candidate.slices() / 9.0);
  rank += 1 / (1 + pixel_mm);
  if (has_word(image_type, {"derived"})) rank -= 1;
  if (candidate.instance().sop_class_uid.rfind(kSecondaryCaptureClass, 0) == 0) rank -= 1;
  if (says_fat_is_suppressed(description) || is_water(image_type, description)) rank -= 0.5;
  if (is_dixon(image_type, description)) rank -= 0.25;
  const AgentFinding agent = find_agent(candidate.instance());
  if (agent == AgentFinding::After) rank -= kEnhancedDemotion;
  if (agent == AgentFinding::Before) rank += kToldPlain;
  if (is_elsewhere(candidate.instance())) rank -= 3;
  return rank - candidate.blocks.front().repeat;
}

/// Blocks of an axial series belong together; of a sagittal one only one block is used, so each stands for itself.
bool belongs_to(const Candidate& candidate, const Stack& stack, Orientation orientation) {
  return candidate.orientation == orientation && orientation != Orientation::Sagittal &&
         candidate.blocks.front().repeat == stack.repeat && same_contrast(candidate.contrast(), stack.contrast());
}

/// Coronal by its nearest axis, but axial if its series is: a block angled along L5/S1.
Orientation orientation_within(const Stack& stack, bool series_is_axial) {
  const Vector3 normal = stack.plane().normal();
  const Orientation nearest = orientation_of(normal);
  const bool angled = nearest == Orientation::Coronal && std::abs(normal.z()) >= kSteepestAxial;
  return angled && series_is_axial ? Orientation::Axial : nearest;
}

/// Why an image is not to be taken for any role unless the user says so: localizer, diffusion, subtraction,
/// myelography, projection. Empty when there is nothing against it.
std::string exclusion(const dicom::Instance& instance, const dicom::Contrast& contrast) {
  const Words image_type = words_of(contrast.image_type);
  const Words description = description_words(instance);
  if (!instance.modality.empty() && instance.modality != "MR") return text("modality ", instance.modality);
  if (is_localizer(image_type, description)) return "localizer";
  if (is_diffusion_weighted(contrast) || is_diffusion(image_type, description, instance)) return "diffusion";
  if (has_word(image_type, {"mosaic"})) return "mosaic";
  if (has_word_with(image_type, {"subtract"}) || has_word_with(description, {"subtrac", "subtrak"}) ||
      has_word(description, {"sub"})) {
    return "subtraction";
  }
  if (has_word_with(description, {"myelo"})) return "myelography";
  if (has_plausible_times(instance, contrast) && *contrast.echo_time_ms > kLongestT2Echo_ms)
    return text("myelography, TE ", *contrast.echo_time_ms, " ms");
  if (is_projection(image_type, description)) return "projection or screen capture";
  if (is_fat_or_opposed_phase(image_type, description)) return "fat or opposed-phase image";
  if (is_phase_or_map(image_type, description)) return "phase image or parameter map";
  return {};
}

/// The role that goes with a weighting in this orientation.
SeriesRole role_of(Orientation orientation, Weighting weighting) {
  if (orientation == Orientation::Sagittal && weighting == Weighting::T1) return SeriesRole::SagittalT1;
  if (orientation == Orientation::Sagittal && weighting == Weighting::T2) return SeriesRole::SagittalT2;
  if (orientation == Orientation::Axial && weighting == Weighting::T2) return SeriesRole::AxialT2;
  return SeriesRole::None;
}

}  // namespace

int Candidate::slices() const {
  return std::accumulate(blocks.begin(), blocks.end(), 0,
                         [](int sum, const Stack& block) { return sum + static_cast<int>(block.slices.size()); });
}

double ZExtent::overlap_mm(const ZExtent& other) const {
  return std::max(0.0, std::min(highest_mm, other.highest_mm) - std::max(lowest_mm, other.lowest_mm));
}

ZExtent z_extent(const Stack& stack) {
  ZExtent extent = {std::numeric_limits<double>::max(), std::numeric_limits<double>::lowest()};
  for (const StackSlice& slice : {stack.slices.front(), stack.slices.back()}) {
    const dicom::PixelFormat& format = slice.instance->format;
    for (const Vector3& corner :
         {Vector3(0, 0, 0), Vector3(format.columns - 1.0, 0, 0), Vector3(0, format.rows - 1.0, 0),
          Vector3(format.columns - 1.0, format.rows - 1.0, 0)}) {
      const double z_mm = (slice.plane().patient_from_index() * corner).z();
      extent.lowest_mm = std::min(extent.lowest_mm, z_mm);
      extent.highest_mm = std::max(extent.highest_mm, z_mm);
    }
  }
  return extent;
}

ZExtent z_extent(const Candidate& candidate) {
  ZExtent extent = z_extent(candidate.blocks.front());
  for (const Stack& block : candidate.blocks) {
    const ZExtent other = z_extent(block);
    extent.lowest_mm = std::min(extent.lowest_mm, other.lowest_mm);
    extent.highest_mm = std::max(extent.highest_mm, other.highest_mm);
  }
  return extent;
}

std::vector<Candidate> make_candidates(std::vector<Stack> stacks) {
  const bool is_axial = std::any_of(stacks.begin(), stacks.end(), [](const Stack& stack) {
    return orientation_of(stack.plane().normal()) == Orientation::Axial;
  });
  std::vector<Candidate> candidates;
  for (Stack& stack : stacks) {
    const Orientation orientation = orientation_within(stack, is_axial);
    auto home = std::find_if(candidates.begin(), candidates.end(),
                             [&](const Candidate& c) { return belongs_to(c, stack, orientation); });
    if (home == candidates.end()) home = candidates.insert(home, Candidate{orientation, {}, SeriesRole::None, {}, 0});
    home->blocks.push_back(std::move(stack));
  }
  return candidates;
}

bool is_diffusion_weighted(const dicom::Contrast& contrast) {
  return contrast.b_value.value_or(0) >= kSmallestDiffusion_b;
}

bool may_have_role(const dicom::Instance& instance) {
  const bool is_mr = instance.modality.empty() || instance.modality == "MR";
  return is_mr && instance.pixel_problem.empty() &&
         std::any_of(instance.frames.begin(), instance.frames.end(), [](const dicom::Frame& f) { return f.plane; });
}

void find_role(Candidate& candidate) {
  candidate.rank = rank_of(candidate);
  const std::string against = exclusion(candidate.instance(), candidate.contrast());
  if (!against.empty()) return deny_role(candidate, against);
  WeightingFinding weighting = find_weighting(candidate);
  candidate.is_told_by_times = weighting_from_times(candidate).weighting != Weighting::Unknown;
  if (weighting.evidence.empty()) weighting.evidence = "weighting unknown";
  decide_role(candidate, weighting);
  if (find_agent(candidate.instance()) == AgentFinding::After) candidate.evidence += ", contrast agent";
  candidate.weighting_is_unknown = weighting.weighting == Weighting::Unknown;
}

void decide_role(Candidate& candidate, const WeightingFinding& weighting) {
  candidate.role = role_of(candidate.orientation, weighting.weighting);
  candidate.evidence = text(orientation_name(candidate.orientation), ", ", weighting.evidence);
  candidate.weighting_is_unknown = false;
}

void deny_role(Candidate& candidate, const std::string& evidence) {
  decide_role(candidate, {Weighting::Unknown, evidence});
}

}  // namespace lumbargrade
