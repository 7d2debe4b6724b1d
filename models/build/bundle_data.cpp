// Makes training data of other data for models/build/default:
//   bundle_data masks PHANTOM OUT            phantom studies as a folder for `train locator` and `train canal`
//   bundle_data axials DATA OUT BUNDLE       sagittal slabs with masks as axial slices for `train grader`
#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>

#include "core/error.h"
#include "core/log.h"
#include "phantom_masks.h"
#include "slab_axials.h"

namespace lumbargrade {
namespace {

struct Folders {
  std::string from;
  std::string out;
  std::string bundle;
};

int run(int argc, char** argv) {
  CLI::App app("Makes training data of other data for models/build/default.", "bundle_data");
  app.require_subcommand(1);
  Folders folders;
  auto* masks = app.add_subcommand("masks", "Phantom studies as a folder for `lumbargrade train locator`");
  masks->add_option("phantom", folders.from, "Data set of `lumbargrade phantom --labels`")->required();
  masks->add_option("out", folders.out, "New folder")->required();
  masks->callback([&] { write_phantom_masks(folders.from, folders.out); });
  auto* axials = app.add_subcommand("axials", "Sagittal slabs with masks as axial slices, recesses graded by rank");
  axials->add_option("data", folders.from, "Folder for `lumbargrade train locator`")->required();
  axials->add_option("out", folders.out, "New folder")->required();
  axials->add_option("bundle", folders.bundle, "Bundle whose locator finds the discs")->required();
  axials->callback([&] { write_slab_axials(folders.from, folders.out, folders.bundle); });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error, std::cout, std::cerr) == 0 ? EXIT_SUCCESS : static_cast<int>(ErrorKind::Usage);
  }
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace lumbargrade

int main(int argc, char** argv) {
  try {
    lumbargrade::set_up_logging(lumbargrade::LogLevel::Info);
    return lumbargrade::run(argc, argv);
  } catch (const lumbargrade::Error& error) {
    std::cerr << "bundle_data: " << error.what() << "\n";
    return static_cast<int>(error.kind());
  } catch (const std::exception& error) {
    std::cerr << "bundle_data: " << error.what() << "\n";
    return EXIT_FAILURE;
  }
}
