#include "report/report_page.h"

#include <array>
#include <cctype>
#include <cmath>
#include <kainjow/mustache.hpp>

#include "core/base64.h"
#include "core/error.h"
#include "core/joined.h"
#include "core/number_text.h"
#include "pictures/png_file.h"
#include "report/finding_picture.h"
#include "report/page_templates.h"
#include "report/severity_style.h"

namespace lumbargrade {
namespace {

using Data = kainjow::mustache::data;

/// By Condition.
const std::array<const char*, kConditionCount> kTitles = {"Spinal canal stenosis", "Neural foraminal narrowing",
                                                          "Subarticular stenosis (lateral recess)"};

/// What no bundle makes good.
const std::array<const char*, 5> kLimits = {
    "Cut-points of measures reproduce how often the challenge's patients have each grade, not readers' grades of the "
    "same images; what each part of the bundle learned from stands above.",
    "Where only a prior is given, nothing in the images was looked at.",
    "Level names are counted from the sacrum: with a transitional vertebra all of them may be off by one.",
    "Fractures, tumours, infections, implants and operated spines are not recognised.",
    "Nobody has tested this program on patients' care."};

std::string condition_words(Condition condition) {
  std::string words = kTitles[index_of(condition)];
  words.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(words.front())));
  return words;
}

std::string sided_name(const Finding& finding) {
  const std::string level(level_name(finding.level));
  return finding.side ? text(level, " ", side_name(*finding.side)) : level;
}

Data list_of(const std::vector<std::string>& words) {
  Data list{Data::type::list};
  for (const std::string& word : words) list << Data{word};
  return list;
}

std::string source_sentence(const Grade& grade) {
  static constexpr std::array<const char*, index_of(GradeSource::Prior) + 1> kSentences = {
      "Graded by networks that looked at the image.", "Graded from what was measured in the image.",
      "Graded from a measure and by networks that looked at the image.",
      "Nothing in the images was looked at: this is how often patients of the challenge had each grade at this level."};
  return kSentences[index_of(grade.source)];
}

std::string percent(double share) {
  return fixed_decimals(100 * share, 0) + "%";
}

std::string bar_label(const Probabilities& probabilities) {
  return text("normal/mild ", percent(probabilities[0]), ", moderate ", percent(probabilities[1]), ", severe ",
              percent(probabilities[2]));
}

Data bars(const Probabilities& probabilities) {
  Data list{Data::type::list};
  for (size_t k = 0; k < probabilities.size(); ++k) {
    Data bar;
    bar.set("key", std::string(severity_key(static_cast<Severity>(k))));
    bar.set("percent", fixed_decimals(100 * probabilities[k], 2));
    list << bar;
  }
  return list;
}

/// What each part of a mixed grade says and how much it counts. Empty where only one counts.
std::vector<std::string> contribution_sentences(const Grade& grade) {
  if (grade.contributions.size() < 2) return {};
  std::vector<std::string> sentences;
  for (const Contribution& part : grade.contributions) {
    const char* who = part.source == GradeSource::Measure   ? "the measure alone"
                      : part.source == GradeSource::Network ? "the networks alone"
                                                            : "how often the challenge's patients have each grade here";
    sentences.push_back(text("Counts ", percent(part.share), ": ", who, " (", bar_label(part.probabilities), ")."));
  }
  return sentences;
}

std::vector<std::string> measure_sentences(const StudyReport& report, const Grade& grade) {
  std::vector<std::string> sentences;
  for (const ReportedMeasure& measure : measures_of(grade)) {
    const std::string against = measure.z
                                    ? text(", ", std::signbit(*measure.z) ? "" : "+", fixed_decimals(*measure.z, 1),
                                           " standard deviations from the mean of the reference sample")
                                    : "";
    sentences.push_back(text(with_capital(measure.words), ": ", measure_text(measure.value, measure.unit), against,
                             measure.decided ? "; it decided." : "."));
  }
  for (std::string& sentence : comparison_sentences(grade, report.origin.measure_models)) {
    sentences.push_back(std::move(sentence));
  }
  return sentences;
}

Data image_of(const StudyReport& report, const Grade& grade) {
  const cv::Mat picture = finding_picture(report, grade);
  if (picture.empty()) return Data{Data::type::bool_false};
  Data image;
  image.set("width", std::to_string(picture.cols));
  image.set("height", std::to_string(picture.rows));
  image.set("alt", text("Image around ", sided_name(grade.finding), ", the graded point marked"));
  image.set("data", base64(encode_rgb_png(picture)));
  return image;
}

Data finding_of(const StudyReport& report, const Grade& grade) {
  Data finding;
  auto measures = measure_sentences(report, grade);
  for (std::string& sentence : contribution_sentences(grade)) measures.push_back(std::move(sentence));
  finding.set("id", finding_key(grade.finding));
  finding.set("title", sided_name(grade.finding));
  finding.set("words", grade_words(grade));
  finding.set("image", image_of(report, grade));
  finding.set("bar_label", bar_label(grade.probabilities));
  finding.set("bars", bars(grade.probabilities));
  finding.set("source", source_sentence(grade));
  finding.set("has_measures", !measures.empty());
  finding.set("measures", list_of(measures));
  finding.set("has_flags", !grade.flags.empty());
  finding.set("flags", list_of(flag_sentences(grade.flags)));
  return finding;
}

Data groups_of(const StudyReport& report) {
  Data groups{Data::type::list};
  for (const Condition condition : kConditions) {
    Data findings{Data::type::list};
    for (const Grade& grade : report.grades) {
      if (grade.finding.condition == condition) findings << finding_of(report, grade);
    }
    Data group;
    group.set("id", std::string(condition_key(condition)));
    group.set("title", std::string(kTitles[index_of(condition)]));
    group.set("findings", findings);
    groups << group;
  }
  return groups;
}

/// Condition and side of each column of the summary, in the order in which it is read.
const std::array<std::pair<const char*, Finding>, 5> kColumns = {
    {{"Canal", {Condition::SpinalCanalStenosis, std::nullopt, Level::L1L2}},
     {"Right foramen", {Condition::NeuralForaminalNarrowing, Side::Right, Level::L1L2}},
     {"Left foramen", {Condition::NeuralForaminalNarrowing, Side::Left, Level::L1L2}},
     {"Right recess", {Condition::SubarticularStenosis, Side::Right, Level::L1L2}},
     {"Left recess", {Condition::SubarticularStenosis, Side::Left, Level::L1L2}}}};

Data summary_rows(const StudyReport& report) {
  Data rows{Data::type::list};
  for (const Level level : kLevels) {
    const auto& frame = report.spine.levels[index_of(level)];
    Data cells{Data::type::list};
    for (const auto& [name, column] : kColumns) {
      const Grade& grade = row_of(report.grades, {column.condition, column.side, level});
      Data cell;
      cell.set("key", grade.source == GradeSource::Prior
                          ? std::string("prior")
                          : std::string(severity_key(most_probable(grade.probabilities))));
      cell.set("words", grade_words(grade));
      cells << cell;
    }
    Data row;
    row.set("level", std::string(level_name(level)));
    row.set("confidence", frame ? fixed_decimals(frame->confidence, 2) : "not found");
    row.set("cells", cells);
    rows << row;
  }
  return rows;
}

Data series_rows(const Study& study) {
  Data rows{Data::type::list};
  for (const SeriesSummary& series : study.series) {
    Data row;
    row.set("name", series.name);
    row.set("description", series.description);
    row.set("role", series.used ? std::string(role_name(series.role)) : "not used");
    row.set("images", std::to_string(series.frames));
    row.set("evidence", series.evidence);
    rows << row;
  }
  return rows;
}

std::string change_words(const FindingChange& change) {
  if (!change.is_comparable) return "cannot be told: in one of them nothing was looked at";
  if (change.steps_worse() == 0) return "none";
  return change.steps_worse() > 0 ? "worse" : "better";
}

std::string measures_then_and_now(const FindingChange& change) {
  std::string words;
  for (const MeasureChange& measure : change.measures) {
    const auto one = [&](double value) { return measure_text(value, measure.now.unit); };
    const double difference = measure.now.value - measure.before;
    words += text(words.empty() ? "" : "; ", measure.now.words, " ", one(measure.before), ", ", one(measure.now.value),
                  " (", difference < 0 ? "" : "+", one(difference), ")");
  }
  return words;
}

void set_prior(Data& page, const StudyReport& report) {
  page.set("has_prior", report.prior.has_value());
  if (!report.prior) return;
  Data rows{Data::type::list};
  for (const FindingChange& change : changes_since(*report.prior, report.grades)) {
    Data row;
    row.set("name", text(sided_name(change.finding), " ", condition_words(change.finding.condition)));
    row.set("before", std::string(severity_words(change.before)));
    row.set("now", std::string(severity_words(change.now)));
    row.set("change", change_words(change));
    row.set("measures", measures_then_and_now(change));
    rows << row;
  }
  page.set("prior_name", report.prior->study_id);
  page.set("changes", rows);
}

void set_overview(Data& page, const cv::Mat& overview, const std::string& overview_png) {
  page.set("overview", base64(overview_png));
  page.set("overview_width", std::to_string(overview.cols));
  page.set("overview_height", std::to_string(overview.rows));
  page.set("overview_alt",
           "Central sagittal image with the discs named and the canal measured; beside it, by level, the "
           "right foramen, the axial image with both recesses and the left foramen. The grades stand in "
           "the table below.");
}

void set_origin(Data& page, const StudyReport& report) {
  page.set("study", report.study_id);
  page.set("study_instance_uid", report.study.study_instance_uid);
  page.set("created", report.origin.created_utc);
  page.set("program", report.origin.program);
  page.set("bundle", text(report.origin.bundle_name, " ", report.origin.bundle_version));
  page.set("intended_use", report.origin.intended_use);
  page.set("bundle_sha256", report.origin.bundle_sha256);
  page.set("licence", report.origin.licence);
  page.set("learned_from", list_of(report.origin.learned_from));
  std::vector<std::string> cut_sources;
  for (const Measure measure : kMeasures) {
    const auto& model = report.origin.measure_models[static_cast<size_t>(measure)];
    if (model && !model->source.empty()) cut_sources.push_back(text(measure_name(measure), ": ", model->source, "."));
  }
  page.set("has_cut_sources", !cut_sources.empty());
  page.set("cut_sources", list_of(cut_sources));
  page.set("has_patient", !report.patient.empty());
  page.set("patient", list_of(report.patient));
}

}  // namespace

std::string report_page(const StudyReport& report, const cv::Mat& overview, const std::string& overview_png) {
  Data page, columns{Data::type::list};
  set_origin(page, report);
  set_overview(page, overview, overview_png);
  for (const auto& [name, finding] : kColumns) columns << Data{std::string(name)};
  const auto notes = report_notes(report);
  const auto missing = missing_series(report.study);
  page.set("has_notes", !notes.empty());
  page.set("notes", list_of(notes));
  page.set("columns", columns);
  page.set("rows", summary_rows(report));
  page.set("groups", groups_of(report));
  set_prior(page, report);
  page.set("series", series_rows(report.study));
  page.set("has_missing", !missing.empty());
  page.set("missing", joined(missing));
  page.set("limits", list_of({kLimits.begin(), kLimits.end()}));
  return kainjow::mustache::mustache(std::string(kReportTemplate)).render(page);
}

}  // namespace lumbargrade
