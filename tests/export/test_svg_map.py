"""A map in a page is small, whole, and lets no name become markup."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from defusedxml import ElementTree

from tests.towns import square_town
from trafficdiff.export.frame import frame_of
from trafficdiff.export.svg_gauge import draw_gauge
from trafficdiff.export.svg_map import Mark, RoadStyle, draw_roads
from trafficdiff.export.svg_paths import area_path, line_path, on_canvas

STYLES = (RoadStyle("quiet", "#aaaaaa", 20), RoadStyle("loud", "#aa0000", 60), RoadStyle("gone", "#000000", 50, "9 5"))
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = '"><script>alert(1)</script>'


def draw(lines: np.ndarray, kinds: np.ndarray, **changes: object) -> str:
    options = {"marks": (), "background": None, "title": "A town", "description": "Roads.", "name": "m"} | changes
    return str(draw_roads(square_town(), lines, kinds=kinds, styles=STYLES, **options))


def crooked(count: int) -> np.ndarray:
    """Return roads of five points each all over the square town."""
    generator = np.random.default_rng(1)
    starts = generator.uniform(0, 90, (count, 1, 2))
    steps = np.cumsum(generator.uniform(-3, 3, (count, 5, 2)), axis=1)
    return np.asarray(shapely.linestrings(starts + steps))


def test_5000_roads_stay_under_a_third_of_a_megabyte_and_are_a_path_a_class() -> None:
    lines = crooked(5_000)
    drawn = draw(lines, np.arange(5_000) % 3)
    assert len(drawn) < 310_000
    picture = ElementTree.fromstring(drawn)
    roads = [path for path in picture.iter(f"{SVG}path") if path.get("class", "").startswith("road")]
    assert [path.get("class") for path in roads] == ["road quiet", "road loud", "road gone"]
    assert sum(path.get("d").count("M") for path in roads) > 4_900
    assert roads[2].get("stroke-dasharray") == "9 5"


def test_a_path_leads_through_the_points_of_its_line() -> None:
    line = shapely.linestrings([[(0, 100), (50, 100), (50, 50)]])
    placed = on_canvas(np.array([line[0]], object), frame_of(square_town()), width=10_400)
    (begin, middle, end) = shapely.get_coordinates(placed).round().astype(int).tolist()
    steps = f"{middle[0] - begin[0]} {middle[1] - begin[1]} {end[0] - middle[0]} {end[1] - middle[1]}"
    assert line_path(placed) == f"M{begin[0]} {begin[1]}l{steps}"
    assert middle[0] - begin[0] == pytest.approx(50 * 10_400 / frame_of(square_town()).width_m, abs=1)
    assert end[1] > middle[1]


def test_roads_that_are_not_to_be_drawn_and_those_outside_are_left_out() -> None:
    far = shapely.linestrings([[(9_000, 9_000), (9_100, 9_000)], [(10, 10), (90, 10)]])
    assert 'class="road' not in draw(far, np.array([0, -1]))
    assert draw(far, np.array([0, 0])).count('class="road') == 1


def test_holes_stay_holes_and_specks_go() -> None:
    square = shapely.box(0, 0, 100, 100).difference(shapely.box(40, 40, 60, 60))
    path = area_path(np.array([square, shapely.box(0, 0, 5, 5)], object), smallest=900)
    assert path.count("z") == 2
    assert area_path(np.array([shapely.box(0, 0, 5, 5)], object), smallest=900) == ""


def test_the_background_is_drawn_by_kind_and_what_is_none_of_its_kinds_is_not() -> None:
    town = square_town()
    ring = town.to_lonlat(np.array([(10.0, 10.0), (90.0, 10.0), (90.0, 90.0), (10.0, 10.0)])).tolist()
    features = [
        {"type": "Feature", "properties": {"kind": kind}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
        for kind in ("water", "secret")
    ]
    drawn = draw(crooked(3), np.zeros(3, int), background={"type": "FeatureCollection", "features": features})
    assert drawn.count('class="water"') == 1
    assert "secret" not in drawn


def test_marks_do_not_stand_on_each_other_and_names_stay_text() -> None:
    marks = [Mark(label=str(place), xy=(50.0, 50.0), title=HOSTILE) for place in range(1, 11)]
    drawn = draw(crooked(3), np.zeros(3, int), marks=marks, title=HOSTILE, description=HOSTILE)
    assert "<script" not in drawn
    picture = ElementTree.fromstring(drawn)
    places = np.array([(float(c.get("cx")), float(c.get("cy"))) for c in picture.iter(f"{SVG}circle")])
    assert len(places) == 10
    apart = np.linalg.norm(places[:, None] - places[None], axis=2) + 1e9 * np.eye(10)
    assert apart.min() > 2 * 130
    assert next(title.text for title in picture.iter(f"{SVG}title")) == HOSTILE
    assert not [element for element in picture.iter() if "style" in element.attrib]


def test_a_gauge_puts_zero_in_the_middle_and_the_interval_on_its_side() -> None:
    picture = ElementTree.fromstring(str(draw_gauge(-4.0, low=-8.0, high=-2.0)))
    band = next(picture.iter(f"{SVG}rect"))
    left, wide = float(band.get("x")), float(band.get("width"))
    assert left < left + wide < 80
    assert draw_gauge(1.0, low=float("nan"), high=float("nan")) == ""
