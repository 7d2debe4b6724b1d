#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "network/grader_network.h"
#include "network/safetensors.h"

namespace lumbargrade {

/// Copies published weights, named as in timm, into every backbone of a grader. The classifier is passed over (`fc.`,
/// `head.fc.`, `classifier.`); the kernels of a stem for three colours are summed and shared out among our channels, so
/// that slices that are alike give what a grey picture given three times would. Everything else must match one to one:
/// otherwise an Error of kind Usage names what is missing, misshaped and left over, and nothing has changed. `what` is
/// the file.
void load_backbone_init(GraderNetworkImpl& grader, const TensorMap& weights, std::string_view what);

/// The file that `--init` means for a backbone: `init` itself where it is a file of tensors; NAME.safetensors, NAME.bin
/// or NAME.pth where it is a folder; what NAME stands for where it is a JSON object of names and files (relative to
/// it). Error (Usage) that names what is missing.
std::filesystem::path backbone_weights_file(const std::filesystem::path& init, const std::string& backbone);

/// Published weights: safetensors, or what torch.save wrote (read_pickled_tensors).
TensorMap read_backbone_weights(const std::filesystem::path& file);

}  // namespace lumbargrade
