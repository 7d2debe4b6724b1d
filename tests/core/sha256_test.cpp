#include "core/sha256.h"

#include <gtest/gtest.h>

#include "core/atomic_file.h"
#include "core/error.h"
#include "temporary_folder.h"

namespace lumbargrade {
namespace {

// FIPS 180-4 examples (NIST, "SHA256.pdf") and the digest of no bytes.
constexpr const char* kOfAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr const char* kOfNothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr const char* kOfMillionA = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

TEST(Sha256, AgreesWithThePublishedExamples) {
  EXPECT_EQ(sha256_of_bytes("abc"), kOfAbc);
  EXPECT_EQ(sha256_of_bytes(""), kOfNothing);
}

TEST(Sha256, OfAFileIsThatOfItsBytes) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "a", std::string(1'000'000, 'a'));
  EXPECT_EQ(sha256_of_file(folder / "a"), kOfMillionA);
}

TEST(Sha256, RefusesAMissingFile) {
  const TemporaryFolder folder;
  EXPECT_THROW(sha256_of_file(folder / "none"), Error);
}

}  // namespace
}  // namespace lumbargrade
