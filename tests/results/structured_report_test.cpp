#include "results/structured_report.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <gtest/gtest.h>

#include "core/error.h"

namespace lumbargrade::results {
namespace {

TEST(StructuredReport, AStudyThatNamesNoImageIsRefused) {
  const Study study;
  const Volume sagittal;
  const Spine spine;
  const StudyGrades grades{};
  const StudyReport report{"17", study, sagittal, spine, grades, {}, {}, {}, {}};
  EXPECT_THROW(structured_report(report, {}), Error);
}

}  // namespace
}  // namespace lumbargrade::results
