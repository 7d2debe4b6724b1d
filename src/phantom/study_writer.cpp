#include "phantom/study_writer.h"

#include <algorithm>
#include <cmath>

#include "core/statistics.h"
#include "metric/cases.h"

namespace lumbargrade::phantom {
namespace {

enum Purpose : std::uint64_t { kBody = 1, kLesions = 2, kProtocol = 3, kNoise = 4, kLabelNoise = 5, kCoordinates = 6 };

nlohmann::json json_of(const Vector3& point) {
  return {to_thousandths(point.x()), to_thousandths(point.y()), to_thousandths(point.z())};
}

std::string_view contrast_name(Contrast contrast) {
  static constexpr std::array<std::string_view, 3> kNames = {"T1", "T2", "STIR"};
  return kNames.at(index_of(contrast));
}

/// A point of the truth on the slice that shows it best.
struct SliceHit {
  int instance = 0;
  double x = 0, y = 0;     ///< column and row, from 0 at the centre of the first pixel
  double distance_mm = 0;  ///< from the slice's middle plane
};

std::optional<SliceHit> nearest_slice(const SeriesPlan& series, const Vector3& point_patient) {
  std::optional<SliceHit> best;
  for (size_t k = 0; k < series.slices.size(); ++k) {
    const SlicePlan& slice = series.slices[k];
    const Vector3 index = slice.plane.patient_from_index().inverse() * point_patient;
    const double distance = std::abs(index.z());
    if (index.x() < 0 || index.y() < 0 || index.x() > slice.columns - 1 || index.y() > slice.rows - 1) continue;
    if (distance > std::max(slice.thickness_mm, slice.step_mm)) continue;
    if (!best || distance < best->distance_mm) best = SliceHit{static_cast<int>(k) + 1, index.x(), index.y(), distance};
  }
  return best;
}

/// Whether two slices follow each other in one stack.
bool are_neighbours(const SlicePlan& a, const SlicePlan& b) {
  constexpr double kFarthestSteps = 1.5;
  const Vector3 index = a.plane.patient_from_index().inverse() * b.plane.position_patient;
  return a.plane.normal().dot(b.plane.normal()) > 0.999 && std::abs(index.z()) < kFarthestSteps * a.step_mm;
}

/// As a person would have placed it: moved in the slice, now and then onto its neighbour.
SliceHit misplaced(SliceHit hit, const SeriesPlan& series, const CoordinateErrors& errors, Stream& stream) {
  const auto k = static_cast<size_t>(hit.instance - 1);
  const ImagePlane& plane = series.slices[k].plane;
  hit.x += errors.noise_mm * stream.normal() / plane.column_spacing_mm;
  hit.y += errors.noise_mm * stream.normal() / plane.row_spacing_mm;
  hit.x = std::clamp(hit.x, 0.0, series.slices[k].columns - 1.0);
  hit.y = std::clamp(hit.y, 0.0, series.slices[k].rows - 1.0);
  const size_t other = stream.chance(0.5) ? k + 1 : k - 1;
  if (!stream.chance(errors.slips) || other >= series.slices.size()) return hit;
  if (are_neighbours(series.slices[k], series.slices[other])) hit.instance = static_cast<int>(other) + 1;
  return hit;
}

nlohmann::json side_truth(const SpineCurve& curve, const SideMeasure& measure) {
  nlohmann::json truth;
  truth["recess_mm"] = to_thousandths(measure.recess_mm);
  truth["recess_point_patient_mm"] = json_of(curve.patient_from_spine(measure.recess_point));
  truth["recess_grade"] = severity_key(measure.recess);
  for (double fat : measure.foramen_fat) truth["foramen_fat_up_back_down_front"].push_back(to_thousandths(fat));
  truth["foramen_height_mm"] = to_thousandths(measure.foramen_height_mm);
  truth["foramen_width_mm"] = to_thousandths(measure.foramen_width_mm);
  truth["nerve_area_mm2"] = to_thousandths(measure.nerve_area_mm2);
  truth["nerve_rest_area_mm2"] = to_thousandths(measure.nerve_rest_area_mm2);
  truth["foramen_point_patient_mm"] = json_of(curve.patient_from_spine(measure.foramen_point));
  truth["foramen_grade"] = severity_key(measure.foramen);
  return truth;
}

nlohmann::json level_truth(const Patient& patient, Level level, const LevelMeasure& measure) {
  const DiscPlan& disc = patient.anatomy().plan().discs[static_cast<size_t>(disc_of(level))];
  const Anatomy::Section& section = patient.anatomy().section(disc.centre_s);
  const SpineCurve& curve = patient.curve();
  const SpineCurve::Frame frame = curve.frame(disc.centre_s);
  nlohmann::json truth;
  truth["level"] = level_key(level);
  truth["centre_patient_mm"] = json_of(curve.patient_from_spine({disc.centre_s, 0, -section.slip}));
  truth["left"] = json_of(frame.left);
  truth["posterior"] = json_of(frame.posterior);
  truth["up"] = json_of(frame.up);
  truth["width_mm"] = to_thousandths(2 * section.half_width);
  truth["depth_mm"] = to_thousandths(section.half_depth + section.wall_v);
  truth["height_mm"] = to_thousandths(disc.height_mm);
  truth["pfirrmann"] = to_thousandths(disc.pfirrmann);
  truth["sac_area_mm2"] = to_thousandths(measure.sac_area_mm2);
  truth["sac_reference_area_mm2"] = to_thousandths(measure.sac_reference_area_mm2);
  truth["canal_mm"] = to_thousandths(measure.canal_mm);
  truth["canal_reference_mm"] = to_thousandths(measure.canal_reference_mm);
  truth["canal_point_patient_mm"] = json_of(curve.patient_from_spine(measure.canal_point));
  truth["canal_grade"] = severity_key(measure.canal);
  for (Side side : kSides) truth[std::string(side_name(side))] = side_truth(curve, measure.side[index_of(side)]);
  return truth;
}

/// Rows of train_label_coordinates.csv, each as an array of its seven fields.
nlohmann::json coordinates_of(const SpineCurve& curve, const std::vector<SeriesPlan>& series,
                              const std::vector<SeriesIdentity>& identities, const LesionResult& lesions,
                              const CoordinateErrors& errors, Stream stream) {
  nlohmann::json rows = nlohmann::json::array();
  if (stream.chance(errors.absent)) return rows;
  const auto add_row = [&](size_t i, const std::string& condition, Level level, const SpinePoint& point) {
    auto hit = nearest_slice(series[i], curve.patient_from_spine(point));
    if (!hit) return;
    *hit = misplaced(*hit, series[i], errors, stream);
    if (stream.chance(errors.missing)) return;
    rows.push_back({identities[i].study_id, identities[i].series_id, hit->instance, condition, level_name(level),
                    to_thousandths(hit->x), to_thousandths(hit->y)});
  };
  for (Level level : kLevels) {
    const LevelMeasure& measure = lesions[index_of(level)];
    add_row(1, "Spinal Canal Stenosis", level, measure.canal_point);
    for (Side side : kSides) {
      const std::string name = side == Side::Left ? "Left " : "Right ";
      const SideMeasure& own = measure.side[index_of(side)];
      add_row(0, name + "Neural Foraminal Narrowing", level, own.foramen_point);
      add_row(2, name + "Subarticular Stenosis", level, own.recess_point);
    }
  }
  return rows;
}

Severity measured_grade(const LesionResult& lesions, const Finding& finding) {
  const LevelMeasure& level = lesions[index_of(finding.level)];
  if (finding.condition == Condition::SpinalCanalStenosis) return level.canal;
  const SideMeasure& side = level.side[index_of(*finding.side)];
  return finding.condition == Condition::SubarticularStenosis ? side.recess : side.foramen;
}

/// A reader's slip: one grade up or down.
Severity misread(Severity severity, Stream& stream) {
  if (severity == Severity::Moderate) return stream.chance(0.5) ? Severity::NormalMild : Severity::Severe;
  return Severity::Moderate;
}

nlohmann::json labels_of(const DatasetOptions& options, int index, const LesionResult& lesions) {
  Stream stream{options.seed, static_cast<std::uint64_t>(index), kLabelNoise};
  nlohmann::json labels;
  for (const Finding& finding : all_findings()) {
    Severity severity = measured_grade(lesions, finding);
    if (stream.chance(options.label_noise)) severity = misread(severity, stream);
    labels[finding_key(finding)] = train_csv_word(severity);
  }
  return labels;
}

/// Writes a study's slices into `folder`/images, with their labels in `folder`/labels where those are wanted.
void write_images(const DatasetOptions& options, int index, const Patient& patient,
                  const std::vector<SeriesPlan>& series, const std::vector<SeriesIdentity>& identities,
                  const std::filesystem::path& folder) {
  const auto write = [&](size_t i, size_t k, const SlicePixels& pixels, bool labels) {
    SeriesIdentity identity = identities[i];
    identity.labels = labels;
    write_slice(folder / (labels ? "labels" : "images") / std::to_string(identity.series_id), identity, series[i],
                static_cast<int>(k) + 1, pixels, labels ? VendorQuirks::None : options.quirks);
  };
  const auto write_group = [&](size_t first, size_t count) {
    std::vector<const SeriesPlan*> group;
    for (size_t i = first; i < first + count; ++i) group.push_back(&series[i]);
    for (size_t k = 0; k < series[first].slices.size(); ++k) {
      std::vector<Stream> streams;
      for (size_t i = first; i < first + count; ++i) {
        streams.push_back(Stream{options.seed, static_cast<std::uint64_t>(index), kNoise, i, k});
      }
      const auto pixels = image_slice(patient, series[first].slices[k], group, streams);
      SlicePixels labels;
      if (options.labels) labels = label_slice(patient, series[first].slices[k]);
      for (size_t i = first; i < first + count; ++i) {
        write(i, k, pixels[i - first], false);
        if (options.labels) write(i, k, labels, true);
      }
    }
  };
  for (const SeriesIdentity& identity : identities) {
    std::filesystem::create_directories(folder / "images" / std::to_string(identity.series_id));
    if (options.labels) std::filesystem::create_directories(folder / "labels" / std::to_string(identity.series_id));
  }
  write_group(0, 2);  // sagittal T1 and T2 share their slices
  write_group(2, 1);
}

}  // namespace

std::uint64_t study_id_of(std::uint64_t seed, int index) {
  return (1000 + mix_keys({seed}) % 9000) * 100000 + static_cast<std::uint64_t>(index);
}

nlohmann::json write_study(const DatasetOptions& options, int index, const std::filesystem::path& folder) {
  const auto number = static_cast<std::uint64_t>(index);
  Stream body_stream{options.seed, number, kBody};
  Stream lesion_stream{options.seed, number, kLesions};
  Stream protocol_stream{options.seed, number, kProtocol};
  PatientPlan plan = draw_patient(body_stream);
  const LesionResult lesions = add_lesions(plan, options.prevalence, lesion_stream);
  const auto series = draw_protocol(plan, make_curve(plan), options.protocol, protocol_stream);
  const Patient patient(plan, series[0].sequence.field_tesla);

  const std::uint64_t study_id = study_id_of(options.seed, index);
  std::vector<SeriesIdentity> identities;
  nlohmann::json described = nlohmann::json::array();
  for (size_t i = 0; i < series.size(); ++i) {
    const SeriesIdentity& identity = identities.emplace_back(SeriesIdentity{.study_id = study_id,
                                                                            .series_id = study_id * 10 + i + 1,
                                                                            .series_number = static_cast<int>(i) + 1,
                                                                            .age_years = plan.age_years,
                                                                            .female = plan.female});
    described.push_back({{"series_id", identity.series_id},
                         {"series_instance_uid", series_instance_uid(identity, options.quirks)},
                         {"description", series_description(series[i].role)},
                         {"contrast", contrast_name(series[i].sequence.contrast)},
                         {"instances", series[i].slices.size()}});
  }
  write_images(options, index, patient, series, identities, folder);

  nlohmann::json json;
  json["study_id"] = study_id;
  json["age_years"] = plan.age_years;
  json["sex"] = plan.female ? "F" : "M";
  json["field_tesla"] = series[0].sequence.field_tesla;
  json["lordosis_deg"] = to_thousandths(plan.lordosis_deg);
  json["cobb_deg"] = to_thousandths(plan.cobb_deg);
  json["lumbar_count_by_ribs"] = plan.lumbar_count;
  json["transitional_l5_s1"] = plan.transitional;
  json["rudimentary_s1_s2_disc"] = plan.rudimentary_s1s2;
  json["slip_l4_mm"] = to_thousandths(plan.bodies[kL5 + 1].slip_mm);
  json["series"] = described;
  for (Level level : kLevels) json["levels"].push_back(level_truth(patient, level, lesions[index_of(level)]));
  for (int body = kL5; body <= kL1; ++body) {
    const auto i = static_cast<size_t>(body);
    json["vertebra_centres_patient_mm"][body_name(body)] = json_of(patient.curve().patient_from_spine(
        {plan.bodies[i].centre_s, 0, -patient.anatomy().section(plan.bodies[i].centre_s).slip}));
  }
  json["labels"] = labels_of(options, index, lesions);
  json["coordinates"] = coordinates_of(patient.curve(), series, identities, lesions, options.coordinates,
                                       {options.seed, number, kCoordinates});
  return json;
}

}  // namespace lumbargrade::phantom
