"""A place's numbers are those that one counts by hand, wherever the place lies and however it is turned."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.diffusion.places import made_scene
from tests.roads.test_scenes import scene_of
from tests.towns import make_town
from trafficdiff.errors import InputError
from trafficdiff.roads.scene_traits import TRAITS, bent, has_traits, traits_of

if TYPE_CHECKING:
    from trafficdiff.datatypes.graph import RoadGraph

NAMES = [trait.name for trait in TRAITS]


def grid(side: int = 5, block_m: float = 200.0, *, degrees: float = 0.0, east_m: float = 0.0) -> RoadGraph:
    """A grid of two-way streets, turned and moved."""
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    flat = {f"{chr(97 + x)}{y}": (block_m * x, block_m * y) for x in range(side) for y in range(side)}
    pairs = [
        (one, other) for one, (x, y) in flat.items() for other, (u, v) in flat.items()
        if abs(x - u) + abs(y - v) == block_m
    ]  # fmt: skip
    turned = {name: (cosine * x - sine * y + east_m, sine * x + cosine * y) for name, (x, y) in flat.items()}
    return make_town(turned, pairs)


def numbers(town: RoadGraph) -> dict[str, float]:
    return dict(zip(NAMES, traits_of(scene_of(town)), strict=True))


def test_a_grid_is_described_as_one_counts_it() -> None:
    found = numbers(grid())
    assert found["streets"] == 80
    assert found["block_length"] == pytest.approx(200.0)
    assert found["block_spread"] == pytest.approx(1.0)
    assert found["grid"] == pytest.approx(1.0)
    assert found["curves"] == 0.0
    assert found["extent"] == pytest.approx(0.8, rel=0.15)
    assert found["elongation"] == pytest.approx(1.0, abs=0.3)
    assert np.isnan(found["places"])
    assert np.isnan(found["floor_area"])


def test_turning_and_moving_a_town_changes_nothing_but_its_zones() -> None:
    one, other = numbers(grid()), numbers(grid(degrees=20, east_m=5_000))
    for name in ("streets", "block_length", "grid", "lanes", "ways_on", "street_density"):
        assert one[name] == pytest.approx(other[name], rel=1e-3), name


def test_blocks_of_twice_the_length_are_as_much_larger_as_those_of_half_are_smaller() -> None:
    small, middle, large = (bent(traits_of(scene_of(grid(block_m=length)))) for length in (100.0, 200.0, 400.0))
    place = NAMES.index("block_length")
    assert large[place] - middle[place] == pytest.approx(middle[place] - small[place])
    assert middle[place] - small[place] == pytest.approx(math.log(2))


def test_scales_stay_finite_where_there_is_nothing() -> None:
    assert np.isfinite(bent(np.zeros(len(TRAITS)))).all()
    assert np.isnan(bent(np.full(len(TRAITS), np.nan))).all()


def test_a_scene_without_streets_is_refused() -> None:
    scene = made_scene(edges=0)
    assert not has_traits(scene)
    with pytest.raises(InputError, match="expected a scene with streets"):
        traits_of(scene)
