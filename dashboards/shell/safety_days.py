"""Read how safely road users drove in the simulated days of a scenario, and what a measure changed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import streamlit as st

from dashboards.shell.opening import BY_CONTENT, Opened
from trafficdiff.metrics.safety_changes import type_changes, type_rates, worst_moments
from trafficdiff.metrics.safety_rates import hot_spots, rate_changes

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

    from trafficdiff.workflows.safety import Safety

__all__ = ["SafetyChanges", "SafetyDays", "has_safety", "safety_changes", "safety_days"]

_FEWEST_PAIRS = 2


@dataclass(frozen=True, eq=False)
class SafetyDays:
    """Hold the simulated days of one scenario.

    Parameters
    ----------
    days
        By number of the sample.
    """

    days: Mapping[int, Safety]

    @cached_property
    def spots(self) -> pd.DataFrame:
        """Roads and junctions, the most dangerous first; see `metrics.safety_rates.hot_spots`."""
        return hot_spots([day.sites for day in self.days.values()])

    @cached_property
    def types(self) -> pd.DataFrame:
        """Types of near misses; see `metrics.safety_changes.type_rates`."""
        return type_rates([day.sites for day in self.days.values()])

    @cached_property
    def moments(self) -> pd.DataFrame:
        """The most critical moments; see `metrics.safety_changes.worst_moments`."""
        return worst_moments([day.events for day in self.days.values()])


@dataclass(frozen=True, eq=False)
class SafetyChanges:
    """Hold what changed between two scenarios: by road and junction, and by type."""

    sites: pd.DataFrame
    types: pd.DataFrame


def has_safety(opened: Opened, scenario: str) -> bool:
    """Return whether the runs of a scenario recorded how safe they were."""
    from trafficdiff.workflows.safety import has_safety as is_there

    return is_there(opened.stored_run(scenario).directory)


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=BY_CONTENT)
def safety_days(opened: Opened, scenario: str) -> SafetyDays:
    """Return the days of a scenario that recorded how safe they were (see `has_safety`)."""
    from trafficdiff.workflows.safety import open_safety

    return SafetyDays({sample: open_safety(path) for sample, path in _directories(opened, scenario).items()})


@st.cache_resource(max_entries=8, show_spinner=False, hash_funcs=BY_CONTENT)
def safety_changes(opened: Opened, *, base: str, scenario: str, paired: bool) -> SafetyChanges | None:
    """Return what changed between two scenarios, or None where they have less than two days in common."""
    before, after = (safety_days(opened, name).days for name in (base, scenario))
    pairs = [(before[k].sites, after[k].sites) for k in before if k in after]
    if len(pairs) < _FEWEST_PAIRS:
        return None
    return SafetyChanges(rate_changes(pairs, paired=paired), type_changes(pairs, paired=paired))


def _directories(opened: Opened, scenario: str) -> dict[int, Path]:
    if opened.study is None:
        return {0: opened.stored_run(scenario).directory}
    return {sample: opened.study.run_directory(scenario, sample) for sample in opened.runs[scenario]}
