"""Hold everything that one run directory is made of, before it is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from trafficdiff.datatypes.result import Metrics, SimulationResult
    from trafficdiff.datatypes.scenario import Scenario
    from trafficdiff.store.provenance import Provenance
    from trafficdiff.store.validation import Validation

__all__ = ["OPENSTREETMAP", "Licence", "RunContent"]


@dataclass(frozen=True)
class Licence:
    """Say under which terms data may be used.

    Parameters
    ----------
    name, url
        Of the licence.
    covers
        Which data.
    attribution
        The words that must stand beside whatever is made from the data.
    """

    name: str
    url: str
    covers: str
    attribution: str


OPENSTREETMAP: Final = Licence(
    name="Open Data Commons Open Database License (ODbL) 1.0",
    url="https://opendatacommons.org/licenses/odbl/1-0/",
    covers="the road network, and every table here that is keyed by its edges",
    attribution="© OpenStreetMap contributors, https://www.openstreetmap.org/copyright",
)
"""Terms of OpenStreetMap's data (https://www.openstreetmap.org/copyright)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RunContent:
    """Represent a finished run that is not stored yet: typed objects, and files that exist already.

    Files are copied; the originals stay where they are.

    Parameters
    ----------
    scenario
        As resolved.
    scenario_file
        As given, or None if it was made in code.
    net
        The net file that was simulated.
    build
        How the net came to be: source, date, SHA-256, licence, exact commands; plain data.
    trips
        The trips as ``.parquet``.
    simulation_inputs
        What SUMO was given (routes, additionals, configuration): file by name below ``simulation/``.
    log
        File with everything that SUMO said.
    result, metrics, validation, provenance
        What came out.
    licences
        Of the data; the first is the run's own.
    measures
        What each measure did (.json), or None if there was none.
    model_card
        Card of the demand model, if a model was used.
    organisation
        Who made the run and answers for it; empty if nobody says.
    extras
        Further files by their path in the run: pictures, map background, tracks.
    """

    scenario: Scenario
    net: Path
    trips: Path
    log: Path
    result: SimulationResult
    metrics: Metrics
    validation: Validation
    provenance: Provenance
    scenario_file: Path | None = None
    build: Mapping[str, Any] = field(default_factory=dict)
    simulation_inputs: Mapping[str, Path] = field(default_factory=dict)
    licences: tuple[Licence, ...] = (OPENSTREETMAP,)
    measures: Path | None = None
    model_card: Path | None = None
    organisation: str = ""
    extras: Mapping[str, Path] = field(default_factory=dict)
