"""Roads and junctions: what counts where, and which is the most dangerous."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from tests.towns import make_town
from tests.tracking import Path, path, straight, tracks_of
from trafficdiff.metrics.safety_events import conflicts
from trafficdiff.metrics.safety_numbers import safety_numbers
from trafficdiff.metrics.safety_rates import hot_spots, poisson_interval, rate_changes, shrunk_rates
from trafficdiff.metrics.safety_sites import is_junction, site_counts, sites_of

if TYPE_CHECKING:
    from trafficdiff.datatypes.graph import RoadGraph

TIME_S = np.arange(0, 40, 0.1)


@pytest.fixture(scope="module")
def avenue() -> RoadGraph:
    """Three crossings at x = 0, 200, 400 with arms of 100 m: A, B and C."""
    nodes = {name: (200.0 * place, 0.0) for place, name in enumerate("ABC")}
    nodes |= {f"{name}{arm}": (nodes[name][0], y) for name in "ABC" for arm, y in (("n", 100.0), ("s", -100.0))}
    nodes |= {"W": (-100.0, 0.0), "E": (500.0, 0.0)}
    pairs = [("W", "A"), ("A", "B"), ("B", "C"), ("C", "E")]
    pairs += [pair for name in "ABC" for pair in ((f"{name}s", name), (name, f"{name}n"))]
    return make_town(nodes, pairs)


def traffic(avenue: RoadGraph, *, late_s: dict[str, float], seed: int = 0, flows: int = 6) -> dict[str, Path]:
    """Return cars along the avenue, and at each crossing cars from the south that come so long after one of them."""
    rng = np.random.default_rng(seed)
    users: dict[str, Path] = {}
    for k in range(flows):
        clock = TIME_S + 100.0 * k
        moved = rng.uniform(-0.2, 0.2)
        x = -100 + 15 * (TIME_S - moved)
        users[f"e{k}"] = _on(
            avenue, straight(clock - 100 * k, start=(-100 - 15 * moved, 0), heading=0, speed=15), clock, x, 0 * x
        )
        for name, after_s in late_s.items():
            at_s = (avenue.node_xy[list(avenue.node_id).index(name), 0] + 100) / 15 + moved + after_s
            start = -10 * at_s
            place = float(avenue.node_xy[list(avenue.node_id).index(name), 0])
            y = start + 10 * TIME_S
            one = straight(TIME_S, start=(place, start), heading=np.pi / 2, speed=10)
            users[f"{name}{k}"] = _on(avenue, one, clock, np.full(len(TIME_S), place), y)
    return users


def _on(avenue: RoadGraph, one: Path, clock: np.ndarray, x: np.ndarray, y: np.ndarray) -> Path:
    """Return a path at its clock and on its edges; what lies outside the town is cut."""
    kept = (x >= -100) & (x <= 500) & (np.abs(y) <= 100)
    edge = np.full(len(x), -1, np.int32)
    for name, (low, high) in {"W-A": (-100, -8), "A-B": (8, 192), "B-C": (208, 392), "C-E": (408, 500)}.items():
        edge[(y == 0) & (x >= low) & (x <= high)] = avenue.edge_index[name]
    for name, place in (("A", 0.0), ("B", 200.0), ("C", 400.0)):
        edge[(x == place) & (y < -8)] = avenue.edge_index[f"{name}s-{name}"]
        edge[(x == place) & (y > 8)] = avenue.edge_index[f"{name}-{name}n"]
    columns = one.columns | {"time_s": clock, "edge": edge}
    return Path({key: np.asarray(value)[kept] for key, value in columns.items()}, *one[1:])


def test_a_place_belongs_to_the_junction_30_m_before_and_10_m_behind_it(avenue: RoadGraph) -> None:
    x = np.array([0.0, 5.0, 12.0, 100.0, 165.0, 175.0, 198.0, 470.0])
    edge = np.array([-1, *[avenue.edge_index["A-B"]] * 6, avenue.edge_index["C-E"]])
    names = np.concatenate([avenue.edge_id, avenue.node_id])
    found = names[sites_of(avenue, x_m=x, y_m=np.zeros(8), edge=edge)]
    assert found.tolist() == ["A", "A", "A-B", "A-B", "A-B", "B", "B", "C-E"]
    assert sorted(avenue.node_id[is_junction(avenue)]) == ["A", "B", "C"]


def test_kilometres_add_up_to_what_was_driven(avenue: RoadGraph) -> None:
    tracks = tracks_of(**traffic(avenue, late_s={"B": 1.0}, flows=2))
    found = site_counts(tracks, conflicts(tracks), avenue)
    driven_m = np.hypot(np.diff(tracks.x_m), np.diff(tracks.y_m))[np.diff(tracks.user) == 0].sum()
    assert found["vehicle_km"].sum() == pytest.approx(driven_m / 1000)
    assert found.loc[found["site"] == "A", "vehicle_km"].iloc[0] == pytest.approx(2 * 0.04, abs=0.004)


def test_a_planted_dangerous_junction_is_ranked_first(avenue: RoadGraph) -> None:
    # everywhere cars cross behind others; at B alone with a second between, elsewhere with two and a half
    samples = []
    for seed in range(5):
        tracks = tracks_of(**traffic(avenue, late_s={"A": 2.9, "B": 1.3, "C": 2.9}, seed=seed))
        samples.append(site_counts(tracks, conflicts(tracks), avenue))
    found = hot_spots(samples)
    first = found.iloc[0]
    assert (first["kind"], first["site"]) == ("junction", "B")
    assert first["events"] == 6
    assert first["rate"] == pytest.approx(6 / first["vehicle_km"] * 1e6)
    assert first["low"] <= first["rate"] <= first["high"]
    assert found["events"].iloc[1:].sum() == 0


def test_mending_the_junction_is_told_from_chance(avenue: RoadGraph) -> None:
    pairs = []
    for seed in range(5):
        each = []
        for late_s in ({"A": 1.3, "B": 1.3}, {"A": 1.3, "B": 2.9}):
            rng = np.random.default_rng(seed)
            tracks = tracks_of(**traffic(avenue, late_s=late_s, seed=seed, flows=int(rng.integers(4, 8))))
            each.append(site_counts(tracks, conflicts(tracks), avenue))
        pairs.append((each[0], each[1]))
    found = rate_changes(pairs).set_index("site")
    assert found.loc["B", "distinguishable"]
    assert found.loc["B", "difference"] < 0
    assert found.loc["B", "high"] < 0
    assert not found.loc["A", "distinguishable"]
    assert found.loc["A", "difference"] == 0
    assert found.index[0] == "B"


def test_the_numbers_of_the_area_are_those_of_its_tables(avenue: RoadGraph) -> None:
    tracks = tracks_of(**traffic(avenue, late_s={"A": 1.3}))
    events = conflicts(tracks)
    sites = site_counts(tracks, events, avenue)
    found = safety_numbers(tracks, events, sites)
    assert found["near_misses"] == 6
    assert found["near_miss_rate"] == pytest.approx(6 / sites["vehicle_km"].sum())
    assert found["hard_brakings"] == found["high_jerks"] == found["box_collisions"] == 0


def test_who_walks_and_stops_at_once_has_not_braked_hard() -> None:
    time_s = np.arange(0, 6, 0.1)
    stops = {"x": np.minimum(3.0 * time_s, 9.0), "speed": np.where(time_s < 3, 3.0, 0.0)}
    found = {}
    for kind in ("pedestrian", "bicycle"):
        tracks = tracks_of(one=path(time_s, kind=kind, **stops))
        found[kind] = safety_numbers(tracks, conflicts(tracks), pd.DataFrame({"vehicle_km": [1.0]}))["hard_brakings"]
    assert found == {"pedestrian": 0, "bicycle": 1}


def test_little_driven_pulls_a_rate_towards_the_others() -> None:
    count, driven = np.array([1.0, 40.0, 10.0, 10.0]), np.array([0.01, 1.0, 1.0, 1.0])
    found = shrunk_rates(count, driven)
    assert found.argmax() == 1  # 1 in 0.01 is a rate of 100, and luck
    assert count.sum() / driven.sum() < found[1] < 40
    alike = shrunk_rates(np.array([10.0, 10.0]), np.array([1.0, 1.0]))
    np.testing.assert_allclose(alike, 10)
    assert len(shrunk_rates(np.zeros(0), np.zeros(0))) == 0


def test_bounds_of_a_count_are_garwoods() -> None:
    assert poisson_interval(0, confidence=0.95)[:2] == pytest.approx((0, 3.6889), abs=1e-3)
    assert poisson_interval(10, confidence=0.95)[:2] == pytest.approx((4.7954, 18.3904), abs=1e-3)


def test_a_place_that_one_sample_alone_has_is_zero_in_the_others() -> None:
    columns = {"kind": "road", "name": "", "x_m": 0.0, "y_m": 0.0, "collisions": 0}
    one = pd.DataFrame([{"site": "p", "vehicle_km": 10.0, "near_misses": 20, **columns}])
    two = pd.DataFrame([{"site": "q", "vehicle_km": 10.0, "near_misses": 0, **columns}])
    found = hot_spots([one, two]).set_index("site")
    assert found.loc["p", ["vehicle_km", "events"]].tolist() == [5.0, 10.0]
    assert found.loc["p", "rate"] == pytest.approx(2e6)
