#pragma once

#include <cstdint>
#include <string_view>

namespace lumbargrade::phantom {

/// What a voxel of the label volume holds. The numbers are written to files; do not reorder.
enum class Label : std::uint8_t {
  Air = 0,
  Skin = 1,
  Fat = 2,  ///< subcutaneous, retroperitoneal, intermuscular
  Muscle = 3,
  Vertebra = 4,  ///< marrow of T9..L5: bodies and arches
  Sacrum = 5,    ///< marrow of S1..S5 and of the ilium
  Cortex = 6,    ///< compact bone, endplates, osteophytes
  Annulus = 7,
  Nucleus = 8,
  Csf = 9,
  NerveRoot = 10,  ///< cauda equina inside the sac
  Cord = 11,
  EpiduralFat = 12,  ///< in the canal and in the foramina
  Flavum = 13,
  Ligament = 14,  ///< longitudinal and interspinous ligaments, fascia, dura
  Joint = 15,     ///< cartilage and fluid of the facet joint
  Vessel = 16,
  Viscera = 17,
  ExitingNerve = 18,  ///< root and ganglion outside the sac
  Cyst = 19,
  BasivertebralVein = 20,
};
inline constexpr int kLabelCount = 21;

/// Relaxation of one tissue at one field strength, and how it looks.
///
/// A voxel of it is a mixture: (1 - fat_share) of a water-like part with these times, fat_share of fat.
struct Tissue {
  Label label = Label::Air;
  double t1_ms = 1;
  double t2_ms = 1;
  double proton_density = 0;  ///< relative to 1 for water
  double fat_share = 0;
  double texture = 0;  ///< relative standard deviation of the signal inside the tissue
};

/// The table's tissue of that name at `field_tesla` (1.5 or 3). Discs and marrow vary from level to level and
/// are made by `disc_tissue` and `marrow_tissue`.
Tissue standard_tissue(Label label, double field_tesla);

/// Nucleus or annulus of a disc of Pfirrmann grade 1..5; fractions between grades are allowed. `nucleus_share` 1 is the
/// centre of the nucleus, 0 the annulus. Sources: docs/sources.md, "Phantom: magnetic resonance".
Tissue disc_tissue(double pfirrmann, double nucleus_share, double field_tesla);

/// Vertebral marrow with the given fat share (.27-.51 by age: docs/sources.md).
Tissue marrow_tissue(Label label, double fat_share, double field_tesla);

}  // namespace lumbargrade::phantom
