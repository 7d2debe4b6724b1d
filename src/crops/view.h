#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bundle/manifest.h"
#include "core/finding.h"
#include "study/study.h"

namespace lumbargrade {

/// What a crop is centred on: the middle of the canal, the neural foramen, the lateral recess.
enum class Anchor { Canal, Foramen, Recess };

std::string_view anchor_name(Anchor anchor);  ///< "canal", "foramen", "recess"

/// The usual anchor of a condition, and the condition whose usual anchor it is.
Anchor anchor_of(Condition condition);
Condition condition_of(Anchor anchor);

/// LevelFrame::spacing_mm where nothing is known of it.
inline constexpr double kUsualDiscSpacingMm = 35;

/// One input of a grading network: which series it is cut from, around what, and how large.
struct View {
  std::string name;  ///< of the network's input
  SeriesRole series = SeriesRole::None;
  Anchor anchor = Anchor::Canal;
  int slices = 5;     ///< odd
  int size_px = 128;  ///< rows and columns
  double pixel_mm = 0.4;
  /// Thinner slices than this are averaged; thicker ones stay as they are.
  double slice_mm = 4;
  NormalisationSpec normalisation{0.5, 99.5};
  bool mirrored = true;  ///< right-sided crops are mirrored onto left-sided ones
  /// `pixel_mm` holds for discs kUsualDiscSpacingMm apart and grows and shrinks with their distance (second and sixth
  /// place of RSNA 2024).
  bool relative_to_discs = false;

  bool operator==(const View&) const = default;
};

/// Of several conditions that one network grades, the first on whose anchor no view is centred. A network of one
/// condition may look where it likes.
std::optional<Condition> unseen_condition(const std::vector<Condition>& conditions, const std::vector<View>& views);

/// The view as the manifest writes it, and back. view_of throws Error (BundleInvalid) when the input is none a crop can
/// be cut for: axes other than slice, row, column; several series; no anchor; rows unlike columns.
InputSpec input_of(const View& view);
View view_of(const InputSpec& input, const std::string& network);

}  // namespace lumbargrade
