"""Set two single runs side by side, where that is honest: what is equal, what differs, and that chance is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trafficdiff.units import QUANTITIES

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from trafficdiff.store.reading import StoredRun

__all__ = ["compare_runs", "why_not_compared"]


def why_not_compared(base: StoredRun, other: StoredRun) -> tuple[str, ...]:
    """Return why the numbers of two runs cannot be set side by side; empty where they can.

    Returns
    -------
    Some of ``place`` (other cities), ``window`` (other hours), ``day`` (another seed or number of the draw: then the
    people differ too).
    """
    one, two = base.scenario, other.scenario
    reasons = {
        "place": base.build.get("name") != other.build.get("name") or one.network != two.network,
        "window": (one.window.begin_s, one.window.end_s) != (two.window.begin_s, two.window.end_s),
        "day": (one.seed, base.provenance.sample) != (two.seed, other.provenance.sample),
    }
    return tuple(reason for reason, holds in reasons.items() if holds)


def compare_runs(base: StoredRun, other: StoredRun) -> pd.DataFrame:
    """Return the differences of the area's numbers, in the form of `metrics.kpi_changes`, without intervals."""
    from trafficdiff.metrics.kpi_changes import kpi_changes

    numbers = [_numbers(run) for run in (base, other)]
    return kpi_changes(*numbers, confidence=0.95, dice=np.zeros((1, 1)))


def _numbers(run: StoredRun) -> dict[str, NDArray[np.float64]]:
    data = run.metrics.data
    return {
        str(name): np.array([float(array)])
        for name, array in data.data_vars.items()
        if array.ndim == 0 and str(name) in QUANTITIES
    }
