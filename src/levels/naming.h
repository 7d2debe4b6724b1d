#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "levels/canal_profile.h"
#include "levels/disc_chain.h"

namespace lumbargrade {

/// What is known of one disc of a chain when the first one above the sacrum is sought.
inline constexpr std::array<std::string_view, 25> kNamingFeatures = {"l5s1_map",        "l5s1_map_logit",
                                                                     "sacrum_map",      "sacrum_map_logit",
                                                                     "lowest",          "gap_above",
                                                                     "gap_below",       "score",
                                                                     "score_below",     "depth",
                                                                     "depth_below",     "turn_above",
                                                                     "turn_below",      "tilt",
                                                                     "body_below",      "body_above",
                                                                     "canal_below",     "canal_diameter",
                                                                     "few_discs_above", "canal_not_seen",
                                                                     "height",          "depth_if_lowest",
                                                                     "gap_if_lowest",   "score_if_lowest",
                                                                     "like_s1_s2"};
inline constexpr size_t kNamingFeatureCount = kNamingFeatures.size();
using DiscFeatures = std::array<double, kNamingFeatureCount>;

/// The same of "L5/S1 lies below all discs that are seen".
inline constexpr std::array<std::string_view, 3> kOutOfViewFeatures = {"always", "room_below", "surest_l5s1_map"};
using OutOfViewFeatures = std::array<double, kOutOfViewFeatures.size()>;

struct NamingFeatures {
  std::vector<DiscFeatures> discs;  ///< from the head down
  OutOfViewFeatures out_of_view{};
};

/// Lengths are taken relative to the chain's own (the median gap, the discs above), so that a wrong pixel size does not
/// matter much.
NamingFeatures naming_features(const DiscChain& chain, const CanalProfile& profile, const LocatorMaps& maps,
                               double pixel_mm);

/// A conditional logit over the discs of a chain: P(disc k is L5/S1) is proportional to exp(weight . (f - mean) /
/// scale). Every chain of names counts up from its L5/S1, so this is the cost of each path of names, and the likeliest
/// disc the path of least cost. Trained on named patients by `train measures --named`.
struct NamingModel {
  DiscFeatures mean{}, scale{}, weight{};
  OutOfViewFeatures out_of_view{};  ///< weights

  bool operator==(const NamingModel&) const = default;
};

/// Names that are less sure than this are doubted aloud. Chosen on named patients that the folds' models had not seen:
/// the model card tells how many wrong names it finds and how many right ones it doubts.
inline constexpr double kSureNames = 0.9;

/// Which disc is L5/S1, and how sure that is.
struct Naming {
  int l5s1 = -1;           ///< index into the chain; the likeliest
  double probability = 0;  ///< of that, against all other discs and L5/S1 out of view
  double above = 0;        ///< that the disc above it is L5/S1
  double below = 0;        ///< that the disc below it is
  double out_of_view = 0;  ///< that L5/S1 lies below all discs that are seen
};

/// `features` of at least one disc.
Naming name_discs(const NamingFeatures& features, const NamingModel& model);

/// Probability of every disc, then of "out of view".
std::vector<double> naming_probabilities(const NamingFeatures& features, const NamingModel& model);

}  // namespace lumbargrade
