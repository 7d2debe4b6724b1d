#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "core/error.h"
#include "temporary_folder.h"

namespace lumbargrade {

/// What is done to a valid file.
struct Damage {
  size_t cut_step = 1;   ///< between the lengths that it is cut to
  size_t byte_step = 1;  ///< between the bytes that are changed, one at a time
  char mask = 0x5A;      ///< the bits that change
};

/// Gives files to the reader `kRead`, which has to refuse them as BundleInvalid.
template <auto kRead>
class HostileFile : public testing::Test {
 protected:
  void expect_refused(const std::filesystem::path& file, const std::string& reason) const {
    try {
      kRead(file);
      ADD_FAILURE() << "not refused: " << reason;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::BundleInvalid);
      EXPECT_THAT(error.what(), testing::HasSubstr(reason));
      EXPECT_THAT(error.what(), testing::HasSubstr(file.string()));
    }
  }

  /// A changed byte of a weight, or of a name that nothing reads, is no fault; a missing end always is.
  void expect_no_harm_of(const std::string& whole, const Damage& damage) const {
    for (size_t length = 0; length < whole.size(); length += damage.cut_step) {
      std::ofstream(path_, std::ios::binary) << whole.substr(0, length);
      EXPECT_THROW(kRead(path_), Error) << length;
    }
    for (size_t at = 0; at < whole.size(); at += damage.byte_step) {
      std::string changed = whole;
      changed[at] = static_cast<char>(changed[at] ^ damage.mask);
      std::ofstream(path_, std::ios::binary) << changed;
      try {
        kRead(path_);
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::BundleInvalid) << at;
      }
    }
  }

  TemporaryFolder folder_;
  std::filesystem::path path_ = folder_.path() / "hostile";
};

}  // namespace lumbargrade
