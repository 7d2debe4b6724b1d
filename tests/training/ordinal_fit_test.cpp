#include "training/calibration/ordinal_fit.h"

#include <gtest/gtest.h>

namespace lumbargrade {
namespace {

TEST(OrdinalFit, TwoReadersWhoAreSureAgreeFullyAndTwoWhoGuessAgreeByChance) {
  EXPECT_NEAR(agreement_of_two_readers({{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}), 1, 1e-12);
  EXPECT_NEAR(agreement_of_two_readers({{0.5, 0.3, 0.2}, {0.5, 0.3, 0.2}}), 0, 1e-12);
}

}  // namespace
}  // namespace lumbargrade
