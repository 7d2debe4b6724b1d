#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace lumbargrade {

/// How much a flag says against the row that carries it.
enum class FlagSeverity {
  Note,     ///< how the row came about: nothing is wrong with it
  Caution,  ///< the row may be off: look before using it
  Grave,    ///< the row does not rest on what was to be seen, or perhaps on another level
};

/// A word that a row of grades carries in its column `flags`, and what it means to a person.
struct Flag {
  std::string_view word;
  std::string_view sentence;
  FlagSeverity severity = FlagSeverity::Note;
};

/// Every flag that this program gives. docs/outputs.md holds the same table (tests/core/flags_test.cpp); bundles may
/// add words of their own to the rows that their networks grade (docs/bundle.md).
namespace flags {
inline constexpr Flag kResearchUseOnly = {"research_use_only", "not for clinical use; in every row",
                                          FlagSeverity::Note};
inline constexpr Flag kLevelNotFound = {
    "level_not_found", "this level is not in view or was not seen; the row is a prior", FlagSeverity::Grave};
inline constexpr Flag kLevelUncertain = {
    "level_uncertain", "this level's place or name may be wrong; the row leans towards the prior", FlagSeverity::Grave};
inline constexpr Flag kLevelNamesUncertain = {
    "level_names_uncertain", "all names may be off by a level: the sacrum was not clearly seen", FlagSeverity::Grave};
inline constexpr Flag kLevelsAmbiguous = {
    "levels_ambiguous",
    "two discs compete for L5/S1 (transitional vertebra, S1/S2 disc): all names may be off by a level; decide with "
    "`--lowest-disc`",
    FlagSeverity::Grave};
inline constexpr Flag kRivalDiscAbove = {
    "rival_disc_above", "the rival of `levels_ambiguous` is the disc above the one named L5/S1", FlagSeverity::Note};
inline constexpr Flag kRivalDiscBelow = {
    "rival_disc_below", "the rival of `levels_ambiguous` is the disc below the one named L5/S1", FlagSeverity::Note};
inline constexpr Flag kFewerThanFiveDiscs = {
    "fewer_than_five_discs", "the chain of discs is short: not all five levels are in view", FlagSeverity::Caution};
inline constexpr Flag kLevelSpacingUnusual = {
    "level_spacing_unusual",
    "discs lie unusually far apart or close together: one may have been skipped or counted twice",
    FlagSeverity::Caution};
inline constexpr Flag kLowestDiscGiven = {"lowest_disc_given", "names follow `--lowest-disc`", FlagSeverity::Note};
inline constexpr Flag kSixLumbarVertebrae = {
    "six_lumbar_vertebrae", "`--lowest-disc L6/S1`: the row L5/S1 is the disc below L5, L5/L6", FlagSeverity::Note};
inline constexpr Flag kCanalNotMeasured = {"canal_not_measured", "no canal was seen behind the disc",
                                           FlagSeverity::Caution};
inline constexpr Flag kNoReferenceDiameter = {
    "no_reference_diameter", "no canal beside the neighbouring bodies to compare with: the diameter counts as it is",
    FlagSeverity::Note};
inline constexpr Flag kCanalOutOfPlane = {
    "canal_out_of_plane",
    "a scoliotic canal leaves the study's central slices: its levels are measured in slices of their own",
    FlagSeverity::Caution};
inline constexpr Flag kMeasuredOnT1 = {
    "measured_on_t1", "there is no sagittal T2: the canal was measured on T1, on which the calibration does not rest",
    FlagSeverity::Caution};
inline constexpr Flag kNoSagittalT1 = {"no_sagittal_t1", "there is no sagittal T1, on which foramina are judged",
                                       FlagSeverity::Caution};
inline constexpr Flag kNoAxialT2 = {"no_axial_t2", "there is no axial T2, on which recesses are judged",
                                    FlagSeverity::Caution};
inline constexpr Flag kSlicesMissing = {
    "slices_missing", "slices are missing where the canal runs: what lies between the others was not seen",
    FlagSeverity::Grave};
inline constexpr Flag kSingleImage = {"single_image", "the sagittal series has one image: nothing beside it was seen",
                                      FlagSeverity::Caution};
inline constexpr Flag kFieldOfViewCut = {
    "field_of_view_cut", "the image ends at the lumbar spine: levels may be missing, or named by what is left",
    FlagSeverity::Caution};
inline constexpr Flag kContradictsLevelPrior = {
    "contradicts_level_prior",
    "the measure would be called narrow at other levels; only that narrowings are rare at this level speaks against it",
    FlagSeverity::Caution};
inline constexpr Flag kTrainedOnPhantom = {"trained_on_phantom",
                                           "the networks that graded the row learned from synthetic studies only",
                                           FlagSeverity::Caution};

inline constexpr std::array kAll = {
    kResearchUseOnly,       kLevelNotFound,    kLevelUncertain,      kLevelNamesUncertain, kLevelsAmbiguous,
    kRivalDiscAbove,        kRivalDiscBelow,   kFewerThanFiveDiscs,  kLevelSpacingUnusual, kLowestDiscGiven,
    kSixLumbarVertebrae,    kCanalNotMeasured, kNoReferenceDiameter, kCanalOutOfPlane,     kMeasuredOnT1,
    kNoSagittalT1,          kNoAxialT2,        kSlicesMissing,       kSingleImage,         kFieldOfViewCut,
    kContradictsLevelPrior, kTrainedOnPhantom};
}  // namespace flags

/// The flag of this word; nothing for a bundle's own.
inline std::optional<Flag> find_flag(std::string_view word) {
  const auto found =
      std::find_if(flags::kAll.begin(), flags::kAll.end(), [&](const Flag& flag) { return flag.word == word; });
  return found == flags::kAll.end() ? std::nullopt : std::optional(*found);
}

}  // namespace lumbargrade
