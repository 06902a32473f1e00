from __future__ import annotations

import typing

import numpy as np
import pytest

from tests.scenarios.demands import box, edit, grid_town, ids, many_trips, rows_of
from trafficdiff.datatypes.demand_measures import (
    AutomatedShare,
    ChargingSite,
    CongestionCharge,
    ElectricShare,
    Event,
    LowEmissionZone,
    ScaleDemand,
    ShiftMode,
    Weather,
)
from trafficdiff.datatypes.edge_choice import Area
from trafficdiff.datatypes.measures import DemandMeasure
from trafficdiff.datatypes.part import Period
from trafficdiff.scenarios.demand import DEMAND_EDITS

GRAPH = grid_town()
TRIPS = many_trips(GRAPH, 300, types=("car", "car", "electric_car", "truck"))
MIDDLE = Area(box=box(GRAPH, (90, 90), (210, 210)))
MEASURES = [
    ScaleDemand(factor=1.4),
    ScaleDemand(factor=0.6),
    ShiftMode(share=0.3, to="bus"),
    Event(venue=tuple(map(float, GRAPH.to_lonlat(np.array([150.0, 150.0])))), attendance=200, parking_within_m=60,
          arrive=Period(begin_s=26_000, end_s=27_000)),
    LowEmissionZone(zone=MIDDLE),
    CongestionCharge(cordon=MIDDLE, price=0.5),
    Weather(condition="snow"),
    ElectricShare(share=0.7),
    AutomatedShare(share=0.4),
    ChargingSite(id="a", at="00-10"),
]  # fmt: skip


def test_there_is_an_edit_for_every_kind_of_measure():
    kinds = {member.model_fields["kind"].default for member in typing.get_args(DemandMeasure)}
    assert set(DEMAND_EDITS) == kinds


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.kind)
def test_an_edit_is_pure_repeatable_and_keeps_the_trips_of_the_others(measure):
    before = rows_of(TRIPS)
    first, second = edit(measure, TRIPS), edit(measure, TRIPS)
    assert rows_of(TRIPS) == before
    assert rows_of(first.trips) == rows_of(second.trips)
    assert first.effect.as_dict() == second.effect.as_dict()
    assert first.effect.kind == measure.kind
    counts = first.effect.trips
    assert len(TRIPS) + counts.get("added", 0) - counts.get("removed", 0) == len(first.trips)
    gone = {name for names in first.effect.trip_ids.values() for name in names}
    assert set(before) - ids(first.trips) == gone


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.kind)
def test_another_seed_decides_otherwise_where_chance_decides(measure):
    one, other = (rows_of(edit(measure, TRIPS, seed=seed).trips) for seed in (1, 2))
    assert (one == other) == (measure.kind in {"weather", "charging_site"})


def test_all_measures_one_after_the_other_leave_trips_that_are_whole():
    trips = TRIPS
    for measure in MEASURES:
        trips = edit(measure, trips).trips
    assert len(trips) > 100  # the constructor has checked every route, id and departure
    assert trips.window_s == TRIPS.window_s
