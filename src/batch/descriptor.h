#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <utility>

namespace lumbargrade {

/// A file descriptor that is closed with its owner.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~Descriptor() {
    if (value_ >= 0) close(value_);
  }
  int get() const { return value_; }

 private:
  int value_ = -1;
};

/// A message of one byte that carries two file descriptors over a socket (SCM_RIGHTS, unix(7)): the buffers of sendmsg
/// and recvmsg, filled or to be filled.
struct DescriptorMessage {
  using Ends = std::array<int, 2>;

  DescriptorMessage() {
    header.msg_iov = &content;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
  }
  DescriptorMessage(const DescriptorMessage&) = delete;  // it points to itself
  DescriptorMessage& operator=(const DescriptorMessage&) = delete;

  char byte = 0;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(Ends))> control{};
  iovec content{&byte, 1};
  msghdr header{};
};

}  // namespace lumbargrade
