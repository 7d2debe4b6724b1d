#include "dicom/library.h"

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcdict.h>
#include <dcmtk/dcmdata/dcvr.h>
#include <dcmtk/dcmjpeg/djdecode.h>
#include <dcmtk/oflog/oflog.h>

#include "core/error.h"
#include "core/installed_files.h"

namespace lumbargrade::dicom {
namespace {

/// A release carries the dictionary along; DCMTK itself looks only at DCMDICTPATH and where its package puts it.
bool load_installed_dictionary() {
  DcmDataDictionary& dictionary = dcmDataDict.wrlock();
  const bool loaded = dictionary.loadDictionary(installed_file("dicom.dic").c_str(), OFFalse);
  dcmDataDict.wrunlock();
  return loaded;
}

/// DCMTK's list of codecs does not own them.
class Codecs {
 public:
  Codecs() { DJDecoderRegistration::registerCodecs(); }
  ~Codecs() { DJDecoderRegistration::cleanup(); }
  Codecs(const Codecs&) = delete;
  Codecs& operator=(const Codecs&) = delete;
};

bool set_up() {
  OFLog::configure(OFLogger::OFF_LOG_LEVEL);
  dcmEnableUnknownVRConversion.set(OFTrue);  // what an archive wrote as unknown is read as what the dictionary says
  if (!dcmDataDict.isDictionaryLoaded() && !load_installed_dictionary()) {
    throw Error(ErrorKind::Failure,
                "DCMTK has no data dictionary: set DCMDICTPATH to its dicom.dic, or reinstall DCMTK's package");
  }
  return true;
}

}  // namespace

void set_up_library() {
  [[maybe_unused]] static const bool done = set_up();
  [[maybe_unused]] static const Codecs codecs;
}

}  // namespace lumbargrade::dicom
