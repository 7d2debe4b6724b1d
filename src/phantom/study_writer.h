#pragma once

#include <nlohmann/json.hpp>

#include "phantom/dataset.h"

namespace lumbargrade::phantom {

/// Number of study `index` of the data set with this seed: nine digits, distinct for up to 100,000 studies.
std::uint64_t study_id_of(std::uint64_t seed, int index);

/// Makes one study: writes its series into `folder`/images/<series>/ (and labels into `folder`/labels/<series>/ when
/// asked for) and returns its truth. Keys and units: docs/phantom.md.
nlohmann::json write_study(const DatasetOptions& options, int index, const std::filesystem::path& folder);

}  // namespace lumbargrade::phantom
