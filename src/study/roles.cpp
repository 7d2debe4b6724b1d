#include "study/roles.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <numeric>

#include "core/error.h"

namespace lumbargrade {
namespace {

// Limits between weightings for spin echo at 0.3-3 T; a gap is left between them, where only words decide.
constexpr double kLongestT1Echo_ms = 35;
constexpr double kShortestT2Echo_ms = 60;
constexpr double kLongestT1Repetition_ms = 1500;
constexpr double kShortestFlairInversion_ms = 400;  // T1 FLAIR 700-1000 ms, STIR 80-300 ms
constexpr double kSmallestDiffusion_b = 50;

constexpr double kSteepestAxial = 0.5;  // |z| of an axial block's normal: S1 end plates tilt up to 60 degrees
constexpr double kLumbarHeight_mm = 200;

using Words = std::vector<std::string>;

/// Lower-case runs of letters and digits; bytes beyond ASCII count as letters.
Words words_of(const std::string& text) {
  Words words(1);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) || byte >= 0x80) {
      words.back() += static_cast<char>(std::tolower(byte));
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  return words;
}

bool has_word(const Words& words, std::initializer_list<const char*> wanted) {
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
    return std::any_of(wanted.begin(), wanted.end(), [&](const char* w) { return word == w; });
  });
}

bool has_word_with(const Words& words, std::initializer_list<const char*> parts) {
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
    return std::any_of(parts.begin(), parts.end(), [&](const char* p) { return word.find(p) != std::string::npos; });
  });
}

Words description_words(const dicom::Instance& instance) {
  return words_of(instance.series_description + " " + instance.protocol_name);
}

// ---- what speaks against any role
// ----------------------------------------------------------------------------------------

/// The same word in the languages of common scanner consoles.
bool is_localizer(const Words& image_type, const Words& description) {
  return has_word(image_type, {"localizer"}) ||
         has_word_with(description, {"locali", "lokali", "scout", "survey", "topogram", "surview", "repera",
                                     "rep\u00e9ra", "\u00fcbersicht", "uebersicht", "scanogram"}) ||
         has_word(description, {"loc", "scano", "3plane", "3pl"});
}

bool is_diffusion(const Words& image_type, const Words& description, const dicom::Contrast& contrast) {
  return contrast.b_value.value_or(0) >= kSmallestDiffusion_b || has_word(image_type, {"diffusion", "adc", "tracew"}) ||
         has_word(description, {"dwi", "adc", "dti", "diff", "diffusion", "ep2d", "tracew"});
}

bool is_enhanced(const Words& description, const std::string& raw_description, const dicom::Instance& instance) {
  const std::string& agent = instance.contrast_agent;
  const bool says_agent = !agent.empty() && !has_word(words_of(agent), {"no", "none", "nein", "non", "n", "0"});
  return says_agent || raw_description.find("+C") != std::string::npos ||
         raw_description.find("+c") != std::string::npos ||
         has_word_with(description, {"gado", "contrast", "kontrast", "gadolin", "postkm", "dotarem", "gadovist"}) ||
         has_word(description, {"gd", "km", "post", "ce", "mdc", "civ", "pc"});
}

bool is_projection(const Words& image_type, const Words& description) {
  return has_word(image_type, {"projection", "mip", "minip", "csa", "screen"}) || has_word(description, {"mip", "vrt"});
}

// ---- weighting
// -----------------------------------------------------------------------------------------------------------

WeightingFinding weighting_from_times(const Candidate& candidate) {
  const auto echo_ms = candidate.contrast().echo_time_ms;
  const auto repetition_ms = candidate.instance().repetition_time_ms;
  const auto inversion_ms = candidate.instance().inversion_time_ms;
  if (!echo_ms || *echo_ms <= 0) return {};
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
  const WeightingFinding description = weighting_from_description(candidate.instance());
  if (times.weighting == Weighting::Unknown) return description;
  const bool contradicts = description.weighting != Weighting::Unknown && description.weighting != times.weighting;
  return contradicts ? WeightingFinding{times.weighting, text(times.evidence, " against ", description.evidence)}
                     : times;
}

// ---- rank
// ----------------------------------------------------------------------------------------------------------------

/// Extent of the slices' field of view along the body.
double height_mm(const Candidate& candidate) {
  double lowest = 1e9, highest = -1e9;
  for (const Stack& block : candidate.blocks) {
    for (const StackSlice& slice : {block.slices.front(), block.slices.back()}) {
      const dicom::PixelFormat& format = slice.instance->format;
      for (const Vector3& corner : {Vector3(0, 0, 0), Vector3(format.columns - 1.0, format.rows - 1.0, 0)}) {
        const double z = (slice.plane().patient_from_index() * corner).z();
        lowest = std::min(lowest, z);
        highest = std::max(highest, z);
      }
    }
  }
  return highest - lowest;
}

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
  double rank = 3 * std::min(1.0, height_mm(candidate) / kLumbarHeight_mm) + std::min(1.0, candidate.slices() / 9.0);
  rank += 1 / (1 + pixel_mm);
  if (has_word(image_type, {"derived"})) rank -= 1;
  if (has_word_with(description, {"stir", "tirm", "spair", "dixon"}) || has_word(description, {"fs", "fatsat"}))
    rank -= 0.5;
  if (is_elsewhere(candidate.instance())) rank -= 3;
  return rank - candidate.blocks.front().repeat;
}

bool belongs_to(const Candidate& candidate, const Stack& stack, Orientation orientation) {
  return candidate.orientation == orientation && candidate.blocks.front().repeat == stack.repeat &&
         candidate.contrast() == stack.contrast();
}

/// Coronal by its nearest axis, but axial if its series is: a block angled along L5/S1.
Orientation orientation_within(const Stack& stack, bool series_is_axial) {
  const Vector3 normal = stack.plane().normal();
  const Orientation nearest = orientation_of(normal);
  const bool angled = nearest == Orientation::Coronal && std::abs(normal.z()) >= kSteepestAxial;
  return angled && series_is_axial ? Orientation::Axial : nearest;
}

}  // namespace

int Candidate::slices() const {
  return std::accumulate(blocks.begin(), blocks.end(), 0,
                         [](int sum, const Stack& block) { return sum + static_cast<int>(block.slices.size()); });
}

std::string_view role_name(SeriesRole role) {
  switch (role) {
    case SeriesRole::SagittalT1:
      return "sagittal_t1";
    case SeriesRole::SagittalT2:
      return "sagittal_t2";
    case SeriesRole::AxialT2:
      return "axial_t2";
    case SeriesRole::None:
      break;
  }
  return "none";
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

std::string exclusion(const dicom::Instance& instance, const dicom::Contrast& contrast) {
  const Words image_type = words_of(contrast.image_type);
  const Words description = description_words(instance);
  if (!instance.modality.empty() && instance.modality != "MR") return text("modality ", instance.modality);
  if (is_localizer(image_type, description)) return "localizer";
  if (is_diffusion(image_type, description, contrast)) return "diffusion";
  if (has_word(image_type, {"mosaic"})) return "mosaic";
  if (has_word_with(image_type, {"subtract"}) || has_word_with(description, {"subtrac", "subtrak"}) ||
      has_word(description, {"sub"})) {
    return "subtraction";
  }
  if (has_word_with(description, {"myelo"})) return "myelography";
  if (is_projection(image_type, description)) return "projection or screen capture";
  if (is_enhanced(description, instance.series_description, instance)) return "contrast agent";
  return {};
}

bool may_have_role(const dicom::Instance& instance) {
  const bool is_mr = instance.modality.empty() || instance.modality == "MR";
  return is_mr && instance.pixel_problem.empty() &&
         std::any_of(instance.frames.begin(), instance.frames.end(), [](const dicom::Frame& f) { return f.plane; });
}

SeriesRole role_of(Orientation orientation, Weighting weighting) {
  if (orientation == Orientation::Sagittal && weighting == Weighting::T1) return SeriesRole::SagittalT1;
  if (orientation == Orientation::Sagittal && weighting == Weighting::T2) return SeriesRole::SagittalT2;
  if (orientation == Orientation::Axial && weighting == Weighting::T2) return SeriesRole::AxialT2;
  return SeriesRole::None;
}

void find_role(Candidate& candidate) {
  candidate.rank = rank_of(candidate);
  const std::string against = exclusion(candidate.instance(), candidate.contrast());
  if (!against.empty()) return deny_role(candidate, against);
  WeightingFinding weighting = find_weighting(candidate);
  if (weighting.evidence.empty()) weighting.evidence = "weighting unknown";
  decide_role(candidate, weighting);
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
