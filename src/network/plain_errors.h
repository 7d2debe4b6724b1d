#pragma once

#include <c10/util/Exception.h>

#include <string>

#include "core/error.h"

namespace lumbargrade {

/// Runs `action`; what LibTorch throws leaves as an Error of `kind`: `context` and LibTorch's own first line, without
/// the stack frames and source lines that mean nothing to a user.
template <typename Action>
auto in_plain_words(ErrorKind kind, const std::string& context, const Action& action) {
  try {
    return action();
  } catch (const c10::Error& error) {
    const std::string reason = error.what_without_backtrace();
    throw Error(kind, text(context, ": ", reason.substr(0, reason.find('\n'))));
  }
}

}  // namespace lumbargrade
