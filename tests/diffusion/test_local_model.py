"""What a city's own trips say is added to what is believed of any city, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from tests.diffusion.places import made_scene, made_trips
from trafficdiff.diffusion.believed_pairs import believed_pairs
from trafficdiff.diffusion.local_model import LocalModel, Place, Tally, Widths, place_of_scene, tally_of
from trafficdiff.diffusion.prior import edge_weight, zone_weight
from trafficdiff.diffusion.requests import SamplerSettings
from trafficdiff.diffusion.tuning import fit

if TYPE_CHECKING:
    from trafficdiff.datatypes.scene import Scene

SCENE = made_scene(zones=5, edges=3)
ORIGINS = np.array([0, 0, 0, 1, 2, 3, 3, 0])
DESTINATIONS = np.array([1, 1, 2, 2, 0, 4, 1, 1])


def believed(scene: Scene = SCENE) -> Place:
    """What the prior alone believes; nothing leads from a zone to itself."""
    inside = np.log(edge_weight(scene)).T
    pair = believed_pairs(scene, None, SamplerSettings())
    return place_of_scene(scene, pair=pair, open_=~np.eye(len(scene), dtype=bool), edge=inside)


def tally() -> Tally:
    trips = made_trips(SCENE, ORIGINS, DESTINATIONS)
    return tally_of(SCENE, trips, np.arange(len(ORIGINS)))


def moved(seed: int = 0) -> LocalModel:
    """A model whose every correction is some number."""
    model = LocalModel(believed())
    dice = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for value in model.parameters():
            value.copy_(0.7 * torch.randn(value.shape, generator=dice, dtype=value.dtype))
    return model


def test_without_corrections_it_is_the_prior() -> None:
    model = LocalModel(believed())
    weight, edges = zone_weight(SCENE), edge_weight(SCENE)
    np.testing.assert_allclose(model.origins().exp().detach(), weight[:, 0] / weight[:, 0].sum())
    whole = np.stack([np.bincount(SCENE.edge_zone, edges[:, role]) for role in (0, 1)])[:, SCENE.edge_zone]
    np.testing.assert_allclose(model.edges().exp().detach(), edges.T / whole)
    pairs = np.exp(believed().pair.numpy()) * weight[:, 1] * ~np.eye(5, dtype=bool)
    np.testing.assert_allclose(model.destinations().exp().detach(), pairs / pairs.sum(axis=1, keepdims=True), atol=1e-9)
    assert float(model.factors(SCENE).pair.max()) == 0


def test_the_loss_is_the_mean_of_single_trips() -> None:
    model = moved()
    first = SCENE.edge_offsets[:-1]
    tables = (model.origins(), model.destinations(), model.edges())
    origins, destinations, edges = (table.detach().numpy() for table in tables)
    single = [
        -origins[o] - destinations[o, d] - edges[0, first[o]] - edges[1, first[d]]
        for o, d in zip(ORIGINS, DESTINATIONS, strict=True)
    ]
    np.testing.assert_allclose(model.losses(made_trips(SCENE, ORIGINS, DESTINATIONS)), single)
    assert model.loss(tally()).item() == pytest.approx(np.mean(single))


def test_a_free_fit_meets_the_shares_of_the_trips() -> None:
    model = LocalModel(believed())
    fit(model, tally(), widths=Widths(ends=100.0, way=100.0))
    shares = np.bincount(ORIGINS, minlength=5) / len(ORIGINS)
    np.testing.assert_allclose(model.origins().exp().detach(), shares, atol=0.01)
    arriving = (torch.from_numpy(shares)[:, None] * model.destinations().exp()).sum(dim=0).detach()
    np.testing.assert_allclose(arriving, np.bincount(DESTINATIONS, minlength=5) / len(ORIGINS), atol=0.01)


def test_a_stiff_ridge_leaves_what_was_believed() -> None:
    model = LocalModel(believed())
    fit(model, tally(), widths=Widths(ends=1e-3, way=1e-3, pair=1e-3))
    np.testing.assert_allclose(model.origins().detach(), LocalModel(believed()).origins().detach(), atol=1e-4)


def test_the_factors_make_the_prior_what_the_model_says() -> None:
    model = moved()
    factors = model.factors(SCENE)
    tuned = replace(SCENE, local=factors)
    weight = edge_weight(tuned)
    inside = weight / np.stack([np.bincount(SCENE.edge_zone, weight[:, role]) for role in (0, 1)], 1)[SCENE.edge_zone]
    np.testing.assert_allclose(inside.T, model.edges().exp().detach(), rtol=1e-4)
    origins = zone_weight(tuned)[:, 0] / zone_weight(tuned)[:, 0].sum()
    np.testing.assert_allclose(origins, model.origins().exp().detach(), atol=0.01)
    pairs = believed_pairs(tuned, None, SamplerSettings())
    torch.testing.assert_close(pairs, believed().pair.float() + torch.from_numpy(factors.pair))
