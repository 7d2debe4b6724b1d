#include <gtest/gtest.h>

#include "training/segmentation/measure_fits.h"
#include "training/segmentation/segmentation_options.h"

namespace lumbargrade {
namespace {

TEST(LocatorTraining, APatientIsAStudysByNameOrNumber) {
  LocatorTraining training;
  training.study_offset = 900000;
  EXPECT_TRUE(training.is_patient_of("900007", "900007"));
  EXPECT_TRUE(training.is_patient_of("7", "900007"));
  EXPECT_TRUE(training.is_patient_of("spider", "spider"));
  EXPECT_FALSE(training.is_patient_of("8", "900007"));
}

TEST(LocatorTraining, APatientWithoutANumberIsNotThatOfNumberZero) {
  const LocatorTraining training;
  for (const char* patient : {"anna", "", "n7", "99999999999999999999"})
    EXPECT_FALSE(training.is_patient_of(patient, "900000")) << patient;
}

TEST(LocatorMetrics, FiguresThatAreNotDefinedAreLeftOut) {
  EXPECT_TRUE(locator_metrics({}, "no patients").empty());
  LevelFigure lost;  // nothing was found: no median, but none of its names is right
  lost.study_id = "77";
  const auto metrics = locator_metrics({lost}, "one patient");
  ASSERT_EQ(metrics.size(), 1U);
  EXPECT_EQ(metrics[0].name, "studies with five names right");
  EXPECT_EQ(metrics[0].value, 0);
}

}  // namespace
}  // namespace lumbargrade
