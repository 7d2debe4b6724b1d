#include "pipeline/device_name.h"

#include <gmock/gmock.h>

namespace lumbargrade {
namespace {

TEST(DeviceName, IsOneOfTheWordsOrNamesAGpuByNumber) {
  for (const char* word : {"cpu", "auto", "cuda", "cuda:0", "cuda:12"}) EXPECT_TRUE(is_device_name(word)) << word;
  for (const char* word : {"", "gpu", "cuda:", "cuda:x", "cuda:1234", "cuda:-1", "cuda:01", "cuda:00"})
    EXPECT_FALSE(is_device_name(word)) << word;
  EXPECT_EQ(gpu_number("cuda:3"), size_t{3});
  EXPECT_EQ(gpu_number("cuda"), std::nullopt);
}

TEST(DriverVersion, IsThatOfTheKernelModule) {
  EXPECT_EQ(driver_version("NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023\n"
                           "GCC version:  gcc version 12.3.0\n"),
            "535.104.05");
  EXPECT_EQ(driver_version("NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build\n"),
            "580.65.06");
  EXPECT_EQ(driver_version("GCC version:  gcc version 12.3.0\n"), "");
  EXPECT_EQ(driver_version(""), "");
}

}  // namespace
}  // namespace lumbargrade
