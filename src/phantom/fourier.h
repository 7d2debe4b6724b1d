#pragma once

#include <span>
#include <vector>

namespace lumbargrade::phantom {

/// Discrete Fourier transforms of many lines of one length at once (Stockham's algorithm, radices 4, 2, 3, 5 and any
/// other prime). Plain additions and multiplications only, so that every machine gets the same bits.
class LineFourier {
 public:
  explicit LineFourier(int length);

  /// Lines of an image held as separate real and imaginary parts. Element i of line k lies at
  /// k * line_stride + i * element_stride.
  struct Lines {
    float* real;
    float* imaginary;
    size_t element_stride;
    size_t line_stride;
  };

  /// Transforms the lines numbered in `which` in place; forward: e^(-2 pi i jk/n), without a factor; else e^(+...)/n.
  void transform(const Lines& lines, std::span<const int> which, bool forward);

 private:
  static constexpr size_t kBatch = 16;  ///< lines side by side: one register holds several

  struct Pass {
    size_t radix, rest, stride;                     ///< rest = transforms' length / radix
    std::vector<float> twiddle_real, twiddle_imag;  ///< by p * radix + k
    std::vector<float> root_real, root_imag;        ///< powers of the radix's root of unity
  };

  void run(const Pass& pass, bool forward);
  void run4(const Pass& pass, float sign);
  void run_any(const Pass& pass, float sign);

  size_t length_;
  std::vector<Pass> passes_;
  std::vector<float> real_, imag_, next_real_, next_imag_;
};

}  // namespace lumbargrade::phantom
