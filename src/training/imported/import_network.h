#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/finding.h"

namespace lumbargrade {

/// Networks that someone trained elsewhere on exported crops, on their way into a bundle.
struct NetworkImport {
  std::vector<std::filesystem::path> exported;  ///< .pt2 files, members of one ensemble, such as one for each fold
  /// By member: safetensors with `input.<view>` and `output.grade`, the probabilities N x 3 that PyTorch gives.
  std::vector<std::filesystem::path> golden;
  std::filesystem::path crops;        ///< what `crops --export` wrote and they learned from
  std::filesystem::path out_of_fold;  ///< row_id,normal_mild,moderate,severe of findings that a member had not seen
  Condition condition{};
  std::vector<std::string> views;   ///< of the export's network, in the order of the arguments; empty: all
  std::string entry;                ///< folder of the export's network; empty: the condition's only one
  std::string layout = "channels";  ///< the rest as in read_exported_options (network/architecture.h)
  std::vector<std::string> arguments;
  int colours = 1;
  std::string answers = "logits";
  std::optional<double> mean, deviation;  ///< of greys from 0 to 1; empty: each crop to mean 0 and SD 1
  bool beside = false;                    ///< the condition's networks stay; the table is of all of them together
  std::string bundle;                     ///< that is extended; empty: the shipped one
  std::filesystem::path card;             ///< as of training; may be empty
  std::filesystem::path out;              ///< folder of the new bundle, which must not be there
};

/// Fits temperature and weight against the prior on the table, and writes a bundle that is `bundle` with these networks
/// for the condition, each of which must give its golden outputs to 1e-4. The bundle appears whole or not at all. Error
/// (Usage) for contradicting options, an export or a table that do not belong together; (BundleInvalid) for a package
/// that cannot be run or answers otherwise than PyTorch did.
void import_network(const NetworkImport& options);

}  // namespace lumbargrade
