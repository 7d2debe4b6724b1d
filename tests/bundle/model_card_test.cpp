#include "bundle/model_card.h"

#include <gmock/gmock.h>

#include <fstream>

#include "core/error.h"
#include "temporary_folder.h"

namespace lumbargrade {
namespace {

using testing::HasSubstr;
using testing::Not;

Manifest described() {
  Manifest manifest;
  manifest.name = "tiny";
  manifest.version = "3";
  manifest.licence = "CC0";
  manifest.attribution = {"A (2020)", "B (2021)"};
  manifest.intended_use = "Research.";
  manifest.metrics = {{"locator", "median error", 1.5116, "mm", "thin", 150},
                      {"locator", "median error", 2, "mm", "thick", 140},
                      {"canal", "agreement", 0.87, "1", "thin", 30}};
  return manifest;
}

std::string card_of(const std::string& card_template, const std::filesystem::path& folder = ".") {
  return model_card(described(), folder, card_template, "card.md");
}

std::string refusal_of(const std::string& card_template) {
  try {
    card_of(card_template);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::Usage);
    return error.what();
  }
  return "";
}

TEST(ModelCard, FieldsBecomeWhatTheManifestSays) {
  EXPECT_EQ(card_of("{{name}} {{ version }}, {{licence}}: {{attribution}}"), "tiny 3, CC0: A (2020); B (2021)");
}

TEST(ModelCard, AFigureHasItsUnitAndAtMostThreeDecimals) {
  EXPECT_EQ(card_of("{{figure locator | median error}}"), "1.512 mm");
  EXPECT_EQ(card_of("{{figure locator | median error | thick}}"), "2 mm");
  EXPECT_EQ(card_of("{{figure canal | agreement}} ({{count canal | agreement}})"), "0.87 (30)");
}

TEST(ModelCard, ANumberOfTheManifestIsNamedByItsPlace) {
  EXPECT_EQ(card_of("{{value /metrics/1/value}} mm, n {{value /metrics/2/count}}"), "2 mm, n 30");
  EXPECT_THAT(refusal_of("{{value /metrics/3/value}}"), HasSubstr("no such number"));
  EXPECT_THAT(refusal_of("{{value /name}}"), HasSubstr("no such number"));
  EXPECT_THAT(refusal_of("{{value metrics}}"), HasSubstr("no such number"));
}

TEST(ModelCard, ATableOfTheBundleBecomesMarkdown) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "a.csv") << "what,value\nx|y,\"1, 2\"\n";
  EXPECT_EQ(card_of("before\n{{table a.csv}}\nafter", folder.path()),
            "before\n| what | value |\n|---|---|\n| x\\|y | 1, 2 |\n\nafter");
}

TEST(ModelCard, WhatDoesNotExistIsRefusedWithItsLine) {
  EXPECT_THAT(refusal_of("a\nb {{colour}}"), HasSubstr("card.md, line 2: {{colour}}"));
  EXPECT_THAT(refusal_of("{{figure locator | speed}}"), HasSubstr("no such figure"));
  EXPECT_THAT(refusal_of("{{table none.csv}}"), HasSubstr("none.csv"));
  EXPECT_THAT(refusal_of("{{name"), HasSubstr("not closed"));
}

TEST(ModelCard, ThePlainCardHoldsEveryFigureAndNoOpenField) {
  const std::string card = card_of(std::string(plain_card_template()));
  EXPECT_THAT(card, HasSubstr("| canal | agreement | 0.87 | thin | 30 |"));
  EXPECT_THAT(card, Not(HasSubstr("{{")));
}

}  // namespace
}  // namespace lumbargrade
