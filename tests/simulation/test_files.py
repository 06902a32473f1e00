"""What SUMO is given, and how it is called."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from lxml import etree

from tests.simulation.conftest import trips_on
from trafficdiff.datatypes.control import Control
from trafficdiff.datatypes.scenario import SimulationOptions, Window
from trafficdiff.errors import ScenarioError
from trafficdiff.simulation.files import command_of, final_time_s, write_inputs

if TYPE_CHECKING:
    from trafficdiff.datatypes.graph import RoadGraph

pytestmark = pytest.mark.sumo


def command(cross: RoadGraph, directory: Path, *, window: Window | None = None, **options: object) -> list[str]:
    chosen = SimulationOptions.model_validate(options)
    files = write_inputs(trips_on(cross, [["NC", "CS"]], [0.0]), options=chosen, directory=directory, seed=1)
    return command_of(files, graph=cross, options=chosen, window=window or Window(), seed=7, progress=False)


def value_of(words: list[str], option: str) -> str:
    return words[words.index(option) + 1]


def test_the_command_fixes_the_seed_refuses_validation_and_opens_no_port(cross: RoadGraph, tmp_path: Path) -> None:
    words = command(cross, tmp_path)
    assert value_of(words, "--seed") == "7"
    for option in ("--xml-validation", "--xml-validation.net", "--xml-validation.routes"):
        assert value_of(words, option) == "never"
    assert not [word for word in words if "remote-port" in word]


def test_sumo_is_the_native_program_and_not_the_wrapper(cross: RoadGraph, tmp_path: Path) -> None:
    program = Path(command(cross, tmp_path)[0]).read_bytes()[:4]
    assert program in {b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe"}  # Linux, macOS


def test_only_the_net_is_named_by_a_path(cross: RoadGraph, tmp_path: Path) -> None:
    words = command(cross, tmp_path, tracks=True)
    assert [word for word in words[1:] if "/" in word] == [str(cross.net_path.resolve())]


def test_sumo_runs_to_the_end_of_clearing(cross: RoadGraph, tmp_path: Path) -> None:
    window = Window(begin_s=100, end_s=172_000.5, clear_s=50)
    assert final_time_s(window) == 172_050.5
    words = command(cross, tmp_path, window=window, step_s=0.5)
    assert value_of(words, "--begin") == "100"
    assert value_of(words, "--end") == "172050.5"


def test_emissions_are_recorded_only_when_asked(cross: RoadGraph, tmp_path: Path) -> None:
    for emissions, expected in ((True, ["traffic", "emissions"]), (False, ["traffic"])):
        command(cross, tmp_path, emissions=emissions)
        root = etree.parse(str(tmp_path / "outputs.add.xml")).getroot()
        assert [child.get("id") for child in root] == expected


def test_meso_always_has_junction_control(cross: RoadGraph, tmp_path: Path) -> None:
    words = command(cross, tmp_path, resolution="meso")
    assert {"--mesosim", "--meso-junction-control"} <= set(words)


def test_nobody_reroutes_unless_asked(cross: RoadGraph, tmp_path: Path) -> None:
    assert not [word for word in command(cross, tmp_path) if "rerouting" in word]
    assert value_of(command(cross, tmp_path, rerouting_share=0.25), "--device.rerouting.period") == "300"


def devices(graph: RoadGraph, directory: Path, names: list[str], *, share: float, **more: Any) -> list[str]:
    """Return who gets a rerouting device."""
    trips = trips_on(graph, [["NC", "CS"]] * len(names), [float(place) for place in range(len(names))])
    trips = replace(trips, trip_id=np.array(names, object))
    options = SimulationOptions(rerouting_share=share)
    files = write_inputs(trips, options=options, directory=directory, seed=1, **more)
    root = etree.fromstring(gzip.decompress(files.routes.read_bytes()))
    return [one.get("id") for one in root.iter("vehicle") if one.find("param[@key='has.rerouting.device']") is not None]


def test_who_reroutes_depends_on_the_trip_alone(cross: RoadGraph, tmp_path: Path) -> None:
    names = [str(place) for place in range(400)]
    some = devices(cross, tmp_path, names, share=0.3)
    assert 0.2 < len(some) / len(names) < 0.4
    assert devices(cross, tmp_path, names[::2], share=0.3) == [name for name in some if int(name) % 2 == 0]
    assert set(some) < set(devices(cross, tmp_path, names, share=0.6))
    assert devices(cross, tmp_path, names, share=1.0) == names
    assert devices(cross, tmp_path, names, share=0.0) == []


def test_whose_route_a_measure_gave_keeps_it(cross: RoadGraph, tmp_path: Path) -> None:
    held = Control(keeps_route=("1", "3"))
    assert devices(cross, tmp_path, list("01234"), share=1.0, control=held) == ["0", "2", "4"]
    assert not (tmp_path / "control.add.xml").exists()


def test_times_that_sumo_would_round_are_all_named_at_once(cross: RoadGraph, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"(?s)begin_s to be a multiple.*period_s to be a multiple"):
        command(cross, tmp_path, window=Window(begin_s=0.5, end_s=100, clear_s=0), period_s=10.5)


def test_a_step_that_does_not_divide_a_second_is_refused(cross: RoadGraph, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="divides one second"):
        command(cross, tmp_path, window=Window(begin_s=0, end_s=300, clear_s=0), step_s=0.3, period_s=30)
