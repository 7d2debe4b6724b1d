#include "phantom/fourier.h"

#include <cmath>
#include <numbers>

namespace lumbargrade::phantom {
namespace {

size_t next_radix(size_t rest) {
  if (rest % 4 == 0) return 4;
  for (size_t radix = 2; radix * radix <= rest; ++radix) {
    if (rest % radix == 0) return radix;
  }
  return rest;
}

}  // namespace

LineFourier::LineFourier(int length)
    : length_(static_cast<size_t>(length)),
      real_(length_ * kBatch),
      imag_(real_.size()),
      next_real_(real_.size()),
      next_imag_(real_.size()) {
  size_t stride = 1;
  for (size_t rest = length_; rest > 1;) {
    Pass pass;
    pass.radix = next_radix(rest);
    pass.rest = rest / pass.radix;
    pass.stride = stride;
    const auto root = [](size_t numerator, size_t denominator) {
      return 2 * std::numbers::pi * static_cast<double>(numerator % denominator) / static_cast<double>(denominator);
    };
    for (size_t p = 0; p < pass.rest; ++p) {
      for (size_t k = 0; k < pass.radix; ++k) {
        pass.twiddle_real.push_back(static_cast<float>(std::cos(root(p * k, rest))));
        pass.twiddle_imag.push_back(static_cast<float>(-std::sin(root(p * k, rest))));
      }
    }
    for (size_t k = 0; k < pass.radix; ++k) {
      pass.root_real.push_back(static_cast<float>(std::cos(root(k, pass.radix))));
      pass.root_imag.push_back(static_cast<float>(-std::sin(root(k, pass.radix))));
    }
    rest = pass.rest;
    stride *= pass.radix;
    passes_.push_back(std::move(pass));
  }
}

void LineFourier::transform(const Lines& lines, std::span<const int> which, bool forward) {
  const float scale = forward ? 1.F : 1.F / static_cast<float>(length_);
  for (size_t first = 0; first < which.size(); first += kBatch) {
    const size_t count = std::min(kBatch, which.size() - first);
    for (size_t i = 0; i < length_; ++i) {
      for (size_t k = 0; k < count; ++k) {
        const size_t at = static_cast<size_t>(which[first + k]) * lines.line_stride + i * lines.element_stride;
        real_[i * kBatch + k] = lines.real[at];
        imag_[i * kBatch + k] = lines.imaginary[at];
      }
    }
    for (const Pass& pass : passes_) run(pass, forward);
    for (size_t i = 0; i < length_; ++i) {
      for (size_t k = 0; k < count; ++k) {
        const size_t at = static_cast<size_t>(which[first + k]) * lines.line_stride + i * lines.element_stride;
        lines.real[at] = scale * real_[i * kBatch + k];
        lines.imaginary[at] = scale * imag_[i * kBatch + k];
      }
    }
  }
}

void LineFourier::run(const Pass& pass, bool forward) {
  const float sign = forward ? 1.F : -1.F;
  if (pass.radix == 4) {
    run4(pass, sign);
  } else {
    run_any(pass, sign);
  }
  real_.swap(next_real_);
  imag_.swap(next_imag_);
}

void LineFourier::run4(const Pass& pass, float sign) {
  const size_t width = pass.stride * kBatch;
  const size_t apart = width * pass.rest;
  for (size_t p = 0; p < pass.rest; ++p) {
    const float* tr = &pass.twiddle_real[4 * p];
    const float* ti = &pass.twiddle_imag[4 * p];
    const float w1r = tr[1], w1i = sign * ti[1], w2r = tr[2], w2i = sign * ti[2], w3r = tr[3], w3i = sign * ti[3];
    const float* __restrict xr = real_.data() + p * width;
    const float* __restrict xi = imag_.data() + p * width;
    float* __restrict yr = next_real_.data() + 4 * p * width;
    float* __restrict yi = next_imag_.data() + 4 * p * width;
    for (size_t q = 0; q < width; ++q) {
      const float ar = xr[q], ai = xi[q];
      const float br = xr[q + apart], bi = xi[q + apart];
      const float cr = xr[q + 2 * apart], ci = xi[q + 2 * apart];
      const float dr = xr[q + 3 * apart], di = xi[q + 3 * apart];
      const float sr = ar + cr, si = ai + ci, ur = ar - cr, ui = ai - ci;
      const float vr = br + dr, vi = bi + di;
      const float xr90 = sign * (bi - di), xi90 = -sign * (br - dr);  // (b - d) turned by a quarter
      const float er = ur + xr90, ei = ui + xi90, fr = sr - vr, fi = si - vi, gr = ur - xr90, gi = ui - xi90;
      yr[q] = sr + vr;
      yi[q] = si + vi;
      yr[q + width] = er * w1r - ei * w1i;
      yi[q + width] = er * w1i + ei * w1r;
      yr[q + 2 * width] = fr * w2r - fi * w2i;
      yi[q + 2 * width] = fr * w2i + fi * w2r;
      yr[q + 3 * width] = gr * w3r - gi * w3i;
      yi[q + 3 * width] = gr * w3i + gi * w3r;
    }
  }
}

void LineFourier::run_any(const Pass& pass, float sign) {
  const size_t width = pass.stride * kBatch;
  const size_t apart = width * pass.rest;
  for (size_t p = 0; p < pass.rest; ++p) {
    for (size_t k = 0; k < pass.radix; ++k) {
      const float twiddle_r = pass.twiddle_real[pass.radix * p + k];
      const float twiddle_i = sign * pass.twiddle_imag[pass.radix * p + k];
      float* yr = next_real_.data() + (pass.radix * p + k) * width;
      float* yi = next_imag_.data() + (pass.radix * p + k) * width;
      std::fill_n(yr, width, 0.F);
      std::fill_n(yi, width, 0.F);
      for (size_t j = 0; j < pass.radix; ++j) {
        const float rr = pass.root_real[j * k % pass.radix];
        const float ri = sign * pass.root_imag[j * k % pass.radix];
        const float wr = rr * twiddle_r - ri * twiddle_i;
        const float wi = rr * twiddle_i + ri * twiddle_r;
        const float* xr = real_.data() + p * width + j * apart;
        const float* xi = imag_.data() + p * width + j * apart;
        for (size_t q = 0; q < width; ++q) {
          yr[q] += xr[q] * wr - xi[q] * wi;
          yi[q] += xr[q] * wi + xi[q] * wr;
        }
      }
    }
  }
}

}  // namespace lumbargrade::phantom
