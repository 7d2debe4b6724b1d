#include "node/outbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "core/error.h"
#include "core/log.h"
#include "node/commitment.h"
#include "node/status.h"
#include "temporary_folder.h"

namespace lumbargrade::node {
namespace {

class OutboxTest : public ::testing::Test {
 protected:
  OutboxTest() : spool_(folder_.path()), outbox_(spool_, "PACS ONE") {
    spool_.prepare({"PACS ONE"});
    std::ofstream(folder_.path() / "a.dcm") << "content";
  }

  TemporaryFolder folder_;
  Spool spool_;
  Outbox outbox_;
};

TEST_F(OutboxTest, AnInstanceIsQueuedOnce) {
  EXPECT_TRUE(outbox_.add(folder_.path() / "a.dcm", "1.2.3"));
  EXPECT_FALSE(outbox_.add(folder_.path() / "a.dcm", "1.2.3"));
  ASSERT_EQ(outbox_.waiting().size(), 1U);
  EXPECT_EQ(outbox_.waiting()[0].sop_instance_uid, "1.2.3");
  EXPECT_FALSE(outbox_.waiting()[0].is_fate_unknown);
}

TEST_F(OutboxTest, WhatWasBeingSentComesFirstAndIsOfUnknownFate) {
  outbox_.add(folder_.path() / "a.dcm", "1.2.1");
  outbox_.add(folder_.path() / "a.dcm", "1.2.2");
  outbox_.begin({"1.2.2", false});  // and the process is killed
  const auto waiting = Outbox(spool_, "PACS ONE").waiting();
  ASSERT_EQ(waiting.size(), 2U);
  EXPECT_EQ(waiting[0].sop_instance_uid, "1.2.2");
  EXPECT_TRUE(waiting[0].is_fate_unknown);
  EXPECT_FALSE(waiting[1].is_fate_unknown);
  EXPECT_FALSE(outbox_.add(folder_.path() / "a.dcm", "1.2.2"));
}

TEST_F(OutboxTest, WhatWasSentIsNeverQueuedAgain) {
  outbox_.add(folder_.path() / "a.dcm", "1.2.3");
  outbox_.begin({"1.2.3", false});
  outbox_.end_sent("1.2.3");
  EXPECT_TRUE(outbox_.waiting().empty());
  EXPECT_TRUE(outbox_.was_sent("1.2.3"));
  EXPECT_FALSE(outbox_.add(folder_.path() / "a.dcm", "1.2.3"));
  EXPECT_EQ(outbox_.sent_count(), 1U);
}

TEST_F(OutboxTest, WhatWasRefusedWaitsAsBefore) {
  outbox_.add(folder_.path() / "a.dcm", "1.2.3");
  outbox_.begin({"1.2.3", false});
  outbox_.end_refused("1.2.3");
  ASSERT_EQ(outbox_.waiting().size(), 1U);
  EXPECT_FALSE(outbox_.waiting()[0].is_fate_unknown);
}

TEST_F(OutboxTest, WhatIsNotConfirmedIsOfUnknownFateAgain) {
  outbox_.add(folder_.path() / "a.dcm", "1.2.3");
  outbox_.add(folder_.path() / "a.dcm", "1.2.4");
  for (const char* uid : {"1.2.3", "1.2.4"}) {
    outbox_.begin({uid, false});
    outbox_.end_unconfirmed(uid);
  }
  EXPECT_TRUE(outbox_.waiting().empty());
  EXPECT_FALSE(outbox_.was_sent("1.2.3"));
  EXPECT_FALSE(outbox_.add(folder_.path() / "a.dcm", "1.2.3"));
  EXPECT_EQ(outbox_.unconfirmed_for(0).size(), 2U);
  EXPECT_TRUE(outbox_.unconfirmed_for(100).empty());
  remember_commitment(spool_, "1.9.1", "PACS ONE");
  EXPECT_FALSE(apply_commitment(spool_, {"1.9.2", {"1.2.3"}, {}})) << "nobody asked";
  EXPECT_TRUE(apply_commitment(spool_, {"1.9.1", {"1.2.3", "7.7.7"}, {"1.2.4"}}));
  EXPECT_TRUE(outbox_.was_sent("1.2.3"));
  EXPECT_FALSE(outbox_.was_sent("7.7.7"));
  ASSERT_EQ(outbox_.waiting().size(), 1U);
  EXPECT_EQ(outbox_.waiting()[0].sop_instance_uid, "1.2.4");
  EXPECT_TRUE(outbox_.waiting()[0].is_fate_unknown);
  EXPECT_FALSE(apply_commitment(spool_, {"1.9.1", {"1.2.4"}, {}})) << "answered already";
}

TEST_F(OutboxTest, AnAnswerOfFailuresAloneIsNotLoggedAsAConfirmation) {
  outbox_.add(folder_.path() / "a.dcm", "1.2.3");
  outbox_.begin({"1.2.3", false});
  outbox_.end_unconfirmed("1.2.3");
  remember_commitment(spool_, "1.9.1", "PACS ONE");
  set_up_logging(LogLevel::Info);
  ::testing::internal::CaptureStderr();
  EXPECT_TRUE(apply_commitment(spool_, {"1.9.1", {}, {"1.2.3"}}));
  const std::string logged = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(logged, ::testing::HasSubstr("does not keep 1 instance, to be sent again"));
  EXPECT_THAT(logged, ::testing::Not(::testing::HasSubstr("confirms")));
}

TEST_F(OutboxTest, TheQueuedBytesStayWhenTheResultIsReplaced) {
  outbox_.add(folder_.path() / "a.dcm", "1.2.3");
  std::ofstream(folder_.path() / "b.dcm") << "other";
  std::filesystem::rename(folder_.path() / "b.dcm", folder_.path() / "a.dcm");
  std::ifstream queued(outbox_.begin({"1.2.3", false}));
  std::string content;
  queued >> content;
  EXPECT_EQ(content, "content");
}

TEST_F(OutboxTest, APipeInPlaceOfTheStatusIsNotWaitedFor) {
  ASSERT_EQ(mkfifo(spool_.status().c_str(), 0600), 0);
  Configuration configuration;
  configuration.folder = folder_.path();
  EXPECT_THROW(read_status(configuration), Error);
}

}  // namespace
}  // namespace lumbargrade::node
