#include "study/header_uids.h"

#include <gtest/gtest.h>

#include <fstream>

#include "dicom/made_dicom.h"

namespace lumbargrade {
namespace {

std::filesystem::path written(const TemporaryFolder& folder, E_TransferSyntax syntax, E_EncodingType lengths) {
  MadeImage image;
  image.study_uid = "1.2.840.7";
  image.series_uid = "1.2.840.7.1";
  image.sop_uid = "1.2.840.7.1.1";
  // A sequence before the UIDs, which holds UIDs of its own.
  image.change = [](DcmDataset& dataset) {
    put(dataset, DCM_PatientID, "P 7");
    put(dataset, DCM_StudyDate, "20240229");
    DcmItem* item = nullptr;
    dataset.findOrCreateSequenceItem(DCM_ReferencedStudySequence, item, 0);
    put(*item, DCM_StudyInstanceUID, "9.9.9");
    DcmItem* inner = nullptr;
    item->findOrCreateSequenceItem(DCM_PurposeOfReferenceCodeSequence, inner, 0);
    put(*inner, DCM_SeriesInstanceUID, "9.9.9.9");
  };
  DcmFileFormat file;
  fill(*file.getDataset(), image);
  auto path = folder / "made.dcm";
  file.saveFile(path.c_str(), syntax, lengths);
  return path;
}

TEST(HeaderUids, AreReadInEveryEncodingPastSequences) {
  const TemporaryFolder folder;
  for (const auto syntax : {EXS_LittleEndianExplicit, EXS_LittleEndianImplicit, EXS_BigEndianExplicit}) {
    for (const auto lengths : {EET_ExplicitLength, EET_UndefinedLength}) {
      const auto uids = read_header_uids(written(folder, syntax, lengths));
      ASSERT_TRUE(uids) << syntax;
      EXPECT_EQ(uids->study_instance_uid, "1.2.840.7") << syntax << " " << lengths;
      EXPECT_EQ(uids->series_instance_uid, "1.2.840.7.1") << syntax << " " << lengths;
      EXPECT_EQ(uids->sop_instance_uid, "1.2.840.7.1.1") << syntax << " " << lengths;
      EXPECT_EQ(uids->patient_id, "P 7") << syntax << " " << lengths;
      EXPECT_EQ(uids->study_date, "20240229") << syntax << " " << lengths;
    }
  }
}

TEST(HeaderUids, ADamagedHeaderGivesWhatItHasAndNoDicomNothing) {
  const TemporaryFolder folder;
  const auto path = written(folder, EXS_LittleEndianExplicit, EET_ExplicitLength);
  const auto size = std::filesystem::file_size(path);
  std::ifstream stream(path, std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(stream), {}};
  for (size_t length = 0; length < std::min<size_t>(size, 1500); ++length) {
    std::ofstream(folder / "cut.dcm", std::ios::binary) << whole.substr(0, length);
    const auto uids = read_header_uids(folder / "cut.dcm");
    EXPECT_EQ(uids.has_value(), length >= 132) << length;
    if (uids && !uids->study_instance_uid.empty()) {
      EXPECT_EQ(uids->study_instance_uid, "1.2.840.7") << length;
    }
  }
  std::ofstream(folder / "text.dcm") << "no DICOM";
  EXPECT_FALSE(read_header_uids(folder / "text.dcm"));
  EXPECT_FALSE(read_header_uids(folder / "missing.dcm"));
  EXPECT_FALSE(read_header_uids(folder.path()));
}

}  // namespace
}  // namespace lumbargrade
