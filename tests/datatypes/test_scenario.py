"""Scenario files: both ways, and every fault at once."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from trafficdiff.datatypes.scenario import (
    Gates,
    GravityDemand,
    ModelDemand,
    RouteChoice,
    Scenario,
    SimulationOptions,
    UniformDemand,
    Window,
)
from trafficdiff.datatypes.scenario_files import parse_scenario, read_scenario, scenario_schema, write_scenario
from trafficdiff.errors import ScenarioError

if TYPE_CHECKING:
    from pathlib import Path

SMALL: dict[str, Any] = {"name": "small", "network": "helsinki"}

names = st.from_regex(r"[A-Za-z0-9_ÅÄÖåäö][A-Za-z0-9_ .,()+-]{0,30}", fullmatch=True)
windows = st.tuples(st.floats(0, 80_000), st.floats(1, 3600)).map(lambda w: Window(begin_s=w[0], end_s=w[0] + w[1]))
demands = st.builds(
    GravityDemand,
    trips=st.integers(1, 10**6),
    profile=st.sampled_from(["flat", "morning_peak", "evening_peak", "day"]),
    electric_share=st.floats(0, 1),
    route_choice=st.builds(RouteChoice, spread=st.floats(0, 1), draws=st.integers(1, 64)),
) | st.builds(UniformDemand, trips=st.integers(1, 10**6), fringe_factor=st.floats(0, 1000))
demands |= st.builds(
    ModelDemand,
    profile=st.sampled_from(["flat", "day", "learned"]),
    checkpoint=st.sampled_from([None, "models/a b.safetensors", "/models/x.safetensors"]),
    fringe_share=st.none() | st.floats(0, 1),
    one_day=st.booleans(),
    steps=st.integers(3, 64),
    guidance=st.floats(0, 5),
    prior_share=st.floats(0, 1),
)
scenarios = st.builds(
    Scenario,
    name=names,
    network=st.sampled_from(["helsinki", "a/net.xml.gz", "/data/Zürich.osm.pbf", "7:30", "no", "010"]),
    description=st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=40)
    | st.sampled_from(["1e5", "7:30", "no", "~", "0x1F", ".5", "2024-10-08"]),
    date=st.dates(),
    window=windows,
    demand=demands,
    simulation=st.builds(SimulationOptions, threads=st.integers(1, 64), emissions=st.booleans()),
    gates=st.builds(Gates, completion_share_min=st.floats(0, 1)),
    seed=st.integers(0, 2**31 - 1),
)


def refused(**changes: Any) -> str:
    with pytest.raises(ScenarioError) as raised:
        parse_scenario(SMALL | changes)
    return str(raised.value)


@pytest.mark.parametrize("suffix", [".yaml", ".json"])
@settings(max_examples=40, deadline=None)
@given(scenario=scenarios)
def test_what_is_written_is_read_back(
    scenario: Scenario, suffix: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / f"scenario{suffix}"
    write_scenario(scenario, path)
    again = read_scenario(path)
    assert again == scenario
    assert again.hash == scenario.hash


def test_defaults_are_enough_but_for_name_and_network() -> None:
    scenario = parse_scenario(SMALL)
    assert scenario.demand == ModelDemand()
    assert scenario.window.end_s - scenario.window.begin_s == 3600


def test_a_checkpoint_stays_beside_the_scenario_and_only_the_model_has_learned_departures() -> None:
    message = refused(demand={"kind": "model", "checkpoint": "../x", "steps": 2, "fringe_share": 1.5, "guidance": 6})
    assert message.startswith("scenario: 4 faults")
    assert "demand.checkpoint: expected a path without '..', got '../x'" in message
    assert "got 'learned'" in refused(demand={"kind": "gravity", "profile": "learned"})
    assert "demand.fringe_factor: unknown key" in refused(demand={"kind": "model", "fringe_factor": 5})
    assert "demand.trips" in refused(demand={"kind": "model", "trips": 0})


def test_the_hash_does_not_depend_on_the_order_of_keys_or_on_spelled_out_defaults() -> None:
    spelled = parse_scenario({"seed": 42, "network": "helsinki", "window": {"end_s": 28800.0}, "name": "small"})
    assert spelled.hash == parse_scenario(SMALL).hash
    assert parse_scenario(SMALL | {"seed": 43}).hash != spelled.hash


def test_the_hash_is_the_same_in_another_process_with_another_time_zone() -> None:
    code = f"from trafficdiff.datatypes.scenario_files import parse_scenario; print(parse_scenario({SMALL}).hash)"
    environment = {"PYTHONHASHSEED": "1", "TZ": "Asia/Kolkata"}
    other = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    assert other.stdout.strip() == parse_scenario(SMALL).hash


def test_all_faults_are_listed_at_once() -> None:
    message = refused(
        network="../secret",
        windo={"begin_s": 0},
        window={"begin_s": 7200, "end_s": 3600},
        demand={"kind": "gravity", "trips": -5},
        time_zone="Mars/Olympus",
    )
    assert message.startswith("scenario: 5 faults")
    assert "windo: unknown key" in message
    assert "network: expected a path without '..', got '../secret'" in message
    assert "window: expected end_s after begin_s, got 7200 to 3600" in message
    assert "demand.trips: expected a number from 1 up, got -5" in message
    assert "time_zone: expected an IANA time zone such as 'Europe/Helsinki', got 'Mars/Olympus'" in message


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": ""}, "name: "),
        ({"name": "<script>"}, "name: "),
        ({"network": ""}, "network: "),
        ({"network": "a\\..\\b"}, "expected a path without '..'"),
        ({"demand": {"kind": "file", "path": "x/../../y"}}, "demand.path: expected a path without '..'"),
        ({"demand": {"kind": "file", "path": ""}}, "demand.path: expected text of at least 1 character(s), got ''"),
        (
            {"demand": {"kind": "file", "path": "a.rou.xml", "type_files": ["../b.add.xml"]}},
            "demand.type_files: expected a path without '..'",
        ),
        (
            {"demand": {"kind": "file", "path": "a.parquet", "type_files": ["b.add.xml"]}},
            "demand: expected type_files beside a .rou.xml[.gz] file only, got them beside 'a.parquet'",
        ),
        (
            {"demand": {"kind": "calibrated"}},
            "demand: expected counts, totals or observed trips to calibrate to, got none",
        ),
        ({"demand": {"kind": "calibrated", "counts": "../x.csv"}}, "demand.counts: expected a path without '..'"),
        ({"demand": {"kind": "calibrated", "counts": "a.csv", "zones": "z.geojson"}}, "expected totals beside zones"),
        ({"demand": {"kind": "magic"}}, "expected a `kind` among 'model', 'calibrated', 'uniform', 'gravity', 'file'"),
        ({"demand": {"trips": 5}}, "expected a `kind` among 'model', 'calibrated', 'uniform', 'gravity', 'file'"),
        ({"demand": {"kind": "uniform", "vehicle_mix": {}}}, "expected shares that add up to 1, got 0"),
        ({"demand": {"kind": "uniform", "vehicle_mix": {"car": 0.5}}}, "expected shares that add up to 1, got 0.5"),
        ({"demand": {"kind": "uniform", "vehicle_mix": {"tank": 1.0}}}, "expected vehicle types among"),
        ({"demand": {"kind": "uniform", "electric_share": 1.2}}, "electric_share: "),
        ({"window": {"begin_s": float("nan")}}, "window.begin_s: expected a finite number, got nan"),
        ({"window": {"begin_s": "7:30"}}, "window.begin_s: expected a number, got '7:30'"),
        ({"simulation": {"step_s": 0}}, "simulation.step_s: "),
        ({"simulation": {"resolution": "nano"}}, "simulation.resolution: "),
        ({"gates": {"completion_share_min": -0.1}}, "gates.completion_share_min: "),
        ({"seed": 2**31}, "seed: "),
        ({"date": "2024-13-01"}, "date: "),
    ],
    ids=str,
)
def test_impossible_values_are_refused(changes: dict[str, Any], said: str) -> None:
    assert said in refused(**changes)


def test_missing_keys_are_named() -> None:
    with pytest.raises(ScenarioError, match=r"(?s)name: missing.*network: missing"):
        parse_scenario({})


def test_what_came_is_cut_short() -> None:
    assert len(refused(name="a" * 100_000)) < 300


def test_a_scenario_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        parse_scenario(SMALL).seed = 7  # type: ignore[misc]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "expected a scenario, got an empty file; `trafficdiff init"),
        (b"# nothing\n", "expected a scenario, got an empty file; `trafficdiff init"),
        (b"[1, 2]", "expected keys with values (name: ..., network: ...), got a list"),
        (b"hello", "expected keys with values (name: ..., network: ...), got 'hello'"),
        (b"\xff\xfe", "expected text in UTF-8, got a binary file"),
        (b"a\0b", "expected text in UTF-8, got a binary file"),
        (b"name: [", "expected YAML, got line 1, column 8"),
        (b"seed: " + b"9" * 5_000, "expected numbers of at most thousands of digits"),
        (b"name: a\nname: b\nnetwork: x", "expected every key once, got name more than once"),
        (b"a: &a [x]\nb: *a", "anchors and aliases"),
        (b"name: !!python/object/apply:os.getcwd []", "expected YAML, got line 1, column 7"),
        (b"[" * 100_000 + b"]" * 100_000, "expected at most 20 levels"),
        (b"#" * 1_000_001, "expected at most 1 MB, got 1.0 MB"),
    ],
    ids=[
        "empty",
        "comment",
        "list",
        "word",
        "not text",
        "nul",
        "cut",
        "digits",
        "key twice",
        "aliases",
        "object",
        "nested",
        "large",
    ],
)
def test_files_that_are_no_scenario_are_refused(content: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_bytes(content)
    with pytest.raises(ScenarioError) as raised:
        read_scenario(path)
    assert said in str(raised.value)
    assert "bad.yaml" in str(raised.value)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 300 + len(str(path))


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path, came in ((tmp_path / "none.yaml", "No such file"), (tmp_path, "a folder")):
        with pytest.raises(ScenarioError, match=f"expected a YAML or JSON file, got {came}.*trafficdiff init"):
            read_scenario(path)


def test_a_byte_order_mark_as_windows_editors_write_it_is_no_fault(tmp_path: Path) -> None:
    for name in ("marked.yaml", "marked.json"):
        path = tmp_path / name
        path.write_text('{"name": "small", "network": "helsinki"}', encoding="utf-8-sig")
        assert read_scenario(path) == parse_scenario(SMALL)


def test_one_teleport_in_a_thousand_vehicles_is_the_most() -> None:
    assert parse_scenario(SMALL).gates.teleport_share_max == 0.001


def test_endless_nesting_in_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "deep.json"
    path.write_text("[" * 100_000 + "]" * 100_000)
    with pytest.raises(ScenarioError, match="endless nesting"):
        read_scenario(path)


def test_json_may_be_indented_with_tabs(tmp_path: Path) -> None:
    path = tmp_path / "tabs.json"
    path.write_text('{\n\t"name": "small",\n\t"network": "helsinki"\n}')
    assert read_scenario(path) == parse_scenario(SMALL)


def test_the_schema_describes_every_part_and_refuses_unknown_keys() -> None:
    schema = scenario_schema()
    assert schema["$schema"].endswith("2020-12/schema")
    assert schema["required"] == ["name"]
    assert schema["anyOf"] == [{"required": ["network"]}, {"required": ["base"]}]
    parts = [schema, *schema["$defs"].values()]
    assert all(part["additionalProperties"] is False for part in parts if part.get("type") == "object")
    json.dumps(schema)


def test_a_path_may_be_plain_text(tmp_path: Path) -> None:
    for suffix in (".yaml", ".json"):
        path = str(tmp_path / f"small{suffix}")
        write_scenario(parse_scenario(SMALL), path)
        assert read_scenario(path) == parse_scenario(SMALL)


def test_written_yaml_is_plain(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    write_scenario(parse_scenario(SMALL), path)
    assert yaml.safe_load(path.read_text())["demand"]["kind"] == "model"
    assert "!!" not in path.read_text()


SIX_MISTAKES = """\
name: base
network: helsinki
samples: many
demand:
  kind: gravity
  trips: -5
colour: red
measures:
  - kind: close_road
    where: {streets: [Mannerheimintie]}
  - kind: close_rod
    where: {streets: [Mannerheimintie]}
  - kind: speed_limit
    where: {}
    speed_kmh: 30
  - kind: weather
"""


def test_six_mistakes_are_told_in_one_answer_each_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "six.yaml"
    path.write_text(SIX_MISTAKES, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        read_scenario(path)
    said = [line.strip() for line in str(caught.value).splitlines()[1:]]
    assert [line.split(":")[0].removeprefix("- ") for line in said] == [
        "line 3", "line 6", "line 7", "line 11", "line 14", "line 16",
    ]  # fmt: skip
    assert "measures.1: expected a `kind` among 'close_road'" in said[3]
    assert "measures.2.where: expected at least one of" in said[4]
    assert "measures.3.condition: missing" in said[5]


def test_a_scenario_begins_from_a_base_in_its_folder(tmp_path: Path) -> None:
    close = {"kind": "close_road", "where": {"streets": ["A"]}}
    limit = {"kind": "speed_limit", "where": {"classes": ["primary"]}, "speed_kmh": 30}
    base = {"name": "base", "network": "helsinki", "seed": 7, "measures": [close]}
    (tmp_path / "base.yaml").write_text(json.dumps(base), encoding="utf-8")
    (tmp_path / "more.yaml").write_text(json.dumps({"base": "base.yaml", "name": "more", "measures": [limit]}))
    more = read_scenario(tmp_path / "more.yaml")
    assert more == parse_scenario({**base, "name": "more", "measures": [close, limit]})


def test_the_lines_of_measures_are_those_of_the_file_and_not_of_its_base(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(
        "name: base\nnetwork: helsinki\nmeasures:\n- {kind: close_road, where: {streets: [A]}}\n"
    )
    (tmp_path / "more.yaml").write_text("base: base.yaml\nname: more\nmeasures:\n- kind: weather\n")
    with pytest.raises(ScenarioError, match=r"line 4: measures\.0\.condition: missing"):
        read_scenario(tmp_path / "more.yaml")


@pytest.mark.parametrize("base", ["../base.yaml", "folder/base.yaml", "", 3, "missing.yaml", "more.yaml"])
def test_a_base_elsewhere_or_without_an_end_is_refused(base: object, tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text(json.dumps({"base": base, "name": "more"}), encoding="utf-8")
    with pytest.raises(ScenarioError):
        read_scenario(tmp_path / "more.yaml")
