"""What the programs that judge canal measures have in common."""
import math

import numpy as np


def mid_ranks(values):
    """Ranks from 1; equal values have the middle one of theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return (ends - (counts - 1) / 2)[inverse]


def moderate(model, level, fluid, diameter):
    """P(moderate or worse) of grades/measured_probabilities.h."""
    cuts = model["levels"][level.lower().replace("/", "_")]
    factor = (cuts["typical_reference_mm"] / diameter) ** model["reference_exponent"] if diameter > 0 else 1.4
    z = max(fluid * min(max(factor, 0.7), 1.4), 1e-3)
    return 1 / (1 + math.exp((math.log(z) - math.log(cuts["moderate_below"])) / model["width"]))
