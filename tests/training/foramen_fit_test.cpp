#include "training/calibration/foramen_fit.h"

#include <gtest/gtest.h>

#include <random>

#include "../grades/fat_gap.h"
#include "core/error.h"

namespace lumbargrade {
namespace {

/// Foramina whose gap lies up to 6 mm beside the usual place in the plane, and in its slice or one beside it.
std::vector<KnownForamen> known_foramina(int count) {
  std::mt19937 random(3);
  std::uniform_real_distribution<double> in_plane(-6, 6);
  std::vector<KnownForamen> known;
  for (int k = 0; k < count; ++k) {
    const Vector3 gap(13.2 + 4.4 * (k % 3 - 1), in_plane(random), in_plane(random));
    const Volume volume = volume_with_gap(gap);
    CropPlacement usual;
    usual.point_patient = Vector3(13.2, 0, 0);
    known.push_back({std::to_string(k / 2), foramen_places({&volume}, usual), gap});
  }
  return known;
}

TEST(ForamenFit, LearnsWhatAForamenLooksLikeFromPointsAlone) {
  const auto known = known_foramina(30);
  const ForamenFinder finder = fit_foramen_finder(known);
  const int middle = ForamenFinder::kWeights / 2;  // the middle cell of the slice itself
  EXPECT_GT(finder.weights[static_cast<size_t>(middle)], 0.01);
  const ForamenFinderFigures figures = foramen_finder_figures(known, 3);
  EXPECT_EQ(figures.foramina, 30);
  EXPECT_GE(figures.exact, 29);
  EXPECT_EQ(figures.within_one, 30);
  EXPECT_LT(figures.median_in_plane_mm, 1.5);
}

TEST(ForamenFit, AFinderThatHasLearnedNothingIsExactInTheMiddleThirdOnly) {
  int exact = 0;
  for (const KnownForamen& foramen : known_foramina(30)) {
    exact += std::abs(find_foramen(foramen.places, ForamenFinder{})->x() - foramen.point_patient.x()) < 2.2;
  }
  EXPECT_EQ(exact, 10);
}

TEST(ForamenFit, WithoutForaminaThereIsNothingToLearn) {
  EXPECT_THROW(fit_foramen_finder({}), Error);
}

}  // namespace
}  // namespace lumbargrade
