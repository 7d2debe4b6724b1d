#include "pipeline/precision_name.h"

#include <gtest/gtest.h>

#include "core/processor.h"

namespace lumbargrade {
namespace {

Manifest manifest_with_ranges() {
  Manifest manifest;
  manifest.networks.resize(2);
  manifest.networks.back().activation_ranges["input"] = {-1, 1};
  return manifest;
}

TEST(PrecisionName, WhatWasAskedForStays) {
  for (const std::string wanted : {"float32", "bfloat16", "int8"}) {
    EXPECT_EQ(resolved_precision(wanted, "cpu", manifest_with_ranges()), wanted);
  }
}

TEST(PrecisionName, WithoutRangesOrOnAGpuAutoIsFloat32) {
  EXPECT_EQ(resolved_precision("auto", "cpu", Manifest()), "float32");
  EXPECT_EQ(resolved_precision("auto", "cuda:0", manifest_with_ranges()), "float32");
}

TEST(PrecisionName, WithRangesAutoIsBytesWhereTheProcessorSumsTheirProducts) {
  const bool can = LUMBARGRADE_INT8_CONVOLUTIONS && sums_products_of_bytes();
  EXPECT_EQ(resolved_precision("auto", "cpu", manifest_with_ranges()), can ? "int8" : "float32");
}

}  // namespace
}  // namespace lumbargrade
