#pragma once

#include <optional>
#include <set>
#include <vector>

#include "study/series.h"
#include "study/study.h"

namespace lumbargrade {

/// One series' candidate for a role.
struct Chosen {
  Series* series = nullptr;
  Candidate* candidate = nullptr;
};

/// How pixels are decoded.
struct Decoding {
  int threads = 2;
  MemoryBudgetPointer budget;
};

/// What will be decoded; pixels of everything else are let go before.
class UsedStacks {
 public:
  void use(const Chosen& chosen, size_t blocks) {
    chosen.series->summary.used = true;
    for (size_t i = 0; i < blocks; ++i) {
      stacks_.insert(&chosen.candidate->blocks[i]);
      for (const StackSlice& slice : chosen.candidate->blocks[i].slices) instances_.insert(slice.instance.get());
    }
  }

  bool has(const Stack& stack) const { return stacks_.contains(&stack); }

  void release_others(const std::vector<Series>& series) const {
    for (const Series& one : series) {
      for (const auto& instance : one.instances) {
        if (!instances_.contains(instance.get())) instance->pixels.reset();
      }
    }
  }

 private:
  std::set<const Stack*> stacks_;
  std::set<const dicom::Instance*> instances_;
};

struct Assignment {
  std::optional<Chosen> sagittal_t1;
  std::optional<Chosen> sagittal_t2;
  std::vector<Chosen> axial_t2;
  UsedStacks used;
};

/// A whole spine is scanned in stations, each a series or a block of one, often of the same name: those that hold less
/// than half of the lumbar spine rank behind the one that does.
void rank_stations(std::vector<Series>& series);

/// Of two sagittal T1 series whose descriptions differ by further words only, the one that says less ranks first: an
/// agent may be told in words that find_agent does not know.
void rank_plain_first(std::vector<Series>& series);

/// Lets the image decide where headers are silent, and only where a role is empty: what the headers tell of other
/// series is enough then.
void find_roles_by_content(std::vector<Series>& series, const CanalFinder& find_canal, const Decoding& decoding);

/// The best candidate of each role; of axial ones all that are no alternatives of another.
Assignment assign_series(std::vector<Series>& series);

/// Warns where a series fell apart: images beside the ones in use, of the same orientation, and at places of their own.
void warn_about_unused_parts(Series& series, const UsedStacks& used);

/// Role and evidence of a series: those of its candidate in use, or else of its best one. Blocks in use come first.
void summarise_use(Series& series, const UsedStacks& used);

}  // namespace lumbargrade
