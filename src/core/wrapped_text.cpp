#include "core/wrapped_text.h"

#include <algorithm>

namespace lumbargrade {
namespace {

size_t columns_of(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

}  // namespace

std::string wrapped(std::string_view text, size_t indent) {
  const size_t room = kTerminalColumns - std::min(indent, kTerminalColumns / 2);
  const std::string margin(indent, ' ');
  std::string lines;
  size_t used = 0;
  const auto new_line = [&] {
    lines.append("\n").append(margin);
    used = 0;
  };
  while (!text.empty()) {
    if (text.front() == '\n') {
      new_line();
      text.remove_prefix(1);
      continue;
    }
    size_t blanks = std::min(text.find_first_not_of(' '), text.size());
    const std::string_view word = text.substr(blanks, text.find_first_of(" \n", blanks) - blanks);
    text.remove_prefix(blanks + word.size());
    if (used > 0 && used + blanks + columns_of(word) > room) {
      new_line();
      blanks = 0;
    }
    lines.append(blanks, ' ').append(word);
    used += blanks + columns_of(word);
  }
  return lines;
}

std::string aligned(const std::vector<std::vector<std::string>>& rows, size_t narrow_columns) {
  std::vector<size_t> widths(rows.front().size());
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns_of(row[i]));
  }
  std::string lines;
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += row[i] + std::string(widths[i] - columns_of(row[i]) + (i < narrow_columns ? 1 : 2), ' ');
    }
    lines += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return lines;
}

}  // namespace lumbargrade
