"""Say what a run found: a table for people, plain data for programs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from trafficdiff.store.layout import MEASURES
from trafficdiff.units import QUANTITIES
from trafficdiff.workflows.tables import worst_streets

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from trafficdiff.datatypes.calibration_facts import CalibrationFacts
    from trafficdiff.datatypes.scenario import Scenario
    from trafficdiff.datatypes.training_range import Standing
    from trafficdiff.store.content import RunContent
    from trafficdiff.store.validation import Validation

__all__ = ["Outcome", "outcome_of", "shown_numbers"]

_ROWS: Final[tuple[tuple[str, str, str, float], ...]] = (
    ("trips_asked", "trips asked for", "{:,.0f}", 1),
    ("trips_rerouted", "trips that measures sent another way", "{:,.0f}", 1),
    ("trips_moved", "trips whose first or last road measures moved", "{:,.0f}", 1),
    ("trips_removed", "trips that measures took off the road", "{:,.0f}", 1),
    ("trips_added", "trips that measures put on the road", "{:,.0f}", 1),
    ("completion_share", "trips completed", "{:.2%}", 1),
    ("waiting_to_enter", "trips still waiting to enter", "{:,.0f}", 1),
    ("teleport_share", "teleports per trip", "{:.3%}", 1),
    ("collisions", "collisions", "{:,.0f}", 1),
    ("mean_depart_delay", "mean wait to enter", "{:.0f} s", 1),
    ("trip_kilometres", "distance travelled (VKT)", "{:,.0f} km", 1),
    ("trip_hours", "time travelled (VHT)", "{:,.1f} h", 1),
    ("mean_trip_time", "mean trip time", "{:.1f} min", 1 / 60),
    ("mean_trip_time_loss", "mean time loss of a trip", "{:.1f} min", 1 / 60),
    ("trip_travel_time_index", "travel time index of a trip", "{:.2f}", 1),
    ("trip_planning_time_index", "planning time index of a trip", "{:.2f}", 1),
    ("trip_buffer_index", "buffer index of a trip", "{:.2f}", 1),
    ("delay_hours", "delay above free flow", "{:,.1f} h", 1),
    ("mean_speed", "mean speed", "{:.1f} km/h", 3.6),
    ("area_travel_time_index", "travel time index of the area", "{:.2f}", 1),
    ("max_queue_length", "longest mean queue on an edge", "{:,.0f} m", 1),
    ("total_co2_mass", "carbon dioxide emitted", "{:,.0f} kg", 1),
    ("charging_wanted", "EVs that wanted to charge on the way", "{:,.0f}", 1),
    ("charging_served", "of them got a plug", "{:,.0f}", 1),
    ("charging_waiting", "of them still waited or were on their way", "{:,.0f}", 1),
    ("charging_unmet", "of them gave up or found no station", "{:,.0f}", 1),
    ("charging_stranded", "of them ran empty", "{:,.0f}", 1),
    ("charged_energy", "energy charged", "{:,.0f} kWh", 1),
    ("unmet_energy", "energy missing to their targets", "{:,.0f} kWh", 1),
    ("mean_charging_wait", "mean wait for a plug", "{:.1f} min", 1 / 60),
    ("peak_charging_power", "highest power of all stations", "{:,.0f} kW", 1),
    ("charging_utilisation", "plugs in use", "{:.1%}", 1),
    ("walks_asked", "people on foot asked for", "{:,.0f}", 1),
    ("walks_completed", "of them arrived", "{:,.0f}", 1),
    ("mean_walk_time", "mean time on foot", "{:.1f} min", 1 / 60),
    ("mean_walk_time_loss", "of it lost", "{:.1f} min", 1 / 60),
    ("near_misses", "near misses", "{:,.0f}", 1),
    ("near_miss_rate", "near misses per million vehicle-km", "{:,.0f}", 1e6),
    ("short_headway_share", "following time with less than a second", "{:.1%}", 1),
    ("hard_brakings", "hard brakings", "{:,.0f}", 1),
)
"""What a person is shown of the area's numbers: name, words, format, factor from the stored unit.

Each stands for one base, `Quantity.over`: what is over trips includes the inside of junctions, what is over edges
does not, so both never go under the same words."""


_ONLY_WITH_MEASURES: Final = {"trips_rerouted", "trips_moved", "trips_removed", "trips_added"}
"""Rows that are left out where they are 0."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """Say what a run found and where it is.

    Parameters
    ----------
    scenario
        As simulated.
    run_id, result_hash
        Names of what went in, and of the numbers that came out.
    directory
        The published run.
    numbers
        The area's numbers, in the units of `trafficdiff.units`.
    validation
        Gates and warnings.
    pictures
        Maps inside the run.
    wall_s
        How long the whole run took [s].
    streets
        The streets with most delay, worst first; see `worst_streets`.
    effects
        What each measure did, a line each.
    training_range
        Where the place lies among those that the demand model learned from, if a model drew the trips.
    calibration
        What the demand was calibrated to and how well it fits, if it was.
    """

    scenario: Scenario
    run_id: str
    result_hash: str
    directory: Path
    numbers: Mapping[str, float]
    validation: Validation
    pictures: tuple[Path, ...]
    wall_s: float
    streets: tuple[Mapping[str, Any], ...] = ()
    effects: tuple[str, ...] = ()
    training_range: Standing | None = None
    calibration: CalibrationFacts | None = None

    @property
    def failed_gates(self) -> list[str]:
        """The gates that said no, in words."""
        return [str(gate) for gate in self.validation.failed]

    def rows(self) -> list[tuple[str, str, str]]:
        """Return the table for people: words, what the number is taken over, formatted number."""
        return [
            (words, QUANTITIES[name].over, form.format(self.numbers[name] * factor))
            for name, words, form, factor in _ROWS
            if name in self.numbers and (self.numbers[name] or name not in _ONLY_WITH_MEASURES)
        ]

    def street_rows(self) -> list[tuple[str, ...]]:
        """Return the table of the worst streets for people: name, class, delay, speed, travel time index."""
        return [
            (
                str(street["street"]),
                str(street["road_class"]),
                f"{street['delay_hours']:.1f} h",
                f"{street['mean_speed_ms'] * 3.6:.1f} km/h",
                f"{street['travel_time_index']:.2f}",
            )
            for street in self.streets
        ]

    def summary(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "run_id": self.run_id,
            "result_hash": self.result_hash,
            "directory": self.directory,
            "scenario": self.scenario.name,
            "metrics": dict(self.numbers),
            "over": {name: QUANTITIES[name].over for name in self.numbers},
            "measures": list(self.effects),
            "worst_streets": [dict(street) for street in self.streets],
            "gates": [gate.model_dump() | {"passed": gate.passed} for gate in self.validation.gates],
            "warnings": list(self.validation.warnings),
            "training_range": None if self.training_range is None else self.training_range.model_dump(mode="json"),
            "calibration": None if self.calibration is None else self.calibration.model_dump(mode="json"),
            "pictures": list(self.pictures),
            "wall_s": round(self.wall_s, 2),
        }


def shown_numbers() -> tuple[tuple[str, str, str, float], ...]:
    """Return what a person is shown of the area's numbers: name, words, format, factor from the stored unit."""
    return _ROWS


def outcome_of(content: RunContent, *, directory: Path, pictures: tuple[str, ...], wall_s: float) -> Outcome:
    """Return what a run found, now that its content is published.

    Parameters
    ----------
    content
        What was written.
    directory, pictures
        Where, and the maps by their path in the run.
    wall_s
        How long the whole run took [s].
    """
    numbers = content.metrics.data.data_vars.items()
    return Outcome(
        scenario=content.scenario,
        run_id=content.provenance.run_id,
        result_hash=content.provenance.result_hash,
        directory=directory,
        numbers={str(name): float(array) for name, array in numbers if array.ndim == 0},
        validation=content.validation,
        pictures=tuple(directory / name for name in pictures),
        wall_s=wall_s,
        streets=worst_streets(directory),
        effects=_effects(directory),
        training_range=content.provenance.training_range,
        calibration=content.provenance.calibration,
    )


def _effects(directory: Path) -> tuple[str, ...]:
    """Return in one line each what the measures of a published run did."""
    path = directory / MEASURES
    measures = json.loads(path.read_text("utf-8"))["measures"] if path.exists() else []
    return tuple(f"{measure['kind']}: {measure['summary']}" for measure in measures)
