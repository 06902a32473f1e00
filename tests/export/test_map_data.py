"""What the map's bytes say is what went in: unpacked here a second time, with nothing but the documented layout."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.towns import square_town
from trafficdiff.errors import InputError
from trafficdiff.export.map_data import MapData, MapPoints, RoadLines, RoadValues, VehicleTracks, encode, roads_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

LINES = [np.array([[24.9, 60.1], [24.91, 60.11], [24.92, 60.1]]), np.array([[24.92, 60.1], [24.9, 60.1]])]
ROADS = RoadLines(ids=["a", "b"], lines=LINES, names=["Kluuvi", ""], rank=[3, 0], two_way=[1, 0])


def unpacked(data: MapData) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return header and arrays as `map_packing` documents them."""
    assert data.blob[:4] == b"TDM1"
    assert data.blob[4:36].decode() == data.data_id
    content = zlib.decompress(data.blob[36:])
    length = int.from_bytes(content[:4], "little")
    header = json.loads(content[4 : 4 + length])
    arrays = {}
    for name, how in header["arrays"].items():
        begin = 4 + length + how["from"]
        arrays[name] = _array(np.frombuffer(content[begin : begin + how["bytes"]], np.uint8), how)
    return header, arrays


def _array(part: NDArray[np.uint8], how: dict[str, Any]) -> NDArray[Any]:
    shape, count = how["shape"], int(np.prod(how["shape"]))
    match how["packing"]:
        case "plain":
            return part.view(how["kind"]).reshape(shape)
        case "bits":
            return np.unpackbits(part)[:count].reshape(shape).astype(bool)
        case "half":
            return part.reshape(2, -1).T.copy().view("<f2").reshape(shape).astype(float)
        case "steps":
            return np.cumsum(part.reshape(4, -1).T.copy().view("<i4").reshape(shape), axis=-2, dtype=np.int64)
    raise AssertionError(how)


def lonlat_of(counts: NDArray[Any], *, bits: int = 30) -> NDArray[np.float64]:
    """Return Web Mercator counts as degrees: the inverse formula."""
    world = counts / 2.0**bits
    return np.stack(
        [(world[..., 0] - 0.5) * 360, np.degrees(np.arctan(np.sinh((0.5 - world[..., 1]) * 2 * np.pi)))], -1
    )


def test_roads_come_back_within_four_centimetres() -> None:
    header, arrays = unpacked(encode(roads=ROADS))
    found = lonlat_of(arrays["roads.xy"])
    metres = (found - np.concatenate(LINES)) * np.array([111_320 * np.cos(np.radians(60.1)), 111_320])
    assert np.abs(metres).max() < 0.04
    assert arrays["roads.offsets"].tolist() == [0, 3, 5]
    assert header["roads"]["ids"] == ["a", "b"]
    assert [header["roads"]["names"][place] for place in arrays["roads.name"]] == ["Kluuvi", ""]
    assert arrays["roads.rank"].tolist() == [3, 0]
    assert arrays["roads.two_way"].tolist() == [True, False]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(-1e7, 1e7, allow_subnormal=False) | st.just(float("nan")), min_size=1, max_size=30),
    st.integers(0, 3),
)
def test_values_come_back_within_a_thousandth_of_themselves_or_a_millionth_of_the_largest(
    values: list[float], intervals: int
) -> None:
    array = np.tile(np.array(values), (intervals, 1)) if intervals else np.array(values)
    edges_s = np.arange(intervals + 1.0) if intervals else None
    header, arrays = unpacked(encode(values={"x": RoadValues(values=array, interval_edges_s=edges_s)}))
    found = arrays["values.x.value"] * header["values"]["x"]["factor"]
    largest = np.nanmax(np.abs(array), initial=0.0)
    np.testing.assert_allclose(found, array, rtol=1e-3, atol=1e-6 * largest + 1e-7)


def test_bounds_and_masks_come_back() -> None:
    values = np.array([[1.0, 2.0, np.nan], [3.0, 4.0, 5.0]])
    layer = RoadValues(
        values=values,
        low=values - 1,
        high=values + 1,
        shown=np.array([True, False, True]),
        interval_edges_s=[0, 60, 120],
    )
    header, arrays = unpacked(encode(values={"delay": layer}))
    assert header["values"]["delay"]["interval_edges_s"] == [0, 60, 120]
    factor = header["values"]["delay"]["factor"]
    np.testing.assert_allclose(arrays["values.delay.low"] * factor, values - 1, rtol=1e-3)
    np.testing.assert_allclose(arrays["values.delay.high"] * factor, values + 1, rtol=1e-3)
    assert arrays["values.delay.shown"].tolist() == [[True, False, True]] * 2


def test_vehicles_come_back_within_thirty_centimetres_and_only_where_they_were_seen() -> None:
    lonlat = np.full((4, 2, 2), np.nan)
    lonlat[1:3, 0] = [[24.9, 60.1], [24.901, 60.1005]]
    header, arrays = unpacked(encode(vehicles=VehicleTracks(lonlat=lonlat, times_s=[0, 10, 20, 30], kind=[0, 1])))
    assert header["vehicles"]["times_s"] == [0, 10, 20, 30]
    assert arrays["vehicles.seen"].tolist() == [[False, True, True, False], [False] * 4]
    found = lonlat_of(arrays["vehicles.xy"], bits=27)[0, 1:3]
    metres = (found - lonlat[1:3, 0]) * np.array([111_320 * np.cos(np.radians(60.1)), 111_320])
    assert np.abs(metres).max() < 0.3
    assert arrays["vehicles.kind"].tolist() == [0, 1]


def test_holes_stay_holes_and_places_keep_their_names() -> None:
    outer = [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]
    hole = [[0.2, 0.2], [0.4, 0.2], [0.4, 0.4], [0.2, 0.2]]
    features = [
        {"properties": {"kind": "building"},
         "geometry": {"type": "MultiPolygon", "coordinates": [[outer], [outer, hole]]}},
        {"properties": {"kind": "green"}, "geometry": {"type": "Polygon", "coordinates": [outer]}},
        {"properties": {"kind": "railway"}, "geometry": {"type": "LineString", "coordinates": [[0, 0], [1, 1]]}},
        {"properties": {"kind": "place", "name": "<b>Ö</b>", "class": "town"},
         "geometry": {"type": "Point", "coordinates": [0.5, 0.5]}},
        {"properties": {"kind": "unknown"}, "geometry": {"type": "Point", "coordinates": [0.5, 0.5]}},
    ]  # fmt: skip
    header, arrays = unpacked(encode(background={"features": features}))
    assert arrays["areas.kind"].tolist() == [0, 2, 2]
    assert arrays["areas.rings"].tolist() == [0, 1, 2, 4]
    assert arrays["areas.offsets"].tolist() == [0, 4, 8, 12, 15]
    assert arrays["lines.kind"].tolist() == [1]
    assert header["background"]["places"] == [["<b>Ö</b>", "town"]]


def test_points_come_back() -> None:
    points = MapPoints(lonlat=np.array([[1.0, 2.0]]), labels=["A"], values=[3.5])
    header, arrays = unpacked(encode(points={"posts": points}))
    np.testing.assert_allclose(lonlat_of(arrays["points.posts.xy"]), [[1.0, 2.0]], atol=1e-6)
    assert header["points"]["posts"]["labels"] == ["A"]
    assert arrays["points.posts.value"].tolist() == [3.5]


def test_equal_input_gives_equal_bytes_and_other_input_another_id() -> None:
    assert encode(roads=ROADS) == encode(roads=ROADS)
    other = RoadValues(values=np.array([1.0, 2.0]))
    assert encode(roads=ROADS, values={"x": other}).data_id != encode(roads=ROADS).data_id


def test_both_directions_of_a_street_know_of_each_other() -> None:
    lines = roads_of(square_town())
    assert np.asarray(lines.two_way).all()
    assert len(lines.ids) == len(lines.lines)


def test_every_fault_is_told_at_once() -> None:
    wrong = RoadLines(ids=["a", "a"], lines=[LINES[0], LINES[1][:1]], names=["x"])
    with pytest.raises(InputError) as caught:
        encode(
            roads=wrong,
            values={"v": RoadValues(values=np.zeros(3)), "w": RoadValues(values=np.zeros((2, 2)), low=np.zeros(2))},
            vehicles=VehicleTracks(lonlat=np.zeros((3, 4, 2)), times_s=[0, 1]),
        )
    for part in (
        "unique ids",
        "2 names",
        "two points",
        "(2,) or (T, 2)",
        "expected low of shape",
        "3 interval_edges_s",
        "(2, V, 2)",
    ):
        assert part in str(caught.value), part
