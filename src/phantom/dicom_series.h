#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "phantom/protocol.h"
#include "phantom/scanner.h"

namespace lumbargrade::phantom {

/// Default: MR Image Storage objects that a validator accepts. Rsna: headers as the challenge's files have them
/// (docs/sources.md, "The challenge's data"): RLE, most of the header missing, non-conformant and repeated UIDs.
enum class VendorQuirks { None, Rsna };

/// Names under which one series of one study is written.
struct SeriesIdentity {
  std::uint64_t study_id = 0;
  std::uint64_t series_id = 0;
  int series_number = 1;
  double age_years = 50;
  bool female = true;
  bool labels = false;  ///< pixels are Label numbers, not intensities
};

std::string series_instance_uid(const SeriesIdentity& identity, VendorQuirks quirks);

/// Writes `folder`/<instance>.dcm. `instance` counts from 1. Throws Error(Failure) when the file cannot be written.
void write_slice(const std::filesystem::path& folder, const SeriesIdentity& identity, const SeriesPlan& series,
                 int instance, const SlicePixels& pixels, VendorQuirks quirks);

}  // namespace lumbargrade::phantom
