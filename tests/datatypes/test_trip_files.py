import gzip
import json
import logging
import os
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.towns import square_town
from trafficdiff.datatypes.identifiers import is_refused
from trafficdiff.datatypes.trip_files import read_agents, read_trips, write_trips
from trafficdiff.datatypes.trips import TripSet
from trafficdiff.datatypes.vehicles import VEHICLE_TYPES, VehicleType
from trafficdiff.errors import StoreError, TripError

SUFFIXES = (".parquet", ".rou.xml", ".rou.xml.gz")
ARRAYS = ("trip_id", "depart_s", "offsets", "edges", "vehicle_type", "state_of_charge", "battery_kwh")
ROUND = ("A-B", "B-D", "D-C", "C-A")
BACK = ("B-A", "A-C", "C-D", "D-B")


def assert_same(first: TripSet, second: TripSet) -> None:
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    assert first.window_s == second.window_s
    assert first.vehicle_types == second.vehicle_types
    assert first.provenance == second.provenance
    if first.charging_stops is None:
        assert second.charging_stops is None
    else:
        pd.testing.assert_frame_equal(first.charging_stops, second.charging_stops)


def walks(count, random):
    """Routes around the block, any length, either way."""
    rows = []
    for _ in range(count):
        way, start, length = (ROUND, BACK)[random.integers(2)], random.integers(4), random.integers(1, 9)
        rows.append([way[(start + step) % 4] for step in range(length)])
    return rows


def make_trips(graph, rows, **columns):
    index = graph.edge_index
    count = len(rows)
    content = {
        "trip_id": np.array([f"t{place}" for place in range(count)], object),
        "depart_s": np.arange(count) * 0.25,
        "window_s": (0.0, 3_600.0),
        **columns,
    }
    return TripSet(
        graph=graph,
        offsets=np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64),
        edges=np.array([index[name] for row in rows for name in row], np.int32),
        **content,
    )


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(
    count=st.integers(1, 12),
    seed=st.integers(0, 2**32 - 1),
    name=st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=8).filter(
        lambda text: not is_refused(text)
    ),
    note=st.text(st.characters(blacklist_categories=["Cs"]), max_size=12) | st.just("--> -- <!-- ]]>"),
)
@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_written_and_read_trips_are_the_same(tmp_path, suffix, count, seed, name, note):
    random = np.random.default_rng(seed)
    electric = random.random(count) < 0.5
    trips = make_trips(
        square_town(),
        walks(count, random),
        trip_id=np.array([f"{name}{place}" for place in range(count)], object),
        depart_s=np.sort(random.uniform(0, 3_600, count)),
        vehicle_type=electric.astype(np.int32),
        vehicle_types=(
            VEHICLE_TYPES["car"],
            VehicleType("electric/co.é", "passenger", {"length": "4.5"}, {"has.battery.device": "true"}),
        ),
        state_of_charge=np.where(electric, random.random(count), np.nan),
        battery_kwh=np.where(electric, random.uniform(20, 90, count), np.nan),
        charging_stops=pd.DataFrame(
            {"trip": [0], "edge": [3], "station": ['"station" 1'], "duration_s": [1_800.1], "energy_kwh": [11.7]}
        )
        if electric[0]
        else None,
        provenance={"synthetic": "yes", "note": note},
    )
    path = tmp_path / f"trips{suffix}"
    write_trips(trips, path)
    assert_same(trips, read_trips(path, trips.graph))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_equal_trips_give_equal_bytes(tmp_path, suffix):
    graph = square_town()
    paths = [tmp_path / f"{name}{suffix}" for name in ("one", "two")]
    for path in paths:
        write_trips(make_trips(graph, [ROUND, BACK]), path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    if suffix.endswith(".gz"):
        assert paths[0].read_bytes()[3:8] == bytes(5)  # no name, no time


def test_routes_in_parquet_are_lists_of_edge_names_for_other_programs(tmp_path):
    import pyarrow.parquet as pq

    write_trips(make_trips(square_town(), [ROUND, BACK[:2]]), tmp_path / "trips.parquet")
    table = pq.read_table(tmp_path / "trips.parquet")
    assert table["route"].to_pylist() == [list(ROUND), list(BACK[:2])]


def test_many_row_groups_are_read_as_one(tmp_path, monkeypatch, generator):
    from trafficdiff.datatypes import trip_parquet

    monkeypatch.setattr(trip_parquet, "_ROW_GROUP", 3)
    trips = make_trips(square_town(), walks(20, generator))
    write_trips(trips, tmp_path / "trips.parquet")
    assert_same(trips, read_trips(tmp_path / "trips.parquet", trips.graph))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_unknown_edge_is_named_with_its_vehicle(tmp_path, suffix):
    graph = square_town()
    trips = make_trips(graph, [ROUND, ROUND, BACK[:3]])
    path = tmp_path / f"trips{suffix}"
    write_trips(trips, path)
    from tests.towns import make_town

    nodes = {"A": (0.0, 0.0), "B": (100.0, 0.0), "C": (0.0, 100.0), "D": (100.0, 100.0)}
    smaller = make_town(nodes, [tuple(name.split("-")) for name in graph.edge_id if name != "C-D"])
    with pytest.raises(TripError, match=r"'t2': edge 'C-D' is not in the net") as caught:
        read_trips(path, smaller)
    assert "'t0'" not in str(caught.value)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_failed_write_leaves_the_old_file_and_no_rubbish(tmp_path, suffix, monkeypatch):
    trips = make_trips(square_town(), [ROUND])
    path = tmp_path / f"trips{suffix}"
    write_trips(trips, path)
    before = path.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="no space left"):
        write_trips(make_trips(square_town(), [BACK]), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_file_that_is_cut_is_refused(tmp_path, suffix, share, generator):
    path = tmp_path / f"trips{suffix}"
    write_trips(make_trips(square_town(), walks(200, generator)), path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(TripError, match=path.name):
        read_trips(path, square_town())


def test_other_names_and_missing_files_are_refused(tmp_path):
    trips = make_trips(square_town(), [ROUND])
    for name in ("trips.csv", "trips"):
        with pytest.raises(TripError, match="ending in"):
            write_trips(trips, tmp_path / name)
        with pytest.raises(TripError, match="ending in"):
            read_trips(tmp_path / name, trips.graph)
    for suffix in SUFFIXES:
        with pytest.raises(TripError, match="No such file"):
            read_trips(tmp_path / f"none{suffix}", trips.graph)
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "other.parquet")
    with pytest.raises(TripError, match="as trafficdiff writes them"):
        read_trips(tmp_path / "other.parquet", trips.graph)


DESCRIPTION = {
    "format": 1,
    "window_s": [0, 9],
    "provenance": {},
    "vehicle_types": [{"name": "car", "vehicle_class": "passenger", "attributes": {}, "parameters": {}}],
}


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ("{", "damaged"),
        ("[]", "damaged"),
        ("null", "damaged"),
        ("{}", "damaged"),
        ("\ud83d", "damaged"),
        *(({key: DESCRIPTION[key] for key in DESCRIPTION if key != gone}, "damaged") for gone in DESCRIPTION),
        (DESCRIPTION | {"format": 2}, "expected trip format 1, got 2"),
        (DESCRIPTION | {"window_s": [0]}, "damaged"),
        (DESCRIPTION | {"window_s": "noon"}, "damaged"),
        (DESCRIPTION | {"provenance": []}, "damaged"),
        (DESCRIPTION | {"vehicle_types": [{"name": "car"}]}, "damaged"),
        (DESCRIPTION | {"vehicle_types": ["car"]}, "damaged"),
        (DESCRIPTION | {"vehicle_types": 7}, "damaged"),
        (DESCRIPTION | {"vehicle_types": []}, "expected vehicle types"),
        (
            DESCRIPTION | {"vehicle_types": [DESCRIPTION["vehicle_types"][0] | {"vehicle_class": "ufo"}]},
            "vehicle classes, got 'ufo'",
        ),
    ],
    ids=str,
)
def test_damaged_parquet_metadata_are_an_error_of_the_trips(tmp_path, metadata, message):
    import pyarrow.parquet as pq

    path = tmp_path / "trips.parquet"
    write_trips(make_trips(square_town(), [ROUND]), path)
    text = metadata if isinstance(metadata, str) else json.dumps(metadata)
    table = pq.read_table(path).replace_schema_metadata({"trafficdiff": text.encode("utf-8", "surrogatepass")})
    pq.write_table(table, path)
    with pytest.raises(TripError, match=rf"trips\.parquet: .*{message}"):
        read_trips(path, square_town())


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("trip_id", [7]),
        ("trip_id", [None]),
        ("vehicle_type", [None]),
        ("depart_s", ["noon"]),
        ("depart_s", [None]),
        ("state_of_charge", ["full"]),
        ("battery_kwh", [[1.0]]),
        ("route", ["A-B"]),
        ("route", [[1]]),
        ("route", [None]),
        ("charging_stops", [7]),
        ("charging_stops", [[{"edge": "A-B"}]]),
        ("charging_stops", [[{"edge": "A-B", "station": None, "duration_s": 1.0, "energy_kwh": 1.0}]]),
    ],
)
def test_damaged_parquet_columns_are_an_error_of_the_trips(tmp_path, name, values):
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "trips.parquet"
    write_trips(make_trips(square_town(), [ROUND]), path)
    table = pq.read_table(path)
    table = table.drop_columns([name]) if name in table.column_names else table
    pq.write_table(table.append_column(name, pa.array(values)), path)
    with pytest.raises(TripError):
        read_trips(path, square_town())


def read_text(tmp_path, text, **options):
    path = tmp_path / "routes.rou.xml"
    path.write_text(f"<routes>{text}</routes>")
    return read_trips(path, square_town(), **options)


def vehicle(name, depart, edges="A-B B-D", more=""):
    return f'<vehicle id="{name}" depart="{depart}" {more}><route edges="{edges}"/></vehicle>'


def test_unsorted_departures_are_sorted_and_counted(tmp_path, caplog):
    text = vehicle("late", 50) + vehicle("first", 1, "B-A A-C C-D") + vehicle("middle", "0:00:30")
    trips = read_text(tmp_path, text)
    assert trips.trip_id.tolist() == ["first", "middle", "late"]
    assert trips.depart_s.tolist() == [1.0, 30.0, 50.0]
    assert trips.route_lengths.tolist() == [3, 2, 2]
    assert "2 departures out of order" in caplog.text
    assert trips.window_s == (1.0, 51.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (vehicle("a", 1) + vehicle("a", 2), "unique trip ids.*a"),
        (vehicle("a", "nan"), "finite departures.*'a' at nan s"),
        (vehicle("a", "inf"), "finite departures.*'a' at inf s"),
        (vehicle("a b", 1, "nowhere") + vehicle("", 2), "2 of 2 that it refuses: 'a b', ''"),
        (vehicle("a b", 1, "nowhere"), "'nowhere' is not in the net.*'a b'"),
        ('<vType id="my car"/>' + vehicle("a", 1, more='type="my car"'), "'my car': expected an id that SUMO takes"),
        (vehicle("a", 1, more='type="my car"'), "'my car': expected an id that SUMO takes"),
        (vehicle("a", "triggered"), "'a'.*'triggered'"),
        ('<vehicle depart="1"><route edges="A-B"/></vehicle>', "an id"),
        ('<vehicle id="a" depart="1"/>', "'a': expected a route, got none"),
        ('<vehicle id="a" depart="1" route="r"/>', "route 'r' is not in the file"),
        (vehicle("a", 1, "A-B A-C"), "'a': expected an edge that follows 'A-B'.*got 'A-C'"),
        (vehicle("a", 1, ""), "'a': expected a route of at least one edge"),
        ('<trip id="a" depart="1" from="A-B" to="B-D"/><flow id="f"/><flow id="g"/>', "2 flows, 1 trips.*duarouter"),
        ('<vType id="x" accel="nan"/>' + vehicle("a", 1), "'x': expected a finite accel"),
        ('<vType id="x" vClass="spaceship"/>' + vehicle("a", 1), "'spaceship'"),
        ('<vehicle id="a" depart="1"><route edges="A-B" repeat="3"/></vehicle>', "repeats"),
        ('<vehicle id="a" depart="1"><routeDistribution/></vehicle>', "alternatives"),
        ("", "expected vehicles, got none"),
    ],
)  # fmt: skip
def test_what_sumo_would_take_in_silence_or_not_at_all_is_named(tmp_path, text, message):
    with pytest.raises(TripError, match=f"(?s){message}"):
        read_text(tmp_path, text)


def test_routes_by_reference_and_a_window_of_ones_own(tmp_path):
    text = '<route id="r" edges="A-B B-D"/><vehicle id="a" depart="7" route="r"/>'
    trips = read_text(tmp_path, text, window_s=(0.0, 100.0))
    assert trips.graph.edge_id[trips.edges].tolist() == ["A-B", "B-D"]
    assert trips.window_s == (0.0, 100.0)
    with pytest.raises(TripError, match=r"expected departures from 8 .*'a' at 7 s.*run from 7 to 7 s"):
        read_text(tmp_path, text, window_s=(8.0, 9.0))


def test_what_is_not_kept_is_counted_in_the_log(tmp_path, caplog):
    read_text(
        tmp_path, vehicle("a", 1, more='departSpeed="max"') + vehicle("b", 2, more='departSpeed="nan"') + "<person/>"
    )
    assert "attribute departSpeed (2)" in caplog.text
    assert "element person (1)" in caplog.text


def test_a_type_that_nobody_describes_is_reported_and_taken_as_a_car(tmp_path, caplog):
    trips = read_text(tmp_path, vehicle("a", 1, more='type="private"') + vehicle("b", 2, more='type="bus"'))
    assert [kind.vehicle_class for kind in trips.vehicle_types] == ["passenger", "bus"]
    assert "'private' of 1 vehicles is not described" in caplog.text
    caplog.clear()
    types = tmp_path / "types.add.xml"
    types.write_text('<additional><vType id="private" vClass="taxi" length="5"/></additional>')
    with caplog.at_level(logging.WARNING):
        trips = read_text(tmp_path, vehicle("a", 1, more='type="private"'), type_files=[types])
    assert trips.vehicle_types == (VehicleType("private", "taxi", {"length": "5"}),)
    assert not caplog.text


def test_the_reader_says_once_in_the_log_what_it_had_to_change(tmp_path, caplog):
    read_text(tmp_path, vehicle("late", 9, more='type="private" departSpeed="max"') + vehicle("early", 1))
    assert len(caplog.messages) == 3
    for words in ("1 departures out of order", "'private' of 1 vehicles", "attribute departSpeed (1)"):
        assert sum(words in message for message in caplog.messages) == 1
    assert all(message.startswith("routes.rou.xml: ") for message in caplog.messages)
    caplog.clear()
    read_text(tmp_path, vehicle("a", 1))
    assert not caplog.messages


def test_of_very_many_things_not_kept_the_first_kinds_are_named(tmp_path, caplog):
    more = " ".join(f'x{place}="1"' for place in range(40))
    read_text(tmp_path, vehicle("a", 1, more=more))
    (warning,) = caplog.messages
    assert "and 28 more kinds" in warning
    assert warning.index("x0 (1), attribute x1 (1), attribute x10 (1)")  # by name, not by the chance of a set


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_trips_outside_the_window_can_be_left_out_and_are_counted(tmp_path, suffix, caplog):
    trips = make_trips(square_town(), [ROUND, BACK[:2], ROUND[:1], BACK], depart_s=np.array([0.0, 10.0, 19.5, 20.0]))
    path = tmp_path / f"trips{suffix}"
    write_trips(trips, path)
    kept = read_trips(path, trips.graph, window_s=(10.0, 20.0), only_inside_window=True)
    assert kept.trip_id.tolist() == ["t1", "t2"]
    assert kept.route_lengths.tolist() == [2, 1]
    assert kept.window_s == (10.0, 20.0)
    assert caplog.messages == [
        f"trips{suffix}: 2 of 4 trips were left out: they depart outside 10 to 20 s (all departures run from 0 to 20 s)"
    ]
    caplog.clear()
    whole = read_trips(path, trips.graph, window_s=(0.0, 30.0), only_inside_window=True)
    assert (len(whole), whole.window_s, caplog.messages) == (4, (0.0, 30.0), [])
    with pytest.raises(TripError, match=r"trips\.\S+: expected departures from 25200.*from 0 to 20 s"):
        read_trips(path, trips.graph, window_s=(25_200.0, 28_800.0), only_inside_window=True)


@pytest.mark.parametrize(
    "members",
    [
        '<vTypeDistribution id="mix"><vType id="x" probability="3"/><vType id="y"/></vTypeDistribution>',
        '<vType id="x"/><vType id="y"/><vTypeDistribution id="mix" vTypes="x y" probabilities="0.75 0.25"/>',
    ],
)
def test_type_distributions_are_shared_out_close_to_their_probabilities(tmp_path, members):
    vehicles = "".join(vehicle(place, place, more='type="mix"') for place in range(400))
    trips = read_text(tmp_path, members + vehicles)
    names = np.array([kind.name for kind in trips.vehicle_types])[trips.vehicle_type]
    assert (names == "x").sum() == pytest.approx(300, abs=3)
    assert (names[:40] == "x").sum() == pytest.approx(30, abs=3)


def test_the_class_that_ignores_permissions_may_use_any_edge(tmp_path):
    from tests.towns import make_town
    from trafficdiff.datatypes.vehicles import class_mask

    nodes = {"A": (0.0, 0.0), "B": (100.0, 0.0), "C": (200.0, 0.0)}
    town = make_town(nodes, [("A", "B"), ("B", "C")], allowed={"B-C": class_mask(["bus"])})
    path = tmp_path / "routes.rou.xml"
    free = vehicle("a", 1, "A-B B-C", more='type="ignoring"')
    path.write_text(f"<routes>{free}</routes>")
    assert len(read_trips(path, town)) == 1
    path.write_text(f"<routes>{vehicle('a', 1, 'A-B B-C')}</routes>")
    with pytest.raises(TripError, match="closed to vehicle class 'passenger'"):
        read_trips(path, town)


@pytest.mark.parametrize("suffix", [".rou.xml", ".rou.xml.gz"])
def test_a_document_type_is_refused_before_parsing(tmp_path, suffix):
    path = tmp_path / f"bomb{suffix}"
    text = b'<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><routes>&b;</routes>'
    path.write_bytes(gzip.compress(text) if suffix.endswith("gz") else text)
    started = time.process_time()
    with pytest.raises(TripError, match="DOCTYPE"):
        read_trips(path, square_town())
    assert time.process_time() - started < 2


def test_batteries_as_sumo_writes_them_are_read(tmp_path):
    battery = (
        '<param key="device.battery.capacity" value="40000"/><param key="device.battery.chargeLevel" value="10000"/>'
    )
    text = f'<vehicle id="a" depart="1"><route edges="A-B"/>{battery}</vehicle>'
    trips = read_text(tmp_path, text)
    assert trips.state_of_charge.tolist() == [0.25]
    assert trips.battery_kwh.tolist() == [40.0]


def test_batteries_and_stops_stay_with_their_vehicle_when_sorted(tmp_path):
    stop = '[{"edge": "B-D", "station": "s", "duration_s": 60.0, "energy_kwh": 5.0}]'
    late = (
        '<vehicle id="late" depart="9"><route edges="A-B B-D"/><param key="trafficdiff.state_of_charge" value="0.5"/>'
        f'<param key="trafficdiff.battery_kwh" value="40.0"/><param key="trafficdiff.charging_stops" value=\'{stop}\'/>'
        "</vehicle>"
    )
    trips = read_text(tmp_path, late + vehicle("early", 1))
    np.testing.assert_array_equal(trips.state_of_charge, [np.nan, 0.5])
    np.testing.assert_array_equal(trips.battery_kwh, [np.nan, 40.0])
    assert trips.charging_stops.to_dict("records") == [
        {"trip": 1, "edge": trips.graph.edge_index["B-D"], "station": "s", "duration_s": 60.0, "energy_kwh": 5.0}
    ]


def test_requests_keep_vias_in_order(tmp_path):
    path = tmp_path / "cars.trips.xml"
    path.write_text(
        '<routes><vType id="van" vClass="delivery"/>'
        '<trip id="b" depart="9" from="A-B" to="C-A" via="B-D D-C" type="van"/>'
        '<trip id="a" depart="2" from="B-A" to="C-D"/></routes>'
    )
    agents = read_agents(path, square_town())
    names = agents.graph.edge_id
    assert names[agents.origin].tolist() == ["B-A", "A-B"]
    assert names[agents.destination].tolist() == ["C-D", "C-A"]
    assert agents.via_offsets.tolist() == [0, 0, 2]
    assert names[agents.via_edges].tolist() == ["B-D", "D-C"]
    assert [agents.vehicle_types[kind].vehicle_class for kind in agents.vehicle_type] == ["passenger", "delivery"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('<trip id="a" depart="1" fromTaz="x" toTaz="y"/>', "1 trips between zones"),
        ('<flow id="f" begin="0" end="9" from="A-B" to="B-D"/>', "1 flows"),
        (vehicle("a", 1), "1 vehicles"),
        ('<trip id="a" depart="1" from="A-B" to="nowhere"/>', "trip 'a': edge 'nowhere' is not in the net"),
        ('<trip id="a" depart="nan" from="A-B" to="B-D"/>', "finite departure"),
    ],
)
def test_requests_that_cannot_be_read_are_named(tmp_path, text, message):
    path = tmp_path / "cars.trips.xml"
    path.write_text(f"<routes>{text}</routes>")
    with pytest.raises(TripError, match=message):
        read_agents(path, square_town())


@pytest.mark.sumo
def test_sumo_takes_the_file_and_runs_every_trip(tmp_path, grid_net, grid_graph, generator):
    from trafficdiff.datatypes.scenario import UniformDemand
    from trafficdiff.demand.generate import generate
    from trafficdiff.process import run_program, sumo_program

    demand = UniformDemand(trips=60, electric_share=0.3)
    trips = generate(grid_graph, demand, window_s=(0.0, 300.0), generator=generator)
    write_trips(trips, tmp_path / "trips.rou.xml.gz")
    command = [
        sumo_program("sumo"), "-n", grid_net, "-r", tmp_path / "trips.rou.xml.gz", "--no-step-log", "--seed", "1",
        "--duration-log.statistics", "-X", "never", "--xml-validation.net", "never", "--xml-validation.routes", "never",
    ]  # fmt: skip
    finished = run_program(command, log=tmp_path / "log", deadline_s=60)
    assert finished.returncode == 0, finished.output
    assert "Inserted: 60" in finished.output
    assert "Error" not in finished.output


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.parametrize(
    ("city", "count"),
    [
        ("bologna", 11_000),
        ("wildau", 3_556),
        ("berlin_doerpfeldstr", 2_218),
        ("hamburg_tavf", 20_051),
        ("ingolstadt21", 4_283),
        ("ingolstadt7", 3_031),
    ],
)
def test_real_routes_are_read_and_survive_both_formats(data_folder, tmp_path, city, count):
    from trafficdiff.roads.netfile import read_net

    folder = data_folder / "cities" / city
    graph = read_net(folder / "net.net.xml.gz")
    trips = read_trips(folder / "cars.rou.xml.gz", graph)
    assert len(trips) == count
    for suffix in SUFFIXES:
        write_trips(trips, tmp_path / f"trips{suffix}")
        assert_same(trips, read_trips(tmp_path / f"trips{suffix}", graph))
    if (folder / "cars.trips.xml.gz").exists():
        agents = read_agents(folder / "cars.trips.xml.gz", graph)
        np.testing.assert_array_equal(agents.origin, trips.edges[trips.offsets[:-1]])
