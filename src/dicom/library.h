#pragma once

namespace lumbargrade::dicom {

/// Registers DCMTK's decoders of JPEG and silences its own log (our messages name the file and the remedy). Safe to
/// call from any thread, any number of times; every function of this room that needs it calls it.
void set_up_library();

}  // namespace lumbargrade::dicom
