"""Distances grow with strangeness, count every place the same, and call about one in twenty of their own kind far."""

from __future__ import annotations

import numpy as np
import pytest

from trafficdiff.errors import InputError
from trafficdiff.metrics.novelty import SHRINKAGE, novelty_of, own_distances, weighted_quantile

RNG = np.random.default_rng(5)
PLACES = np.repeat([f"p{number}" for number in range(40)], 5)


def scenes(columns: int = 6) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return places that lie where they lie by chance, with five scenes about each."""
    centres = np.repeat(RNG.normal(size=(40, columns)), 5, axis=0)
    return centres + 0.3 * RNG.normal(size=centres.shape)


@pytest.fixture(scope="module")
def known() -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return scenes()


def test_the_distance_is_that_of_the_formula(known: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> None:
    value = np.array([2.0, -1.0, 0.5, 0.0, 1.0, 3.0])
    found = novelty_of(value, known, places=PLACES)
    z = (value - known.mean(axis=0)) / known.std(axis=0)  # every place has as many scenes
    shrunk = (1 - SHRINKAGE) * np.corrcoef(known.T) + SHRINKAGE * np.eye(6)
    assert found.distance == pytest.approx(np.sqrt(z @ np.linalg.inv(shrunk) @ z / 6))
    np.testing.assert_allclose(found.scores, z)


def test_a_place_of_the_same_kind_is_called_far_about_once_in_twenty(
    known: np.ndarray[tuple[int, int], np.dtype[np.float64]],
) -> None:
    others = RNG.normal(size=(200, 6)) * np.sqrt(1 + 0.3**2)
    found = [novelty_of(one, known, places=PLACES) for one in others[:60]]
    limit = found[0].limit
    assert all(one.limit == limit for one in found)
    assert np.mean([one.distance > limit for one in found]) < 0.15
    assert np.mean([one.percentile for one in found]) == pytest.approx(50, abs=15)


def test_the_farther_out_the_larger_the_distance(known: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> None:
    found = [novelty_of(np.full(6, step), known, places=PLACES) for step in (0.0, 1.0, 3.0, 30.0)]
    distances = [one.distance for one in found]
    assert distances == sorted(distances)
    assert found[-1].distance > found[-1].farthest
    assert found[-1].percentile == pytest.approx(100.0)
    assert found[0].percentile < 20


def test_numbers_that_nobody_knows_are_left_out(known: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> None:
    value = np.array([1.0, 0.0, np.nan, 0.5, 0.2, 0.1])
    without = novelty_of(value[[0, 1, 3, 4, 5]], known[:, [0, 1, 3, 4, 5]], places=PLACES)
    found = novelty_of(value, known, places=PLACES)
    assert (found.distance, found.limit) == (without.distance, without.limit)
    assert np.isnan(found.scores[2])
    holes = known.copy()
    holes[::7, 3] = np.nan
    assert np.isfinite(novelty_of(value, holes, places=PLACES).distance)
    with pytest.raises(InputError, match="at least one number"):
        novelty_of(np.full(6, np.nan), known, places=PLACES)


def test_a_place_counts_once_however_many_scenes_it_has(
    known: np.ndarray[tuple[int, int], np.dtype[np.float64]],
) -> None:
    again = np.concatenate([known, np.repeat(known[PLACES == "p0"], 20, axis=0)])
    places = np.concatenate([PLACES, np.repeat("p0", 100)])
    value = np.full(6, 1.5)
    assert novelty_of(value, again, places=places).distance == pytest.approx(
        novelty_of(value, known, places=PLACES).distance
    )


def test_a_place_is_judged_without_itself(known: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> None:
    strange = known.copy()
    strange[PLACES == "p3"] += 50.0
    own = own_distances(strange, places=PLACES)
    assert own[PLACES == "p3"].min() > 10 * own[PLACES != "p3"].max()


def test_too_few_places_say_nothing() -> None:
    with pytest.raises(InputError, match="at least 4 places"):
        own_distances(np.zeros((6, 2)), places=np.repeat(["a", "b", "c"], 2))


def test_the_quantile_weighs() -> None:
    values, weight = np.array([3.0, 1.0, 2.0]), np.array([0.8, 0.1, 0.1])
    assert weighted_quantile(values, weight, 0.1) == 1.0
    assert weighted_quantile(values, weight, 0.5) == 3.0
