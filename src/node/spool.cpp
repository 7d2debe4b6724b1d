#include "node/spool.h"

#include <algorithm>
#include <cctype>

#include "batch/index.h"
#include "batch/result_store.h"
#include "core/files.h"

namespace lumbargrade::node {

namespace fs = std::filesystem;

fs::path Spool::outbox(const std::string& peer) const {
  return folder_ / "outbox" / file_name_for(peer);
}

fs::path Spool::sent(const std::string& peer) const {
  return folder_ / "sent" / file_name_for(peer);
}

fs::path Spool::dicom_results(const std::string& study) const {
  return results() / report_folder_of(study) / "dicom";
}

void Spool::prepare(const std::vector<std::string>& peers) const {
  for (const fs::path& folder : {incoming(), results(), commitments(), attempts()}) make_folder(folder);
  for (const std::string& peer : peers) {
    make_folder(outbox(peer));
    make_folder(sent(peer));
  }
  remove_parts(".part-");
}

void Spool::remove_parts(const std::string& beginning) const {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(incoming(), ignored)) {
    if (entry.path().filename().string().starts_with(beginning)) fs::remove(entry.path(), ignored);
  }
}

bool is_uid(const std::string& words) {
  const auto fits = [](unsigned char c) { return std::isdigit(c) != 0 || c == '.'; };
  return !words.empty() && words.size() <= 64 && words.front() != '.' && words.back() != '.' &&
         std::all_of(words.begin(), words.end(), fits);
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code problem;
  fs::directory_iterator entry(folder, problem), end;
  while (!problem && entry != end) {
    std::string name = entry->path().filename().string();
    if (!name.starts_with(".")) names.push_back(std::move(name));
    entry.increment(problem);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::uintmax_t bytes_below(const fs::path& folder) {
  std::uintmax_t bytes = 0;
  std::error_code problem;
  fs::recursive_directory_iterator entry(folder, problem), end;
  while (!problem && entry != end) {
    std::error_code gone;
    const auto size = entry->is_regular_file(gone) ? entry->file_size(gone) : 0;
    if (!gone) bytes += size;
    entry.increment(problem);
  }
  return bytes;
}

}  // namespace lumbargrade::node
