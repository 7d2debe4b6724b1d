#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lumbargrade {

/// Writes a DICOM file element by element, explicit little endian, with whatever text a value is to hold.
class MadeFile {
 public:
  MadeFile() : bytes_(128, 0) { bytes_.insert(bytes_.end(), {'D', 'I', 'C', 'M'}); }

  void text(uint16_t group, uint16_t element, const char* vr, std::string value) {
    if (value.size() % 2 != 0) value += ' ';
    value.resize(value.size() < 60000 ? value.size() : 60000);
    head(group, element, vr);
    word(static_cast<uint16_t>(value.size()));
    bytes_.insert(bytes_.end(), value.begin(), value.end());
  }

  void number(uint16_t group, uint16_t element, uint16_t value) {
    head(group, element, "US");
    word(2);
    word(value);
  }

  void pixels(size_t length, unsigned char value) {
    head(0x7FE0, 0x0010, "OW");
    word(0);
    word(static_cast<uint16_t>(length));
    word(static_cast<uint16_t>(length >> 16));
    for (size_t i = 0; i < length; ++i) bytes_.push_back(static_cast<unsigned char>(value + i));
  }

  const std::vector<unsigned char>& bytes() const { return bytes_; }

 private:
  void head(uint16_t group, uint16_t element, const char* vr) {
    word(group);
    word(element);
    bytes_.push_back(static_cast<unsigned char>(vr[0]));
    bytes_.push_back(static_cast<unsigned char>(vr[1]));
  }

  void word(uint16_t value) {
    bytes_.push_back(static_cast<unsigned char>(value));
    bytes_.push_back(static_cast<unsigned char>(value >> 8));
  }

  std::vector<unsigned char> bytes_;
};

}  // namespace lumbargrade
