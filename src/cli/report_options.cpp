#include "cli/report_options.h"

#include <filesystem>

#include "cli/commands.h"
#include "core/error.h"

namespace lumbargrade::cli {

void add_report_options(CLI::App& command, ReportOptions& options) {
  command
      .add_flag("--report", options.page, "With -o: also report.html (one file to read), overview.png and grades.json")
      ->group("Output");
  command
      .add_flag("--masks", options.masks,
                "With -o: also discs, vertebrae and canal as masks.nii.gz with masks.json, and points.mrk.json for 3D "
                "Slicer")
      ->group("Output");
  command
      .add_option("--dicom", options.dicom,
                  "With -o: results as DICOM in the folder dicom: sr (structured report), sc (pictures), seg (masks), "
                  "parted by commas")
      ->delimiter(',')
      ->check(CLI::IsMember({"sr", "sc", "seg"}))
      ->type_name("KIND")
      ->group("Output");
  command
      .add_option("--prior", options.prior,
                  "Earlier study, or the folder of its results made with --report, to compare with")
      ->type_name("FOLDER")
      ->group("Output");
  command
      .add_flag("--show-patient", options.show_patient,
                "With --report: name the patient on the page (otherwise nothing does)")
      ->group("Output");
}

void check_report_options(const ReportOptions& options, const std::string& output, const std::string& format) {
  if (output.empty() && options.any()) {
    throw Error(ErrorKind::Usage, "--report, --masks and --dicom write files: give a folder with -o");
  }
  if (options.show_patient && !options.page) {
    throw Error(ErrorKind::Usage, "--show-patient is about the page that --report writes: give --report too");
  }
  if (options.prior.empty()) return;
  if (!options.page && format != "json") {
    throw Error(ErrorKind::Usage, "--prior compares in the files of --report, and in --format json: give one of them");
  }
  if (!std::filesystem::exists(options.prior)) {
    throw Error(ErrorKind::Usage, text("--prior: ", options.prior, " does not exist"));
  }
}

std::vector<std::string> patient_lines(const dicom::SourceHeader& header) {
  const dicom::PatientText patient = dicom::patient_text(header);
  std::vector<std::string> lines;
  const auto add = [&](const char* label, const std::string& value) {
    if (!value.empty()) lines.push_back(text(label, ": ", value));
  };
  add("Patient", patient.name);
  add("Patient ID", patient.patient_id);
  add("Born", patient.birth_date);
  add("Sex", patient.sex);
  add("Examined", patient.study_date);
  return lines;
}

std::string program_text() {
  const std::string version = version_text();
  return version.substr(0, version.find_first_of("\n("));
}

}  // namespace lumbargrade::cli
