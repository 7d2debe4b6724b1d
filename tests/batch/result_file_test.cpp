#include "batch/result_file.h"

#include <gtest/gtest.h>

namespace lumbargrade {
namespace {

TEST(ResultFile, HasTheLayoutOfItsFormat) {
  // Where this text changes, kResultFileFormat must rise: else a batch resumes with results that it cannot read.
  ASSERT_EQ(kResultFileFormat, 2);
  EXPECT_EQ(result_file_text("study_id\na\n", {"a", "f", {"a", "graded"}}),
            "study_id\na\n"
            "#{\"study_id\":\"a\",\"input\":\"f\",\"summary\":[\"a\",\"graded\"]}\n"
            "#sha256 9822d6962f817c3a7760a4134640c9dd6f066984dd05ce3e2042dc76a4c6bee0\n");
}

}  // namespace
}  // namespace lumbargrade
