#pragma once

#include "bundle/manifest.h"
#include "levels/naming.h"

namespace lumbargrade {

/// The model as the manifest writes it, and back.
NamingSpec naming_spec(const NamingModel& model, const std::string& source);
NamingModel naming_model(const NamingSpec& spec);

/// Error (BundleInvalid) that names the first feature that this version does not compute, or computes at another place.
/// `file` names the manifest.
void check_naming(const NamingSpec& spec, const std::string& file);

}  // namespace lumbargrade
