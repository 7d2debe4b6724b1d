#pragma once

#include <filesystem>

#include "network/safetensors.h"

namespace lumbargrade {

/// Reads the tensors of a file that torch.save wrote of a state dict (timm's pytorch_model.bin, a .pth), also where
/// they lie below the key "state_dict" or "model". A pickle is a program; this reader knows the few instructions that
/// build a dictionary of tensors, makes nothing else and calls nothing. Files are taken as hostile. Error
/// (BundleInvalid) that says why: no zip of PyTorch 1.6 or later, a class or function other than those of tensors
/// (named), a tensor that reaches beyond its bytes, more tensors than the bytes are for, bounds exceeded, damaged.
TensorMap read_pickled_tensors(const std::filesystem::path& path);

}  // namespace lumbargrade
