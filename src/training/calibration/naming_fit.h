#pragma once

#include <string>
#include <vector>

#include "bundle/manifest.h"
#include "levels/naming.h"

namespace lumbargrade {

/// One image whose L5/S1 is known.
struct NamedChain {
  std::string patient;
  std::string file;
  bool cut = false;  ///< the image was cut so that L5/S1 lies below it
  NamingFeatures features;
  int l5s1 = -1;             ///< index of the disc; -1: out of view, or not among the discs that were seen
  bool mislabelled = false;  ///< a picture shows that the hand's names are wrong: nothing is learned from it
};

/// Weights of the conditional logit by Newton's method with a ridge; cut images count less, since each is as sure as a
/// whole one and there are as many. Throws Error (Failure) without chains.
NamingModel fit_naming(const std::vector<NamedChain>& chains);

/// What models of `folds` folds by patient say of the patients that they had not seen.
struct NamingFigures {
  int images = 0;                              ///< whole ones
  int right = 0;                               ///< the named disc is L5/S1
  int mislabelled = 0, mislabelled_right = 0;  ///< of these, those whose hand label is wrong
  int sure = 0, sure_and_right = 0;            ///< at kSureNames or above
  int wrong_doubted = 0;                       ///< of the wrong ones, below kSureNames
  int right_doubted = 0;
  int cut = 0, cut_doubted = 0;
  std::vector<std::string> misses;  ///< files that are named wrongly, with the probability
};

NamingFigures naming_figures(const std::vector<NamedChain>& chains, int folds);

/// For the manifest.
std::vector<MetricSpec> naming_metrics(const NamingFigures& figures, const std::string& set);

}  // namespace lumbargrade
