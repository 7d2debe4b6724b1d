#include "batch/discover.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "batch/described_studies.h"
#include "core/error.h"
#include "dicom/made_dicom.h"
#include "study/made_archive.h"
#include "temporary_folder.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

void touch(const fs::path& file, const std::string& content = "x") {
  fs::create_directories(file.parent_path());
  std::ofstream(file) << content;
}

/// One image of a series of one image.
void image(const fs::path& file, const std::string& study_uid, const std::string& series = "1") {
  MadeImage made;
  made.study_uid = study_uid;
  made.series_uid = study_uid + "." + series;
  made.sop_uid = made.series_uid + ".1";
  write_image(file, made);
}

const StudyFolder& study_called(const Discovery& found, const std::string& id) {
  for (const StudyFolder& study : found.studies) {
    if (study.study_id == id) return study;
  }
  throw std::runtime_error("no study " + id);
}

std::vector<std::string> ids(const Discovery& found) {
  std::vector<std::string> result;
  for (const StudyFolder& study : found.studies) result.push_back(study.study_id);
  return result;
}

TEST(Discover, FindsTheStudiesOfTheChallengesLayout) {
  const TemporaryFolder data;
  touch(data / "train.csv");
  touch(data / "train_images/20/1/1.dcm");
  touch(data / "train_images/20/2/1.dcm");
  touch(data / "train_images/10/3/1.dcm");
  EXPECT_THAT(ids(discover_studies(data.path(), {})), ElementsAre("10", "20"));
  EXPECT_THAT(ids(discover_studies(data / "train_images", {})), ElementsAre("10", "20"));
}

TEST(Discover, TakesFoldersOfFilesRightBelowTheDataSetAsStudies) {
  const TemporaryFolder data;
  touch(data / "anna/1.dcm");
  touch(data / "ben/IM0001");
  EXPECT_THAT(ids(discover_studies(data.path(), {})), ElementsAre("anna", "ben"));
  EXPECT_THAT(ids(discover_studies(data.path(), {}, {StudyDepth::Leaf})), ElementsAre("anna", "ben"));
}

TEST(Discover, LeavesOutTheOutputHiddenFoldersAndOtherFiles) {
  const TemporaryFolder data;
  touch(data / "s/1/1.dcm");
  touch(data / "out/shards/1-of-1/studies/old");
  touch(data / ".cache/x/1.dcm");
  touch(data / "notes/read me/readme.txt");
  EXPECT_THAT(ids(discover_studies(data.path(), data / "out")), ElementsAre("s"));
}

TEST(Discover, FoldersWithoutAnyFileThatMayBeDicomAreNamed) {
  const TemporaryFolder data;
  touch(data / "s/1/1.dcm");
  fs::create_directories(data / "s/2");
  fs::create_directories(data / "empty");
  touch(data / "texts/x.txt");
  const Discovery found = discover_studies(data.path(), {});
  EXPECT_THAT(ids(found), ElementsAre("s"));
  EXPECT_THAT(found.notes, ElementsAre("no DICOM file in empty, texts: left out"));
}

TEST(Discover, LoopsOfLinksAreCutAndLinkedCopiesCount) {
  const TemporaryFolder data;
  touch(data / "a/1/1.dcm");
  fs::create_directory_symlink(data / "a", data / "b");
  fs::create_directory_symlink(data.path(), data / "a/loop");
  EXPECT_THAT(ids(discover_studies(data.path(), {})), ElementsAre("a", "b"));
}

TEST(Discover, EqualNamesAreToldApartByWhatLiesAbove) {
  const TemporaryFolder data;
  touch(data / "site1/7/1/1.dcm");
  touch(data / "site2/7/1/1.dcm");
  touch(data / "site2/8/1/1.dcm");
  EXPECT_THAT(ids(discover_studies(data.path(), {})), ElementsAre("8", "site1/7", "site2/7"));
}

TEST(Discover, SessionsOfSubjectsKeepBothNames) {
  const TemporaryFolder data;
  image(data / "sub-01/ses-01/anat/1.dcm", "1.1");
  image(data / "sub-01/ses-02/anat/1.dcm", "1.2");
  image(data / "sub-02/ses-01/anat/1.dcm", "1.3");
  const Discovery found = discover_studies(data.path(), {});
  EXPECT_THAT(ids(found), ElementsAre("sub-01/ses-01", "sub-01/ses-02", "sub-02/ses-01"));
  EXPECT_EQ(study_called(found, "sub-01/ses-02").folder, data / "sub-01/ses-02");
  EXPECT_THAT(study_called(found, "sub-01/ses-02").files, IsEmpty());
}

TEST(Discover, AStudyIsOneWhereverItsSeriesLie) {
  const TemporaryFolder data;
  for (const char* patient : {"A", "B"}) {
    for (const char* series : {"1", "2", "3"}) {
      const std::string uid = std::string("1.2.") + (patient[0] == 'A' ? "1" : "2");
      image(data / "pacs" / (std::string("Pat") + patient) / "MRT LWS" / series / "IM1", uid, series);
      image(data / "xnat" / (std::string("sess") + patient) / "scans" / series / "resources/DICOM/files/1.dcm",
            uid + ".7", series);
    }
  }
  EXPECT_THAT(ids(discover_studies(data / "pacs", {})), ElementsAre("PatA/MRT LWS", "PatB/MRT LWS"));
  EXPECT_THAT(ids(discover_studies(data / "xnat", {})), ElementsAre("sessA", "sessB"));
  EXPECT_THAT(ids(discover_studies(data / "pacs/PatA/MRT LWS", {})), ElementsAre("MRT LWS"));  // series are no studies
}

TEST(Discover, PatientsDiscsAreKnownByTheirOwnFolder) {
  const TemporaryFolder data;
  for (const char* name : {"smith", "jones"}) {
    for (const char* file : {"IM0", "IM1"}) {
      image(data / name / "DICOM/PAT0/ST0/SE0" / file, std::string("1.2.") + (name[0] == 's' ? "1" : "2"));
    }
    touch(data / name / "VIEWER/lang/de.dat");
    touch(data / name / "AUTORUN");
  }
  const Discovery found = discover_studies(data.path(), {});
  EXPECT_THAT(ids(found), ElementsAre("jones", "smith"));
  EXPECT_THAT(found.failures, IsEmpty());
  EXPECT_THAT(found.notes, ElementsAre(HasSubstr("4 folders beside the studies hold no DICOM file")));
}

TEST(Discover, AFolderOfSeveralStudiesGivesEachItsOwnFiles) {
  const TemporaryFolder data;
  for (const char* uid : {"1.2.3", "1.2.4"}) {
    image(data / "export" / (std::string("IM_") + uid), uid);
    image(data / "export/more" / (std::string("IM_") + uid), uid, "2");
  }
  image(data / "other/IM1", "1.2.5");
  const Discovery found = discover_studies(data.path(), {});
  EXPECT_THAT(ids(found), ElementsAre("export/1.2.3", "export/1.2.4", "other"));
  EXPECT_THAT(study_called(found, "export/1.2.3").files,
              ElementsAre(data / "export/IM_1.2.3", data / "export/more/IM_1.2.3"));
}

TEST(Discover, TheDataSetItselfIsNoStudyWhenStudiesLieBelow) {
  const TemporaryFolder data;
  image(data / "root/IM1", "1.2.3");
  image(data / "root/a/1/IM1", "1.2.4");
  image(data / "root/b/1/IM1", "1.2.5");
  const Discovery found = discover_studies(data / "root", {});
  EXPECT_THAT(ids(found), ElementsAre("a", "b", "root/1.2.3"));
  EXPECT_THAT(found.studies[2].files, ElementsAre(data / "root/IM1"));
}

TEST(Discover, CopiesOfAStudyStayApartAndPartsOfASeriesStayTogether) {
  const TemporaryFolder data;
  for (const char* copy : {"first", "second"}) {
    image(data / copy / "1/IM1", "1.2.3", "1");
    image(data / copy / "2/IM1", "1.2.3", "2");
  }
  MadeImage made;
  made.study_uid = "1.2.9";
  for (const char* number : {"1", "2"}) {
    made.sop_uid = std::string("1.2.9.1.") + number;
    write_image(data / "third" / (std::string("DIR00") + number) / "IM", made);
  }
  EXPECT_THAT(ids(discover_studies(data.path(), {})), ElementsAre("first", "second", "third"));
}

TEST(Discover, FilesWithoutStudyUidGoByTheirFolder) {
  const TemporaryFolder data;
  image(data / "a/1/IM1", "");
  image(data / "a/2/IM1", "", "2");
  image(data / "b/1/IM1", "");
  image(data / "c/1/IM1", "1.2.3");
  image(data / "c/1/IM2", "");
  image(data / "c/2/IM1", "", "2");
  const Discovery found = discover_studies(data.path(), {});
  EXPECT_THAT(ids(found), ElementsAre("a", "b", "c"));
  EXPECT_THAT(study_called(found, "c").files, IsEmpty());
}

TEST(Discover, NumberedFoldersOfOneStudyEachAreTakenAsTheyAre) {
  const TemporaryFolder data;
  image(data / "100/1/1.dcm", "1.2.3", "1");
  image(data / "100/2/1.dcm", "1.2.3", "2");
  image(data / "200/1/1.dcm", "1.2.3", "1");    // a copy
  image(data / "300/20230101/1.dcm", "1.2.4");  // a patient with two studies
  image(data / "300/20240101/1.dcm", "1.2.5");
  EXPECT_THAT(ids(discover_studies(data.path(), {})), ElementsAre("100", "200", "20230101", "20240101"));
}

TEST(Discover, ArchivesAreStudiesAndBrokenLinksAreReported) {
  const TemporaryFolder data;
  image(data / "folder_study/t2/1.dcm", "1.2.3");
  touch(data / "folder_study/report.zip");
  touch(data / "1.zip", "PK");
  touch(data / "2.tgz");
  touch(data / "more/1.tar.gz");
  fs::create_symlink("/nonexistent", data / "gone");
  for (const char* file : {"1.dcm", "2.dcm"}) {
    fs::create_directories(data / "annex/t1");
    fs::create_symlink("/nonexistent", data / "annex/t1" / file);
    fs::create_symlink("/nonexistent", data / "folder_study/t2" / (std::string("dead_") + file));
  }
  const Discovery found = discover_studies(data.path(), {});
  EXPECT_THAT(ids(found), ElementsAre("1", "2", "folder_study", "more/1"));
  ASSERT_EQ(found.failures.size(), 2U);
  EXPECT_EQ(found.failures[0].study_id, "annex");
  EXPECT_THAT(found.failures[0].reason, HasSubstr("2 files are links that lead nowhere"));
  EXPECT_EQ(found.failures[1].study_id, "gone");
}

TEST(Discover, ArchivesOfKindsThatAreNotReadAreTold) {
  const TemporaryFolder data;
  image(data / "folder_study/t2/1.dcm", "1.2.3");
  touch(data / "folder_study/notes.7z");
  for (const char* name : {"1.7z", "2.RAR", "3.tar.bz2", "4.tar.xz", "scan.nii.gz", "table.csv.gz"}) touch(data / name);
  const Discovery found = discover_studies(data.path(), {});
  EXPECT_THAT(ids(found), ElementsAre("folder_study"));
  std::vector<std::string> told;
  for (const StudyFailure& failure : found.failures) told.push_back(failure.study_id);
  EXPECT_THAT(told, ElementsAre("1.7z", "2.RAR", "3.tar.bz2", "4.tar.xz"));
  EXPECT_THAT(found.failures.front().reason, HasSubstr("unpack it"));
}

std::vector<unsigned char> image_bytes(const std::string& study_uid) {
  MadeImage made;
  made.study_uid = study_uid;
  return made_bytes(made);
}

TEST(Discover, AnArchiveOfSeveralStudiesIsAsMany) {
  const TemporaryFolder data;
  fs::create_directories(data / "set");
  for (const char* name : {"many.zip", "many.tar"}) {
    write_archive(data / "set" / name, {{"b/1", image_bytes("1.2.4")},
                                        {"a/1", image_bytes("1.2.3")},
                                        {"a/2", image_bytes("1.2.3")},
                                        {"x", image_bytes("")},
                                        {"note.txt", {'x'}}});
    const Discovery found = discover_studies(data / "set", {});
    EXPECT_THAT(ids(found), ElementsAre("many/1.2.3", "many/1.2.4"));
    EXPECT_EQ(study_called(found, "many/1.2.4").folder, data / "set" / name);
    EXPECT_EQ(study_called(found, "many/1.2.4").study_instance_uid, "1.2.4");
    ASSERT_EQ(found.failures.size(), 1U);
    EXPECT_THAT(found.failures[0].reason, HasSubstr("1 files without StudyInstanceUID"));
    EXPECT_THAT(ids(discover_studies(data / "set" / name, {})), ElementsAre("many/1.2.3", "many/1.2.4"));
    EXPECT_THAT(ids(discover_studies(data / "set", {}, {StudyDepth::Leaf})), ElementsAre("many"));
    fs::remove(data / "set" / name);
  }
  write_archive(data / "set/one.zip", {{"1", image_bytes("1.2.3")}, {"2", image_bytes("")}});
  const Discovery found = discover_studies(data / "set", {});
  EXPECT_THAT(ids(found), ElementsAre("one"));
  EXPECT_EQ(found.studies[0].study_instance_uid, "");
  EXPECT_THAT(found.failures, IsEmpty());
}

TEST(Discover, StudiesOfOnePatientAndDayAreJoinedOnDemand) {
  const TemporaryFolder data;
  const auto series = [&](const std::string& path, const std::string& uid, const std::string& patient,
                          const std::string& day) {
    MadeImage made;
    made.study_uid = uid;
    made.series_uid = uid + ".1";
    made.sop_uid = uid + ".1.1";
    made.change = [=](DcmDataset& dataset) {
      put(dataset, DCM_PatientID, patient);
      put(dataset, DCM_StudyDate, day);
    };
    write_image(data / path, made);
  };
  series("a/t1/1", "1.1", "A", "20240101");
  series("a/t2/1", "1.2", "A", "20240101");
  series("b/t1/1", "1.3", "B", "20240101");
  series("b/t2/1", "1.4", "B", "20240102");
  series("c/1", "1.6", "C", "20240101");
  series("c/2", "1.5", "C", "20240101");
  series("d/x/1", "1.7", "", "20240101");
  series("d/y/1", "1.8", "", "20240101");
  EXPECT_EQ(discover_studies(data.path(), {}).studies.size(), 8U);
  const Discovery found = discover_studies(data.path(), {}, {StudyDepth::Auto, true});
  EXPECT_THAT(ids(found), ElementsAre("a", "c", "t1", "t2", "x", "y"));
  EXPECT_THAT(study_called(found, "c").files, IsEmpty());
}

TEST(Discover, WhatIsNeitherAListNorAnArchiveIsRefused) {
  const TemporaryFolder data;
  image(data / "1.dcm", "1.2.3");
  ASSERT_EQ(mkfifo((data / "pipe").c_str(), 0600), 0);
  for (const fs::path& file : {data / "1.dcm", data / "pipe", fs::path("/dev/zero")}) {
    try {
      discover_studies(file, {});
      FAIL() << file;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::Usage) << file;
    }
  }
}

TEST(Discover, RowsOfATableThatFitNoStudyAreCounted) {
  const TemporaryFolder data;
  touch(data / "site1/7/1/1.dcm");
  touch(data / "site2/7/1/1.dcm");
  touch(data / "site2/8/1/1.dcm");
  touch(data / "table.csv", "study_id\nsite1/7\n7\n8.0\n");
  const Discovery found = discover_studies(data.path(), {});
  EXPECT_EQ(rows_of_unknown_studies(data / "table.csv", found), "");
  EXPECT_EQ(rows_of_unknown_studies({}, found), "");
  touch(data / "table.csv", "study_id\n8\n9\n10\n9\n");
  EXPECT_THAT(rows_of_unknown_studies(data / "table.csv", found),
              testing::AllOf(HasSubstr("3 rows of "), HasSubstr("of 2 studies"), HasSubstr("such as 10")));
}

TEST(Discover, NamesAreFitForTables) {
  const TemporaryFolder data;
  touch(data / "=1+1" / "1.dcm");
  touch(data / "a\x1B[2Jb" / "1.dcm");
  EXPECT_THAT(ids(discover_studies(data.path(), {})), ElementsAre("%3D1+1", "a%1B[2Jb"));
}

TEST(Discover, AListNamesWhatIsNotThere) {
  const TemporaryFolder data;
  touch(data / "s 1/1/1.dcm");
  touch(data / "list.txt", "# mine\ns 1\n\nmissing\r\n");
  touch(data / "list.csv", "study_id,series_id\ns 1,1\ns 1,2\nmissing,3\n");
  for (const char* list : {"list.txt", "list.csv"}) {
    const Discovery found = discover_studies(data / list, {});
    EXPECT_THAT(ids(found), ElementsAre("s 1")) << list;
    ASSERT_EQ(found.failures.size(), 1U);
    EXPECT_EQ(found.failures[0].study_id, "missing");
  }
}

TEST(Discover, AListTakesEachStudyOnceHoweverItIsSpelled) {
  const TemporaryFolder data;
  touch(data / "7/1/1.dcm");
  touch(data / "list.txt",
        "\xEF\xBB\xBF"
        "7\n7/\n./7\n");
  touch(data / "list.csv", "path\n7\n./7/\n");
  for (const char* list : {"list.txt", "list.csv"}) {
    const Discovery found = discover_studies(data / list, {});
    EXPECT_THAT(ids(found), ElementsAre("7")) << list;
    EXPECT_THAT(found.failures, IsEmpty()) << list;
  }
}

TEST(Discover, AListMayNameArchives) {
  const TemporaryFolder data;
  touch(data / "a.b.zip");
  touch(data / "c.tar.gz");
  touch(data / "list.txt", "a.b.zip\nc.tar.gz\n");
  EXPECT_THAT(ids(discover_studies(data / "list.txt", {})), ElementsAre("a.b", "c"));
}

TEST(Discover, AnEmptyCellInAListIsAnErrorWithItsLine) {
  const TemporaryFolder data;
  touch(data / "7/1/1.dcm");
  touch(data / "list.csv", "path,site\n7,1\n,2\n");
  try {
    discover_studies(data / "list.csv", {});
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("line 3"));
  }
}

TEST(Discover, AMissingDataSetIsAnErrorAndAnEmptyOneIsEmpty) {
  const TemporaryFolder data;
  EXPECT_THROW(discover_studies(data / "nothing", {}), Error);
  EXPECT_THAT(ids(discover_studies(data.path(), {})), IsEmpty());
}

}  // namespace
}  // namespace lumbargrade
