#include "core/sha256.h"

#include <openssl/evp.h>

#include <array>
#include <fstream>
#include <memory>
#include <vector>

#include "core/error.h"

namespace lumbargrade {
namespace {

constexpr std::size_t kBlockBytes = std::size_t{1} << 20;

class Digest {
 public:
  Digest() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
    check(context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
  }
  void add(const void* bytes, std::size_t count) { check(EVP_DigestUpdate(context_.get(), bytes, count) == 1); }
  std::string hexadecimal() {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned count = 0;
    check(EVP_DigestFinal_ex(context_.get(), bytes.data(), &count) == 1);
    std::string result;
    for (unsigned i = 0; i < count; ++i) {
      result += kDigits[bytes[i] >> 4];
      result += kDigits[bytes[i] & 15];
    }
    return result;
  }

 private:
  static void check(bool succeeded) {
    if (!succeeded) throw Error(ErrorKind::Failure, "OpenSSL could not compute a SHA-256");
  }
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace

std::string sha256_of_bytes(std::string_view bytes) {
  Digest digest;
  digest.add(bytes.data(), bytes.size());
  return digest.hexadecimal();
}

std::string sha256_of_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Error(ErrorKind::Failure, text("cannot read ", path.string()));
  Digest digest;
  std::vector<char> block(kBlockBytes);
  while (file) {
    file.read(block.data(), static_cast<std::streamsize>(block.size()));
    digest.add(block.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (file.bad()) throw Error(ErrorKind::Failure, text("cannot read ", path.string()));
  return digest.hexadecimal();
}

}  // namespace lumbargrade
