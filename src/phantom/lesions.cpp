#include "phantom/lesions.h"

#include <cmath>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "phantom/shapes.h"

namespace lumbargrade::phantom {
namespace {

// Measures do not depend on the field strength.
constexpr double kAnyField_tesla = 1.5;

/// How much of a lesion comes from the front and from behind; the larger is 1, so that every lesion can grow to its
/// aim.
struct Mix {
  double disc, arch;
};

Mix draw_mix(Stream& stream) {
  const double front = stream.uniform(0.3, 1);
  const double behind = stream.uniform(0.3, 1);
  const double larger = std::max(front, behind);
  return {front / larger, behind / larger};
}

Severity grade_at(const Probabilities& share, double z) {
  const double below = normal_share_below(z);
  if (below > 1 - share[2]) return Severity::Severe;
  return below > 1 - share[2] - share[1] ? Severity::Moderate : Severity::NormalMild;
}

/// Grows a lesion from 0 to 1 until `measure`, which falls with it, reaches `target`.
void grow(const std::function<double(double)>& measure, double target) {
  if (measure(0) <= target) return;
  double low = 0;
  double high = 1;
  for (int i = 0; i < 7; ++i) {
    const double middle = 0.5 * (low + high);
    (measure(middle) > target ? low : high) = middle;
  }
  measure(high);
}

class LevelLesions {
 public:
  LevelLesions(PatientPlan& plan, Level level, Stream& stream)
      : level_(level),
        stream_(stream),
        disc_(plan.discs[static_cast<size_t>(disc_of(level))]),
        anatomy_(plan, kAnyField_tesla, plan.bodies[static_cast<size_t>(disc_of(level))].centre_s - 2,
                 plan.bodies[static_cast<size_t>(disc_of(level)) + 1].centre_s + 2) {
    for (Side side : kSides) rest_area_mm2_[index_of(side)] = nerve_area_mm2(anatomy_, level, side);
  }

  void foramen(Side side, Severity aim) {
    const Mix mix = draw_mix(stream_);
    SideLesion& lesion = disc_.side[index_of(side)];
    const double target = aim == Severity::NormalMild ? stream_.uniform(0.3, 2)  // above 1: nothing narrows it
                          : aim == Severity::Moderate ? stream_.uniform(-0.15, 0.1)
                                                      : stream_.uniform(-0.65, -0.32);
    grow(
        [&](double growth) {
          // First the fat goes, then the nerve is squeezed.
          const double closing = std::min(1.0, 2 * growth);
          lesion.foraminal_mm = closing * (5.5 + 2 * mix.disc);
          lesion.facet_anterior_mm = closing * (5.5 + 2 * mix.arch);
          lesion.root_lift_mm = 1.5 * closing;
          lesion.nerve_squeeze = 0.65 * std::max(0.0, 2 * growth - 1);
          SideMeasure measure;
          measure_foramen(lesioned(false), level_, side, rest_area_mm2_[index_of(side)], measure);
          const double most_fat = *std::max_element(measure.foramen_fat.begin(), measure.foramen_fat.end());
          return most_fat - (1 - std::min(1.0, measure.nerve_area_mm2 / measure.nerve_rest_area_mm2));
        },
        target);
  }

  void recess(Side side, Severity aim) {
    const Mix mix = draw_mix(stream_);
    SideLesion& lesion = disc_.side[index_of(side)];
    const double target = aim == Severity::NormalMild ? stream_.uniform(4.3, 9)
                          : aim == Severity::Moderate ? stream_.uniform(2.6, 3.9)
                                                      : stream_.uniform(0.6, 2.4);
    grow(
        [&](double growth) {
          lesion.paracentral_mm = growth * 8 * mix.disc;
          lesion.facet_medial_mm = growth * 6.5 * mix.arch;
          SideMeasure measure;
          measure_recess(lesioned(false), level_, side, measure);
          return measure.recess_mm;
        },
        target);
  }

  void canal(Severity aim) {
    Mix mix = draw_mix(stream_);
    if (aim == Severity::Severe) mix = {0.5 + 0.5 * mix.disc, 0.5 + 0.5 * mix.arch};  // it takes both
    disc_.central_offset_mm = stream_.normal(0, 1.5);
    const double asymmetry = stream_.uniform(0.75, 1.25);
    const double loss = aim == Severity::NormalMild ? std::min(0.3, std::abs(stream_.normal(0, 0.12)))
                        : aim == Severity::Moderate ? stream_.uniform(0.345, 0.65)
                                                    : stream_.uniform(0.69, 0.88);
    grow(
        [&](double growth) {
          disc_.central_mm = growth * 15 * mix.disc;
          disc_.side[0].flavum_mm = growth * 11 * mix.arch * asymmetry;
          disc_.side[1].flavum_mm = growth * 11 * mix.arch * (2 - asymmetry);
          LevelMeasure measure;
          measure_canal(lesioned(true), level_, measure);
          return 1 - measure.area_loss();
        },
        1 - loss);
  }

 private:
  const Anatomy& lesioned(bool with_sac) {
    anatomy_.set_lesions(disc_of(level_), disc_, with_sac);
    return anatomy_;
  }

  Level level_;
  Stream& stream_;
  DiscPlan& disc_;
  Anatomy anatomy_;
  std::array<double, 2> rest_area_mm2_{};
};

PatientPlan without_lesions(PatientPlan plan) {
  for (DiscPlan& disc : plan.discs) {
    disc.side = {};
    disc.central_mm = 0;
  }
  return plan;
}

void check_shares(const std::array<double, kSeverityCount>& share, const std::string& where) {
  double sum = 0;
  for (double value : share) {
    if (!(value >= 0)) throw Error(ErrorKind::Usage, text(where, ": a prevalence is negative or not a number"));
    sum += value;
  }
  if (std::abs(sum - 1) > 1e-6) {
    throw Error(ErrorKind::Usage, text(where, ": normal/mild, moderate and severe sum to ", sum, ", not to 1"));
  }
}

}  // namespace

PriorTable even_prevalence() {
  PriorTable prevalence;
  for (auto& condition : prevalence) condition.fill({1.0 / 3, 1.0 / 3, 1.0 / 3});
  return prevalence;
}

PriorTable read_prevalence(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in || std::filesystem::is_directory(file))
    throw Error(ErrorKind::Usage, text("cannot read the prevalence file ", file.string()));
  const auto parsed = nlohmann::json::parse(in, nullptr, false);
  if (!parsed.is_object()) throw Error(ErrorKind::Usage, text(file.string(), " is not a JSON object"));
  PriorTable prevalence = challenge_prevalence();
  for (const auto& [condition_name, levels] : parsed.items()) {
    const auto condition =
        std::find_if(kConditions.begin(), kConditions.end(),
                     [&key = condition_name](Condition known) { return condition_key(known) == key; });
    if (condition == kConditions.end() || !levels.is_object()) {
      throw Error(ErrorKind::Usage, text(file.string(), ": unknown condition '", condition_name,
                                         "'; known are spinal_canal_stenosis, neural_foraminal_narrowing and "
                                         "subarticular_stenosis, each with an object of levels"));
    }
    for (const auto& [level_name_text, values] : levels.items()) {
      const auto level = parse_level(level_name_text);
      const std::string where = text(file.string(), ": ", condition_name, " ", level_name_text);
      if (!level) throw Error(ErrorKind::Usage, text(where, ": unknown level; write l1_l2 to l5_s1"));
      if (!values.is_array() || values.size() != 3 || !values[0].is_number() || !values[1].is_number() ||
          !values[2].is_number()) {
        throw Error(ErrorKind::Usage, text(where, ": three numbers are needed"));
      }
      auto& share = prevalence[index_of(*condition)][index_of(*level)];
      for (size_t i = 0; i < kSeverityCount; ++i) share[i] = values[i].get<double>();
      check_shares(share, where);
    }
  }
  return prevalence;
}

LesionResult measure_levels(const Anatomy& anatomy, const Anatomy& rest) {
  LesionResult result;
  for (Level level : kLevels) {
    LevelMeasure& measure = result[index_of(level)];
    measure_canal(anatomy, level, measure);
    for (Side side : kSides) {
      SideMeasure& own = measure.side[index_of(side)];
      measure_recess(anatomy, level, side, own);
      measure_foramen(anatomy, level, side, nerve_area_mm2(rest, level, side), own);
    }
  }
  return result;
}

LesionResult add_lesions(PatientPlan& plan, const PriorTable& prevalence, Stream& stream) {
  // Worn levels are worn all round, and some patients more than others; the marginal shares stay exact.
  const double of_patient = stream.normal();
  for (Level level : kLevels) {
    const double of_level = stream.normal();
    const auto aim = [&](Condition condition) {
      const double z = 0.5 * of_patient + 0.65 * of_level + std::sqrt(1 - 0.25 - 0.4225) * stream.normal();
      return grade_at(prevalence[index_of(condition)][index_of(level)], z);
    };
    const Severity canal = aim(Condition::SpinalCanalStenosis);
    std::array<Severity, 2> recess{}, foramen{};
    for (Side side : kSides) {
      recess[index_of(side)] = aim(Condition::SubarticularStenosis);
      foramen[index_of(side)] = aim(Condition::NeuralForaminalNarrowing);
    }
    for (Side side : kSides) {
      // A cyst of the worn joint, seen in a few per cent of operated stenoses; what else narrows the recess comes on
      // top.
      if (recess[index_of(side)] == Severity::NormalMild || !stream.chance(0.03)) continue;
      plan.discs[static_cast<size_t>(disc_of(level))].side[index_of(side)].cyst_radius_mm = stream.uniform(1.5, 3.5);
    }
    LevelLesions lesions(plan, level, stream);
    for (Side side : kSides) lesions.recess(side, recess[index_of(side)]);
    lesions.canal(canal);
    for (Side side : kSides) lesions.recess(side, recess[index_of(side)]);
    for (Side side : kSides) lesions.foramen(side, foramen[index_of(side)]);
  }
  return measure_levels(Anatomy(plan, kAnyField_tesla), Anatomy(without_lesions(plan), kAnyField_tesla));
}

}  // namespace lumbargrade::phantom
