#include "bundle/find_bundle.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace lumbargrade {
namespace {

class FindBundle : public ::testing::Test {
 protected:
  void TearDown() override { unsetenv("LUMBARGRADE_BUNDLE"); }
};

TEST_F(FindBundle, TakesTheChosenOneBeforeTheVariable) {
  setenv("LUMBARGRADE_BUNDLE", "/variable", 1);
  EXPECT_EQ(find_bundle("/chosen"), "/chosen");
}

TEST_F(FindBundle, TakesTheVariableEvenIfNothingIsThere) {
  setenv("LUMBARGRADE_BUNDLE", "/variable", 1);
  EXPECT_EQ(find_bundle(std::nullopt), "/variable");
}

TEST_F(FindBundle, FallsBackToTheSourceTree) {
  const std::filesystem::path shipped = std::filesystem::path(LUMBARGRADE_MODELS) / "default";
  if (!std::filesystem::exists(shipped / "manifest.json")) GTEST_SKIP() << "no default bundle in the source tree";
  setenv("LUMBARGRADE_BUNDLE", "", 1);
  EXPECT_EQ(find_bundle(std::nullopt), shipped);
}

TEST_F(FindBundle, TakesAnEmptyBaseForNone) {
  setenv("LUMBARGRADE_BUNDLE", "/variable", 1);
  EXPECT_EQ(find_base_bundle(""), "/variable");
  EXPECT_EQ(find_base_bundle("/chosen"), "/chosen");
}

TEST(FindRecipe, KnowsShippedOnesByName) {
  EXPECT_EQ(find_recipe("fast"), std::filesystem::path(LUMBARGRADE_MODELS) / "recipes/fast.json");
}

TEST(FindRecipe, LeavesFilesAndUnknownNamesAsTheyAre) {
  EXPECT_EQ(find_recipe("folder/fast"), "folder/fast");
  EXPECT_EQ(find_recipe("fasst"), "fasst");
}

}  // namespace
}  // namespace lumbargrade
