#include "pipeline/report_files.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <nlohmann/json.hpp>

#include "core/atomic_file.h"
#include "core/files.h"
#include "core/log.h"
#include "pictures/png_file.h"
#include "pipeline/stopwatch.h"
#include "report/grades_json.h"
#include "report/index_page.h"
#include "report/level_picture.h"
#include "report/overview.h"
#include "report/report_page.h"
#include "results/markups.h"
#include "results/nifti.h"
#include "results/secondary_capture.h"
#include "results/segmentation.h"
#include "results/structured_report.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kLargestPrior = std::uintmax_t{1} << 26;  // bytes; a usual one has a thousandth

/// Writes files below one folder and remembers their names.
class Writer {
 public:
  explicit Writer(fs::path folder) : folder_(std::move(folder)) {}

  void text(const std::string& name, const std::string& content) {
    write_file_atomically(folder_ / name, content);
    written_.push_back(name);
  }
  void dicom(const std::string& name, DcmDataset& dataset) { text(name, results::file_bytes(dataset)); }
  std::vector<std::string> written() const { return written_; }

 private:
  fs::path folder_;
  std::vector<std::string> written_;
};

void write_page(Writer& writer, const StudyReport& report, const cv::Mat& overview) {
  writer.text(kJsonFile, grades_json(report));
  const std::string png = encode_rgb_png(overview);
  writer.text(kOverviewFile, png);
  writer.text(kStudyPageFile, report_page(report, overview, png));
}

void write_masks(Writer& writer, const StudyReport& report, const SpineMasks& masks) {
  writer.text(kMasksFile, results::nifti_gz(masks, report.sagittal));
  writer.text(kMasksTableFile, results::masks_json(report, masks));
  writer.text(kPointsFile, results::markups_json(report, masks));
}

void write_captures(Writer& writer, const StudyReport& report, const cv::Mat& overview,
                    const results::ResultOrigin& origin) {
  int number = 1;
  writer.dicom(kOverviewCaptureFile, *results::secondary_capture(overview, origin, "overview", number));
  for (const Level level : kLevels) {
    const cv::Mat picture = level_picture(report, level);
    if (picture.empty()) continue;
    writer.dicom(capture_file(level),
                 *results::secondary_capture(picture, origin, std::string(level_name(level)), ++number));
  }
}

void write_dicom(Writer& writer, const StudyReport& report, const ReportOptions& options, const cv::Mat& overview,
                 const SpineMasks& masks, const std::string& run_options) {
  const results::ResultOrigin origin = results::result_origin(report, run_options);
  if (options.wants("sr")) writer.dicom(kStructuredReportFile, *results::structured_report(report, origin));
  if (options.wants("sc")) write_captures(writer, report, overview, origin);
  if (!options.wants("seg")) return;
  if (const auto segmentation = results::segmentation(report, masks, origin)) {
    writer.dicom(kSegmentationFile, *segmentation);
  } else {
    log_warning("no disc, vertebra or canal was drawn: there is no DICOM segmentation");
  }
}

/// Of what both files tell.
bool differ(const dicom::PatientText& a, const dicom::PatientText& b) {
  const auto unlike = [](const std::string& x, const std::string& y) { return !x.empty() && !y.empty() && x != y; };
  return unlike(a.patient_id, b.patient_id) || unlike(a.birth_date, b.birth_date);
}

PriorStudy prior_study_in(const fs::path& file) {
  const auto content = file_text(file, kLargestPrior);
  if (content) return prior_study_from_json(*content, file.string());
  throw Error(ErrorKind::Usage, text("--prior: cannot read ", file.string(), " (no file, or one of more than ",
                                     kLargestPrior >> 20, " MiB); name the earlier study itself"));
}

}  // namespace

std::string deciding_options(const StudyOptions& study, const GraderOptions& grader, const std::string& precision) {
  const nlohmann::ordered_json options = {{"study", study.study_uid},         {"join_studies", study.join_studies},
                                          {"sagittal_t1", study.sagittal_t1}, {"sagittal_t2", study.sagittal_t2},
                                          {"axial_t2", study.axial_t2},       {"lowest_disc", grader.lowest_disc},
                                          {"device", grader.device},          {"precision", precision}};
  return options.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

StudyReport make_study_report(const StudyAndResult& graded, const LoadedGrader& loaded, const std::string& program) {
  const StudyResult& result = graded.result;
  const BundleIdentity& bundle = loaded;
  return {result.study_id,
          graded.prepared.study,
          graded.prepared.sagittal_volume(),
          result.spine,
          result.grades,
          result.warnings,
          {bundle, utc_timestamp(), program, loaded.grader.model.measures},
          {},
          std::nullopt};
}

void write_indexed_page(const fs::path& folder, const StudyReport& report) {
  make_folder(folder);
  Writer writer(folder);
  writer.text(kThumbnailFile, encode_rgb_png(thumbnail_picture(report)));
  const cv::Mat overview = overview_picture(report);
  writer.text(kStudyPageFile, report_page(report, overview, encode_rgb_png(overview)));
}

PriorStudy read_prior_study(const std::string& folder, const StudyOptions& options, const LoadedGrader& loaded,
                            const std::string& program, const dicom::SourceHeader& header) {
  const fs::path file = fs::path(folder) / kJsonFile;
  if (fs::exists(file))
    log_info(text("--prior: results do not name their patient; see that ", folder, " is of the same"));
  if (fs::exists(file)) return prior_study_in(file);
  if (!fs::exists(folder)) {
    throw Error(ErrorKind::Usage, text("--prior: ", folder, " does not exist"));
  }
  if (fs::exists(fs::path(folder) / "grades.csv")) {
    throw Error(ErrorKind::Usage, text("--prior: ", folder, " holds grades.csv but no ", kJsonFile,
                                       ": grade the earlier study with --report, or name the study itself"));
  }
  StudyOptions prior_options;
  prior_options.threads = options.threads;
  const StudyAndResult graded = read_and_grade(folder, prior_options, loaded.grader);
  if (differ(dicom::patient_text(graded.prepared.study.header), dicom::patient_text(header))) {
    log_warning(
        text("--prior: ", folder, " is of another patient (patient ID or birth date differ): compare with care"));
  }
  return prior_study_from_json(grades_json(make_study_report(graded, loaded, program)), folder);
}

std::vector<std::string> write_report_files(const fs::path& folder, const StudyReport& report,
                                            const ReportOptions& options, const Grader& grader,
                                            const std::string& run_options) {
  Writer writer(folder);
  const cv::Mat overview = options.page || options.wants("sc") ? overview_picture(report) : cv::Mat();
  const SpineMasks masks =
      options.masks || options.wants("seg") ? grader.mask(report.sagittal, report.spine) : SpineMasks{};
  if (options.page) write_page(writer, report, overview);
  if (options.masks) write_masks(writer, report, masks);
  if (!options.dicom.empty()) {
    make_folder(folder / "dicom");
    write_dicom(writer, report, options, overview, masks, run_options);
  }
  remove_unwritten(folder, report_file_names(options), writer.written());
  return writer.written();
}

}  // namespace lumbargrade
