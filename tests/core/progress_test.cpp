#include "core/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "core/log.h"

namespace lumbargrade {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

TEST(Pace, LeavesOutWhatAnEarlierRunDid) {
  Pace pace;
  EXPECT_EQ(pace.text_of(1000, 10), "");
  // Ten steps in no time: whatever the clock says, some hundreds a second, and nothing left to wait for.
  EXPECT_THAT(pace.text_of(1010, 0), MatchesRegex(", [0-9]+\\.[0-9][0-9]/s, 0:00:00 left"));
}

TEST(ProgressBar, IsFilledInProportionAndEndsItsLine) {
  testing::internal::CaptureStderr();
  {
    ProgressBar bar;
    bar.draw("reading: ", 1, 4, "1/4");
    bar.draw("", 0, 0, "0/0");
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "\r\x1b[Kreading: [#####               ] 1/4\r\x1b[K[####################] 0/0\n");
}

TEST(Progress, WithoutATerminalTellsTheFirstAndTheLastStepOnly) {
  testing::internal::CaptureStderr();
  Progress progress("reading", 3);
  for (int done = 1; done <= 3; ++done) progress.show(done, "x");
  EXPECT_THAT(testing::internal::GetCapturedStderr(), MatchesRegex("reading: 1/3  x\nreading: 3/3, .* left  x\n"));
}

TEST(Waiting, IsSilentWhileThereIsPatience) {
  set_up_logging(LogLevel::Info);
  testing::internal::CaptureStderr();
  { const Waiting waiting("grading a", 60); }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(Waiting, TellsThenWhatIsAtWork) {
  set_up_logging(LogLevel::Info);
  testing::internal::CaptureStderr();
  {
    const Waiting waiting("grading a", 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
  }
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("grading a, 0 s so far"));
}

TEST(Waiting, IsSilentWhereOnlyErrorsAreTold) {
  set_up_logging(LogLevel::Error);
  testing::internal::CaptureStderr();
  {
    const Waiting waiting("grading a", 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  set_up_logging(LogLevel::Info);
}

}  // namespace
}  // namespace lumbargrade
