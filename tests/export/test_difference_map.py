"""The map colours what is more than chance, greys the rest, and marks what cannot be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from tests.towns import make_town
from trafficdiff.export.difference_map import DifferenceStyle, draw_difference_map, limit_of

if TYPE_CHECKING:
    from pathlib import Path

    from trafficdiff.datatypes.graph import RoadGraph

STYLE = DifferenceStyle(title="a town", legend="vehicles", limit=10.0, remarks=("means over 6 pairs of runs",))
BLACK = (17, 17, 17)
BOTH = np.full(8, "both", object)


def drawn(
    town: RoadGraph, path: Path, *, changes: np.ndarray, shown: np.ndarray, status: np.ndarray = BOTH
) -> dict[tuple[int, int, int], int]:
    """Return how many pixels left of the colour bar, and off the legend, have each colour."""
    draw_difference_map(town, changes, distinguishable=shown, status=status, style=STYLE, path=path, background=None)
    image = Image.open(path).convert("RGB")
    image = image.crop((0, 60, int(image.width * 0.85), int(image.height * 0.82)))
    return {colour: count for count, colour in image.getcolors(10**6)}


def orange(colours: dict[tuple[int, int, int], int]) -> int:
    return sum(count for (red, green, blue), count in colours.items() if red > green > blue and red - blue > 60)


def purple(colours: dict[tuple[int, int, int], int]) -> int:
    return sum(count for (red, green, blue), count in colours.items() if blue > red > green and blue - green > 30)


def grey(colours: dict[tuple[int, int, int], int]) -> int:
    """Return how many pixels are grey, darker than roads without traffic and lighter than the scale bar."""
    return sum(count for (red, green, blue), count in colours.items() if red == green == blue and 150 < red < 210)


@pytest.mark.parametrize("size", [10.0, 0.5])
def test_more_is_orange_and_less_is_purple_even_if_little(square_town: RoadGraph, tmp_path: Path, size: float) -> None:
    everywhere = np.ones(8, bool)
    more = drawn(square_town, tmp_path / "a.png", changes=np.full(8, size), shown=everywhere)
    assert orange(more) > 1_000
    assert purple(more) == 0
    less = drawn(square_town, tmp_path / "b.png", changes=np.full(8, -size), shown=everywhere)
    assert purple(less) > 1_000
    assert orange(less) == 0


def test_larger_changes_are_wider(square_town: RoadGraph, tmp_path: Path) -> None:
    everywhere = np.ones(8, bool)
    little = drawn(square_town, tmp_path / "a.png", changes=np.full(8, 1.0), shown=everywhere)
    much = drawn(square_town, tmp_path / "b.png", changes=np.full(8, 10.0), shown=everywhere)
    assert orange(much) > 1.5 * orange(little)


def test_what_is_not_distinguishable_is_grey_however_large(square_town: RoadGraph, tmp_path: Path) -> None:
    colours = drawn(square_town, tmp_path / "a.png", changes=np.full(8, 50.0), shown=np.zeros(8, bool))
    assert orange(colours) == purple(colours) == 0
    assert grey(colours) > 500
    unused = drawn(square_town, tmp_path / "b.png", changes=np.full(8, np.nan), shown=np.zeros(8, bool))
    assert grey(unused) == 0
    assert sum(count for (red, green, blue), count in unused.items() if red == green == blue and 210 < red < 250) > 200


def test_removed_roads_are_black_and_have_no_colour_whatever_their_numbers(
    square_town: RoadGraph, tmp_path: Path
) -> None:
    status = np.full(8, "removed", object)
    colours = drawn(square_town, tmp_path / "a.png", changes=np.full(8, 9.0), shown=np.ones(8, bool), status=status)
    assert colours[BLACK] > 300
    assert orange(colours) == 0


def test_added_roads_are_drawn_from_the_other_network(square_town: RoadGraph, tmp_path: Path) -> None:
    nodes = {"A": (0.0, 0.0), "B": (100.0, 0.0), "C": (0.0, 100.0), "D": (100.0, 100.0)}
    changed = make_town(nodes, [("A", "D"), ("A", "B"), ("B", "D")])
    path = tmp_path / "a.png"
    draw_difference_map(
        square_town, np.zeros(8), distinguishable=np.zeros(8, bool), status=BOTH, style=STYLE, path=path,
        background=None, added=changed, is_added=changed.edge_id == "A-D",
    )  # fmt: skip
    image = Image.open(path).convert("RGB")
    across, down = image.size
    middle = image.crop((int(0.3 * across), int(0.35 * down), int(0.55 * across), int(0.65 * down)))
    assert BLACK in {colour for _, colour in middle.getcolors(10**6)}


def test_the_file_says_how_it_was_made(square_town: RoadGraph, tmp_path: Path) -> None:
    drawn(square_town, tmp_path / "a.png", changes=np.zeros(8), shown=np.zeros(8, bool))
    with Image.open(tmp_path / "a.png") as image:
        assert image.text["Title"] == "a town"
        assert "means over 6 pairs of runs" in image.text["Description"]


@pytest.mark.parametrize(
    ("changes", "limit"),
    [([0.0, np.nan], 1.0), ([3.0, -4.9], 5.0), ([0.011, 0.0], 0.02), ([-1_000.0], 1_000.0), ([], 1.0)],
)
def test_the_scale_ends_at_a_round_number(changes: list[float], limit: float) -> None:
    assert limit_of(np.array(changes)) == pytest.approx(limit)
