// Any bytes, read as an archive of DICOM files: entries or an Error, in bounded memory.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "core/error.h"
#include "dicom/instance.h"
#include "study/archive.h"

namespace {

void parse_entry(lumbargrade::ArchiveEntry entry) {
  if (!lumbargrade::dicom::looks_like_dicom(entry.bytes.bytes)) return;
  try {
    lumbargrade::dicom::parse_instance(std::move(entry.bytes), entry.name);
  } catch (const lumbargrade::Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (!lumbargrade::looks_like_archive({data, size})) return -1;
  static const int file = memfd_create("fuzzed", MFD_CLOEXEC);
  if (ftruncate(file, 0) != 0 || pwrite(file, data, size, 0) != static_cast<ssize_t>(size)) return -1;
  try {
    lumbargrade::for_each_entry("/proc/self/fd/" + std::to_string(file), parse_entry);
  } catch (const lumbargrade::Error&) {
  }
  return 0;
}
