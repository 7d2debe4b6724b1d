#include "study/files.h"

#include <zlib.h>

#include <algorithm>
#include <optional>
#include <span>

#include "core/error.h"
#include "core/parallel.h"
#include "study/archive.h"
#include "study/roles.h"

namespace lumbargrade {
namespace {

namespace fs = std::filesystem;

constexpr const char* kMediaDirectoryClass = "1.2.840.10008.1.3.10";
constexpr size_t kGzipChunk = size_t{1} << 18;
constexpr size_t kAlwaysUnpacked = size_t{1} << 26;  // beyond, only what images compress to
constexpr size_t kLargestGzipRatio = 200;

using GzipPointer = std::unique_ptr<gzFile_s, decltype(&gzclose)>;

/// Regular files below the folder. Linked folders are not followed: they may lead in circles.
std::vector<fs::path> list_files(const fs::path& folder, std::vector<std::string>& warnings) {
  std::vector<fs::path> files;
  std::error_code error;
  int broken_links = 0, linked_folders = 0;
  fs::recursive_directory_iterator entry(folder, error), end;
  while (!error && entry != end) {
    std::error_code unknown;
    if (entry->is_regular_file(unknown)) {
      files.push_back(entry->path());
    } else if (entry->is_symlink(unknown)) {
      if (entry->is_directory(unknown)) {
        ++linked_folders;
      } else {
        ++broken_links;
      }
    }
    const fs::path here = entry->path();
    entry.increment(error);
    if (error && entry != end) {
      warnings.push_back(text("cannot list ", here.string(), ": ", error.message()));
      error.clear();
    }
  }
  if (error) warnings.push_back(text("cannot list all of ", folder.string(), ": ", error.message()));
  if (broken_links > 0)
    warnings.push_back(
        text(broken_links, broken_links == 1 ? " link leads" : " links lead", " nowhere (files not fetched?)"));
  if (linked_folders > 0)
    warnings.push_back(
        text(linked_folders, linked_folders == 1 ? " linked folder was" : " linked folders were", " not followed"));
  std::sort(files.begin(), files.end());
  return files;
}

/// What became of one file.
struct Outcome {
  std::shared_ptr<dicom::Instance> instance;
  std::string warning;
  bool is_dicom = false;
  bool is_archive = false;  ///< or compressed by itself
};

Outcome parse(dicom::CountedBytes bytes, const fs::path& file, const MemoryBudgetPointer& budget) {
  Outcome outcome;
  outcome.is_dicom = true;
  try {
    auto instance = std::make_shared<dicom::Instance>(dicom::parse_instance(std::move(bytes), file, budget));
    if (instance->sop_class_uid == kMediaDirectoryClass) return outcome;
    if (!may_have_role(*instance)) instance->pixels.reset();
    outcome.instance = std::move(instance);
  } catch (const MemoryExceeded&) {
    throw;
  } catch (const Error& error) {
    outcome.warning = text(error.what(), "; left out");
  }
  return outcome;
}

/// Inflates a file that is gzipped by itself ("1.dcm.gz"), as its beginning tells; nothing when it is not, or holds no
/// DICOM file. Throws Error when it is damaged or inflates beyond what images compress to, MemoryExceeded before
/// `budget` is exceeded.
std::optional<dicom::CountedBytes> read_gzipped_dicom(const fs::path& file, std::span<const unsigned char> beginning,
                                                      const MemoryBudgetPointer& budget) {
  const auto refuse_gzip = [&](const std::string& why) {
    throw Error(ErrorKind::Failure, text(file.string(), " ", why));
  };
  if (beginning.size() < 2 || beginning[0] != 0x1F || beginning[1] != 0x8B) return std::nullopt;
  const GzipPointer stream(gzopen(file.c_str(), "rb"), &gzclose);
  if (!stream) refuse_gzip("cannot be opened");
  const size_t largest = std::max(kAlwaysUnpacked, fs::file_size(file) * kLargestGzipRatio);
  std::vector<unsigned char> bytes;
  MemoryShare memory;
  for (int count = 1; count > 0;) {
    const size_t filled = bytes.size();
    bytes.resize(filled + kGzipChunk);
    count = gzread(stream.get(), bytes.data() + filled, static_cast<unsigned>(kGzipChunk));
    if (count < 0) refuse_gzip("is a damaged gzip file");
    bytes.resize(filled + static_cast<size_t>(count));
    if (filled == 0 && !dicom::looks_like_dicom({bytes.data(), std::min(bytes.size(), dicom::kSignatureLength)}))
      return std::nullopt;
    if (bytes.size() > largest) refuse_gzip(text("inflates beyond ", largest >> 20, " MiB"));
    memory.reset();
    memory = take_memory(budget, bytes.size(), file.string());
  }
  return dicom::CountedBytes(std::move(bytes), std::move(memory));
}

Outcome read(const fs::path& file, const MemoryBudgetPointer& budget) {
  try {
    if (auto bytes = dicom::read_dicom_bytes(file, budget)) return parse(std::move(*bytes), file, budget);
    const std::vector<unsigned char> beginning = beginning_of(file);
    if (auto bytes = read_gzipped_dicom(file, beginning, budget)) return parse(std::move(*bytes), file, budget);
    Outcome other;
    other.is_archive = looks_like_archive(beginning);
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
  if (outcome.instance) files.instances.push_back(std::move(outcome.instance));
}

ReadFiles read_folder(const fs::path& folder, int threads, const MemoryBudgetPointer& budget) {
  std::vector<std::string> warnings;
  ReadFiles files = read_listed_files(list_files(folder, warnings), threads, budget);
  files.warnings.insert(files.warnings.begin(), warnings.begin(), warnings.end());
  return files;
}

ReadFiles read_archive(const fs::path& archive, const MemoryBudgetPointer& budget) {
  ReadFiles files;
  auto warnings = for_each_entry(
      archive,
      [&](ArchiveEntry entry) {
        const fs::path name = archive / entry.name;
        add(files,
            dicom::looks_like_dicom(entry.bytes.bytes) ? parse(std::move(entry.bytes), name, budget) : Outcome());
      },
      budget);
  files.warnings.insert(files.warnings.end(), warnings.begin(), warnings.end());
  std::sort(files.instances.begin(), files.instances.end(),
            [](const auto& a, const auto& b) { return a->file < b->file; });
  return files;
}

ReadFiles read_single_file(const fs::path& file, const MemoryBudgetPointer& budget) {
  ReadFiles files;
  Outcome outcome = read(file, budget);
  if (outcome.is_archive) return read_archive(file, budget);
  add(files, std::move(outcome));
  return files;
}

}  // namespace

bool is_dicomdir(const fs::path& path) {
  return path.filename() == "DICOMDIR" || path.filename() == "dicomdir";
}

ReadFiles read_files(const fs::path& path, int threads, const MemoryBudgetPointer& budget) {
  std::error_code error;
  if (fs::is_directory(path, error)) return read_folder(path, threads, budget);
  if (!fs::is_regular_file(path, error)) {
    throw Error(ErrorKind::NoUsableStudy, text(path.string(), " is neither a folder, a file nor an archive"));
  }
  if (is_dicomdir(path)) return read_folder(fs::absolute(path).parent_path(), threads, budget);
  return read_single_file(path, budget);
}

ReadFiles read_listed_files(const std::vector<fs::path>& paths, int threads, const MemoryBudgetPointer& budget) {
  std::vector<Outcome> outcomes(paths.size());
  for_each_index(outcomes.size(), threads, [&](size_t i) { outcomes[i] = read(paths[i], budget); });
  ReadFiles files;
  for (Outcome& outcome : outcomes) add(files, std::move(outcome));
  return files;
}

}  // namespace lumbargrade
