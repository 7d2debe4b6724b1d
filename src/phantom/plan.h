#pragma once

#include <array>
#include <string>
#include <vector>

#include "core/finding.h"
#include "phantom/curve.h"
#include "phantom/random.h"

namespace lumbargrade::phantom {

/// Bodies and discs are numbered from the tail: 0 = S5 ... 4 = S1, 5 = L5 ... 9 = L1, 10 = T12 ... 13 = T9.
/// Disc j lies above body j, so disc 4 is L5/S1.
inline constexpr int kBodyCount = 14;
inline constexpr int kDiscCount = kBodyCount - 1;
inline constexpr int kS1 = 4;
inline constexpr int kL5 = 5;
inline constexpr int kL1 = 9;
inline constexpr int kT12 = 10;
constexpr int disc_of(Level level) {
  return 8 - static_cast<int>(index_of(level));
}
inline constexpr std::array<Side, 2> kSides = {Side::Left, Side::Right};

struct BodyPlan {
  double centre_s = 0;
  double height_mm = 0;
  double half_width_lower_mm = 0, half_width_upper_mm = 0;
  double half_depth_lower_mm = 0, half_depth_upper_mm = 0;
  double canal_width_mm = 0, canal_depth_mm = 0;  ///< bony canal
  double sac_width_mm = 0, sac_depth_mm = 0;      ///< thecal sac where nothing narrows it
  double pedicle_width_mm = 0, pedicle_height_mm = 0;
  double pedicle_slope = 0;  ///< tangent of its angle to the sagittal plane
  double transverse_half_span_mm = 0;
  double spinous_length_mm = 0;
  double slip_mm = 0;  ///< forward, relative to the body below
  double hemangioma_radius_mm = 0;
  Vector3 hemangioma_spine = Vector3::Zero();  ///< (s - centre_s, u, v)
  double fat_share = 0.4;
  bool sacral = false;
  bool ribs = false;
};

/// What narrows one side of one level, in mm beyond the healthy shape.
struct SideLesion {
  double paracentral_mm = 0;     ///< disc material pushed back in front of the recess
  double foraminal_mm = 0;       ///< disc material or osteophyte pushed into the foramen
  double facet_medial_mm = 0;    ///< growth of the superior articular process towards the recess
  double facet_anterior_mm = 0;  ///< its growth into the foramen
  double flavum_mm = 0;          ///< thickening of the ligamentum flavum
  double root_lift_mm = 0;       ///< the nerve pushed up against the pedicle
  double nerve_squeeze = 0;      ///< share of the ganglion's radius lost
  double cyst_radius_mm = 0;     ///< synovial cyst
};

struct DiscPlan {
  double centre_s = 0;
  double height_mm = 0;
  double wedge = 0;              ///< slope of each endplate against the plane of constant s, opening forwards
  double pfirrmann = 1;          ///< 1..5
  double bulge_mm = 0;           ///< all around
  double central_mm = 0;         ///< protrusion in the midline
  double central_offset_mm = 0;  ///< of its peak, to the left
  double flavum_rest_mm = 3.4;   ///< healthy thickness
  double lip_mm = 0;             ///< osteophytes around the neighbouring endplates
  double facet_angle_rad = 0;    ///< of the joint to the sagittal plane
  double facet_size = 1;         ///< arthropathy enlarges the joint
  std::array<SideLesion, 2> side;
  double schmorl_depth_mm = 0;  ///< into the body above
  double schmorl_u = 0, schmorl_v = 0;
};

/// All that is drawn at random about one patient's body. Plain data: anatomy.h turns it into shapes.
struct PatientPlan {
  double age_years = 0;
  bool female = false;
  double size = 1;  ///< relative to the literature's mean
  std::array<BodyPlan, kBodyCount> bodies;
  std::array<DiscPlan, kDiscCount> discs;
  double sacral_slope_rad = 0;
  double lordosis_deg = 0;
  double cobb_deg = 0;
  std::vector<Bending> bending;  ///< from `low_s` upwards
  double low_s = 0;
  Vector3 origin_patient = Vector3::Zero();
  double coronal_tilt_rad = 0, axial_turn_rad = 0;
  double conus_s = 0;
  double sac_end_s = 0;
  double back_fat_mm = 0;  ///< subcutaneous, behind L1/L2
  double muscle_fat_share = 0;
  double psoas_size = 1;
  double dorsal_roots = 0;  ///< 0 roots spread in the sac, 1 all lie at the back (supine)
  double trunk_half_width_mm = 0, trunk_depth_mm = 0;
  int lumbar_count = 5;       ///< by ribs; levels are always counted up from the sacrum
  bool transitional = false;  ///< L5 assimilated to the sacrum
  bool rudimentary_s1s2 = false;
  std::uint64_t noise_key = 0;
};

/// Draws one patient without stenosis; lesions.h adds the lesions.
PatientPlan draw_patient(Stream& stream);

/// The line of the spine as planned.
SpineCurve make_curve(const PatientPlan& plan);

/// "S1", "L5", ... for messages and truth.json.
std::string body_name(int body);

}  // namespace lumbargrade::phantom
