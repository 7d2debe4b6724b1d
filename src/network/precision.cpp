#include "network/precision.h"

#include "core/error.h"

namespace lumbargrade {

torch::ScalarType scalar_type_of(const std::string& precision, const torch::Device& device) {
  if (precision == "float32") return torch::kFloat32;
  if (precision == "bfloat16") return torch::kBFloat16;
  if (precision != "float16") {
    throw Error(ErrorKind::Usage, text("unknown precision \"", precision, "\"; float32, bfloat16 or float16"));
  }
  if (device.is_cpu()) {
    throw Error(ErrorKind::Usage, "--precision float16 needs a GPU; on the CPU use float32 or bfloat16");
  }
  return torch::kFloat16;
}

}  // namespace lumbargrade
