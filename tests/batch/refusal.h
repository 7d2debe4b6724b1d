#pragma once

#include <string>

#include "core/error.h"

namespace lumbargrade {

/// What the Error says that `action` throws, or "accepted".
template <typename Action>
std::string refusal(Action action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace lumbargrade
