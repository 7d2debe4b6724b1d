#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "dicom/instance.h"
#include "study/study.h"

namespace lumbargrade {

using InstancePointer = std::shared_ptr<dicom::Instance>;

/// The files of the one study that is meant.
struct StudyFiles {
  std::string study_id;
  std::string study_instance_uid;
  std::vector<InstancePointer> instances;
};

/// Chooses the study that `options.study_uid` (a StudyInstanceUID or folder) names, the only one, or all as one
/// (`options.join_studies`). Throws Error: NoUsableStudy
/// when there are several and none is named, Usage when none has the name.
StudyFiles choose_study(const std::filesystem::path& path, const StudyOptions& options,
                        std::vector<InstancePointer> instances);

/// Leaves out files that are there twice, byte for byte, and tells their number.
void drop_copies(std::vector<InstancePointer>& instances, std::vector<std::string>& warnings);

/// Tells when the files name several patients.
void warn_about_several_patients(const std::vector<InstancePointer>& instances, std::vector<std::string>& warnings);

void warn_about_files_without_study(const std::vector<InstancePointer>& instances, std::vector<std::string>& warnings);

}  // namespace lumbargrade
