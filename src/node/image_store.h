#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "node/configuration.h"
#include "node/spool.h"

namespace lumbargrade::node {

/// What became of an image that came.
struct Kept {
  enum class Outcome {
    Stored,
    HadIt,         ///< the same bytes were there
    OtherContent,  ///< another image of this name was there, and stays
    NoRoom,        ///< the disk takes no more
    NotReadable,   ///< no DICOM file, or its header names another instance or no study
  };
  Outcome outcome = Outcome::Stored;
  std::string study;  ///< its StudyInstanceUID
  std::string why;    ///< in words, where it was not stored
};

/// Where one association's images go: into the spool's incoming folder.
class ImageStore {
 public:
  explicit ImageStore(const Configuration& configuration);

  /// Why no image is taken now, in words; empty while there is room.
  std::string reason_to_refuse() const;
  /// A new file to receive into.
  std::filesystem::path next_part();
  /// Flushes a received file to the disk and puts it in its place.
  Kept keep(const std::filesystem::path& part, const std::string& sop_instance_uid);
  static void discard(const std::filesystem::path& part);

 private:
  Spool spool_;
  std::uintmax_t quota_;
  std::uintmax_t used_;
  int parts_ = 0;
};

}  // namespace lumbargrade::node
