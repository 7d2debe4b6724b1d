#include "results/nifti.h"

#include <zlib.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <limits>

#include "core/error.h"

namespace lumbargrade::results {
namespace {

constexpr size_t kHeaderBytes = 352;  // 348 and the empty list of extensions
constexpr std::int16_t kUint8 = 2;
constexpr std::int16_t kScannerAnatomical = 1;
constexpr char kMillimetres = 2;

/// The fields of nifti1.h that are set, at their offsets; little endian.
class NiftiHeader {
 public:
  template <typename T>
  void put(size_t offset, T value) {
    std::memcpy(bytes_.data() + offset, &value, sizeof value);
  }
  void put_text(size_t offset, std::string_view words) { words.copy(bytes_.data() + offset, words.size()); }
  std::string bytes() const { return {bytes_.data(), bytes_.size()}; }

 private:
  std::array<char, kHeaderBytes> bytes_{};
};

std::int16_t side(int voxels) {
  if (voxels > std::numeric_limits<std::int16_t>::max()) {
    throw Error(ErrorKind::Failure, text("--masks: NIfTI cannot hold a grid with ", voxels, " voxels along one side"));
  }
  return static_cast<std::int16_t>(voxels);
}

/// RAS from voxel: LPS with the first two axes turned about.
Eigen::Matrix<double, 3, 4> ras_from_index(const Volume& grid) {
  Eigen::Matrix<double, 3, 4> matrix = grid.patient_from_index.matrix().topRows<3>();
  matrix.topRows<2>() *= -1;
  return matrix;
}

/// The quaternion form: a rotation and, where the axes are left-handed, a flipped third axis.
void put_qform(NiftiHeader& header, const Eigen::Matrix<double, 3, 4>& ras) {
  Eigen::Matrix3d rotation = ras.leftCols<3>().colwise().normalized();
  const double handedness = rotation.determinant() < 0 ? -1 : 1;
  rotation.col(2) *= handedness;
  Eigen::Quaterniond turn(rotation);
  if (turn.w() < 0) turn.coeffs() *= -1;
  header.put<float>(76, static_cast<float>(handedness));
  header.put<std::int16_t>(252, kScannerAnatomical);
  header.put<float>(256, static_cast<float>(turn.x()));
  header.put<float>(260, static_cast<float>(turn.y()));
  header.put<float>(264, static_cast<float>(turn.z()));
  for (int axis = 0; axis < 3; ++axis) {
    header.put<float>(80 + 4 * static_cast<size_t>(axis), static_cast<float>(ras.col(axis).norm()));
    header.put<float>(268 + 4 * static_cast<size_t>(axis), static_cast<float>(ras(axis, 3)));
  }
}

void put_sform(NiftiHeader& header, const Eigen::Matrix<double, 3, 4>& ras) {
  header.put<std::int16_t>(254, kScannerAnatomical);
  for (int row = 0; row < 3; ++row) {
    for (int column = 0; column < 4; ++column) {
      header.put<float>(280 + 16 * static_cast<size_t>(row) + 4 * static_cast<size_t>(column),
                        static_cast<float>(ras(row, column)));
    }
  }
}

NiftiHeader header_of(const Volume& grid) {
  NiftiHeader header;
  header.put<std::int32_t>(0, 348);
  const std::array<std::int16_t, 8> dim = {3, side(grid.columns), side(grid.rows), side(grid.slices), 1, 1, 1, 1};
  for (size_t k = 0; k < dim.size(); ++k) header.put<std::int16_t>(40 + 2 * k, dim[k]);
  header.put<std::int16_t>(70, kUint8);
  header.put<std::int16_t>(72, 8);
  header.put<float>(108, static_cast<float>(kHeaderBytes));
  header.put<float>(112, 1);
  header.put<char>(123, kMillimetres);
  header.put_text(148, "LumbarGrade masks, research use only");
  header.put_text(344, "n+1");
  const auto ras = ras_from_index(grid);
  put_qform(header, ras);
  put_sform(header, ras);
  return header;
}

std::string gzip(const std::string& bytes) {
  z_stream stream{};
  constexpr int kGzip = 15 + 16;
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw Error(ErrorKind::Failure, "zlib cannot pack the masks (out of memory?)");
  }
  std::string packed(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const int result = deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) throw Error(ErrorKind::Failure, "zlib cannot pack the masks");
  return packed;
}

}  // namespace

std::string nifti_gz(const SpineMasks& masks, const Volume& grid) {
  std::string bytes = header_of(grid).bytes();
  if (masks.labels.size() > std::numeric_limits<uInt>::max() - bytes.size()) {
    throw Error(ErrorKind::Failure, "--masks: the sagittal series has more than 4 billion voxels");
  }
  bytes.append(reinterpret_cast<const char*>(masks.labels.data()), masks.labels.size());
  return gzip(bytes);
}

}  // namespace lumbargrade::results
