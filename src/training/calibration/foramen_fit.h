#pragma once

#include <string>
#include <vector>

#include "bundle/manifest.h"
#include "grades/foramen_finder.h"

namespace lumbargrade {

/// What is seen around one foramen whose point is known.
struct KnownForamen {
  std::string study_id;
  std::vector<ForamenPlace> places;  ///< at least one
  Vector3 point_patient = Vector3::Zero();
  Vector3 across_slices = Vector3::UnitX();  ///< unit vector at right angles to the slices, or nearly so
};

/// Weights of a conditional logit over the places of each foramen, by Newton's method with a ridge: right are the
/// places of the slice nearest to the point, the more so the nearer they are (2 mm). Throws Error (Failure) without
/// foramina. `source` is left to the caller.
ForamenFinder fit_foramen_finder(const std::vector<KnownForamen>& foramina);

/// What finders of `folds` folds by study find in the studies that they had not seen.
struct ForamenFinderFigures {
  int foramina = 0;
  int exact = 0;       ///< in the slice nearest to the point
  int within_one = 0;  ///< in that one or one beside it
  double median_in_plane_mm = 0;
};

ForamenFinderFigures foramen_finder_figures(const std::vector<KnownForamen>& foramina, int folds);

/// For the manifest.
std::vector<MetricSpec> foramen_finder_metrics(const ForamenFinderFigures& figures, const std::string& set);

}  // namespace lumbargrade
