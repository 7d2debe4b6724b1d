#pragma once

#include "bundle/manifest.h"
#include "core/strict_object.h"

namespace lumbargrade {

/// The keys of all levels: "l1_l2" ...
std::vector<std::string> level_keys();

/// The measure models, reference samples and finder of foramina under "grading".
void read_measures(const StrictObject& grading_object, GradingSpec& grading);

/// The object "naming".
NamingSpec read_naming(const StrictObject& object);

}  // namespace lumbargrade
