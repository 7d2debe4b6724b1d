#include "batch/result_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "batch/refusal.h"
#include "core/error.h"
#include "temporary_folder.h"

namespace lumbargrade {
namespace {

using testing::HasSubstr;

TEST(ResultStore, FileNamesCarryAnyIdAndStayApart) {
  EXPECT_EQ(file_name_for("4003253"), "4003253");
  EXPECT_EQ(file_name_for("a b/c"), "a%20b%2Fc");
  EXPECT_EQ(file_name_for(".."), "%2E.");
  EXPECT_EQ(file_name_for("M\xC3\xBCller\n"), "M%C3%BCller%0A");
  const std::string long_id(5000, 'x');
  EXPECT_LT(file_name_for(long_id).size(), 230U);
  EXPECT_NE(file_name_for(long_id), file_name_for(long_id + "y"));
}

TEST(ResultStore, WorkIsTakenUpOnlyForTheSameIdentity) {
  const TemporaryFolder folder;
  const ResultStore store(folder / "s");
  store.open({{"bundle_sha256", "aa"}}, false);
  std::ofstream(store.result_file("1")) << "done";
  store.open({{"bundle_sha256", "aa"}}, false);
  EXPECT_TRUE(store.has_result("1"));
  const std::string reason = refusal([&] { store.open({{"bundle_sha256", "bb"}}, false); });
  EXPECT_THAT(reason, HasSubstr("bundle_sha256 \"aa\" there and \"bb\" now"));
  EXPECT_THAT(reason, HasSubstr("--redo"));
  store.open({{"bundle_sha256", "bb"}}, true);
  EXPECT_FALSE(store.has_result("1"));
}

TEST(ResultStore, AFolderWithOtherThingsIsLeftAlone) {
  const TemporaryFolder folder;
  std::ofstream(folder / "thesis.tex") << "x";
  EXPECT_THAT(refusal([&] { ResultStore(folder.path()).open({}, true); }), HasSubstr("holds other files"));
  EXPECT_TRUE(std::filesystem::exists(folder / "thesis.tex"));
}

TEST(ResultStore, PlansAndFailuresReadBackAsTheyWereWritten) {
  const TemporaryFolder folder;
  const ResultStore store(folder.path());
  store.open({}, false);
  store.write_plan({{2, 5}, "digest", {"a", "b,\"c\""}, {{"d", "discover", "gone", "/x"}}});
  const Plan plan = store.read_plan();
  EXPECT_EQ(plan.shard, (Shard{2, 5}));
  EXPECT_EQ(plan.ids.at(1), "b,\"c\"");
  EXPECT_EQ(plan.discovery_failures.at(0).reason, "gone");
  store.write_failure({"a", "read", "why", "/file"});
  EXPECT_EQ(store.read_failure("a")->reason, "why");
  EXPECT_FALSE(store.read_failure("b"));
}

TEST(ResultStore, OpeningSweepsAwayWhatAKilledWriterLeftAndNothingElse) {
  const TemporaryFolder folder;
  const ResultStore store(folder.path());
  store.open({}, false);
  std::ofstream(folder / "studies/.lumbargrade-partial-0123456789ab") << "half";
  std::ofstream(folder / ".lumbargrade-partial-ba9876543210") << "half";
  std::ofstream(store.result_file("7")) << "whole";
  const FolderLock lock(folder.path());
  store.open({}, false);
  EXPECT_FALSE(std::filesystem::exists(folder / "studies/.lumbargrade-partial-0123456789ab"));
  EXPECT_FALSE(std::filesystem::exists(folder / ".lumbargrade-partial-ba9876543210"));
  EXPECT_TRUE(store.has_result("7"));
  EXPECT_TRUE(std::filesystem::exists(folder / ".lock"));
}

TEST(ResultStore, AFailureOfAFolderWhoseNameIsNoUtf8CanBeWritten) {
  const TemporaryFolder folder;
  const ResultStore store(folder.path());
  store.open({}, false);
  store.write_failure({"M%FCller", "read", "why", "/M\xFCller"});
  EXPECT_EQ(store.read_failure("M%FCller")->file, "/M%FCller");
}

TEST(ResultStore, ADamagedPlanIsRefusedAndNamed) {
  const TemporaryFolder folder;
  const ResultStore store(folder.path());
  const auto refusal_of = [&](const std::string& plan) {
    std::ofstream(folder / "plan.json") << plan;
    return refusal([&] { store.read_plan(); });
  };
  EXPECT_THAT(refusal_of(R"({"shard": 1)"), HasSubstr("plan.json is damaged; remove it and run"));
  EXPECT_THAT(refusal_of(R"({"shard": 1})"), HasSubstr("plan.json is damaged; remove it and run"));
  for (const Shard& none : {Shard{0, 1}, Shard{2, 1}, Shard{-1, 3}, Shard{1, 0}, Shard{1, 2'000'000'000}}) {
    store.write_plan({none, "digest", {}, {}});
    EXPECT_THAT(refusal([&] { store.read_plan(); }), HasSubstr("plan.json is damaged; remove it and run"))
        << none.index << "/" << none.count;
  }
}

TEST(ResultStore, APipeInPlaceOfAFileIsNotWaitedFor) {
  const TemporaryFolder folder;
  const ResultStore store(folder.path());
  store.open({}, false);
  for (const auto& pipe : {folder / "plan.json", store.failure_file("1"), store.result_file("1")}) {
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  }
  EXPECT_THAT(refusal([&] { store.read_plan(); }), HasSubstr("cannot read " + (folder / "plan.json").string()));
  EXPECT_THAT(refusal([&] { store.read_failure("1"); }), HasSubstr("cannot read"));
  EXPECT_EQ(store.state_of({"1", folder.path(), {}, ""}), ResultState::Damaged);
}

TEST(FolderLock, TheSecondHolderIsToldWhoHasIt) {
  const TemporaryFolder folder;
  const FolderLock lock(folder.path());
  EXPECT_THAT(refusal([&] { FolderLock second(folder.path()); }),
              HasSubstr("in use by process " + std::to_string(getpid())));
}

TEST(FolderLock, IsFreeAgainAfterwards) {
  const TemporaryFolder folder;
  { const FolderLock lock(folder.path()); }
  EXPECT_EQ(refusal([&] { FolderLock second(folder.path()); }), "accepted");
}

}  // namespace
}  // namespace lumbargrade
