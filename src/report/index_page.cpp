#include "report/index_page.h"

#include <algorithm>
#include <cctype>
#include <kainjow/mustache.hpp>
#include <string_view>
#include <tuple>

#include "core/error.h"
#include "core/flags.h"
#include "core/joined.h"
#include "core/number_text.h"
#include "report/page_templates.h"
#include "report/severity_style.h"

namespace lumbargrade {
namespace {

using IndexData = kainjow::mustache::data;

int count_of(const IndexedStudy& study, FlagSeverity severity) {
  return static_cast<int>(std::count_if(study.flags.begin(), study.flags.end(), [&](const std::string& word) {
    const auto flag = find_flag(word);
    return flag && flag->severity == severity;
  }));
}

int count_of(const IndexedStudy& study, Severity severity) {
  return static_cast<int>(std::count(study.grades.begin(), study.grades.end(), severity));
}

/// What needs a look first comes first.
bool needs_look_before(const IndexedStudy& a, const IndexedStudy& b) {
  const auto key = [](const IndexedStudy& study) {
    return std::make_tuple(-count_of(study, FlagSeverity::Grave), -count_of(study, FlagSeverity::Caution),
                           study.least_level_confidence, study.mean_probability);
  };
  return key(a) < key(b);
}

/// A path as a link: what is no letter, digit, point, dash, underscore or slash is percent-encoded.
std::string link_to(const std::string& path) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string link;
  for (const unsigned char c : path) {
    if (std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_' || c == '/') {
      link += static_cast<char>(c);
    } else {
      link += {'%', kHex[c >> 4], kHex[c & 15]};
    }
  }
  return link;
}

IndexData study_row(const IndexedStudy& study) {
  IndexData row;
  row.set("study", study.study_id);
  row.set("page", link_to(study.folder + "/" + kStudyPageFile));
  row.set("thumbnail", link_to(study.folder + "/" + kThumbnailFile));
  row.set("grave", std::to_string(count_of(study, FlagSeverity::Grave)));
  row.set("caution", std::to_string(count_of(study, FlagSeverity::Caution)));
  row.set("confidence", fixed_decimals(study.least_level_confidence, 2));
  row.set("probability", fixed_decimals(study.mean_probability, 2));
  row.set("severe", std::to_string(count_of(study, Severity::Severe)));
  row.set("moderate", std::to_string(count_of(study, Severity::Moderate)));
  row.set("flags", joined(study.flags, " "));
  row.set("warnings", joined(study.warnings, "; "));
  return row;
}

IndexData failure_row(const IndexedFailure& failure) {
  IndexData row;
  row.set("study", failure.study_id);
  row.set("stage", failure.stage);
  row.set("reason", failure.reason);
  return row;
}

std::string finding_title(const Finding& finding) {
  std::string title = finding_key(finding);
  title.resize(title.size() - level_key(finding.level).size());
  std::replace(title.begin(), title.end(), '_', ' ');
  return title + std::string(level_name(finding.level));
}

IndexData distribution_row(size_t finding, const std::vector<IndexedStudy>& studies) {
  std::array<size_t, kSeverityCount> counts{};
  for (const IndexedStudy& study : studies) ++counts[static_cast<size_t>(study.grades[finding])];
  IndexData row, bars{IndexData::type::list};
  std::string label;
  for (const Severity severity : {Severity::NormalMild, Severity::Moderate, Severity::Severe}) {
    const size_t count = counts[static_cast<size_t>(severity)];
    label += text(label.empty() ? "" : ", ", severity_words(severity), " ", count);
    IndexData bar;
    bar.set("key", std::string(severity_key(severity)));
    bar.set("percent",
            fixed_decimals(
                studies.empty() ? 0 : 100.0 * static_cast<double>(count) / static_cast<double>(studies.size()), 2));
    bars << bar;
  }
  row.set("finding", finding_title(all_findings()[finding]));
  row.set("bars", bars);
  row.set("label", label);
  return row;
}

}  // namespace

std::string index_page(std::vector<IndexedStudy> studies, const std::vector<IndexedFailure>& failures,
                       const std::string& created_utc, const std::string& program) {
  std::stable_sort(studies.begin(), studies.end(), needs_look_before);
  IndexData page, rows{IndexData::type::list}, failed{IndexData::type::list}, distribution{IndexData::type::list};
  for (const IndexedStudy& study : studies) rows << study_row(study);
  for (const IndexedFailure& failure : failures) failed << failure_row(failure);
  for (size_t finding = 0; finding < kFindingCount; ++finding) distribution << distribution_row(finding, studies);
  page.set("graded", std::to_string(studies.size()));
  page.set("failed", std::to_string(failures.size()));
  page.set("created", created_utc);
  page.set("program", program);
  page.set("studies", rows);
  page.set("has_failures", !failures.empty());
  page.set("failures", failed);
  page.set("distribution", distribution);
  return kainjow::mustache::mustache(std::string(kIndexTemplate)).render(page);
}

}  // namespace lumbargrade
