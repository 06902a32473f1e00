"""Apply a scenario's measures: roads first, then the drivers' answer, then trips; what acts over time is handed on.

::

    base roads, trips ─▶ road measures ─▶ edited roads ─▶ drivers react ─▶ demand measures ─▶ roads, trips, control
                                               └─▶ footways, where people walk
"""

from __future__ import annotations

import logging
import shutil
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, get_args

from trafficdiff.datatypes.control import Control
from trafficdiff.datatypes.measures import DemandMeasure, RoadMeasure
from trafficdiff.datatypes.net_patch import NetPatch
from trafficdiff.errors import Faults, ScenarioError
from trafficdiff.workflows.people import people_of, with_sides
from trafficdiff.workflows.randomness import stream
from trafficdiff.workflows.trip_tally import FATES, tally

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from trafficdiff.datatypes.effect import Effect
    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.lanes import Lanes
    from trafficdiff.datatypes.scenario import Scenario, Window
    from trafficdiff.datatypes.trips import TripSet
    from trafficdiff.demand.reaction import Reaction
    from trafficdiff.scenarios.road_edit import RoadEdit
    from trafficdiff.workflows.people import People

__all__ = ["Changed", "apply_measures"]

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False, kw_only=True)
class Changed:
    """Hold what the measures made of a base.

    Parameters
    ----------
    graph, trips
        The edited roads, and the trips on them.
    control
        What acts while the simulation runs.
    effects
        What each measure did, in the scenario's order.
    reaction
        What became of every trip when the roads changed; None where no measure touches the roads.
    planned
        How many trips left another way because of closures that were announced, by what changed.
    counts
        What became of the base's trips in the end, each counted once; see `trip_tally.tally`.
    people
        Who walks, where the scenario has people on foot.
    """

    graph: RoadGraph
    trips: TripSet
    control: Control = field(default_factory=Control)
    effects: tuple[Effect, ...] = ()
    reaction: Reaction | None = None
    planned: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    people: People | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return what was done as plain data."""
        return {
            "measures": [effect.as_dict() for effect in self.effects],
            "drivers": None if self.reaction is None else self.reaction.as_dict(),
            "planned_around_closures": dict(self.planned),
            "trips": dict(self.counts),
        } | ({} if self.people is None else {"pedestrians": self.people.as_dict()})

    def numbers(self) -> dict[str, float]:
        """Return how many trips were changed, each counted once, by name in `trafficdiff.units`."""
        return {f"trips_{name}": float(self.counts.get(name, 0)) for name in FATES}


def apply_measures(scenario: Scenario, graph: RoadGraph, trips: TripSet, *, sample: int, directory: Path) -> Changed:
    """Return the edited roads, the trips on them and what acts over time; the same objects if there is no measure.

    Parameters
    ----------
    scenario
        Its measures, seed and route choice.
    graph, trips
        The base's.
    sample
        Number of the draw in an ensemble.
    directory
        Receives the edited net.

    Raises
    ------
    ScenarioError
        Listing every measure that cannot act: nothing is chosen, no such turn, and the like.
    """
    if not scenario.measures and scenario.pedestrians is None:
        return Changed(graph=graph, trips=trips)
    faults = Faults("measures")
    effects: dict[int, Effect] = {}
    base = trips
    driven, edited, control = _edit_roads(scenario, graph, effects=effects, faults=faults, directory=directory)
    reaction = None
    if driven is not graph:
        trips, reaction = _react(scenario, trips, driven, sample=sample)
    if edited is not driven:
        trips = replace(trips, graph=edited)
    trips, planned = _plan_around(scenario, trips, control, sample=sample)
    trips, patch, more = _edit_trips(scenario, trips, effects=effects, faults=faults, sample=sample)
    faults.raise_if_any(ScenarioError)
    if patch:
        edited = _patched(edited, patch, directory=directory)
        trips = replace(trips, graph=edited)
    people = _people(scenario, graph, edited, is_base=not scenario.measures, sample=sample, directory=directory)
    on_foot = Control() if people is None else Control(walks=(people.walks,))
    changed = Changed(
        graph=edited,
        trips=trips,
        control=control.joined(more).joined(on_foot),
        effects=tuple(effects[place] for place in sorted(effects)),
        reaction=reaction,
        planned=planned,
        counts=tally(base, trips),
        people=people,
    )
    _say(changed)
    return changed


def _say(changed: Changed) -> None:
    """Log what a reader of the results must know: trips that are not those of the base."""
    numbers = changed.numbers()
    if numbers["trips_removed"]:
        _logger.warning(
            "measures took %d trips off the road; means over trips are over those that are left",
            numbers["trips_removed"],
        )
    if numbers["trips_moved"]:
        _logger.warning(
            "%d trips begin or end on a road beside their own, which measures closed", numbers["trips_moved"]
        )


def _of_kind(scenario: Scenario, union: Any) -> Iterator[tuple[int, Any]]:
    """Return the measures of a union with their places in the scenario."""
    kinds = get_args(union)
    return ((place, measure) for place, measure in enumerate(scenario.measures) if isinstance(measure, kinds))


def _edit_roads(
    scenario: Scenario, graph: RoadGraph, *, effects: dict[int, Effect], faults: Faults, directory: Path
) -> tuple[RoadGraph, RoadGraph, Control]:
    """Return the roads after all road measures, each on what the one before has left, with footways, and their control.

    What acts over time is made for the roads as they are in the end: lanes and signals may have changed by then. The
    footways come after all that builds roads, for that counts lanes from the kerb.
    """
    control, waiting = Control(), list(_of_kind(scenario, RoadMeasure))
    driven = graph
    for last in (False, True):
        if last:
            driven, graph = graph, _walked(scenario, graph, directory=directory)
        measures, waiting = waiting, []
        for place, measure in measures:
            try:
                _refuse_outside(measure, scenario.window)
                edit = _road_edit(measure, graph)
                if edit.patch:
                    graph = _patched(graph, edit.patch, directory=directory)
                elif not last:
                    waiting.append((place, measure))
                    continue
            except ScenarioError as error:
                faults.add(f"measures.{place} ({measure.kind}): {error}")
                continue
            effects[place], control = edit.effect, control.joined(edit.control)
    return driven, graph, control


def _refuse_outside(measure: RoadMeasure, window: Window) -> None:
    """Refuse a measure for a part of the day that the study does not have: it would do nothing, and say nothing."""
    during, last_s = getattr(measure, "during", None), window.end_s + window.clear_s
    if during is not None and (during.end_s <= window.begin_s or during.begin_s >= last_s):
        raise ScenarioError(
            f"during: expected a part of the study, {window.begin_s:g} to {last_s:g} s, got {during.begin_s:g} to "
            f"{during.end_s:g} s; move it, widen the study's window, or leave the measure out"
        )


def _road_edit(measure: RoadMeasure, graph: RoadGraph) -> RoadEdit:
    from trafficdiff.scenarios.doors import road_edits

    return road_edits(measure, graph, lanes=_lanes_of(graph))


@lru_cache(maxsize=1)
def _lanes_of(graph: RoadGraph) -> Lanes:
    """Return the lanes of roads; many measures look at the same ones."""
    from trafficdiff.datatypes.lanes import read_lanes

    return read_lanes(graph)


def _patched(graph: RoadGraph, patch: NetPatch, *, directory: Path) -> RoadGraph:
    """Return the patched roads; what is known of the base's origin and background lies beside the new net as well."""
    from trafficdiff.roads.patching import apply_patch

    folder = _next_folder(directory)
    patched = apply_patch(graph, patch, directory=folder)
    _copy_origin(graph, folder)
    return patched


def _walked(scenario: Scenario, graph: RoadGraph, *, directory: Path) -> RoadGraph:
    """Return the roads with footways where the scenario has people on foot."""
    if scenario.pedestrians is None:
        return graph
    folder = _next_folder(directory)
    walked = with_sides(scenario, graph, directory=folder)
    _copy_origin(graph, folder)
    return walked


def _people(
    scenario: Scenario, graph: RoadGraph, edited: RoadGraph, *, is_base: bool, sample: int, directory: Path
) -> People | None:
    """Return who walks; where measures change the base, its own footways are made as well, for the draw."""
    if scenario.pedestrians is None:
        return None
    base = edited if is_base else _walked(scenario, graph, directory=directory)
    return people_of(scenario, base, edited, sample=sample)


def _next_folder(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    folder = directory / f"{sum(1 for _ in directory.iterdir())}"
    folder.mkdir()
    return folder


def _copy_origin(graph: RoadGraph, folder: Path) -> None:
    from trafficdiff.roads.build import BACKGROUND_FILE
    from trafficdiff.roads.source import BUILD_FILE

    for name in (BUILD_FILE, BACKGROUND_FILE):
        if (known := graph.net_path.with_name(name)).exists():
            shutil.copyfile(known, folder / name)


def _react(scenario: Scenario, trips: TripSet, after: RoadGraph, *, sample: int) -> tuple[TripSet, Reaction]:
    from trafficdiff.demand.rerouting import SHORTEST, react

    return react(
        trips,
        after,
        generator=stream(scenario.seed, "reaction", sample=sample),
        choice=getattr(scenario.demand, "route_choice", SHORTEST),
        everyone=scenario.choose_again == "all",
    )


def _plan_around(
    scenario: Scenario, trips: TripSet, control: Control, *, sample: int
) -> tuple[TripSet, dict[str, int]]:
    from trafficdiff.demand.rerouting import SHORTEST
    from trafficdiff.workflows.announced import plan_around

    planned: dict[str, int] = {}
    for closure in control.closures:
        trips, counts = plan_around(
            trips,
            closure,
            generator=stream(scenario.seed, "reaction", sample=sample),
            choice=getattr(scenario.demand, "route_choice", SHORTEST),
        )
        planned = {name: planned.get(name, 0) + count for name, count in counts.items()}
    return trips, planned


def _edit_trips(
    scenario: Scenario, trips: TripSet, *, effects: dict[int, Effect], faults: Faults, sample: int
) -> tuple[TripSet, NetPatch, Control]:
    """Return the trips after all demand measures, and what these do to roads and control.

    A measure's dice come from its kind and its place among its kind, so that a further measure moves nobody else's.
    """
    from trafficdiff.scenarios.demand import demand_edits
    from trafficdiff.workflows.measure_routing import FastestRoutes

    control, patch, seen = Control(), NetPatch(), dict.fromkeys((m.kind for m in scenario.measures), 0)
    for place, measure in _of_kind(scenario, DemandMeasure):
        stage = f"measure {measure.kind} {seen[measure.kind]}"
        seen[measure.kind] += 1
        try:
            edit = demand_edits(
                measure,
                trips,
                generator=stream(scenario.seed, stage, sample=sample),
                router=FastestRoutes(trips.graph),
                control=control,
            )
        except ScenarioError as error:
            faults.add(f"measures.{place} ({measure.kind}): {error}")
            continue
        trips, effects[place] = edit.trips, edit.effect
        held = Control(keeps_route=edit.keeps_route)
        control, patch = control.joined(edit.control).joined(held), patch.joined(edit.patch)
    return trips, patch, control
