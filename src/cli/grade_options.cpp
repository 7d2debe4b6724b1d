#include "cli/grade_options.h"

#include "core/error.h"
#include "pipeline/device_name.h"

namespace lumbargrade::cli {

CLI::Option* add_study_option(CLI::App& command, StudyOptions& options) {
  return command
      .add_option("--study", options.study_uid, "Of several studies in the folder, this StudyInstanceUID or folder")
      ->group("Series");
}

void add_series_options(CLI::App& command, StudyOptions& options) {
  command.option_defaults()->group("Series");
  command.add_flag(
      "--join-studies", options.join_studies,
      "Several StudyInstanceUIDs are parts of one examination; of a data set, those of one patient and day");
  command.add_option("--sagittal-t1", options.sagittal_t1,
                     "SeriesInstanceUID or folder of the sagittal T1 (default: detected)");
  command.add_option("--sagittal-t2", options.sagittal_t2,
                     "SeriesInstanceUID or folder of the sagittal T2 (default: detected)");
  command.add_option("--axial-t2", options.axial_t2,
                     "SeriesInstanceUID or folder of an axial T2; may be repeated (default: detected)");
  command
      .add_option("--series-descriptions", options.series_descriptions,
                  "CSV with study_id, series_id, series_description that names the roles (default: none)")
      ->check(CLI::ExistingFile);
  command
      .add_option("--memory-limit", options.memory_limit_mib,
                  "Memory that one study may take, in MiB; one that needs more is refused")
      ->check(CLI::Range(MemoryBudget::kSmallest_mib, 1 << 20))
      ->capture_default_str()
      ->group("Running");
}

CLI::Option* add_device_option(CLI::App& command, std::string& device) {
  const auto check = [](const std::string& word) {
    return is_device_name(word) ? std::string() : text("\"", word, "\" must be one of cpu, cuda, cuda:N, auto");
  };
  return command.add_option("--device", device, "Compute device: cpu, cuda, cuda:N or auto")
      ->check(CLI::Validator(check, ""))
      ->capture_default_str();
}

void add_grader_options(CLI::App& command, GraderOptions& options) {
  command.option_defaults()->group("Model");
  command.add_option("--bundle", options.bundle, "Folder of the model bundle (default: the one shipped)");
  command
      .add_option("--lowest-disc", options.lowest_disc,
                  "Name of the lowest disc in view: L5/S1, L4/L5 or L6/S1 (default: detected)")
      ->check(CLI::IsMember({"L5/S1", "L4/L5", "L6/S1"}));
  add_device_option(command, options.device);
  command
      .add_option(
          "--precision", options.precision,
          "Numbers that the networks compute in: float32, bfloat16, float16 on a GPU, int8 (8-bit integers, of those "
          "that find the levels) on a CPU with AVX-512 VNNI; auto: int8 where it can be had, else float32")
      ->check(CLI::IsMember({"auto", "float32", "int8", "bfloat16", "float16"}))
      ->capture_default_str();
  command.add_option("--threads", options.threads, "CPU threads; 0: one per core")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
}

nlohmann::ordered_json to_json(const StudyOptions& options) {
  return {{"study", options.study_uid},
          {"join_studies", options.join_studies},
          {"sagittal_t1", options.sagittal_t1},
          {"sagittal_t2", options.sagittal_t2},
          {"axial_t2", options.axial_t2},
          {"series_descriptions", options.series_descriptions.string()},
          {"memory_limit_mib", options.memory_limit_mib}};
}

nlohmann::ordered_json to_json(const GraderOptions& options) {
  return {{"bundle", options.bundle.value_or("")},
          {"lowest_disc", options.lowest_disc},
          {"device", options.device},
          {"precision", options.precision},
          {"threads", options.threads}};
}

}  // namespace lumbargrade::cli
