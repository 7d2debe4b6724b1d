#include "phantom/dataset.h"

#include <dcmtk/dcmdata/dctk.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "core/csv.h"
#include "core/error.h"
#include "phantom/study_writer.h"
#include "study/study.h"

namespace lumbargrade::phantom {
namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  explicit Folder(const std::string& name) : path_(fs::path(testing::TempDir()) / ("phantom_" + name)) {
    fs::remove_all(path_);
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

DatasetOptions small(const fs::path& folder, int studies = 1) {
  DatasetOptions options;
  options.studies = studies;
  options.seed = 42;
  options.folder = folder;
  options.protocol.sagittal_matrix = 48;
  options.protocol.axial_matrix = 40;
  return options;
}

std::string bytes_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

std::map<std::string, std::string> contents(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files[fs::relative(entry.path(), folder).string()] = bytes_of(entry.path());
  }
  return files;
}

nlohmann::json truth_of(const fs::path& folder) {
  return nlohmann::json::parse(bytes_of(folder / "truth.json"));
}

Vector3 vector_of(const nlohmann::json& json) {
  return Vector3(json[0].get<double>(), json[1].get<double>(), json[2].get<double>());
}

TEST(Dataset, HasTheSameBytesForAnyNumberOfJobsAndAfterResume) {
  const Folder one("one"), two("two");
  write_dataset(small(one.path(), 2));
  DatasetOptions parallel = small(two.path(), 1);
  parallel.jobs = 2;
  write_dataset(parallel);  // interrupted, as it were, after the first study
  fs::create_directories(two.path() / ".phantom" / "unfinished" / "7" / "images");
  std::ofstream(two.path() / ".phantom" / "unfinished" / ".train.csv.abcdef") << "half a ta";
  parallel.studies = 2;
  parallel.resume = true;
  write_dataset(parallel);
  const auto expected = contents(one.path());
  const auto found = contents(two.path());
  EXPECT_GT(expected.size(), 60u);
  EXPECT_TRUE(expected == found);
}

TEST(Dataset, OfThisFormatDrawsTheseFigures) {
  // Where they change, kDatasetFormat must rise: else a run resumes whose studies do not belong together. Figures of
  // the program before core's prevalence (commit 64ff722), which moves the third decimal only.
  ASSERT_EQ(kDatasetFormat, 2);
  const Folder folder("format");
  write_dataset(small(folder.path()));
  const nlohmann::json study = truth_of(folder.path())[0];
  EXPECT_EQ(study["study_id"], 829100000);
  EXPECT_EQ(study["age_years"], 63);
  EXPECT_EQ(study["labels"]["spinal_canal_stenosis_l4_l5"], "Severe");
  EXPECT_NEAR(study["levels"][0]["sac_area_mm2"].get<double>(), 174.811, 0.01);
  EXPECT_NEAR(study["levels"][0]["right"]["foramen_width_mm"].get<double>(), 5.2, 0.01);
  EXPECT_NEAR(study["vertebra_centres_patient_mm"]["L5"][2].get<double>(), -52.874, 0.01);
  EXPECT_EQ(study["series"][0]["instances"], 18);
}

TEST(Dataset, OfAnotherFormatIsNotContinued) {
  const Folder folder("other_format");
  write_dataset(small(folder.path()));
  const fs::path file = folder.path() / ".phantom" / "options.json";
  auto begun = nlohmann::json::parse(bytes_of(file));
  begun["format"] = kDatasetFormat - 1;
  std::ofstream(file) << begun.dump(1) << "\n";
  DatasetOptions again = small(folder.path());
  again.resume = true;
  EXPECT_THROW(write_dataset(again), Error);
}

TEST(Dataset, MetaHeadersNameNoLibraryVersionAndTellTheirLength) {
  const Folder folder("meta");
  write_dataset(small(folder.path()));
  int files = 0;
  for (const auto& [name, bytes] : contents(folder.path() / "train_images")) {
    ++files;
    EXPECT_EQ(bytes.substr(0, 1024).find("DCMTK"), std::string::npos) << name;
    // (0002,0000) UL: the length of what follows it in group 2; group 8 comes next (PS3.10 7.1).
    ASSERT_EQ(bytes.substr(132, 8), std::string("\x02\0\0\0UL\x04\0", 8)) << name;
    const auto length = static_cast<unsigned char>(bytes[140]) + 256u * static_cast<unsigned char>(bytes[141]);
    EXPECT_EQ(bytes.substr(144 + length, 2), std::string("\x08\0", 2)) << name;
  }
  EXPECT_GT(files, 30);
}

TEST(Dataset, HasTheChallengesTables) {
  const Folder folder("tables");
  write_dataset(small(folder.path()));
  const CsvTable train = read_csv(folder.path() / "train.csv");
  ASSERT_EQ(train.header.size(), 26u);
  EXPECT_EQ(train.header[1], "spinal_canal_stenosis_l1_l2");
  const CsvTable series = read_csv(folder.path() / "train_series_descriptions.csv");
  ASSERT_EQ(series.rows.size(), 3u);
  EXPECT_EQ(series.rows[1][2], "Sagittal T2/STIR");
  const CsvTable points = read_csv(folder.path() / "train_label_coordinates.csv");
  EXPECT_GE(points.rows.size(), 15u);
  for (const auto& row : points.rows) {
    EXPECT_TRUE(fs::exists(folder.path() / "train_images" / row[0] / row[1] / (row[2] + ".dcm")));
  }
}

TEST(Dataset, TablesAndTruthMeetInPatientSpaceAsTheLoaderReadsIt) {
  const Folder folder("loader");
  const DatasetOptions options = small(folder.path());
  write_dataset(options);
  const auto truth = truth_of(folder.path())[0];
  StudyOptions study_options;
  study_options.series_descriptions = folder.path() / "train_series_descriptions.csv";
  const Study study =
      load_study(folder.path() / "train_images" / std::to_string(study_id_of(options.seed, 0)), study_options);
  ASSERT_TRUE(study.sagittal_t1 && study.sagittal_t2);
  ASSERT_FALSE(study.axial_t2.empty());
  const CsvTable points = read_csv(folder.path() / "train_label_coordinates.csv");
  int compared = 0;
  for (const auto& row : points.rows) {
    if (row[3].find("Subarticular") != std::string::npos) continue;
    const bool canal = row[3].find("Canal") != std::string::npos;
    const Volume& volume = canal ? *study.sagittal_t2 : *study.sagittal_t1;
    const auto source = std::find_if(volume.sources.begin(), volume.sources.end(), [&](const SliceSource& candidate) {
      return candidate.instance_number == std::stoi(row[2]);
    });
    ASSERT_NE(source, volume.sources.end());
    const Vector3 point = source->position_patient +
                          volume.patient_from_index.linear() * Vector3(std::stod(row[5]), std::stod(row[6]), 0);
    const auto level = index_of(*parse_level(row[4]));
    const auto& own = truth["levels"][level];
    const Vector3 expected = canal                        ? vector_of(own["canal_point_patient_mm"])
                             : row[3].starts_with("Left") ? vector_of(own["left"]["foramen_point_patient_mm"])
                                                          : vector_of(own["right"]["foramen_point_patient_mm"]);
    EXPECT_LT((point - expected).norm(), 0.5 * 4.5 * 1.2 + 0.1) << row[3] << row[4];
    ++compared;
  }
  EXPECT_GE(compared, 12);
}

TEST(Dataset, LabelVolumeShowsCanalAndVertebraeWhereTheTruthSaysTheyAre) {
  const Folder folder("labels");
  DatasetOptions options = small(folder.path());
  options.labels = true;
  options.protocol.sagittal_matrix = 128;
  write_dataset(options);
  const auto truth = truth_of(folder.path())[0];
  const std::string series = truth["series"][1]["series_id"].dump();
  const auto volumes = load_series(folder.path() / "labels" / truth["study_id"].dump() / series);
  ASSERT_EQ(volumes.size(), 1u);
  const Volume& volume = volumes[0];
  const auto label_at = [&](const Vector3& point) {
    const Vector3 index = volume.patient_from_index.inverse() * point;
    const auto column = static_cast<int>(std::lround(index.x()));
    const auto row = static_cast<int>(std::lround(index.y()));
    const auto slice = static_cast<int>(std::lround(index.z()));
    return static_cast<int>(volume.slice_data(slice)[row * volume.columns + column]);
  };
  int vertebrae = 0;
  for (const auto& [name, centre] : truth["vertebra_centres_patient_mm"].items()) {
    vertebrae += label_at(vector_of(centre) + Vector3(0, -4, 3)) == static_cast<int>(Label::Vertebra);
  }
  EXPECT_GE(vertebrae, 4);
  int canals = 0;
  for (const auto& level : truth["levels"]) {
    const int label = label_at(vector_of(level["canal_point_patient_mm"]));
    canals += label == static_cast<int>(Label::Csf) || label == static_cast<int>(Label::NerveRoot) ||
              label == static_cast<int>(Label::Cord);
  }
  EXPECT_GE(canals, 4);
}

TEST(Dataset, WritesTheChallengesHeadersOnRequest) {
  const Folder folder("quirks");
  DatasetOptions options = small(folder.path());
  options.quirks = VendorQuirks::Rsna;
  write_dataset(options);
  const fs::path study = folder.path() / "train_images" / std::to_string(study_id_of(options.seed, 0));
  std::map<std::string, int> sop_uids;
  std::map<std::string, int> frames_of_reference;
  for (const auto& entry : fs::recursive_directory_iterator(study)) {
    if (!entry.is_regular_file()) continue;
    DcmFileFormat file;
    ASSERT_TRUE(file.loadFile(entry.path().c_str()).good()) << entry.path();
    OFString value;
    EXPECT_FALSE(file.getDataset()->tagExists(DCM_Modality));
    EXPECT_FALSE(file.getDataset()->tagExists(DCM_SOPClassUID));
    EXPECT_FALSE(file.getDataset()->tagExists(DCM_EchoTime));
    EXPECT_EQ(file.getDataset()->getOriginalXfer(), EXS_RLELossless);
    file.getDataset()->findAndGetOFString(DCM_SOPInstanceUID, value);
    ++sop_uids[value.c_str()];
    file.getDataset()->findAndGetOFString(DCM_FrameOfReferenceUID, value);
    ++frames_of_reference[value.c_str()];
  }
  EXPECT_EQ(frames_of_reference.size(), 3u);
  EXPECT_GE(sop_uids.begin()->second, 2) << "SOP instance UIDs repeat across series";
  EXPECT_TRUE(load_study(study).sagittal_t1.has_value());
}

TEST(Dataset, RefusesImpossibleOptionsWithASentence) {
  const Folder folder("refused");
  const auto kind_of = [](const DatasetOptions& options) {
    try {
      write_dataset(options);
    } catch (const Error& error) {
      EXPECT_GT(std::string(error.what()).size(), 20u);
      return error.kind();
    }
    return ErrorKind::Failure;
  };
  EXPECT_EQ(kind_of(small(folder.path(), 0)), ErrorKind::Usage);
  DatasetOptions options = small(folder.path());
  options.protocol.noise_factor = -1;
  EXPECT_EQ(kind_of(options), ErrorKind::Usage);
  options = small(folder.path());
  options.label_noise = 1.5;
  EXPECT_EQ(kind_of(options), ErrorKind::Usage);
  EXPECT_FALSE(fs::exists(folder.path()));
  fs::create_directories(folder.path());
  std::ofstream(folder.path() / "mine.txt") << "precious";
  EXPECT_EQ(kind_of(small(folder.path())), ErrorKind::Failure);
  options = small(folder.path());
  options.resume = true;
  EXPECT_EQ(kind_of(options), ErrorKind::Usage);
  EXPECT_EQ(bytes_of(folder.path() / "mine.txt"), "precious");
}

TEST(Prevalence, IsReadFromJsonAndMustSumToOne) {
  const Folder folder("prevalence");
  fs::create_directories(folder.path());
  const fs::path file = folder.path() / "p.json";
  const auto read = [&](const std::string& json) {
    std::ofstream(file) << json;
    return read_prevalence(file);
  };
  const PriorTable read_one = read(R"({"spinal_canal_stenosis": {"l4_l5": [0.2, 0.3, 0.5]}})");
  EXPECT_EQ(read_one[0][3][2], 0.5);
  EXPECT_EQ(read_one[0][0], challenge_prevalence()[0][0]);
  EXPECT_THROW(read(R"({"spinal_canal_stenosis": {"l4_l5": [0.2, 0.3, 0.4]}})"), Error);
  EXPECT_THROW(read(R"({"spinal_canal_stenosis": {"l4_l5": [-0.2, 0.7, 0.5]}})"), Error);
  EXPECT_THROW(read(R"({"canal": {"l4_l5": [0.2, 0.3, 0.5]}})"), Error);
  EXPECT_THROW(read("not json"), Error);
  for (const auto& condition : challenge_prevalence()) {
    for (const auto& level : condition) EXPECT_NEAR(level[0] + level[1] + level[2], 1, 1e-9);
  }
}

}  // namespace
}  // namespace lumbargrade::phantom
