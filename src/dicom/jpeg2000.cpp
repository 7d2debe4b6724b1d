#include <openjpeg.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "dicom/codecs.h"

namespace lumbargrade::dicom {
namespace {

using CodecPointer = std::unique_ptr<opj_codec_t, decltype(&opj_destroy_codec)>;
using StreamPointer = std::unique_ptr<opj_stream_t, decltype(&opj_stream_destroy)>;
using ImagePointer = std::unique_ptr<opj_image_t, decltype(&opj_image_destroy)>;

/// The codestream and the place up to which OpenJPEG has read it.
struct Source {
  std::vector<unsigned char> bytes;
  size_t position = 0;
};

OPJ_SIZE_T read_source(void* buffer, OPJ_SIZE_T count, void* user) {
  auto& source = *static_cast<Source*>(user);
  const size_t available = std::min<size_t>(count, source.bytes.size() - source.position);
  if (available == 0) return static_cast<OPJ_SIZE_T>(-1);
  std::memcpy(buffer, source.bytes.data() + source.position, available);
  source.position += available;
  return available;
}

OPJ_OFF_T skip_source(OPJ_OFF_T count, void* user) {
  auto& source = *static_cast<Source*>(user);
  if (count < 0) return -1;
  const size_t skipped = std::min<size_t>(static_cast<size_t>(count), source.bytes.size() - source.position);
  source.position += skipped;
  return static_cast<OPJ_OFF_T>(skipped);
}

OPJ_BOOL seek_source(OPJ_OFF_T position, void* user) {
  auto& source = *static_cast<Source*>(user);
  if (position < 0 || static_cast<size_t>(position) > source.bytes.size()) return OPJ_FALSE;
  source.position = static_cast<size_t>(position);
  return OPJ_TRUE;
}

StreamPointer open_stream(Source& source) {
  StreamPointer stream(opj_stream_default_create(OPJ_TRUE), &opj_stream_destroy);
  if (!stream) return stream;
  opj_stream_set_user_data(stream.get(), &source, nullptr);
  opj_stream_set_user_data_length(stream.get(), source.bytes.size());
  opj_stream_set_read_function(stream.get(), &read_source);
  opj_stream_set_skip_function(stream.get(), &skip_source);
  opj_stream_set_seek_function(stream.get(), &seek_source);
  return stream;
}

CodecPointer open_codec() {
  CodecPointer codec(opj_create_decompress(OPJ_CODEC_J2K), &opj_destroy_codec);
  opj_dparameters_t parameters;
  opj_set_default_decoder_parameters(&parameters);
  if (codec && !opj_setup_decoder(codec.get(), &parameters)) codec.reset();
  return codec;
}

ImagePointer decode(Source& source) {
  const StreamPointer stream = open_stream(source);
  const CodecPointer codec = open_codec();
  if (!stream || !codec) return ImagePointer(nullptr, &opj_image_destroy);
  opj_image_t* header = nullptr;
  const bool has_header = opj_read_header(stream.get(), codec.get(), &header);
  ImagePointer image(header, &opj_image_destroy);
  if (!has_header || !image || !opj_decode(codec.get(), stream.get(), image.get()) ||
      !opj_end_decompress(codec.get(), stream.get())) {
    image.reset();
  }
  return image;
}

}  // namespace

RawValues decode_jpeg2000(const std::vector<Bytes>& fragments, const PixelFormat& format) {
  Source source;
  for (const Bytes fragment : fragments) source.bytes.insert(source.bytes.end(), fragment.begin(), fragment.end());
  const ImagePointer image = decode(source);
  if (!image || image->numcomps != 1 || !image->comps[0].data) return std::nullopt;
  const opj_image_comp_t& component = image->comps[0];
  if (component.w != static_cast<OPJ_UINT32>(format.columns) || component.h != static_cast<OPJ_UINT32>(format.rows)) {
    return std::nullopt;
  }
  // A negative number keeps its low bits, which are all that BitsStored will ask for; signs are extended later.
  const int shift = format.high_bit + 1 - format.bits_stored;
  std::vector<uint16_t> values(static_cast<size_t>(component.w) * component.h);
  std::transform(component.data, component.data + values.size(), values.begin(),
                 [shift](OPJ_INT32 value) { return static_cast<uint16_t>(static_cast<uint32_t>(value) << shift); });
  return values;
}

}  // namespace lumbargrade::dicom
