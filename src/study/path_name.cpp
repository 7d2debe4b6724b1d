#include "study/path_name.h"

#include <algorithm>
#include <cctype>

#include "core/printable_text.h"

namespace lumbargrade {

namespace fs = std::filesystem;

std::string name_from_path(const fs::path& path) {
  const fs::path normal = fs::absolute(path).lexically_normal();
  const fs::path last = normal.has_filename() ? normal : normal.parent_path();  // "studies/7/" names the study 7
  std::error_code ignored;
  if (!fs::is_regular_file(last, ignored)) return printable_name(last.filename().string());
  const fs::path stem = last.stem();
  return printable_name((stem.extension() == ".tar" ? stem.stem() : stem).string());
}

std::string lower_case(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

}  // namespace lumbargrade
