#include "phantom/tissue.h"

#include <algorithm>
#include <array>

namespace lumbargrade::phantom {
namespace {

struct Row {
  double t1_15, t2_15, t1_30, t2_30, proton_density, fat_share, texture;
};

// T1 and T2 in ms at 1.5 T and 3 T, proton density. Sources: docs/sources.md, "Phantom: magnetic
// resonance" (de Bazelaire 2004, Stanisz 2005, Smith 2008, Reichert 2005). Vessels keep little signal: flowing blood
// leaves the slice between the pulses. Muscle and the water of marrow are given the longer T2 that an echo train sees
// (first-echo values 27-29 and 49 ms). Ligament and cortex are given a few ms, since fat and water beside them fill
// part of every voxel.
// By Label.
constexpr std::array<Row, kLabelCount> kRows = {{
    {1, 1, 1, 1, 0, 0, 0},                   // Air
    {700, 30, 800, 30, .7, .1, .05},         // Skin
    {343, 58, 382, 68, .9, 1, .05},          // Fat
    {856, 40, 898, 37, .80, .06, .12},       // Muscle
    {850, 55, 950, 50, .85, .38, .29},       // Vertebra
    {850, 55, 950, 50, .85, .45, .29},       // Sacrum
    {250, 4, 250, 4, .16, .02, .1},          // Cortex
    {600, 45, 700, 42, .5, 0, .08},          // Annulus
    {1165, 102, 1300, 95, .79, 0, .06},      // Nucleus
    {4273, 1578, 4300, 1500, 1.07, 0, .08},  // Csf
    {815, 77, 1083, 78, .70, 0, .04},        // NerveRoot
    {745, 74, 900, 74, .62, 0, .03},         // Cord
    {343, 58, 382, 68, .88, 1, .05},         // EpiduralFat
    {700, 16, 750, 15, .60, .05, .06},       // Flavum
    {700, 10, 750, 10, .50, .05, .08},       // Ligament
    {1100, 48, 1200, 45, .75, 0, .06},       // Joint
    {1441, 290, 1932, 275, .06, 0, .3},      // Vessel
    {800, 60, 900, 55, .8, .1, .12},         // Viscera
    {850, 70, 1050, 70, .72, .05, .05},      // ExitingNerve
    {2500, 600, 2800, 550, 1, 0, .03},       // Cyst
    {1400, 180, 1700, 160, .8, .3, .05},     // BasivertebralVein
}};

double interpolate(const std::array<double, 5>& by_grade, double grade) {
  const double position = std::clamp(grade - 1, 0.0, 4.0);
  const auto low = std::min<size_t>(static_cast<size_t>(position), 3);
  const double share = position - static_cast<double>(low);
  return by_grade[low] * (1 - share) + by_grade[low + 1] * share;
}

}  // namespace

Tissue standard_tissue(Label label, double field_tesla) {
  const Row& row = kRows[static_cast<size_t>(label)];
  const bool high_field = field_tesla > 2;
  return {label,
          high_field ? row.t1_30 : row.t1_15,
          high_field ? row.t2_30 : row.t2_15,
          row.proton_density,
          row.fat_share,
          row.texture};
}

Tissue disc_tissue(double pfirrmann, double nucleus_share, double field_tesla) {
  constexpr std::array<double, 5> kNucleusT2 = {210, 129, 84, 51, 40};
  constexpr std::array<double, 5> kAnnulusT2 = {46, 42, 38, 33, 30};
  constexpr std::array<double, 5> kT1 = {1165, 1000, 723, 600, 554};
  constexpr std::array<double, 5> kProtonDensity = {.79, .74, .65, .55, .48};
  const double high_field = field_tesla > 2 ? 1.12 : 1;
  Tissue tissue = standard_tissue(nucleus_share > 0.3 ? Label::Nucleus : Label::Annulus, field_tesla);
  tissue.t2_ms =
      nucleus_share * interpolate(kNucleusT2, pfirrmann) + (1 - nucleus_share) * interpolate(kAnnulusT2, pfirrmann);
  tissue.t1_ms = high_field * (nucleus_share * interpolate(kT1, pfirrmann) + (1 - nucleus_share) * 650);
  tissue.proton_density = nucleus_share * interpolate(kProtonDensity, pfirrmann) + (1 - nucleus_share) * 0.52;
  return tissue;
}

Tissue marrow_tissue(Label label, double fat_share, double field_tesla) {
  Tissue tissue = standard_tissue(label, field_tesla);
  tissue.fat_share = fat_share;
  return tissue;
}

}  // namespace lumbargrade::phantom
