#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <set>

#include "dicom/instance.h"

namespace lumbargrade::dicom {

/// Whether bits above BitsStored may mean anything: unsigned or signed words whose values begin at bit 0.
inline bool may_exceed_bits_stored(const PixelFormat& format) {
  return format.bits_allocated == 16 && format.samples_per_pixel == 1 && format.high_bit + 1 == format.bits_stored &&
         format.bits_stored >= 1 && format.bits_stored < 16;
}

/// How values go from pixel to pixel: an image is smooth, whatever its scale; wrapped values and junk are not.
class Variation {
 public:
  void add(int value) {
    if (count_ > 0) steps_ += std::abs(static_cast<double>(value) - previous_);
    sum_ += value;
    squares_ += static_cast<double>(value) * value;
    previous_ = value;
    ++count_;
  }

  /// Sum of the steps between neighbours.
  double steps() const { return steps_; }

  /// The same against how far the values spread; without a spread there is nothing to compare.
  double roughness() const {
    const double mean = sum_ / count_, variance = squares_ / count_ - mean * mean;
    return variance > 0 ? steps_ / std::sqrt(variance) : 0;
  }

 private:
  double steps_ = 0, sum_ = 0, squares_ = 0, previous_ = 0;
  double count_ = 0;
};

/// 16-bit pixels of one sample that should end at BitsStored. `read(i)` gives the i-th as it is stored.
template <typename Read>
class StoredWords {
  static constexpr double kClearlySmoother = 0.9;

 public:
  StoredWords(const PixelFormat& format, size_t count, const Read& read)
      : read_(read),
        count_(count),
        bits_(format.bits_stored),
        is_signed_(format.is_signed),
        padding_(format.padding_low) {}

  /// Of signed values, those that are neither extended nor cut at BitsStored.
  bool any_above() const {
    unsigned all = 0;  // nearly always enough, and quick
    for (size_t i = 0; i < count_; ++i) all |= word(i);
    if (all >> bits_ == 0) return false;
    for (size_t i = 0; i < count_; ++i) {
      const bool is_extended = is_signed_ && whole(i) == masked(i);
      if (word(i) >> bits_ != 0 && !is_extended && !is_padding(i)) return true;
    }
    return false;
  }

  /// Whether the words as they are make a better image than their lower bits.
  bool are_an_image() const {
    Variation as_they_are, cut;
    for (size_t i = 0; i < count_; ++i) {
      if (is_padding(i)) continue;
      as_they_are.add(whole(i));
      cut.add(masked(i));
    }
    // Cut negative values spread over all of the range, and a few odd ones (dcm_qa_12bit) are no other scale.
    if (is_signed_) return as_they_are.steps() < kClearlySmoother * cut.steps();
    const bool is_smoother = as_they_are.steps() < cut.steps() || as_they_are.roughness() < cut.roughness();
    return is_smoother && !have_holes();
  }

 private:
  unsigned word(size_t i) const { return read_(i); }

  int whole(size_t i) const { return is_signed_ ? static_cast<int16_t>(word(i)) : static_cast<int>(word(i)); }

  int masked(size_t i) const {
    const unsigned sign = is_signed_ ? 1U << (bits_ - 1) : 0U;
    return static_cast<int>((word(i) & ((1U << bits_) - 1U)) ^ sign) - static_cast<int>(sign);
  }

  bool is_padding(size_t i) const { return padding_ && whole(i) == *padding_; }

  /// The bits above are a mark of their own, such as a drawing: no image leaps over the values between.
  bool have_holes() const {
    std::set<unsigned> above;
    for (size_t i = 0; i < count_; ++i) {
      if (!is_padding(i)) above.insert(word(i) >> bits_);
    }
    const auto leaps = [](unsigned lower, unsigned upper) { return upper > 2 * lower + 2; };
    return (above.size() == 1 && *above.begin() > 0) ||
           std::adjacent_find(above.begin(), above.end(), leaps) != above.end();
  }

  const Read& read_;
  size_t count_;
  int bits_;
  bool is_signed_;
  std::optional<int> padding_;
};

}  // namespace lumbargrade::dicom
