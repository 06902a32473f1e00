"""Measure how safely road users drove in a run, and keep it in the run; open it again.

::

    from trafficdiff.workflows.safety import open_safety

    found = open_safety("runs/monday")
    found.events  # one row a conflict: time, place, type, TTC, PET, DRAC
    found.sites  # one row a road or junction: what was driven, near misses, by type

A run has it if its scenario records tracks finely::

    simulation: {step_s: 0.1, tracks: {step_s: 0.1, lateral: smooth}}
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from trafficdiff.datatypes.scenario import TrackOptions
from trafficdiff.errors import InputError, StoreError

if TYPE_CHECKING:
    import pandas as pd

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.scenario import Scenario
    from trafficdiff.datatypes.tracks import Tracks
    from trafficdiff.metrics.safety_events import SafetyLimits

__all__ = ["CONFLICTS", "SITES", "Safety", "has_safety", "measure_safety", "open_safety", "records_safety"]

CONFLICTS: Final = "safety/conflicts.csv"
"""The conflicts, by their name in a run: one row each."""
SITES: Final = "safety/sites.csv"
"""Roads and junctions, by their name in a run."""

_COARSEST_S: Final = 0.2
_NEVER: Final = ("ttc_s", "pet_s")
"""Columns that are empty in a file where there is no such time."""
_TEXTS: Final = ("user", "other", "user_kind", "other_kind", "type", "site", "kind", "name")


@dataclass(frozen=True, eq=False)
class Safety:
    """Hold how safely road users drove in one run.

    Parameters
    ----------
    events
        From `metrics.safety_events.conflicts`, each with its road or junction (``site``, ``kind``, ``name``).
    sites
        From `metrics.safety_sites.site_counts`.
    numbers
        From `metrics.safety_numbers.safety_numbers`; empty where they were read from a run, whose metrics have them.
    """

    events: pd.DataFrame
    sites: pd.DataFrame
    numbers: dict[str, float]

    def write(self, folder: Path) -> dict[str, Path]:
        """Write the tables below a folder and return them by their names in a run."""
        written = {}
        for name, table in ((CONFLICTS, self.events), (SITES, self.sites)):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            table.replace([np.inf, -np.inf], np.nan).round(6).to_csv(path, index=False)
            written[name] = path
        return written


def records_safety(scenario: Scenario) -> bool:
    """Return whether a scenario's tracks are fine enough: 0.2 s or less apart, and lanes changed smoothly."""
    tracks = scenario.simulation.tracks
    return isinstance(tracks, TrackOptions) and tracks.lateral is not None and tracks.step_s <= _COARSEST_S


def measure_safety(tracks: Tracks, graph: RoadGraph, *, limits: SafetyLimits | None = None) -> Safety:
    """Return how safely road users drove; seams of the net are mended first (see `simulation.track_mending`).

    Parameters
    ----------
    tracks, graph
        The road users as recorded, and the roads they were on.
    limits
        How close is too close (default: `metrics.safety_events.SafetyLimits`).
    """
    from trafficdiff.metrics.safety_events import conflicts
    from trafficdiff.metrics.safety_footways import on_footways
    from trafficdiff.metrics.safety_numbers import safety_numbers
    from trafficdiff.metrics.safety_sites import site_counts, with_sites
    from trafficdiff.simulation.track_mending import mend_tracks

    tracks = mend_tracks(tracks).tracks
    events = with_sites(conflicts(tracks, limits=limits, aside=on_footways(tracks, graph)), graph)
    sites = site_counts(tracks, events, graph)
    return Safety(events, sites, safety_numbers(tracks, events, sites))


def has_safety(directory: str | Path) -> bool:
    """Return whether a run has these tables."""
    return (Path(directory) / SITES).is_file()


def open_safety(directory: str | Path) -> Safety:
    """Return how safely road users drove in a stored run.

    Raises
    ------
    InputError
        If the run did not record it.
    StoreError
        If a table is damaged.
    """
    import pandas as pd

    directory = Path(directory)
    if not has_safety(directory):
        raise InputError(
            f"{directory}: expected a run with safety numbers, got one without; give its scenario "
            "`simulation: {step_s: 0.1, tracks: {step_s: 0.1, lateral: smooth}}` and run it again"
        )
    tables = []
    for name in (CONFLICTS, SITES):
        try:
            table = pd.read_csv(directory / name, dtype=dict.fromkeys(_TEXTS, str), keep_default_na=True)
        except (OSError, ValueError) as error:
            raise StoreError(f"{directory / name}: expected a table of safety, got {error}") from error
        texts = [column for column in _TEXTS if column in table]
        table[texts] = table[texts].fillna("")
        never = [column for column in _NEVER if column in table]
        table[never] = table[never].fillna(np.inf)
        tables.append(table)
    return Safety(tables[0], tables[1], {})
