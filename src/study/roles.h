#pragma once

#include <string>

#include "study/stacks.h"
#include "study/study.h"

namespace lumbargrade {

enum class Orientation { Sagittal, Coronal, Axial };

/// The patient axis nearest to the slices' normal.
Orientation orientation_of(const Vector3& normal);
std::string_view orientation_name(Orientation orientation);

struct RoleFinding {
  SeriesRole role = SeriesRole::None;
  std::string evidence;
};

/// The role of a series whose largest stack is `stack`: geometry, then echo and repetition time, then description.
RoleFinding find_role(const Stack& stack);

}  // namespace lumbargrade
