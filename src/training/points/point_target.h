#pragma once

#include <span>

#include "points/place_reading.h"

namespace lumbargrade {

/// What a points network should answer: fills `target`, view.slices x size_px x size_px, with the share of each pixel.
/// In the plane a normal distribution of 2 mm around the place; across slices all of it on the place's own, or in parts
/// on the two that it lies between. Slices whose `valid` is 0 get nothing: the network answers no slice that the data
/// lack, and a share there would only add its mask to the loss. Sums to 1, or to 0 where the crop does not show the
/// place.
void write_point_target(const CropPlace& place, const View& view, std::span<const float> valid,
                        std::span<float> target);

}  // namespace lumbargrade
