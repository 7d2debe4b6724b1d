#include "report/index_page.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace lumbargrade {
namespace {

IndexedStudy study(const std::string& id, double confidence, double probability, std::vector<std::string> flags = {}) {
  IndexedStudy indexed;
  indexed.study_id = id;
  indexed.folder = "reports/" + id;
  indexed.least_level_confidence = confidence;
  indexed.mean_probability = probability;
  indexed.flags = std::move(flags);
  return indexed;
}

TEST(IndexPage, WhatNeedsALookComesFirst) {
  const std::string page =
      index_page({study("sure", 1, 0.9), study("unsure", 1, 0.5), study("faint", 0.6, 0.9),
                  study("cautioned", 1, 0.9, {"fewer_than_five_discs"}), study("grave", 1, 0.9, {"level_uncertain"})},
                 {}, "2026-11-29T10:00:00Z", "lumbargrade 0");
  std::vector<size_t> places;
  for (const char* id : {">grave<", ">cautioned<", ">faint<", ">unsure<", ">sure<"}) places.push_back(page.find(id));
  EXPECT_NE(places.back(), std::string::npos);
  EXPECT_TRUE(std::is_sorted(places.begin(), places.end()));
  EXPECT_EQ(page.find("Failures"), std::string::npos);
}

TEST(IndexPage, TellsFailuresAndCountsGrades) {
  IndexedStudy severe = study("a", 1, 0.9);
  severe.grades.fill(Severity::Severe);
  const std::string page = index_page({severe, study("b", 1, 0.9), study("c", 1, 0.9)},
                                      {{"lost", "read", "no readable DICOM file"}}, "", "");
  EXPECT_NE(page.find("no readable DICOM file"), std::string::npos);
  EXPECT_NE(page.find("normal/mild 2, moderate 0, severe 1"), std::string::npos);
  EXPECT_NE(page.find("width:33.33%"), std::string::npos);
}

TEST(IndexPage, NamesCannotBecomeMarkupOrLeaveTheFolder) {
  const std::string page = index_page({study("<script>alert(1)</script>\"", 1, 0.9)}, {{"<b>", "read", "<i>"}}, "", "");
  EXPECT_EQ(page.find("<script>alert"), std::string::npos);
  EXPECT_EQ(page.find("<b>"), std::string::npos);
  EXPECT_EQ(page.find("<i>"), std::string::npos);
  EXPECT_NE(page.find("reports/%3Cscript%3Ealert%281%29%3C/script%3E%22/report.html"), std::string::npos);
}

}  // namespace
}  // namespace lumbargrade
