#pragma once

#include "dicom/instance.h"

namespace lumbargrade {

/// What a series' attributes and descriptions say of a contrast agent.
enum class AgentFinding {
  NotTold,
  Before,  ///< "T1 pre contrast", "ohne KM", "w/o Gd": told to be without
  After    ///< "T1 +C", "nach KM", an agent named in ContrastBolusAgent
};

/// Goes by ContrastBolusAgent, SeriesDescription and ProtocolName, in the languages and abbreviations of consoles. A
/// placeholder ("-", "NA", "0 ml") names no agent.
AgentFinding find_agent(const dicom::Instance& instance);

}  // namespace lumbargrade
