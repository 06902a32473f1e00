"""``trafficdiff build``: where the roads lie is shown, and a box that cannot be meant is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.commands import trafficdiff
from tests.roads.mini_osm import write_osm

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.sumo


@pytest.mark.slow
def test_the_bounds_are_in_the_table_and_in_the_json(tmp_path: Path) -> None:
    town = write_osm(tmp_path / "town.osm")
    told = json.loads(trafficdiff("build", town, "-o", tmp_path / "one", "--json").stdout)["bounds"]
    west, south, east, north = told
    assert 24.93 < west < east < 24.96
    assert 60.16 < south < north < 60.18
    table = trafficdiff("build", town, "-o", tmp_path / "two").stdout
    (row,) = [line for line in table.splitlines() if "bounds (W,S,E,N)" in line]
    shown = [float(number) for number in row.strip("│ ").split("│")[1].split(",")]
    assert shown == pytest.approx(told, abs=1e-6)


@pytest.mark.parametrize(
    ("box", "said"),
    [
        ("", "--bbox: expected four numbers W,S,E,N in degrees, got ''"),
        ("24.9,60.1", "--bbox: expected four numbers"),
        ("nan,60.1,25,60.2", "expected four finite numbers"),
        ("25,60.2,24.9,60.1", "its corners in order are 24.9,60.1,25,60.2"),
        (
            "10,50,10.000001,50.1",
            "inside the area 10,50,10.000001,50.1, got no road at all; the roads of the extract lie",
        ),
    ],
)
def test_a_box_that_cannot_be_meant_is_refused(box: str, said: str, tmp_path: Path) -> None:
    town = write_osm(tmp_path / "town.osm")
    answer = trafficdiff("build", town, "--bbox", box, "-o", tmp_path / "built")
    assert answer.returncode == 2
    assert said in answer.stderr
    assert not (tmp_path / "built").exists()


@pytest.mark.slow
def test_a_places_name_without_the_internet_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    answer = trafficdiff("build", "Kotka, Finland", "-o", tmp_path / "built")
    assert answer.returncode == 2
    (line,) = [line for line in answer.stderr.splitlines() if line.startswith("error")]
    assert "a place name needs the internet: give an OSM file" in line
