// Any text as a bundle's manifest and any bytes as a file of weights: what they say, or an Error. The first two bytes
// tell where the one ends.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "bundle/manifest.h"
#include "core/error.h"
#include "network/safetensors.h"

namespace {

using namespace lumbargrade;  // NOLINT: one short file

void read_weights(std::string_view bytes) {
  const int file = memfd_create("weights", MFD_CLOEXEC);
  if (file < 0 || write(file, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) abort();
  try {
    read_safetensors("/proc/self/fd/" + std::to_string(file));
  } catch (const Error&) {
  }
  close(file);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::string_view all(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::string_view manifest = all.substr(0, static_cast<size_t>(data[0] | data[1] << 8));
  try {
    parse_manifest(manifest, "manifest.json");
  } catch (const Error&) {
  }
  read_weights(all.substr(manifest.size()));
  return 0;
}
