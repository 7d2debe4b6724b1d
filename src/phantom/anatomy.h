#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "phantom/noise.h"
#include "phantom/plan.h"
#include "phantom/shapes.h"
#include "phantom/tissue.h"

namespace lumbargrade::phantom {

/// Index into Anatomy::tissues().
using Material = std::uint8_t;

/// Thickness of the sac's wall, which looks like ligament.
inline constexpr double kDura_mm = 0.35;

/// Where the thecal sac ends in one cross-section: its radius in `kAngles` directions around a centre, which
/// lies in the midline.
struct SacSection {
  static constexpr int kAngles = 48;
  double centre_v = 0;
  std::array<float, kAngles> radius_mm{};

  double radius_towards(double angle_rad) const;
  double area_mm2() const;
};

/// A patient's body as implicit shapes in the straightened spine: says for every point which tissue is there.
///
/// Shapes give way to one another in a fixed order: bone and disc, flavum and joints, then the sac, which fills what
/// they leave of its own shape, then nerves, then fat. So a lesion that grows narrows the sac, the recess and the
/// foramen as it does in a patient, and grades can be measured from the result.
class Anatomy {
 public:
  /// The sac is worked out between `sac_low_s` and `sac_high_s` only (measurements need little of it).
  Anatomy(const PatientPlan& plan, double field_tesla, double sac_low_s, double sac_high_s);
  Anatomy(const PatientPlan& plan, double field_tesla);

  /// Replaces one disc's lesions (its height stays). The sac is worked out anew only if `with_sac`: recess and foramen
  /// do not depend on it.
  void set_lesions(int disc, const DiscPlan& lesions, bool with_sac);

  /// Tissue inside the trunk; the skin and the air around it belong to Trunk.
  Material at(const SpinePoint& point) const;
  Label label_at(const SpinePoint& point) const { return tissues_[at(point)].label; }

  const std::vector<Tissue>& tissues() const { return tissues_; }
  const PatientPlan& plan() const { return plan_; }

  /// Cross-section quantities at s, interpolated between the vertebrae.
  struct Section {
    double half_width = 0, half_depth = 0;    ///< of the column
    double wall_v = 0;                        ///< posterior edge of the column in the midline
    double canal_width = 0, canal_depth = 0;  ///< bony canal
    double sac_width = 0, sac_depth = 0;
    double slip = 0;  ///< forward displacement
    int disc = 0;     ///< nearest disc
  };
  const Section& section(double s) const;

  /// Centre and radius of the nerve that leaves below `body`'s pedicle, where it crosses s.
  struct NervePoint {
    double u = 0;  ///< distance from the midline
    double v = 0;
    double radius = 0;
    double stretch = 1;  ///< the section is this much longer along u, as the nerve runs obliquely
  };
  std::optional<NervePoint> nerve(int body, Side side, double s) const;
  /// Where the ganglion of that nerve lies.
  SpinePoint ganglion(int body, Side side) const;
  double ganglion_radius_mm(int body) const;

  /// Thecal sac in the cross-section s; empty above and below it.
  std::optional<SacSection> sac(double s) const;

 private:
  static constexpr double kRow_mm = 0.5;

  void make_tissues(double field_tesla);
  void make_sections();
  void make_nerves();
  void make_fibres();
  void make_sac();
  SacSection make_sac_section(double s) const;

  // Signed distances in mm, negative inside; good near the surface, approximate away from it.
  double column_outline(const Section& row, double u, double v) const;
  double body_distance(int body, const Section& row, double s, double u, double v) const;
  double disc_distance(int disc, const Section& row, double s, double u, double v) const;
  double column_distance(const Section& row, double s, double u, double v) const;
  double roof_v(const Section& row, double u) const;
  double flavum_depth(const Section& row, double s, double u) const;
  double lower_endplate_s(int body, double u, double v) const;
  double upper_endplate_s(int body, double u, double v) const;

  struct Bone {
    double distance;
    int body;
  };
  Bone arch_distance(const Section& row, double s, double u, double v) const;
  double body_arch_distance(int body, const Section& row, double s, double u, double v) const;
  double inferior_process(int body, double s, double u, double v) const;
  double superior_process(int body, double s, double u, double v) const;
  double obstacle_distance(const Section& row, double s, double u, double v) const;

  std::optional<Material> column_material(const Section& row, double s, double u, double v) const;
  std::optional<Material> arch_material(const Section& row, double s, double u, double v) const;
  std::optional<Material> sacrum_material(const Section& row, double s, double u, double v) const;
  std::optional<Material> canal_material(const Section& row, double s, double u, double v) const;
  std::optional<Material> foramen_lesion_material(double s, double u, double v) const;
  std::optional<Material> nerve_material(double s, double u, double v) const;
  Material disc_material(int disc, const Section& row, double s, double u, double v) const;
  Material sac_material(const SacSection& section, double s, double u, double v, double limit_mm) const;
  Material soft_material(const Section& row, double s, double u, double v) const;
  double share_down(double s) const;
  std::optional<Material> psoas_material(const Section& row, double s, double u, double v) const;
  std::optional<Material> erector_material(const Section& row, double s, double u, double v) const;
  Material front_material(const Section& row, double s, double u, double v) const;
  Material muscle_or_fat(double s, double u, double v, double fat_share) const;
  std::optional<Material> pelvis_material(double s, double u, double v) const;
  std::optional<Material> flank_material(double s, double u, double v) const;

  Material marrow(int body) const { return static_cast<Material>(kLabelCount + body); }
  Material nucleus(int disc) const { return static_cast<Material>(kLabelCount + kBodyCount + 2 * disc); }
  Material inner_annulus(int disc) const { return static_cast<Material>(kLabelCount + kBodyCount + 2 * disc + 1); }
  static Material hemangioma() { return static_cast<Material>(kLabelCount + kBodyCount + 2 * kDiscCount); }
  static Material fatty_muscle() { return static_cast<Material>(hemangioma() + 1); }
  static Material standard(Label label) { return static_cast<Material>(label); }

  /// One vertebra's processes, on the side u > 0 (the spurs by side); an empty capsule has radius 0.
  struct Processes {
    Capsule superior, inferior, transverse;
    std::array<Capsule, 2> spur;  ///< growth towards the recess
    double superior_low_s = 1, superior_high_s = 0;
    double inferior_low_s = 1, inferior_high_s = 0;
  };
  void make_processes();
  void make_superior_process(const BodyPlan& body, const DiscPlan& disc, const std::array<double, 2>& normal,
                             Processes& made) const;
  void make_inferior_process(const BodyPlan& body, const DiscPlan& disc, const std::array<double, 2>& normal,
                             Processes& made) const;

  struct RootFibre {
    double angle_rad, depth_share, radius_mm, ends_s;
  };
  struct NerveTable {
    double low_s = 0;
    std::vector<NervePoint> by_mm;  ///< by 1 mm of s from low_s upwards
  };

  PatientPlan plan_;
  std::vector<Tissue> tissues_;
  NoiseField noise_;
  std::vector<Section> sections_;
  std::array<std::array<double, 2>, kDiscCount> facet_normal_{};  ///< (u, v) across each joint
  std::array<Processes, kBodyCount> processes_;
  std::vector<RootFibre> fibres_;
  std::array<std::array<NerveTable, 2>, kBodyCount> nerves_;
  double sac_low_s_ = 0;
  size_t sac_count_ = 0;
  std::vector<SacSection> sac_;
};

/// Skin and air: the outline of the trunk in patient space.
class Trunk {
 public:
  Trunk(const PatientPlan& plan, const SpineCurve& curve);
  /// Air or skin; empty inside the body.
  std::optional<Label> outside(const Vector3& point_patient) const;
  /// y of the back's surface in the midline at height z.
  double back_y(double z) const;

 private:
  double low_z_ = 0;
  std::vector<double> back_y_;  ///< per 4 mm of z
  double centre_x_ = 0, half_width_mm_ = 0, depth_mm_ = 0;
};

}  // namespace lumbargrade::phantom
