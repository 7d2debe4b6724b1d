// A whole study whose numbers and names are any text: read, grouped, given roles, decoded. Every voxel and every place
// that leaves the loader is finite, and no grid is larger than a body.
#include <fuzzer/FuzzedDataProvider.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <memory>

#include "core/error.h"
#include "fuzz/made_file.h"
#include "study/selection.h"
#include "study/series.h"
#include "study/stack_volume.h"
#include "study/study_files.h"
#include "volume/slice_positions.h"

namespace {

using namespace lumbargrade;  // NOLINT: one short file

constexpr std::array kOddNumbers = {"1e36",
                                    "nan",
                                    "inf",
                                    "-1e300",
                                    "1,105",
                                    "0",
                                    "-0",
                                    "",
                                    "1e-300",
                                    "5e-324",
                                    "0.0011",
                                    "1105",
                                    "99999999999999999999",
                                    "1.1mm",
                                    "0x10",
                                    "+4",
                                    " 4 ",
                                    "1\\",
                                    "1e9",
                                    "50"};

std::string any_number(FuzzedDataProvider& input) {
  switch (input.ConsumeIntegralInRange(0, 3)) {
    case 0:
      return kOddNumbers[input.ConsumeIntegralInRange<size_t>(0, kOddNumbers.size() - 1)];
    case 1:
      return input.ConsumeRandomLengthString(12);
    case 2:
      return std::to_string(input.ConsumeFloatingPointInRange<double>(-400, 400));
    default:
      return std::to_string(input.ConsumeIntegralInRange(-9, 9));
  }
}

/// `usual` in most files, so that some make up series.
std::string number_or(FuzzedDataProvider& input, const std::string& usual) {
  return input.ConsumeIntegralInRange(0, 7) == 0 ? any_number(input) : usual;
}

std::string numbers_or(FuzzedDataProvider& input, const std::string& usual, int count) {
  if (input.ConsumeIntegralInRange(0, 7) != 0) return usual;
  std::string values = any_number(input);
  for (int i = 1; i < count; ++i) values += "\\" + any_number(input);
  return values;
}

std::vector<unsigned char> any_file(FuzzedDataProvider& input, int number) {
  MadeFile file;
  file.text(0x0008, 0x0005, "CS", input.ConsumeBool() ? "ISO_IR 192" : input.ConsumeRandomLengthString(16));
  file.text(0x0008, 0x0018, "UI", "1.2." + std::to_string(number));
  file.text(0x0008, 0x0060, "CS", "MR");
  file.text(0x0008, 0x103E, "LO", input.ConsumeBool() ? "T2 sag" : input.ConsumeRandomLengthString(20));
  file.text(0x0018, 0x0050, "DS", number_or(input, "4"));
  file.text(0x0018, 0x0080, "DS", number_or(input, "3500"));
  file.text(0x0018, 0x0081, "DS", number_or(input, "100"));
  file.text(0x0018, 0x0086, "IS", number_or(input, "1"));
  file.text(0x0020, 0x000D, "UI", "1.2");
  file.text(0x0020, 0x000E, "UI", "1.2." + std::to_string(input.ConsumeIntegralInRange(0, 2)));
  file.text(0x0020, 0x0011, "IS", number_or(input, "1"));
  file.text(0x0020, 0x0013, "IS", number_or(input, std::to_string(number)));
  file.text(0x0020, 0x0032, "DS", numbers_or(input, std::to_string(4 * number) + "\\-100\\100", 3));
  file.text(0x0020, 0x0037, "DS", numbers_or(input, "0\\1\\0\\0\\0\\-1", 6));
  file.number(0x0028, 0x0002, 1);
  file.text(0x0028, 0x0004, "CS", input.ConsumeBool() ? "MONOCHROME2" : input.ConsumeRandomLengthString(12));
  file.text(0x0028, 0x0008, "IS", number_or(input, "1"));
  const bool is_usual = input.ConsumeIntegralInRange(0, 7) != 0;
  file.number(0x0028, 0x0010, is_usual ? 4 : input.ConsumeIntegral<uint16_t>());
  file.number(0x0028, 0x0011, is_usual ? 5 : input.ConsumeIntegral<uint16_t>());
  file.text(0x0028, 0x0030, "DS", numbers_or(input, "40\\40", 2));
  file.number(0x0028, 0x0100, 16);
  file.number(0x0028, 0x0101, is_usual ? 12 : input.ConsumeIntegralInRange<uint16_t>(0, 20));
  file.number(0x0028, 0x0102, is_usual ? 11 : input.ConsumeIntegralInRange<uint16_t>(0, 20));
  file.number(0x0028, 0x0103, input.ConsumeBool());
  if (input.ConsumeBool()) file.number(0x0028, 0x0120, input.ConsumeIntegral<uint16_t>());
  file.text(0x0028, 0x1052, "DS", number_or(input, "0"));
  file.text(0x0028, 0x1053, "DS", number_or(input, "1"));
  file.pixels(40, input.ConsumeIntegral<unsigned char>());
  return file.bytes();
}

void require(bool holds, const char* what) {
  if (holds) return;
  std::cerr << what << " does not hold\n";
  std::abort();
}

void check(const Volume& volume) {
  for (const float value : volume.voxels) require(std::isfinite(value), "finite voxels");
  require(volume.patient_from_index.matrix().allFinite(), "a finite matrix");
  const Vector3 spacing = spacing_mm(volume.patient_from_index);
  require(spacing.minCoeff() > 0, "a spacing above zero");
  require(spacing.x() * volume.columns <= 2001 && spacing.y() * volume.rows <= 2001, "a field that a scanner has");
  const SlicePositions slices(volume);
  for (int k = 0; k < slices.count(); ++k) {
    require(std::isfinite(slices.height_of(k)), "finite places");
    require(std::abs(slices.slice_at(slices.height_of(k)) - k) < 1e-3, "slices in the order of their places");
  }
}

void read_study(std::vector<InstancePointer> instances, const MemoryBudgetPointer& budget) {
  std::vector<std::string> warnings;
  StudyFiles files = choose_study("fuzzed", {}, std::move(instances));
  warn_about_several_patients(files.instances, warnings);
  drop_copies(files.instances, warnings);
  std::vector<Series> series = make_series(files.instances);
  rank_stations(series);
  rank_plain_first(series);
  const Assignment assignment = assign_series(series);
  for (Series& one : series) {
    summarise_use(one, assignment.used);
    warn_about_unused_parts(one, assignment.used);
  }
  assignment.used.release_others(series);
  for (const auto& chosen : {assignment.sagittal_t1, assignment.sagittal_t2}) {
    if (chosen) check(decode_volume(chosen->candidate->blocks.front(), 1, warnings, budget));
  }
  for (const Chosen& chosen : assignment.axial_t2) {
    for (const Stack& stack : chosen.candidate->blocks) check(decode_volume(stack, 1, warnings, budget));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider input(data, size);
  const auto budget = MemoryBudget::of_mib(MemoryBudget::kDefault_mib);
  std::vector<InstancePointer> instances;
  try {
    for (int number = 0; input.remaining_bytes() > 0 && number < 24; ++number) {
      try {
        auto bytes = any_file(input, number);
        instances.push_back(std::make_shared<dicom::Instance>(dicom::parse_instance(std::move(bytes), "a/1", budget)));
      } catch (const MemoryExceeded&) {
        throw;
      } catch (const Error&) {
      }
    }
    if (!instances.empty()) read_study(std::move(instances), budget);
  } catch (const Error&) {
  }
  return 0;
}
