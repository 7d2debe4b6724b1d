#include "levels/canal_middle.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lumbargrade {
namespace {

// Along its peak the canal's mass may rise by this factor before another structure is taken to begin.
constexpr double kPeakNoise = 1.2;
// Standard deviation of the course's bend, the second difference from disc to disc: an even curve of 40 degrees over
// five discs of 34 mm has 6 mm.
constexpr double kBendMm = 6;
// A slice without canal costs as much as one with this share of the most.
constexpr double kLeastShare = 1e-3;
// Of two slices that are as likely, the one nearer to the middle of the range: a cost that outweighs nothing else.
constexpr double kAsideCost = 1e-9;
// The peak of a disc's mass lies no farther than this from the course.
constexpr double kClimbMm = 5;

/// Where the mass ends to fall, walking from `from` in steps of `step`.
size_t edge_of_peak(const std::vector<double>& mass, size_t from, int step) {
  double least = mass[from];
  size_t at = from;
  while (at + static_cast<size_t>(step) < mass.size()) {  // below zero wraps around and ends it too
    const size_t next = at + static_cast<size_t>(step);
    if (mass[next] <= 0 || mass[next] > kPeakNoise * least) break;
    least = std::min(least, mass[next]);
    at = next;
  }
  return at;
}

/// Dynamic programming over the slices of two neighbouring discs: the cheapest course that ends with them.
class CourseSearch {
 public:
  CourseSearch(const std::vector<std::vector<double>>& masses, const SlicePositions& slices,
               const std::vector<SliceRange>& ranges)
      : slices_(slices), count_(static_cast<size_t>(slices.count())), ranges_(ranges) {
    for (const std::vector<double>& of_disc : masses) own_costs_.push_back(own_costs(of_disc));
  }

  std::vector<size_t> cheapest() {
    if (ranges_.size() < 3) return each_by_itself();
    costs_.assign(count_ * count_, 0);
    for (size_t upper = 0; upper < count_; ++upper) {
      for (size_t lower = 0; lower < count_; ++lower)
        costs_[pair(upper, lower)] = own_costs_[0][upper] + own_costs_[1][lower];
    }
    for (size_t disc = 2; disc < ranges_.size(); ++disc) add_disc(disc);
    return traced();
  }

 private:
  size_t pair(size_t upper, size_t lower) const { return upper * count_ + lower; }

  std::vector<double> own_costs(const std::vector<double>& mass) const {
    const double most = *std::max_element(mass.begin(), mass.end());
    const SliceRange range = ranges_[own_costs_.size()];
    std::vector<double> costs(count_, std::numeric_limits<double>::infinity());
    for (size_t k = range.first; k <= range.last; ++k) {
      const double aside = std::abs(static_cast<double>(k) - static_cast<double>(range.first + range.last) / 2);
      costs[k] = kAsideCost * aside - (most > 0 ? std::log(std::max(kLeastShare, mass[k] / most)) : 0);
    }
    return costs;
  }

  double bend_cost(size_t above, size_t here, size_t below) const {
    const auto height = [&](size_t k) { return slices_.height_of(static_cast<double>(k)); };
    const double bend = (height(above) - 2 * height(here) + height(below)) / kBendMm;
    return bend * bend / 2;
  }

  void add_disc(size_t disc) {
    std::vector<double> costs(count_ * count_, std::numeric_limits<double>::infinity());
    std::vector<size_t> from(count_ * count_, ranges_[disc - 2].first);
    for (size_t here = ranges_[disc - 1].first; here <= ranges_[disc - 1].last; ++here) {
      for (size_t below = ranges_[disc].first; below <= ranges_[disc].last; ++below) {
        double& least = costs[pair(here, below)];
        for (size_t above = ranges_[disc - 2].first; above <= ranges_[disc - 2].last; ++above) {
          const double cost = costs_[pair(above, here)] + bend_cost(above, here, below) + own_costs_[disc][below];
          if (cost < least) least = cost, from[pair(here, below)] = above;
        }
      }
    }
    costs_ = std::move(costs);
    from_.push_back(std::move(from));
  }

  std::vector<size_t> traced() const {
    const auto best = static_cast<size_t>(std::min_element(costs_.begin(), costs_.end()) - costs_.begin());
    std::vector<size_t> course{best % count_, best / count_};  // from below
    for (auto from = from_.rbegin(); from != from_.rend(); ++from) {
      course.push_back((*from)[pair(course.back(), course[course.size() - 2])]);
    }
    std::reverse(course.begin(), course.end());
    return course;
  }

  std::vector<size_t> each_by_itself() const {
    std::vector<size_t> course;
    for (const auto& costs : own_costs_) {
      course.push_back(static_cast<size_t>(std::min_element(costs.begin(), costs.end()) - costs.begin()));
    }
    return course;
  }

  const SlicePositions& slices_;
  size_t count_;
  const std::vector<SliceRange>& ranges_;
  std::vector<std::vector<double>> own_costs_;
  std::vector<double> costs_;
  std::vector<std::vector<size_t>> from_;  ///< by disc from the third, the slice two discs above
};

}  // namespace

double canal_mass(const cv::Mat1f& canal, cv::Point2d middle_mm, double pixel_mm) {
  const cv::Rect around(static_cast<int>((middle_mm.x - 12) / pixel_mm), static_cast<int>((middle_mm.y - 8) / pixel_mm),
                        static_cast<int>(24 / pixel_mm), static_cast<int>(16 / pixel_mm));
  const cv::Rect inside = around & cv::Rect(0, 0, canal.cols, canal.rows);
  return inside.empty() ? 0 : cv::sum(canal(inside))[0];
}

std::vector<size_t> canal_course(const std::vector<std::vector<double>>& masses, const SlicePositions& slices,
                                 const std::vector<SliceRange>& ranges) {
  return CourseSearch(masses, slices, ranges).cheapest();
}

double middle_slice(const std::vector<double>& mass, const SlicePositions& slices, size_t start) {
  const auto is_near = [&](size_t k) {
    return slices.distance_mm(static_cast<double>(k), static_cast<double>(start)) <= kClimbMm;
  };
  size_t top = start;
  while (top > 0 && mass[top - 1] > mass[top] && is_near(top - 1)) --top;
  while (top + 1 < mass.size() && mass[top + 1] > mass[top] && is_near(top + 1)) ++top;
  const size_t left_edge = edge_of_peak(mass, top, -1);
  const size_t right_edge = edge_of_peak(mass, top, 1);
  double weight = 0;
  double sum_mm = 0;
  for (size_t k = left_edge; k <= right_edge; ++k) {
    const double here = mass[k] * slices.share_mm(static_cast<int>(k));
    weight += here;
    sum_mm += here * slices.height_of(static_cast<double>(k));
  }
  return weight > 0 ? slices.slice_at(sum_mm / weight) : static_cast<double>(top);
}

double middle_slice(const std::vector<double>& mass, const SlicePositions& slices, SliceRange range) {
  const auto in_range = range.of(mass);
  const auto most = std::max_element(in_range.begin(), in_range.end());
  if (*most <= 0) return static_cast<double>(range.first + range.last) / 2;
  return middle_slice(mass, slices, range.first + static_cast<size_t>(most - in_range.begin()));
}

}  // namespace lumbargrade
