"""Drawn sessions go to drivers who can hold them at the least sum of costs, and every session and need is counted."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import pairwise, permutations
from typing import TYPE_CHECKING

import numpy as np
import pytest
from pydantic import ValidationError

from tests.simulation.conftest import trips_on, wandering_trips
from tests.towns import make_town
from trafficdiff.datatypes.chance import Chance
from trafficdiff.datatypes.charging_demand import ChargingWishes
from trafficdiff.datatypes.charging_options import ChargingOptions, JoinOptions, StationChoice
from trafficdiff.datatypes.station_sessions import StationSessions
from trafficdiff.datatypes.stations import ChargingStation, Plugs
from trafficdiff.datatypes.vehicles import VEHICLE_TYPES
from trafficdiff.demand.charging_joining import WISH_COLUMNS, assigned, join_counts, join_sessions
from trafficdiff.demand.charging_stops import plan_stops
from trafficdiff.demand.joining_costs import Candidates
from trafficdiff.errors import InputError, TripError

if TYPE_CHECKING:
    import pandas as pd

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.trips import TripSet

SURE = ChargingOptions(choice=StationChoice(scatter=0.0), joining=JoinOptions(home_share=0.0))
CHANCE = Chance("test")


@pytest.fixture(scope="module")
def street() -> RoadGraph:
    """A street A ... F of 500 m pieces, both ways."""
    names = "ABCDEF"
    pairs = list(pairwise(names))
    nodes = {name: (500.0 * place, 0.0) for place, name in enumerate(names)}
    return make_town(nodes, pairs + [(b, a) for a, b in pairs])


@pytest.fixture(scope="module")
def grid() -> RoadGraph:
    """A town of 6 x 6 crossings, 200 m apart, all streets both ways."""
    side = range(6)
    nodes = {f"{x}{y}": (200.0 * x, 200.0 * y) for x in side for y in side}
    pairs = [(f"{x}{y}", f"{x + 1}{y}") for x in range(5) for y in side]
    pairs += [(f"{x}{y}", f"{x}{y + 1}") for x in side for y in range(5)]
    return make_town(nodes, pairs + [(b, a) for a, b in pairs], u_turns=True)


def at(edge: str, name: str = "s", **changes: object) -> ChargingStation:
    base = {"plugs": (Plugs(count=2, power_kw=50.0),), "position_m": 100.0}
    return ChargingStation(id=name, edge=edge, **(base | changes))


def evs(trips: TripSet, charge: object = 0.5, battery_kwh: float = 50.0) -> TripSet:
    count = len(trips)
    return replace(
        trips, state_of_charge=np.broadcast_to(np.asarray(charge, float), count).copy(),
        battery_kwh=np.full(count, battery_kwh),
    )  # fmt: skip


def along(graph: RoadGraph, routes: list[str], charge: object = 0.5, *, gap_s: float = 0.0) -> TripSet:
    edges = [[f"{a}-{b}" for a, b in pairwise(route)] for route in routes]
    trips = trips_on(graph, edges, [gap_s * n for n in range(len(routes))], vehicle_type=VEHICLE_TYPES["electric_car"])
    return evs(trips, charge)


def drawn(*rows: tuple[float, float, float, float], station: int = 0) -> StationSessions:
    """Return sessions of (arrival [s], dwell [s], energy [kWh], missing [kWh]) at one station."""
    table = np.array(rows, float).reshape(-1, 4)
    return StationSessions(
        name=np.array([f"{station}/{n}" for n in range(len(table))], object),
        station=np.full(len(table), station, np.int64),
        arrive_s=table[:, 0], dwell_s=table[:, 1], energy_kwh=table[:, 2], missing_kwh=table[:, 3],
    )  # fmt: skip


def joined(
    trips: TripSet, sessions: StationSessions, *stations: ChargingStation, options: ChargingOptions = SURE
) -> tuple[ChargingWishes, pd.DataFrame]:
    wishes = join_sessions(trips, sessions, stations, options=options, chance=CHANCE)
    assert wishes.sessions is not None
    return wishes, wishes.sessions


def test_a_session_goes_to_the_driver_on_the_way(street: RoadGraph):
    trips = along(street, ["ABCDEF", "BCD", "ABC"])  # only the first two pass by C-D; the first stays on its way
    wishes, table = joined(trips, drawn((100.0, 600.0, 10.0, 25.0)), at("D-E"))
    assert table["trip_id"].tolist() == ["t0"]
    assert table["detour_s"].tolist() == [0.0]
    assert wishes.station.tolist() == ["s"]
    assert wishes.stay_s.tolist() == [600.0]
    on_arrival = 0.5 - 1.5 * 0.175 / 50  # from the end of A-B to the end of D-E
    assert wishes.target == pytest.approx([on_arrival + 10.0 / 50])
    # It comes 50 s late at half the price of driving, stays for 600 s at half of it, and lacks 263 Wh more.
    assert table["cost"].tolist() == pytest.approx([12 * 0.5 * 50 / 3_600 + 12 * 0.5 * 600 / 3_600 + 0.2 * 1.5 * 0.175])


def test_a_detour_costs_its_time_and_its_distance(grid: RoadGraph):
    trips = evs(trips_on(grid, [["00-10", "10-20"]], [0.0], vehicle_type=VEHICLE_TYPES["electric_car"]))
    lacks = 25.0 + 0.2 * 0.175
    _, table = joined(trips, drawn((20.0, 0.0, 1.0, lacks)), at("10-11"))
    assert table["detour_s"].tolist() == [40.0]
    assert table["cost"].tolist() == pytest.approx([12 * 40 / 3_600 + 0.05 * 0.4])


def test_who_lacks_what_the_session_lacks_holds_it(street: RoadGraph):
    trips = along(street, ["ABCDEF"] * 4, [0.5, 0.9, 0.2, 0.4])
    _, table = joined(trips, drawn((150.0, 600.0, 3.0, 4.0), (150.0, 600.0, 30.0, 39.0)), at("D-E"))
    assert table["trip_id"].tolist() == ["t1", "t2"]


def test_why_a_session_has_no_driver_is_said(street: RoadGraph):
    trips = along(street, ["ABCDEF"])
    rows = (
        (150.0, 600.0, 10.0, 25.0),
        (150.0, 600.0, 10.0, 26.0),
        (150.0, 600.0, 45.0, 45.0),
        (9_000.0, 1.0, 1.0, 1.0),
    )
    wishes, table = joined(trips, drawn(*rows, (150.0, 50 * 3_600.0, 1.0, 25.0)), at("C-D"))
    assert table["trip_id"].tolist() == ["t0", "", "", "", ""]
    assert [reason.split()[0] for reason in table["reason"][1:]] == ["its", "no", "no", "its"]
    _, table = joined(trips, drawn((150.0, 50 * 3_600.0, 1.0, 25.0)), at("A-B", "far"), at("B-C"))
    assert table["reason"].tolist() == ["no driver can come then with the charge to reach it and room for the energy"]
    far = at("C-D", price_per_kwh=5.0)
    dear = SURE.model_copy(update={"joining": JoinOptions(home_share=1.0)})
    wishes, table = joined(trips, drawn(*rows[:1]), far, options=dear)
    assert (len(wishes), table["reason"].tolist()) == (0, ["it costs every driver too much"])


def test_a_charge_that_does_not_last_to_a_station_is_a_need_there_is_no_session_for(street: RoadGraph):
    trips = along(street, ["ABCDEF"], 0.02 + 1.2 * 0.175 / 50)
    wishes, table = joined(trips, drawn((150.0, 600.0, 10.0, 25.0)), at("D-E"))
    assert table["origin"].tolist() == ["session", "need"]
    assert table["trip_id"].tolist() == ["", "t0"]
    assert wishes.station.tolist() == [""]


def test_a_long_stay_goes_to_who_ends_there_and_a_short_one_to_who_passes(street: RoadGraph):
    trips = along(street, ["ABCDEF", "ABCDE"], [0.5, 0.48])  # 1,000 m and 500 m on foot from the station
    for dwell_s, holder, stays in ((4 * 3_600.0, "t1", True), (300.0, "t0", False)):
        wishes, table = joined(trips, drawn((150.0, dwell_s, 5.0, 25.0)), at("C-D"))
        assert (table["trip_id"][0], bool(table["stays"][0])) == (holder, stays)
        assert wishes.stay_s.tolist() == [dwell_s]


def test_who_charges_at_home_holds_fewer_sessions(grid: RoadGraph):
    trips = evs(wandering_trips(grid, 60, end_s=600.0))
    shares = {}
    for home_share in (0.0, 0.5, 1.0):
        # A session without a driver costs as much as the dearer energy: who charges at home holds none that costs more.
        options = SURE.model_copy(update={"joining": JoinOptions(home_share=home_share, most_cost=6.0)})
        dear = at("22-32", price_per_kwh=0.85)
        _, table = joined(trips, drawn(*[(300.0, 300.0, 10.0, 25.0)] * 10), dear, options=options)
        shares[home_share] = (join_counts(table)["held"], table["charges_at_home"].sum())
    assert shares[0.0] == (10, 0)
    assert shares[0.5][1] < 5
    assert shares[1.0] == (0, 0)


def test_a_driver_in_need_comes_first_and_without_a_session_wishes_all_the_same(street: RoadGraph):
    a_km = 0.175 / 50
    trips = along(street, ["ABCDEF"] * 3, [0.5, 0.02 + 1.2 * a_km, 0.02 + 0.4 * a_km], gap_s=5.0)
    wishes, table = joined(trips, drawn((50.0, 300.0, 0.1, 25.0)), at("B-C"))
    counts = join_counts(table)
    assert table["trip_id"].tolist() == ["t1", "t2"]
    assert table["origin"].tolist() == ["session", "need"]
    assert counts == {
        "drawn": 1, "held": 1, "without_driver": 0, "needing": 2, "needs_held": 1, "needs_without_session": 1,
        "wishes": 2,
    }  # fmt: skip
    assert wishes.station.tolist() == ["s", ""]
    assert wishes.target[1] == SURE.target
    # What was drawn would not bring it to its end: it takes as much as that needs.
    assert wishes.target[0] == pytest.approx(SURE.reserve_charge + 1.5 * a_km)


def test_the_assignment_is_the_cheapest_of_all():
    generator = np.random.default_rng(5)
    for _ in range(20):
        cost = generator.uniform(0, 10, (3, 5))
        session, driver = np.divmod(np.flatnonzero(generator.random(15) < 0.7), 5)
        zeros = np.zeros(len(session))
        pairs = Candidates(
            session=session, driver=driver, cost=cost[session, driver], arrive_s=zeros, charge=zeros,
            onward_kwh=zeros, detour_s=zeros, to_end_m=zeros, stays=zeros.astype(bool),
        )  # fmt: skip
        rows = assigned(pairs, pairs.cost, without=6.0)
        total = pairs.cost[rows].sum() + 6.0 * (len(np.unique(session)) - len(rows))
        whole = np.full((3, 8), 6.0)
        whole[:, :5] = np.inf
        whole[session, driver] = pairs.cost
        lone = 3 - len(np.unique(session))
        best = min(whole[range(3), columns].sum() for columns in permutations(range(8), 3)) - 6.0 * lone
        assert total == pytest.approx(best)
        assert len(set(session[rows])) == len(set(driver[rows])) == len(rows)


@pytest.mark.parametrize("seed", range(4))
def test_no_wish_is_beyond_the_roads_the_battery_or_the_day(grid: RoadGraph, seed: int):
    generator = np.random.default_rng(seed)
    trips = wandering_trips(grid, 120, end_s=1_800.0, seed=seed)
    trips = evs(trips, generator.uniform(0.021, 0.95, len(trips)))
    trips = replace(trips, battery_kwh=np.where(generator.random(len(trips)) < 0.2, np.nan, 50.0))
    trips = replace(trips, state_of_charge=np.where(np.isnan(trips.battery_kwh), np.nan, trips.state_of_charge))
    stations = (at("11-21", "a", opening=((0.0, 900.0),)), at("44-43", "b", price_per_kwh=0.7), at("30-31", "c"))
    parts = []
    for place in range(3):
        missing = generator.uniform(1, 45, 30)
        rows = zip(
            generator.uniform(0, 1_800, 30), generator.lognormal(7.5, 1, 30), missing * 0.8, missing, strict=True
        )
        parts.append(drawn(*rows, station=place))
    options = SURE.model_copy(update={"choice": StationChoice()})
    sessions = StationSessions.joined(parts)
    wishes, table = joined(trips, sessions, *stations, options=options)
    counts, held = join_counts(table), table[(table["origin"] == "session") & (table["trip_id"] != "")]
    assert counts["drawn"] == len(sessions) == counts["held"] + counts["without_driver"]
    assert counts["needing"] == counts["needs_held"] + counts["needs_without_session"]
    assert len(wishes) == counts["wishes"] == counts["held"] + counts["needs_without_session"] > 20
    assert held["trip_id"].is_unique
    assert (held["session_s"] - held["arrive_s"]).abs().max() <= JoinOptions().most_shift_s
    assert (held["energy_kwh"] <= held["driver_missing_kwh"] + 1e-9).all()
    assert (table.loc[table["trip_id"] == "", "reason"] != "").all()
    assert held.loc[held["station"] == "a", "arrive_s"].max() < 900.0
    assert np.isfinite(trips.battery_kwh[wishes.trip]).all()
    # Whoever holds a session can reach its station, and goes there if nobody must wait.
    roomy = tuple(replace(one, plugs=(Plugs(count=150, power_kw=50.0),)) for one in stations)
    plan = plan_stops(trips, wishes, roomy, options=options, chance=CHANCE)
    bound = wishes.station != ""
    assert [roomy[place].id for place in plan.chosen[bound]] == wishes.station[bound].tolist()


def test_a_new_station_moves_no_session_of_the_others_and_the_same_seed_gives_the_same(grid: RoadGraph):
    trips = evs(wandering_trips(grid, 80, end_s=1_800.0))
    one = drawn(*[(200.0 * n, 400.0, 9.0, 25.0) for n in range(6)])
    other = drawn(*[(200.0 * n + 50, 400.0, 9.0, 25.0) for n in range(6)], station=1)
    options = SURE.model_copy(update={"choice": StationChoice()})
    alone, base = joined(trips, one, at("11-21", "a"), options=options)
    again, _ = joined(trips, one, at("11-21", "a"), options=options)
    assert (alone.trip == again.trip).all()
    assert (alone.target == again.target).all()
    both = StationSessions.joined([one, other])
    _, more = joined(trips, both, at("11-21", "a"), at("44-43", "b"), options=options)
    kept = (more["trip_id"][:6] == base["trip_id"]).mean()
    assert kept >= 5 / 6
    assert (more["trip_id"][6:] != "").all()


def test_nothing_drawn_and_nobody_electric_are_no_wishes(street: RoadGraph):
    trips = along(street, ["ABCDEF"])
    wishes, table = joined(trips, drawn(), at("D-E"))
    assert (len(wishes), len(table), list(table)) == (0, 0, list(WISH_COLUMNS))
    plain = replace(trips, battery_kwh=np.full(1, np.nan), state_of_charge=np.full(1, np.nan))
    wishes, table = joined(plain, drawn((150.0, 600.0, 5.0, 25.0)), at("D-E"))
    assert len(wishes) == 0
    assert "no driver can come" in table["reason"][0]


def test_what_no_session_can_be_is_all_named():
    with pytest.raises(InputError) as caught:
        StationSessions(
            name=np.array(["a", "a"], object), station=np.array([-1, 0]), arrive_s=np.array([np.nan, 0.0]),
            dwell_s=np.array([-5.0, 1.0]), energy_kwh=np.array([1.0, 9.0]), missing_kwh=np.array([2.0, 3.0]),
        )  # fmt: skip
    for words in ("some twice", "from 0", "arrive_s of at least 0, got nan", "got -5", "lacks, 3 kWh, got 9"):
        assert words in str(caught.value), words
    with pytest.raises(TripError, match="stays of at least 0 s"):
        ChargingWishes(
            trip=np.array([0]), target=np.array([0.5]), patience_s=np.array([1.0]), reserves=np.array([False]),
            stay_s=np.array([-1.0]),
        )  # fmt: skip


def test_wrong_weights_of_joining_are_all_named():
    with pytest.raises(ValidationError) as caught:
        JoinOptions(home_share=2, most_cost=0, sessions_a_plug_week=-1, most_shift_s=-5, checkpoint="../model")
    said = str(caught.value)
    for name in ("home_share", "most_cost", "sessions_a_plug_week", "most_shift_s", "checkpoint"):
        assert name in said


@pytest.mark.slow
def test_a_hundred_thousand_trips_take_seconds(grid: RoadGraph):
    trips = evs(wandering_trips(grid, 2_000, end_s=21_600.0))
    order = np.sort(np.random.default_rng(0).integers(0, 2_000, 100_000))
    lengths = trips.route_lengths[order]
    place = np.repeat(trips.offsets[:-1][order] - np.cumsum(lengths) + lengths, lengths) + np.arange(lengths.sum())
    many = replace(
        trips, trip_id=np.array([f"m{n}" for n in range(100_000)], object), depart_s=trips.depart_s[order],
        offsets=np.concatenate([[0], np.cumsum(lengths)]), edges=trips.edges[place],
        vehicle_type=trips.vehicle_type[order], battery_kwh=trips.battery_kwh[order],
        state_of_charge=np.random.default_rng(1).uniform(0.1, 0.9, 100_000),
    )  # fmt: skip
    stations = [at(edge, f"s{n}") for n, edge in enumerate(grid.edge_id[::2].tolist())]
    generator = np.random.default_rng(2)
    parts = [
        drawn(*zip(generator.uniform(0, 21_600, 20), np.full(20, 900.0), np.full(20, 9.0), np.full(20, 20.0),
                   strict=True), station=place)
        for place in range(len(stations))
    ]  # fmt: skip
    begin = time.process_time()
    _, table = joined(many, StationSessions.joined(parts), *stations)
    assert time.process_time() - begin < 20.0
    assert join_counts(table)["held"] == 20 * len(stations)
