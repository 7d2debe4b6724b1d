#pragma once

#include "crops/view.h"

namespace lumbargrade {

/// Name of a points network's input and of its output.
inline constexpr const char* kPointInput = "crop";
inline constexpr const char* kPointOutput = "place";

/// What a network that finds this point looks at: 60 mm around its usual place, canals in five slices of sagittal T2,
/// foramina in seven of sagittal T1, recesses in five of axial T2.
View usual_point_view(Anchor anchor);

/// Inputs and outputs of a network with this view, as the manifest writes them.
NetworkSpec point_interface(const View& view);

/// The view of a network of role `points`. Error (BundleInvalid) that names what this version does not run: another
/// architecture, an input none that crops can be cut for, another output.
View point_view(const NetworkSpec& spec);

}  // namespace lumbargrade
