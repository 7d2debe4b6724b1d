#include "training/imported/exported_crops.h"

#include <gmock/gmock.h>

#include <fstream>

#include "core/error.h"
#include "temporary_folder.h"

namespace lumbargrade {
namespace {

TEST(ExportedCrops, FoldersOutsideTheExportAreRefused) {
  const TemporaryFolder folder;
  const std::filesystem::path exported = folder / "export";
  std::filesystem::create_directories(exported);
  for (const auto& place : {folder.path(), exported})
    std::ofstream(place / kExportedFindingsFile) << "study_id,finding,label,fold\n";
  for (const char* name : {"..", ".", "../export", "/etc"}) {
    std::ofstream(exported / kExportedCropsFile)
        << R"({"format": "lumbargrade crops", "version": 1, "networks": [{"folder": ")" << name
        << R"(", "condition": "spinal_canal_stenosis", "findings": 0, "views": []}]})";
    EXPECT_THAT([&] { read_exported_crops(exported); },
                testing::ThrowsMessage<Error>(testing::HasSubstr("must be a plain name")))
        << name;
  }
}

}  // namespace
}  // namespace lumbargrade
