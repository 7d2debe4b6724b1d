#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/memory_budget.h"
#include "core/series_role.h"
#include "dicom/source_header.h"
#include "volume/volume.h"

namespace lumbargrade {

/// What the user may say about a study. Empty means: found out from the files.
struct StudyOptions {
  std::string study_uid;      ///< StudyInstanceUID, or folder, of the one study to load out of several
  bool join_studies = false;  ///< several StudyInstanceUIDs are parts of one examination
  std::string sagittal_t1;    ///< SeriesInstanceUID, or folder name, of the series for this role
  std::string sagittal_t2;
  std::vector<std::string> axial_t2;          ///< several axial series may serve
  std::filesystem::path series_descriptions;  ///< CSV with study_id,series_id,series_description
  std::vector<std::filesystem::path> files;   ///< only these, where the folder holds other studies too; empty: all
  int threads = 2;                            ///< for reading and decoding
  int memory_limit_mib = MemoryBudget::kDefault_mib;  ///< what one study may take; more is refused
};

/// One stack of parallel slices within a series.
struct BlockSummary {
  int slices = 0;
  int columns = 0;
  int rows = 0;
  Affine patient_from_index = Affine::Identity();  ///< (column, row, slice) of voxel centres to LPS mm
  std::vector<Vector3> slice_positions_patient;    ///< of each slice's first pixel: exact where slices are missing
  double lowest_z_mm = 0;                          ///< extent of the slices' field along the body
  double highest_z_mm = 0;
  bool used = false;  ///< part of a volume of the study
};

/// One series, used or not, as `inspect` shows it.
struct SeriesSummary {
  std::string series_instance_uid;
  std::string name;    ///< what the user may call it: its folder's name, or its UID where series share a folder
  std::string folder;  ///< name of the folder that holds its files
  std::string description;
  std::string modality;
  int series_number = 0;
  int files = 0;
  int frames = 0;
  std::string orientation;  ///< "sagittal", "axial", "coronal", "mixed" or "none"
  std::vector<BlockSummary> blocks;
  SeriesRole role = SeriesRole::None;
  bool used = false;     ///< false for a role's alternatives
  std::string evidence;  ///< why it has this role, or none
  std::vector<std::string> warnings;
};

/// A study ready for grading. Absent series are absent; whatever was left out is told in `warnings` and `series`.
struct Study {
  std::string study_id;  ///< the folder's name; StudyInstanceUID when the folder holds several studies
  std::string study_instance_uid;
  std::optional<Volume> sagittal_t1;
  std::optional<Volume> sagittal_t2;
  std::vector<Volume> axial_t2;  ///< one volume per block of parallel slices, best series first
  std::vector<SeriesSummary> series;
  std::vector<std::string> warnings;  ///< those of the series are repeated here, with the series' name
  MemoryBudgetPointer memory;         ///< what the study may take and has taken
  dicom::SourceHeader header;         ///< of one image in use, sagittal T2 before T1 before axial: whose study this is
};

/// A point in the middle of the canal and one in the vertebra or disc in front of it, in patient space (LPS, mm).
struct CanalPair {
  Vector3 canal = Vector3::Zero();
  Vector3 body = Vector3::Zero();
};

/// Finds such pairs in a sagittal volume of any weighting; none where it shows no lumbar spine.
using CanalFinder = std::function<std::vector<CanalPair>(const Volume& sagittal)>;

/// Reads every DICOM file of `path` (a folder, a zip or tar, a DICOMDIR, or one file), each once, and decodes the
/// series that have a role. Where neither sequence timing nor description tells T1 from T2 and a role is still empty,
/// the image does, if `find_canal` is given: fluid is brighter than bone on T2. Throws Error: NoUsableStudy when
/// nothing readable is there, several studies are and none was chosen, or memory_limit_mib does not suffice; Usage when
/// an override names no series.
Study load_study(const std::filesystem::path& path, const StudyOptions& options = {},
                 const CanalFinder& find_canal = {});

/// The same without the volumes: nothing is decoded but what the roles need.
Study inspect_study(const std::filesystem::path& path, const StudyOptions& options = {},
                    const CanalFinder& find_canal = {});

/// Reads one series folder without asking for its role: its blocks of parallel slices, most slices first.
std::vector<Volume> load_series(const std::filesystem::path& folder, int threads = 2);

}  // namespace lumbargrade
