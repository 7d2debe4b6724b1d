#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "levels/canal_outline.h"
#include "levels/locator_maps.h"
#include "levels/slice_image.h"
#include "levels/spine.h"
#include "volume/volume.h"

namespace lumbargrade {

enum class StructureKind { Vertebra, Disc, Canal };

/// A structure that a mask names. Labels are those of SPINEPS (Moeller et al. 2024): vertebrae as VerSe counts them,
/// a disc 100 more than the vertebra above it, the canal 61.
struct SpineStructure {
  std::uint8_t label = 0;
  StructureKind kind = StructureKind::Canal;
  std::string_view name;
};

inline constexpr std::uint8_t kFirstVertebraLabel = 20;
inline constexpr std::uint8_t kFirstDiscLabel = 120;
inline constexpr std::uint8_t kCanalLabel = 61;

/// All of them, from the head down: bodies of L1 to L5, discs L1/L2 to L5/S1, canal.
inline constexpr std::array<SpineStructure, 11> kSpineStructures = {{{20, StructureKind::Vertebra, "L1"},
                                                                     {21, StructureKind::Vertebra, "L2"},
                                                                     {22, StructureKind::Vertebra, "L3"},
                                                                     {23, StructureKind::Vertebra, "L4"},
                                                                     {24, StructureKind::Vertebra, "L5"},
                                                                     {120, StructureKind::Disc, "L1/L2"},
                                                                     {121, StructureKind::Disc, "L2/L3"},
                                                                     {122, StructureKind::Disc, "L3/L4"},
                                                                     {123, StructureKind::Disc, "L4/L5"},
                                                                     {124, StructureKind::Disc, "L5/S1"},
                                                                     {kCanalLabel, StructureKind::Canal, "canal"}}};

/// A label for every voxel of the sagittal volume, in its order; 0: none of the structures.
struct SpineMasks {
  std::vector<std::uint8_t> labels;
};

/// The locator's network: maps for each slice.
using MapFunction = std::function<std::vector<LocatorMaps>(const std::vector<SliceImage>&)>;

/// Discs, vertebral bodies and canal of a located spine on the grid of the volume in which it was found: what the
/// locator's network draws, named by the planes of the discs; around the discs the canal is the finer outline from
/// which its diameter was measured. Slices more than 32 mm beside the spine stay empty; levels that were not found
/// have no mask.
SpineMasks mask_spine(const Volume& sagittal, const Spine& spine, const MapFunction& maps_of,
                      const std::optional<CanalOutliner>& outliner);

/// What a mask shows of one structure.
struct MaskedStructure {
  SpineStructure structure;
  Vector3 centroid_patient = Vector3::Zero();  ///< mean of its voxels' centres
  double volume_mm3 = 0;
};

/// The structures that have at least one voxel, in the order of kSpineStructures.
std::vector<MaskedStructure> masked_structures(const SpineMasks& masks, const Volume& sagittal);

}  // namespace lumbargrade
