#pragma once

#include <string>
#include <vector>

#include "study/stacks.h"
#include "study/study.h"

namespace lumbargrade {

/// What one series offers for one role: its blocks of one orientation and one contrast.
struct Candidate {
  Orientation orientation = Orientation::Sagittal;
  std::vector<Stack> blocks;  ///< most slices first
  SeriesRole role = SeriesRole::None;
  std::string evidence;               ///< what the role, or its absence, was decided by
  double rank = 0;                    ///< larger is better, among candidates for one role
  bool weighting_is_unknown = false;  ///< no role only because nothing in the headers tells T1 from T2
  bool is_told_by_times = false;      ///< the weighting, by TE, TR and TI

  const dicom::Instance& instance() const { return *blocks.front().slices.front().instance; }
  const dicom::Contrast& contrast() const { return blocks.front().contrast(); }
  int slices() const;
};

inline constexpr double kLumbarHeight_mm = 200;  ///< of L1 to S1, in a tall adult

/// From where to where along the body, in patient coordinates.
struct ZExtent {
  double lowest_mm = 0;
  double highest_mm = 0;

  double length_mm() const { return highest_mm - lowest_mm; }
  double overlap_mm(const ZExtent& other) const;
};

/// Of the slices' field of view, pixel centres.
ZExtent z_extent(const Stack& stack);
ZExtent z_extent(const Candidate& candidate);

enum class Weighting { Unknown, T1, T2 };

struct WeightingFinding {
  Weighting weighting = Weighting::Unknown;
  std::string evidence;  ///< "TE 100 ms, TR 3000 ms"
};

/// Groups a series' stacks into candidates, without roles yet. Strongly angled axial blocks stay with their series.
std::vector<Candidate> make_candidates(std::vector<Stack> stacks);

/// Made with diffusion gradients. The unweighted images of such a series (b = 0) are no T2 series either.
bool is_diffusion_weighted(const dicom::Contrast& contrast);

/// Whether the pixels of an instance may ever be needed.
bool may_have_role(const dicom::Instance& instance);

/// Decides role, evidence and rank: orientation, then what speaks against any role, then TE, TR and TI, then the
/// description. A candidate whose weighting stays unknown gets no role here.
void find_role(Candidate& candidate);

/// Gives the candidate the role of this weighting, or none, for good.
void decide_role(Candidate& candidate, const WeightingFinding& weighting);

/// Takes the candidate's role away, whatever its weighting.
void deny_role(Candidate& candidate, const std::string& evidence);

}  // namespace lumbargrade
