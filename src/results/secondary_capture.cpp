#include "results/secondary_capture.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include "core/sha256.h"

namespace lumbargrade::results {
namespace {

void put_text(DcmDataset& dataset, const DcmTagKey& tag, const char* value) {
  require_good(dataset.putAndInsertString(tag, value), "an attribute of a picture");
}

void put_number(DcmDataset& dataset, const DcmTagKey& tag, int value) {
  require_good(dataset.putAndInsertUint16(tag, static_cast<Uint16>(value)), "an attribute of a picture");
}

}  // namespace

std::unique_ptr<DcmDataset> secondary_capture(const cv::Mat& rgb, const ResultOrigin& origin,
                                              const std::string& purpose, int number) {
  const cv::Mat pixels = rgb.isContinuous() ? rgb : rgb.clone();
  const size_t size = pixels.total() * pixels.elemSize();
  const std::string_view bytes(reinterpret_cast<const char*>(pixels.data), size);
  auto dataset = std::make_unique<DcmDataset>();
  put_text(*dataset, DCM_SOPClassUID, UID_SecondaryCaptureImageStorage);
  put_text(*dataset, DCM_ImageType, "DERIVED\\SECONDARY");
  put_text(*dataset, DCM_ConversionType, "WSD");
  put_text(*dataset, DCM_BurnedInAnnotation, "YES");  // the study's id, which may be a name
  put_text(*dataset, DCM_ImageComments, purpose.c_str());
  put_text(*dataset, DCM_PatientOrientation, "");
  put_text(*dataset, DCM_PhotometricInterpretation, "RGB");
  put_text(*dataset, DCM_DerivationDescription, "Drawn by LumbarGrade: AI, research use only");
  put_number(*dataset, DCM_SamplesPerPixel, 3);
  put_number(*dataset, DCM_PlanarConfiguration, 0);
  put_number(*dataset, DCM_Rows, pixels.rows);
  put_number(*dataset, DCM_Columns, pixels.cols);
  put_number(*dataset, DCM_BitsAllocated, 8);
  put_number(*dataset, DCM_BitsStored, 8);
  put_number(*dataset, DCM_HighBit, 7);
  put_number(*dataset, DCM_PixelRepresentation, 0);
  std::string even(bytes);
  if (even.size() % 2 != 0) even.push_back('\0');
  require_good(dataset->putAndInsertUint8Array(DCM_PixelData, reinterpret_cast<const Uint8*>(even.data()),
                                               static_cast<unsigned long>(even.size())),
               "the pixels of a picture");
  complete(*dataset, origin, ResultKind::SecondaryCapture, purpose + sha256_of_bytes(bytes), number);
  return dataset;
}

}  // namespace lumbargrade::results
