#include "training/segmentation/locator_augmentation.h"

#include <gtest/gtest.h>

#include <opencv2/imgproc.hpp>

namespace lumbargrade {
namespace {

/// A stack of `count` slices of smoothed noise, with a disc of every label in the middle.
LabelledStack noisy_stack(int count) {
  cv::RNG random(7);
  LabelledStack stack;
  for (int k = 0; k < count; ++k) {
    LabelledSlice slice;
    slice.pixels = cv::Mat1f(500, 400);
    random.fill(slice.pixels, cv::RNG::UNIFORM, 0, 900);
    cv::GaussianBlur(slice.pixels, slice.pixels, {}, 2);
    slice.classes = cv::Mat(500, 400, CV_8UC4, cv::Scalar::all(0));
    slice.spots = cv::Mat(500, 400, CV_8UC2, cv::Scalar::all(0));
    cv::circle(slice.classes, {200, 250}, 30 + k, cv::Scalar(255, 0, 0, 255), -1);
    cv::circle(slice.spots, {200, 290}, 10, cv::Scalar(255, 255), -1);
    slice.spine_px = {200, 250};
    stack.slices.push_back(slice);
  }
  return stack;
}

bool equal(const cv::Mat& a, const cv::Mat& b) {
  return cv::norm(a, b, cv::NORM_INF) == 0;
}

// A crop that had averaged neighbours once wrote the average into the stack: every later crop was more blurred, and a
// resumed run saw other crops than one that was not interrupted.
TEST(LocatorAugmentation, LeavesTheStackAsItWas) {
  const LabelledStack stack = noisy_stack(5), untouched = noisy_stack(5);
  std::mt19937_64 random(3);
  for (int k = 0; k < 12; ++k) augmented_crop(stack, static_cast<size_t>(k % 5), random);
  for (size_t k = 0; k < stack.slices.size(); ++k) {
    EXPECT_TRUE(equal(stack.slices[k].pixels, untouched.slices[k].pixels)) << "slice " << k;
    EXPECT_TRUE(equal(stack.slices[k].classes, untouched.slices[k].classes)) << "slice " << k;
    EXPECT_TRUE(equal(stack.slices[k].spots, untouched.slices[k].spots)) << "slice " << k;
  }
}

TEST(LocatorAugmentation, TheSameGeneratorGivesTheSameCropWhateverWasCutBefore) {
  const LabelledStack stack = noisy_stack(5);
  std::mt19937_64 first(11);
  const LocatorCrop crop = augmented_crop(stack, 2, first);
  for (std::mt19937_64::result_type seed = 0; seed < 8; ++seed) {
    std::mt19937_64 other(seed);
    augmented_crop(stack, 2, other);
  }
  std::mt19937_64 again(11);
  const LocatorCrop repeated = augmented_crop(stack, 2, again);
  EXPECT_TRUE(equal(crop.input, repeated.input));
  for (size_t c = 0; c < 3; ++c) EXPECT_TRUE(equal(crop.fine[c], repeated.fine[c]));
}

}  // namespace
}  // namespace lumbargrade
