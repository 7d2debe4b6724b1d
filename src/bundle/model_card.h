#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "bundle/manifest.h"

namespace lumbargrade {

/// The card of a bundle, Markdown: the template with each of its fields replaced.
///
///     {{name}} {{version}} {{intended_use}} {{licence}} {{attribution}} {{prior}}
///     {{networks}} {{measures}} {{training_data}} {{metrics}}    tables of what the manifest says
///     {{figure WHAT | NAME}} {{figure WHAT | NAME | SET}}        value and unit of the manifest's metric
///     {{count WHAT | NAME}} {{count WHAT | NAME | SET}}          the number of cases that it was measured on
///     {{value POINTER}}                                          a number of manifest.json by its JSON pointer
///     {{table FILE}}                                             a CSV table of the bundle's folder
///
/// Throws Error (Usage), naming the field and the template's line, for a field, figure or table that does not exist.
std::string model_card(const Manifest& manifest, const std::filesystem::path& folder, std::string_view card_template,
                       const std::string& template_name);

/// For bundles without a template of their own.
std::string_view plain_card_template();

}  // namespace lumbargrade
