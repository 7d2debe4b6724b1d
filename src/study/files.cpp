#include "study/files.h"

#include <algorithm>
#include <array>
#include <fstream>

#include "core/error.h"
#include "core/parallel.h"
#include "study/archive.h"
#include "study/gzip_file.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMediaDirectoryClass = "1.2.840.10008.1.3.10";

struct FolderListing {
  std::vector<fs::path> files;
  std::vector<std::string> warnings;
};

/// Regular files below the folder. Linked folders are not followed: they may lead in circles.
FolderListing list_files(const fs::path& folder) {
  FolderListing listing;
  std::error_code error;
  int dead_links = 0, linked_folders = 0;
  fs::recursive_directory_iterator entry(folder, error), end;
  while (!error && entry != end) {
    std::error_code unknown;
    if (entry->is_regular_file(unknown)) {
      listing.files.push_back(entry->path());
    } else if (entry->is_symlink(unknown)) {
      if (entry->is_directory(unknown)) {
        ++linked_folders;
      } else {
        ++dead_links;
      }
    }
    const fs::path here = entry->path();
    entry.increment(error);
    if (error && entry != end) {
      listing.warnings.push_back(text("cannot list ", here.string(), ": ", error.message()));
      error.clear();
    }
  }
  if (error) listing.warnings.push_back(text("cannot list all of ", folder.string(), ": ", error.message()));
  if (dead_links > 0)
    listing.warnings.push_back(
        text(dead_links, dead_links == 1 ? " link leads" : " links lead", " nowhere (files not fetched?)"));
  if (linked_folders > 0) listing.warnings.push_back(text(linked_folders, " linked folders were not followed"));
  std::sort(listing.files.begin(), listing.files.end());
  return listing;
}

/// What became of one file.
struct Outcome {
  std::shared_ptr<dicom::Instance> instance;
  std::string warning;
  bool is_dicom = false;
  bool is_archive = false;  ///< or compressed by itself
};

/// How files are read.
struct Reading {
  const KeepPixels& keep_pixels;
  const MemoryBudgetPointer& budget;
};

Outcome parse(dicom::CountedBytes bytes, const fs::path& file, const Reading& reading) {
  Outcome outcome;
  outcome.is_dicom = true;
  try {
    auto instance = std::make_shared<dicom::Instance>(dicom::parse_instance(std::move(bytes), file, reading.budget));
    if (instance->sop_class_uid == kMediaDirectoryClass) return outcome;
    if (!reading.keep_pixels(*instance)) instance->pixels.reset();
    outcome.instance = std::move(instance);
  } catch (const MemoryExceeded&) {
    throw;
  } catch (const Error& error) {
    outcome.warning = text(error.what(), "; left out");
  }
  return outcome;
}

bool is_archive(const fs::path& file) {
  std::array<unsigned char, kArchiveSignatureLength> first_bytes = {};
  std::ifstream stream(file, std::ios::binary);
  stream.read(reinterpret_cast<char*>(first_bytes.data()), first_bytes.size());
  return looks_like_archive({first_bytes.data(), static_cast<size_t>(stream.gcount())});
}

Outcome read(const fs::path& file, const Reading& reading) {
  try {
    if (auto bytes = dicom::read_dicom_bytes(file, reading.budget)) return parse(std::move(*bytes), file, reading);
    if (auto bytes = read_gzipped_dicom(file, reading.budget)) return parse(std::move(*bytes), file, reading);
    Outcome other;
    other.is_archive = is_archive(file);
    return other;
  } catch (const MemoryExceeded&) {
    throw;
  } catch (const Error& error) {
    return {nullptr, text(error.what(), "; left out"), true};
  }
}

void add(ReadFiles& files, Outcome outcome) {
  if (!outcome.is_dicom) ++files.other_files;
  if (outcome.is_archive) ++files.archives;
  if (!outcome.warning.empty()) files.warnings.push_back(std::move(outcome.warning));
  if (!outcome.instance) return;
  files.instances.push_back(std::move(outcome.instance));
}

void read_all_files(const std::vector<fs::path>& paths, int threads, const Reading& reading, ReadFiles& files) {
  std::vector<Outcome> outcomes(paths.size());
  for_each_index(outcomes.size(), threads, [&](size_t i) { outcomes[i] = read(paths[i], reading); });
  for (Outcome& outcome : outcomes) add(files, std::move(outcome));
}

ReadFiles read_folder(const fs::path& folder, int threads, const Reading& reading) {
  FolderListing listing = list_files(folder);
  ReadFiles files;
  files.warnings = std::move(listing.warnings);
  read_all_files(listing.files, threads, reading, files);
  return files;
}

ReadFiles read_archive(const fs::path& archive, const Reading& reading) {
  ReadFiles files;
  auto warnings = for_each_entry(
      archive,
      [&](ArchiveEntry entry) {
        const fs::path name = archive / entry.name;
        add(files,
            dicom::looks_like_dicom(entry.bytes.bytes) ? parse(std::move(entry.bytes), name, reading) : Outcome());
      },
      reading.budget);
  files.warnings.insert(files.warnings.end(), warnings.begin(), warnings.end());
  std::sort(files.instances.begin(), files.instances.end(),
            [](const auto& a, const auto& b) { return a->file < b->file; });
  return files;
}

ReadFiles read_single_file(const fs::path& file, const Reading& reading) {
  ReadFiles files;
  Outcome outcome = read(file, reading);
  if (outcome.is_archive) return read_archive(file, reading);
  add(files, std::move(outcome));
  return files;
}

}  // namespace

bool is_dicomdir(const fs::path& path) {
  return path.filename() == "DICOMDIR" || path.filename() == "dicomdir";
}

ReadFiles read_files(const fs::path& path, int threads, const KeepPixels& keep_pixels,
                     const MemoryBudgetPointer& budget) {
  const Reading reading = {keep_pixels, budget};
  std::error_code error;
  if (fs::is_directory(path, error)) return read_folder(path, threads, reading);
  if (!fs::is_regular_file(path, error)) {
    throw Error(ErrorKind::NoUsableStudy, text(path.string(), " is neither a folder, a file nor an archive"));
  }
  if (is_dicomdir(path)) return read_folder(fs::absolute(path).parent_path(), threads, reading);
  return read_single_file(path, reading);
}

ReadFiles read_listed_files(const std::vector<fs::path>& paths, int threads, const KeepPixels& keep_pixels,
                            const MemoryBudgetPointer& budget) {
  ReadFiles files;
  read_all_files(paths, threads, {keep_pixels, budget}, files);
  return files;
}

}  // namespace lumbargrade
