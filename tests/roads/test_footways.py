"""Nets that are given footways: the same roads to drive on, sides and crossings to walk on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.towns import write_cross_net, write_grid_net, write_walking_net
from trafficdiff.datatypes.footways import read_footways
from trafficdiff.datatypes.lanes import read_lanes
from trafficdiff.datatypes.signals import read_signals
from trafficdiff.datatypes.vehicles import class_bit
from trafficdiff.errors import NetworkError
from trafficdiff.roads.footways import with_footways
from trafficdiff.roads.netfile import read_net

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph

pytestmark = pytest.mark.sumo


@pytest.fixture(scope="module")
def cross(tmp_path_factory: pytest.TempPathFactory) -> RoadGraph:
    """Crossroads with a signal, no footways."""
    return read_net(write_cross_net(tmp_path_factory.mktemp("cross")), name="cross")


@pytest.fixture(scope="module")
def walked(cross: RoadGraph, tmp_path_factory: pytest.TempPathFactory) -> RoadGraph:
    """The same with footways."""
    return with_footways(cross, directory=tmp_path_factory.mktemp("walked"))


def test_one_drives_as_before_and_walks_beside(cross: RoadGraph, walked: RoadGraph) -> None:
    for name in ("edge_id", "lanes", "successor_offsets", "successor_edges", "speed_limit_ms", "node_signalised"):
        assert np.array_equal(getattr(cross, name), getattr(walked, name)), name
    assert (walked.allowed_classes & class_bit("pedestrian")).all()
    footways = read_footways(walked.net_path)
    assert footways.edge_id.tolist() == walked.edge_id.tolist()
    assert footways.crossings == 4
    assert len(set(footways.part.tolist())) == 1
    assert len(read_footways(cross.net_path)) == 0


def test_car_lanes_move_up_by_one_and_keep_their_turns_and_lights(cross: RoadGraph, walked: RoadGraph) -> None:
    before, after = read_lanes(cross), read_lanes(walked)
    assert len(after) == len(before) + cross.edge_count
    assert (after.allowed[after.index == 0] == class_bit("pedestrian")).all()

    def turns(graph: RoadGraph, up: int) -> set[tuple[object, ...]]:
        lanes = read_lanes(graph)
        kept = zip(
            lanes.edge[lanes.turn_from], lanes.index[lanes.turn_from] - up, lanes.edge[lanes.turn_to],
            lanes.index[lanes.turn_to] - up, lanes.turn_signal, lanes.turn_link, strict=True,
        )  # fmt: skip
        return set(kept)

    assert turns(walked, 1) == turns(cross, 0)


def test_every_crossing_with_a_signal_gets_green_within_a_cycle_of_the_same_length(
    cross: RoadGraph, walked: RoadGraph
) -> None:
    ((signal, before),) = read_signals(cross.net_path).items()
    after = read_signals(walked.net_path)[signal]
    links = len(before.phases[0].state)
    assert sum(phase.duration_s for phase in after.phases) == sum(phase.duration_s for phase in before.phases)
    assert len(after.phases[0].state) == links + 4
    green_s = [
        sum(phase.duration_s for phase in after.phases if phase.state[link] in "Gg") for link in range(links, links + 4)
    ]
    assert min(green_s) >= 5


@pytest.mark.slow
def test_drivers_yield_at_crossings_only_if_asked_to(tmp_path: Path) -> None:
    grid = read_net(write_grid_net(tmp_path, side=2, junctions="priority"), name="grid")

    def crossing_states(graph: RoadGraph) -> set[object]:
        from lxml import etree

        from trafficdiff.screening import open_screened

        with open_screened(graph.net_path, error=NetworkError) as stream:
            root = etree.parse(stream).getroot()
        crossings = {edge.get("id") for edge in root.iter("edge") if edge.get("function") == "crossing"}
        return {link.get("state") for link in root.iter("connection") if link.get("to") in crossings}

    plain = with_footways(grid, directory=tmp_path / "plain")
    zebras = with_footways(grid, directory=tmp_path / "zebras", drivers_yield=True)
    assert crossing_states(plain) == {"m"}
    assert crossing_states(zebras) == {"M"}
    assert read_footways(plain.net_path).crossings == read_footways(zebras.net_path).crossings > 0


def test_equal_nets_give_equal_bytes_and_footways_are_left_alone(
    cross: RoadGraph, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    one, other = (with_footways(cross, directory=tmp_path / name) for name in ("one", "other"))
    assert one.net_path.read_bytes() == other.net_path.read_bytes()
    assert with_footways(one, directory=tmp_path / "again") is one
    (tmp_path / "own").mkdir()
    own = read_net(write_walking_net(tmp_path / "own"), name="walk")
    assert with_footways(own, directory=tmp_path / "kept") is own
    assert not caplog.messages
    assert with_footways(own, directory=tmp_path / "kept", drivers_yield=True) is own
    assert "stays as it is" in caplog.text
    assert len(read_footways(own.net_path)) == own.edge_count


def test_a_road_closed_to_people_on_foot_gets_no_side(cross: RoadGraph, tmp_path: Path) -> None:
    text = cross.net_path.read_text()
    name = str(cross.edge_id[0])
    start = text.index(f'<edge id="{name}"')
    end = text.index("</edge>", start)
    closed = tmp_path / "closed.net.xml"
    closed.write_text(text[:start] + text[start:end].replace(" speed=", ' disallow="pedestrian" speed=') + text[end:])
    walked = with_footways(read_net(closed, name="closed"), directory=tmp_path / "walked")
    assert name not in read_footways(walked.net_path).edge_id.tolist()
    assert len(read_footways(walked.net_path)) == cross.edge_count - 1
