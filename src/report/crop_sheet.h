#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "crops/crop.h"

namespace lumbargrade {

/// One row of a contact sheet.
struct SheetRow {
  std::string name;          ///< "L4/L5 left"
  std::optional<Crop> crop;  ///< empty: the series does not show it
};

/// Writes a contact sheet as PNG: one row per finding with its name, one tile per slice from the first to the last, a
/// cross on the point in the middle slice; slices that do not exist are crossed out. Throws Error (Failure).
void write_crop_sheet(const std::filesystem::path& path, const std::string& title, const std::vector<SheetRow>& rows);

}  // namespace lumbargrade
