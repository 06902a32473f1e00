"""What is kept is what a fresh one would give."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.workflows.ensembles import scenario_of
from trafficdiff.workflows import supplies as supplies_module
from trafficdiff.workflows.remarks import collecting_warnings
from trafficdiff.workflows.supplies import Supplies, WarmSupplies

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.trips import TripSet

pytestmark = pytest.mark.sumo


def drawn(supplies: Supplies, net: Path, *, sample: int = 0, **changes: object) -> TripSet:
    scenario = scenario_of(net, **changes)  # type: ignore[arg-type]
    return supplies.trips(scenario, supplies.roads(scenario.network, net.parent), sample=sample, folder=net.parent)


def assert_same(one: TripSet, other: TripSet) -> None:
    assert np.array_equal(one.edges, other.edges)
    assert np.array_equal(one.depart_s, other.depart_s)
    assert one.provenance == other.provenance


def test_scenarios_of_one_sample_share_roads_and_trips(grid_net: Path) -> None:
    warm = WarmSupplies()
    first = drawn(warm, grid_net)
    again = drawn(warm, grid_net, name="another", gates={"completion_share_min": 0.5})
    assert again is first
    assert warm.drawn == 1
    assert_same(first, drawn(Supplies(), grid_net))


@pytest.mark.parametrize(
    "changes",
    [{"sample": 1}, {"seed": 43}, {"trips": 21}, {"window": {"begin_s": 0, "end_s": 121}}],
    ids=["sample", "seed", "demand", "window"],
)
def test_whatever_changes_the_trips_has_them_drawn_anew(grid_net: Path, changes: dict[str, object]) -> None:
    warm = WarmSupplies()
    drawn(warm, grid_net)
    assert_same(drawn(warm, grid_net, **changes), drawn(Supplies(), grid_net, **changes))  # type: ignore[arg-type]
    assert warm.drawn == 2


def test_a_network_that_was_written_again_is_read_again(grid_net: Path, tmp_path: Path) -> None:
    net = tmp_path / "town.net.xml"
    net.write_bytes(grid_net.read_bytes())
    warm = WarmSupplies()
    before = warm.roads(str(net), tmp_path)
    assert warm.roads(str(net), tmp_path) is before
    net.write_text(net.read_text().replace('speed="13.89"', 'speed="8.33"'))
    assert warm.roads(str(net), tmp_path).speed_limit_ms.max() < before.speed_limit_ms.max()


def test_what_was_warned_of_is_said_for_every_scenario(grid_net: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = supplies_module.draw_trips

    def warning(*arguments: object, **keywords: object) -> object:
        logging.getLogger("trafficdiff.demand").warning("three trips are odd")
        return usual(*arguments, **keywords)  # type: ignore[arg-type]

    monkeypatch.setattr(supplies_module, "draw_trips", warning)
    warm = WarmSupplies()
    for _ in range(2):
        with collecting_warnings() as said:
            drawn(warm, grid_net)
        assert said == ["three trips are odd"]
