"""Baselines of commuting flows, against flows made by their own formula."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Literal

import numpy as np
import pytest

from tests.demand.areas import commuting_scene
from trafficdiff.demand.commuting import flows_of
from trafficdiff.demand.commuting_baselines import (
    CommutingGravity,
    fit_commuting_gravity,
    fit_commuting_trees,
    uniform_flows,
)
from trafficdiff.errors import InputError, MissingDependencyError

if TYPE_CHECKING:
    from trafficdiff.datatypes.scene import Scene


def towns(count: int, generator: np.random.Generator, gravity: CommutingGravity, *, commuters: float) -> list[Scene]:
    """Return areas whose flows are those of a gravity model."""
    scenes = []
    for _ in range(count):
        zones = int(generator.integers(4, 9))
        xy_km, population = generator.uniform(-10, 10, (zones, 2)), generator.uniform(500, 5_000, zones)
        blank = commuting_scene(np.zeros((zones, zones)), xy_km=xy_km, population=population)
        scenes.append(commuting_scene(commuters * gravity(blank), xy_km=xy_km, population=population))
    return scenes


@pytest.mark.parametrize("shape", ["exponential", "power"])
def test_gravity_finds_the_powers_that_made_the_flows(
    generator: np.random.Generator, shape: Literal["exponential", "power"]
) -> None:
    true = CommutingGravity(0.8, 1.2, 0.15 if shape == "exponential" else 1.5, shape)
    found = fit_commuting_gravity(towns(12, generator, true, commuters=1e5), shape=shape)
    assert found.origin_power == pytest.approx(0.8, abs=1e-3)
    assert found.destination_power == pytest.approx(1.2, abs=1e-3)
    assert found.deterrence == pytest.approx(true.deterrence, rel=1e-3)


def test_gravity_by_hand() -> None:
    # three zones on a line, 1 and 2 km apart; population + 1 = 1, 1, 2
    line = commuting_scene(
        np.zeros((3, 3)), xy_km=np.array([[0, 0], [1, 0], [3, 0]]), population=np.array([0.0, 0.0, 1.0])
    )
    flows = CommutingGravity(1.0, 2.0, 1.0, "power")(line)
    expected = np.array([[0, 1 / 2, 4 / 4], [1 / 2, 0, 4 / 3], [2 / 4, 2 / 3, 0]])
    np.testing.assert_allclose(flows, expected / expected.sum(), rtol=1e-6)


def test_every_area_counts_the_same_whatever_its_commuters(generator: np.random.Generator) -> None:
    near, far = CommutingGravity(1, 1, 0.5, "exponential"), CommutingGravity(1, 1, 0.0, "exponential")
    one, other = towns(5, generator, near, commuters=10), towns(5, generator, far, commuters=10)
    many = [
        commuting_scene(1e6 * flows_of(scene), xy_km=scene.zone_xy_m / 1000, population=scene.zone_values[:, 0])
        for scene in other
    ]
    assert fit_commuting_gravity(one + many).deterrence == pytest.approx(
        fit_commuting_gravity(one + other).deterrence, rel=1e-3
    )


def test_uniform_flows_are_shares_off_the_diagonal() -> None:
    scene = commuting_scene(np.zeros((3, 3)), xy_km=np.eye(3)[:, :2], population=np.ones(3))
    np.testing.assert_allclose(uniform_flows(scene), (1 - np.eye(3)) / 6)


def test_gravity_needs_someone_who_commutes() -> None:
    empty = commuting_scene(np.zeros((3, 3)), xy_km=np.eye(3)[:, :2], population=np.ones(3))
    with pytest.raises(InputError, match="areas with trips"):
        fit_commuting_gravity([empty])


def test_trees_without_scikit_learn_say_what_to_install(
    generator: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    with pytest.raises(MissingDependencyError, match="pip install scikit-learn"):
        fit_commuting_trees([], generator=generator)


def test_trees_learn_how_many_commute_and_where(
    generator: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("sklearn", reason="trees need scikit-learn")
    from threadpoolctl import threadpool_limits

    monkeypatch.setattr("trafficdiff.demand.commuting_baselines._TREES", 100)
    true = CommutingGravity(1, 1, 0.3, "exponential")
    scenes = towns(60, generator, true, commuters=2_000)
    with threadpool_limits(1):  # threads that wait for each other take minutes on a busy machine
        trees = fit_commuting_trees(scenes[:50], generator=generator)
        answers = [trees(scene) for scene in scenes[50:]]
    assert all((np.diag(flows) == 0).all() for flows in answers)
    assert np.mean([flows.sum() for flows in answers]) == pytest.approx(2_000, rel=0.25)
    agreement = [
        np.corrcoef(flows.ravel(), flows_of(scene).ravel())[0, 1]
        for flows, scene in zip(answers, scenes[50:], strict=True)
    ]
    assert np.mean(agreement) > 0.8
