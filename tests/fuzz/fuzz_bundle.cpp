// Any text as a bundle's manifest and any bytes as the weights of all its networks: what they say, the networks built
// where the claims hold, or an Error. The first two bytes tell where the manifest ends.
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "bundle/bundle.h"
#include "bundle/manifest.h"
#include "bundle/verify.h"
#include "core/error.h"
#include "network/safetensors.h"

namespace {

using namespace lumbargrade;  // NOLINT: one short file
namespace fs = std::filesystem;

constexpr const char* kWeights = "weights.safetensors";

/// In memory where the system has such a place; removed at the end.
class BundleFolder {
 public:
  BundleFolder() {
    const fs::path memory = "/dev/shm";
    path_ = (fs::is_directory(memory) ? memory : fs::temp_directory_path()) / text("fuzz_bundle_", getpid());
    fs::create_directory(path_);
  }
  ~BundleFolder() { fs::remove_all(path_); }
  BundleFolder(const BundleFolder&) = delete;
  BundleFolder& operator=(const BundleFolder&) = delete;

  const fs::path& put(std::string_view weights) const {
    std::ofstream(path_ / kWeights, std::ios::binary)
        .write(weights.data(), static_cast<std::streamsize>(weights.size()));
    return path_;
  }

 private:
  fs::path path_;
};

template <typename Read>
void attempt(const Read& read) {
  try {
    read();
  } catch (const Error&) {
  }
}

void load(std::string_view text, const fs::path& folder) {
  Manifest manifest = parse_manifest(text, "manifest.json");
  for (NetworkSpec& spec : manifest.networks) spec.weights.file = kWeights;
  check_claims(folder, manifest);
  for (const NetworkSpec& spec : manifest.networks) attempt([&] { load_bundle_network(folder, spec); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const BundleFolder shared_folder;
  if (size < 2) return 0;
  const std::string_view all(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::string_view manifest = all.substr(0, static_cast<size_t>(data[0] | data[1] << 8));
  const fs::path& folder = shared_folder.put(all.substr(manifest.size()));
  attempt([&] { read_safetensors(folder / kWeights); });
  attempt([&] { load(manifest, folder); });
  return 0;
}
