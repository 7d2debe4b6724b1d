#include "dicom/instance.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>

#include <algorithm>
#include <fstream>

#include "core/error.h"
#include "dicom/character_sets.h"
#include "dicom/codestream.h"
#include "dicom/frames.h"
#include "dicom/library.h"
#include "dicom/pixel_checks.h"
#include "dicom/source_header.h"
#include "dicom/transfer_syntax.h"
#include "dicom/values.h"

namespace lumbargrade::dicom {
namespace {

constexpr std::streamoff kLargestFile = std::streamoff{2} << 30;
constexpr size_t kParsedElement = 320;  // bytes that DCMTK takes for an element beside its value

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& why) {
  throw Error(ErrorKind::Failure, text(file.string(), " ", why));
}

void read_identity(DcmDataset& dataset, Instance& instance) {
  instance.patient_id = string_value(dataset, DCM_PatientID);
  instance.patient_name = string_value(dataset, DCM_PatientName);
  instance.patient_birth_date = string_value(dataset, DCM_PatientBirthDate);
  instance.study_instance_uid = string_value(dataset, DCM_StudyInstanceUID);
  instance.series_instance_uid = string_value(dataset, DCM_SeriesInstanceUID);
  instance.sop_instance_uid = string_value(dataset, DCM_SOPInstanceUID);
  instance.sop_class_uid = string_value(dataset, DCM_SOPClassUID);
  instance.modality = string_value(dataset, DCM_Modality);
  instance.series_number = integer_value(dataset, DCM_SeriesNumber, 0);
  instance.instance_number = integer_value(dataset, DCM_InstanceNumber, 0);
}

/// Pixels that are kept elsewhere than in Pixel Data: the image is there, but not read.
void note_float_pixels(DcmDataset& dataset, Instance& instance) {
  if (!dataset.tagExists(DCM_FloatPixelData) && !dataset.tagExists(DCM_DoubleFloatPixelData)) return;
  instance.pixel_problem = "pixels are floating-point numbers (Float Pixel Data)";
  instance.frames.resize(1);
}

void read_images(DcmDataset& dataset, const MemoryBudgetPointer& budget, EncodedPixels& pixels, Instance& instance) {
  const Structure& structure = pixels.structure;
  instance.format = read_pixel_format(dataset, instance.notes);
  if (!structure.has_pixels) return note_float_pixels(dataset, instance);
  const size_t count = checked_frames(dataset, instance, structure, budget);
  instance.memory = take_memory(budget, count * sizeof(Frame), text("the headers of ", instance.file.string()));
  instance.frames = read_frames(dataset, count, instance.notes);
  for (Frame& frame : instance.frames) check_field(instance.format, frame);
  pixels.frame_fragments = assign_fragments(structure.fragments, count);
  keep_all_bits(dataset, structure, instance);
  instance.pixel_problem = pixel_problem(instance, pixels);
  note_pixels(dataset, structure, instance);
}

/// Takes the bytes, or what they inflate to, together with the structure found in them.
std::shared_ptr<EncodedPixels> encode_pixels(CountedBytes bytes, const std::string& name,
                                             const MemoryBudgetPointer& budget) {
  auto pixels = std::make_shared<EncodedPixels>();
  pixels->storage = std::move(bytes.bytes);
  pixels->memory = std::move(bytes.memory);
  pixels->structure = find_structure(pixels->storage, name, budget ? budget->left() : kLargestInflated);
  if (pixels->structure.inflated.empty()) return pixels;
  pixels->memory = take_memory(budget, pixels->structure.inflated.size(), "what " + name + " inflates to");
  pixels->storage = std::move(pixels->structure.inflated);
  return pixels;
}

}  // namespace

Instance parse_instance(CountedBytes bytes, const std::filesystem::path& file, const MemoryBudgetPointer& budget) {
  set_up_library();
  Instance instance;
  instance.file = file;
  const auto pixels = encode_pixels(std::move(bytes), file.string(), budget);
  instance.pixels = pixels;
  const Structure& structure = pixels->structure;
  instance.transfer_syntax_uid = structure.transfer_syntax_uid;
  instance.notes = structure.notes;
  const MemoryShare parsing = take_memory(budget, structure.elements * kParsedElement + 2 * structure.header.size(),
                                          "the header of " + file.string());
  const auto dataset = parsed(structure.header, structure.encoding, file.string());
  convert_text_to_utf8(*dataset);
  read_identity(*dataset, instance);
  read_acquisition(*dataset, instance);
  read_images(*dataset, budget, *pixels, instance);
  if (instance.frames.empty()) instance.pixels.reset();
  return instance;
}

std::optional<CountedBytes> read_dicom_bytes(const std::filesystem::path& file, const MemoryBudgetPointer& budget) {
  std::ifstream stream(file, std::ios::binary | std::ios::ate);
  const std::streamoff size = stream ? static_cast<std::streamoff>(stream.tellg()) : -1;
  if (size < 0) refuse(file, "cannot be opened: check that it exists and may be read");
  std::vector<unsigned char> bytes(static_cast<size_t>(std::min<std::streamoff>(size, kSignatureLength)));
  const auto fill = [&](size_t first) {
    stream.read(reinterpret_cast<char*>(bytes.data() + first), static_cast<std::streamsize>(bytes.size() - first));
    if (!stream) refuse(file, "cannot be read to its end");
  };
  stream.seekg(0);
  fill(0);
  if (!looks_like_dicom(bytes)) return std::nullopt;
  if (size > kLargestFile) refuse(file, text("is larger than ", kLargestFile >> 30, " GiB"));
  if (budget && static_cast<size_t>(size) > budget->whole()) {
    refuse(file, text("of ", size >> 20, " MiB does not fit into --memory-limit ", budget->limit_mib(), " MiB"));
  }
  MemoryShare memory = take_memory(budget, static_cast<size_t>(size), file.string());
  const size_t read = bytes.size();
  bytes.resize(static_cast<size_t>(size));
  fill(read);
  return CountedBytes(std::move(bytes), std::move(memory));
}

Instance read_instance(const std::filesystem::path& file) {
  auto bytes = read_dicom_bytes(file);
  if (!bytes) refuse(file, "is not a DICOM file");
  return parse_instance(std::move(*bytes), file);
}

}  // namespace lumbargrade::dicom
