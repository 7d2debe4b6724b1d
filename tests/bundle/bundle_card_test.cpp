#include "bundle/bundle_card.h"

#include <gmock/gmock.h>

#include <fstream>

#include "core/error.h"
#include "temporary_folder.h"

namespace lumbargrade {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;

class BundleCard : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& text) const {
    auto path = folder_.path() / "card.json";
    std::ofstream(path) << text;
    return path;
  }

  TemporaryFolder folder_;
};

constexpr const char* kCard = R"({"name": "bundle", "version": "2", "licence": "CC-BY-4.0", "attribution": ["somebody"],
  "training_data": [{"used_for": "locator", "source": "new", "licence": "CC0", "count": 3, "unit": "patients",
                     "split": "none"}]})";

TEST_F(BundleCard, ReplacesWhatItNamesAndKeepsWhatWasTrainedElsewhere) {
  Manifest manifest;
  manifest.training_data = {{"locator", "old", "CC0", 1, "patients", "none"},
                            {"locator", "older", "CC0", 1, "images", "none"},
                            {"foraminal", "phantom", "Apache-2.0", 120, "studies", "folds"}};
  manifest.metrics = {{"foraminal", "log loss", 0.2, "1", "phantom", 480}};
  describe_from_card(manifest, write(kCard));
  EXPECT_EQ(manifest.version, "2");
  EXPECT_THAT(manifest.training_data,
              ElementsAre(Field(&TrainingDataSpec::source, "phantom"), Field(&TrainingDataSpec::source, "new")));
  EXPECT_THAT(manifest.metrics, ElementsAre(Field(&MetricSpec::what, "foraminal")));
}

TEST_F(BundleCard, WithoutAKeyIsRefusedByName) {
  Manifest manifest;
  try {
    describe_from_card(manifest, write(R"({"name": "bundle"})"));
    FAIL() << "taken";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Usage);
    EXPECT_THAT(error.what(), HasSubstr("version"));
  }
}

}  // namespace
}  // namespace lumbargrade
