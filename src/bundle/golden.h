#pragma once

#include <string>

#include "bundle/bundle.h"

namespace lumbargrade {

/// Golden tensors: fixed inputs of a network with the activated outputs that they gave when the bundle was written, as
/// "input.<name>" and "output.<name>".
TensorMap make_golden(const BundleNetwork& network, const TensorMap& inputs);

/// The inputs among golden tensors, by name.
TensorMap golden_inputs(const TensorMap& golden);
/// The same of the outputs.
TensorMap golden_outputs(const TensorMap& golden);

/// Absolute differences between outputs.
struct GoldenDifferences {
  double largest = 0;
  double mean = 0;  ///< of the output where it is largest
};

/// Those between the outputs that the golden inputs give now and the golden outputs.
/// Error of kind BundleInvalid when the tensors are not what the manifest and the network say: an input or output
/// missing or too many, a shape that contradicts the axes or the downsampling, values that are not finite.
GoldenDifferences golden_differences(const BundleNetwork& network, const TensorMap& golden);

/// The largest of them.
double golden_difference(const BundleNetwork& network, const TensorMap& golden);

}  // namespace lumbargrade
