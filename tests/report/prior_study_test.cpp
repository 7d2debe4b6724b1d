#include "report/prior_study.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/error.h"

namespace lumbargrade {
namespace {

nlohmann::json prior_json() {
  nlohmann::json grades = nlohmann::json::array();
  for (const Finding& finding : all_findings()) {
    grades.push_back({{"finding", finding_key(finding)}, {"grade", "normal_mild"}, {"source", "measure"}});
  }
  return {{"study_id", "then"}, {"grades", grades}};
}

TEST(PriorStudy, TellsWhatBecameWorse) {
  nlohmann::json json = prior_json();
  json["grades"][3]["source"] = "prior";
  const PriorStudy prior = prior_study_from_json(json.dump(), "then/grades.json");
  StudyGrades now;
  for (size_t k = 0; k < now.size(); ++k) {
    now[k].finding = all_findings()[k];
    now[k].probabilities = {0.1, 0.2, 0.7};
    now[k].source = GradeSource::Measure;
  }
  now[1].source = GradeSource::Prior;
  const auto changes = changes_since(prior, now);
  ASSERT_EQ(changes.size(), 25U);
  EXPECT_EQ(changes[0].steps_worse(), 2);
  EXPECT_TRUE(changes[0].is_comparable);
  EXPECT_FALSE(changes[1].is_comparable) << "now a prior";
  EXPECT_FALSE(changes[3].is_comparable) << "then a prior";
}

TEST(PriorStudy, RefusesWhatIsNoResult) {
  nlohmann::json lacking = prior_json();
  lacking["grades"].erase(7);
  nlohmann::json unknown = prior_json();
  unknown["grades"][2]["grade"] = "terrible";
  for (const std::string& text :
       {std::string("[]"), std::string("{"), std::string(R"({"grades": 5})"), lacking.dump(), unknown.dump()}) {
    try {
      prior_study_from_json(text, "then/grades.json");
      FAIL() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Usage);
      EXPECT_NE(std::string(error.what()).find("then/grades.json"), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace lumbargrade
