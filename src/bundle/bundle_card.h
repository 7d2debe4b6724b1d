#pragma once

#include <filesystem>

#include "bundle/manifest.h"

namespace lumbargrade {

/// Puts name, version, licence, attribution, training_data [] and metrics [] (may be absent) of a card, JSON with the
/// keys of manifest.json, into the manifest. A card speaks for what it names: entries of the manifest with the same
/// `used_for` or `what` are replaced, those of networks that were trained elsewhere stay. Throws Error (Usage) for a
/// card that cannot be read or lacks a key.
void describe_from_card(Manifest& manifest, const std::filesystem::path& path);

}  // namespace lumbargrade
