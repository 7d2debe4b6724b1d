#pragma once

#include "bundle/manifest.h"
#include "core/strict_object.h"

namespace lumbargrade {

/// The object "grading": prior, measures, and what is mixed for which condition.
GradingSpec read_grading(const StrictObject& object);

/// An element of "looks", a transform of test-time augmentation: every key may be absent.
TtaTransform read_transform(const StrictObject& object);

/// The object "naming".
NamingSpec read_naming(const StrictObject& object);

}  // namespace lumbargrade
