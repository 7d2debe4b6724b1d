#pragma once

#include <array>

#include "core/finding.h"
#include "phantom/anatomy.h"

namespace lumbargrade::phantom {

/// What is measured on one side of a level.
struct SideMeasure {
  /// Antero-posterior room of the lateral recess at the traversing nerve, between the disc and the superior articular
  /// process or flavum (Ciric 1980, Steurer 2011: >= 5 mm normal, 3-4 suspicious, <= 2-3 stenotic).
  /// The least of three cuts, 2 mm below the disc's middle, through it and 2 mm above it.
  double recess_mm = 0;
  /// Half-way down it, on the cut through the disc's middle unless another one is visibly narrower (.5 mm).
  SpinePoint recess_point;
  /// Share of fat within 1.4 mm of the ganglion's outline above, behind, below and in front of it, in the sagittal
  /// plane.
  std::array<double, 4> foramen_fat{};
  double nerve_area_mm2 = 0;       ///< the ganglion's section in that plane
  double nerve_rest_area_mm2 = 0;  ///< the same without any lesion
  /// Room for nerve and fat through the ganglion's middle, up and down and from front to back.
  double foramen_height_mm = 0, foramen_width_mm = 0;
  SpinePoint foramen_point;
  Severity recess = Severity::NormalMild;
  Severity foramen = Severity::NormalMild;
};

struct LevelMeasure {
  double sac_area_mm2 = 0;            ///< least within 5 mm of the disc's middle, inside the dura
  double sac_reference_area_mm2 = 0;  ///< mean at the middles of the two bodies
  double canal_mm = 0;                ///< antero-posterior diameter of the sac in the midline, where the area is least
  double canal_reference_mm = 0;
  SpinePoint canal_point;
  std::array<SideMeasure, 2> side;  ///< by index_of(Side)
  Severity canal = Severity::NormalMild;

  double area_loss() const { return 1 - sac_area_mm2 / sac_reference_area_mm2; }
};

/// Canal by loss of area (Lurie 2008: up to a third mild, up to two thirds moderate, more severe), severe
/// also below 30 mm2, where roots fill the sac ("one bundle", Lee 2011).
Severity canal_severity(double area_loss, double sac_area_mm2);
/// Below 4 mm the nerve is touched, below 2.5 mm it is compressed (Bartynski 2003; heights after Ciric and Mikhael).
Severity recess_severity(double recess_mm);
/// Lee 2010: fat lost in all four directions is moderate, a collapsed nerve (less than three quarters of its area)
/// severe.
Severity foramen_severity(const std::array<double, 4>& fat, double nerve_share);

void measure_canal(const Anatomy& anatomy, Level level, LevelMeasure& measure);
void measure_recess(const Anatomy& anatomy, Level level, Side side, SideMeasure& measure);
/// `rest_area_mm2`: the nerve's section without lesions.
void measure_foramen(const Anatomy& anatomy, Level level, Side side, double rest_area_mm2, SideMeasure& measure);
double nerve_area_mm2(const Anatomy& anatomy, Level level, Side side);

}  // namespace lumbargrade::phantom
