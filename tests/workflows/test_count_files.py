"""Counts are found beside a scenario file, kept only when they are sound, and become its demand."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from trafficdiff.datatypes.scenario_files import parse_scenario
from trafficdiff.errors import InputError
from trafficdiff.store.workspace import Workspace
from trafficdiff.workflows.count_files import calibrated_to, count_files, keep_counts

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph
    from trafficdiff.datatypes.scenario import Scenario

EDGE_DATA = '<data><interval begin="0" end="3600"><edge id="{edge}" entered="5"/></interval></data>'


def counts_of(graph: RoadGraph, *, edge: str | None = None, count: float = 5) -> bytes:
    return f"edge,begin,end,count\n{edge or graph.edge_id[0]},0,3600,{count}\n".encode()


def scenario(**demand: object) -> Scenario:
    return parse_scenario({"name": "x", "network": "helsinki", "demand": demand})


def test_only_what_looks_like_counts_is_offered(tmp_path: Path) -> None:
    home = tmp_path / "scenarios"
    home.mkdir()
    (home / "b.csv").write_text("count,edge,begin,end\n")
    (home / "stations.csv").write_text("id,lon,lat\n")
    (home / "a.xml").write_text(EDGE_DATA.format(edge="x"))
    (home / "a.rou.xml").write_text("<routes><vehicle/></routes>")
    (home / "z.xml.gz").write_bytes(gzip.compress(EDGE_DATA.format(edge="x").encode()))
    (home / "broken.xml.gz").write_bytes(b"no gzip")
    (home / "base.yaml").write_text("name: x\n")
    assert count_files(Workspace(tmp_path), "scenarios") == ["a.xml", "b.csv", "z.xml.gz"]
    assert count_files(Workspace(tmp_path), "elsewhere") == []
    with pytest.raises(InputError, match="inside the folder"):
        count_files(Workspace(tmp_path), "../..")


def test_sound_counts_are_kept_once_and_another_content_gets_another_name(
    tmp_path: Path, square_town: RoadGraph
) -> None:
    folder = Workspace(tmp_path)

    def kept(count: float) -> str:
        content = counts_of(square_town, count=count)
        return keep_counts(folder, "scenarios", file_name="../Zählung 1.csv", content=content, graph=square_town)

    first = kept(5)
    assert (tmp_path / "scenarios" / first).read_bytes() == counts_of(square_town)
    assert "/" not in first
    assert kept(5) == first
    assert kept(6) != first
    assert len(count_files(folder, "scenarios")) == 2


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"edge,begin,end,count\nnowhere,0,3600,5\nA,0,3600,-1\n", "not in the net"),
        ("a.xml", b"<data><interval", "cut"),
        ("a.exe", b"", "expected counts as .csv"),
        ("a.csv", b"edge,begin,end,count\n" + b"#" * 20_000_001, "of at most 20 MB"),
    ],
    ids=["unknown edge", "broken", "another kind", "large"],
)
def test_faulty_counts_are_refused_and_nothing_is_written(
    name: str, content: bytes, said: str, tmp_path: Path, square_town: RoadGraph
) -> None:
    with pytest.raises(InputError, match=said):
        keep_counts(Workspace(tmp_path), "", file_name=name, content=content, graph=square_town)
    assert list(tmp_path.iterdir()) == []


def test_the_demand_keeps_its_trips_and_vehicles_and_goes_back_to_the_model() -> None:
    mix = {"car": 0.9, "truck": 0.1}
    gravity = scenario(kind="gravity", trips=70, vehicle_mix=mix, fringe_factor=3)
    wanted = calibrated_to(gravity, "c.csv")
    assert wanted == {"kind": "calibrated", "trips": 70, "vehicle_mix": mix, "counts": "c.csv"}
    pulled = scenario(**wanted)
    assert calibrated_to(pulled, "d.csv") == wanted | {"counts": "d.csv"}
    assert calibrated_to(pulled, None) == {"kind": "model", "trips": 70, "vehicle_mix": mix}
    with_trips = scenario(kind="calibrated", trips=70, counts="c.csv", observed="o.parquet", checkpoint="m.safetensors")
    assert calibrated_to(with_trips, None) == {
        "kind": "calibrated", "trips": 70, "checkpoint": "m.safetensors", "observed": "o.parquet",
    }  # fmt: skip
