#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace lumbargrade::node {

/// The folders of a node, below one that it alone uses:
///
///     incoming/<study>/<instance>.dcm   images, as they came; what is still coming has a name that begins with .part-
///     results/                          as `batch` leaves them; reports/<study>/dicom has what is sent
///     outbox/<peer>/<instance>.dcm      waits to be sent; .sending: was at it, whether the peer has it is not known
///                                       .unconfirmed: taken, but the peer has not said yet that it keeps it
///     sent/<peer>/<instance>            an empty file for each instance that the peer has taken
///     commitments/<transaction>         the peer that was asked to confirm
///     attempts/<study>                  which files were graded last, with what end
///     status.json
///
/// AE titles are written with %XX where a file name could not carry them. Files appear whole, by a link or a rename, so
/// that every process of the node may be killed at any moment.
class Spool {
 public:
  explicit Spool(std::filesystem::path folder) : folder_(std::move(folder)) {}

  const std::filesystem::path& folder() const { return folder_; }
  std::filesystem::path incoming() const { return folder_ / "incoming"; }
  std::filesystem::path results() const { return folder_ / "results"; }
  std::filesystem::path commitments() const { return folder_ / "commitments"; }
  std::filesystem::path attempts() const { return folder_ / "attempts"; }
  std::filesystem::path status() const { return folder_ / "status.json"; }
  std::filesystem::path outbox(const std::string& peer) const;
  std::filesystem::path sent(const std::string& peer) const;
  /// The DICOM results of a study.
  std::filesystem::path dicom_results(const std::string& study) const;

  /// Makes the folders and removes what was half received. Throws Error (Failure).
  void prepare(const std::vector<std::string>& peers) const;
  /// Removes what was half received into files whose names begin so.
  void remove_parts(const std::string& beginning) const;

 private:
  std::filesystem::path folder_;
};

/// Digits and points, at most 64 characters, that neither begin nor end with a point: fit for a file name.
bool is_uid(const std::string& words);

/// Names of the entries of a folder, sorted; hidden ones left out. Empty where there is no such folder.
std::vector<std::string> names_in(const std::filesystem::path& folder);

/// Bytes of all files below.
std::uintmax_t bytes_below(const std::filesystem::path& folder);

}  // namespace lumbargrade::node
