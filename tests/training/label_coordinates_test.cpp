#include "training/grader/label_coordinates.h"

#include <gmock/gmock.h>

#include <fstream>

#include "core/error.h"
#include "temporary_folder.h"

namespace lumbargrade {
namespace {

/// Two sagittal slices, .5 mm x 2 mm pixels (columns backwards, rows to the feet), as instances 7 and 8 of series 42.
Study study_with_t1() {
  Volume volume;
  volume.columns = 100;
  volume.rows = 50;
  volume.slices = 2;
  volume.patient_from_index.linear().col(0) = Vector3(0, 0.5, 0);
  volume.patient_from_index.linear().col(1) = Vector3(0, 0, -2);
  volume.patient_from_index.linear().col(2) = Vector3(4, 0, 0);
  volume.sources = {{"/data/42/7.dcm", "", 7, {10, 20, 30}}, {"/data/42/8.dcm", "", 8, {14, 20, 30}}};
  Study study;
  study.study_id = std::string("1");
  study.sagittal_t1 = volume;
  return study;
}

class Coordinates : public testing::Test {
 protected:
  LabelCoordinates read(const std::string& content) {
    const auto path = folder_.path() / "coordinates.csv";
    std::ofstream(path) << content;
    return read_label_coordinates(path);
  }
  TemporaryFolder folder_;
};

const Finding kLeftForamen{Condition::NeuralForaminalNarrowing, Side::Left, Level::L1L2};

TEST_F(Coordinates, BecomePatientPointsInBothSpellingsAndAnyOrderOfColumns) {
  const char* official =
      "study_id,series_id,instance_number,condition,level,x,y\n1,42,8,Left Neural Foraminal Narrowing,L1/L2,10,5\n";
  const char* cleaned =
      "y,x,level,condition,instance_number,series_id,study_id\r\n"
      "5,10,l1_l2,left_neural_foraminal_narrowing,8,42,1\r\n";
  for (const char* content : {official, cleaned}) {
    const auto point = read(content).locate(study_with_t1(), kLeftForamen);
    ASSERT_TRUE(point.point_patient);
    EXPECT_EQ(point.reason, "");
    EXPECT_TRUE(point.point_patient->isApprox(Vector3(14, 25, 20)));
  }
}

TEST_F(Coordinates, OutsideTheImageOrOnAnotherSeriesAreNoPointAndSayWhy) {
  const auto located = [&](const std::string& place, const std::string& xy) {
    return read("study_id,series_id,instance_number,condition,level,x,y\n" + place +
                ",Left Neural Foraminal Narrowing,L1/L2," + xy + "\n")
        .locate(study_with_t1(), kLeftForamen);
  };
  EXPECT_EQ(located("1,42,8", "101,5").reason, "x 101, y 5 lies outside the image of 100 x 50");
  EXPECT_EQ(located("1,42,8", "1,-5").reason, "x 1, y -5 lies outside the image of 100 x 50");
  EXPECT_EQ(located("1,42,9", "10,5").reason, "series 42, instance 9 is not used or not there");
  EXPECT_EQ(located("1,43,8", "10,5").reason, "series 43, instance 8 is not used or not there");
  EXPECT_EQ(located("2,42,8", "10,5").reason, "");  // nothing is said of this study
  for (const char* place : {"1,42,9", "1,43,8", "2,42,8"}) EXPECT_FALSE(located(place, "10,5").point_patient);
}

TEST_F(Coordinates, UnknownWordsAreRefusedWithTheirLine) {
  const std::string header = "study_id,series_id,instance_number,condition,level,x,y\n";
  const auto refusal = [&](const std::string& row) -> std::string {
    try {
      read(header + row);
    } catch (const Error& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_THAT(refusal("1,42,8,Left Foraminal Narrowing,L1/L2,1,1\n"), testing::HasSubstr("line 2"));
  EXPECT_THAT(refusal("1,42,8,Left Neural Foraminal Narrowing,L1/L2,left,1\n"), testing::HasSubstr("\"left\""));
}

}  // namespace
}  // namespace lumbargrade
