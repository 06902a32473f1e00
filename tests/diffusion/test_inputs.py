import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.diffusion.places import EDGE_COLUMNS, SCENE_COLUMNS, ZONE_COLUMNS, made_scene
from trafficdiff.diffusion.inputs import (
    BUMPS_S,
    TIME_BASES,
    Scaling,
    Turn,
    place_of,
    scaling_of,
    time_bases,
    views_of,
    with_columns_hidden,
)
from trafficdiff.diffusion.prior import edge_weight, zone_rim_share, zone_weight
from trafficdiff.errors import InputError

WAVES = 12
"""Sines and cosines of a zone's place, which turn with the map; then come x, y and the distance to the middle."""


def close(left, right, **tolerance):
    torch.testing.assert_close(left, right, **({"rtol": 0, "atol": 2e-5} | tolerance))


@settings(deadline=None)
@given(st.lists(st.floats(0, 1e5), min_size=1, max_size=20))
def test_tents_add_up_to_one_and_flag_nothing_that_is_reached(seconds):
    bases = time_bases(torch.tensor(seconds, dtype=torch.float32))
    assert bases.shape == (len(seconds), TIME_BASES)
    assert (bases >= 0).all()
    close(bases[:, :-1].sum(dim=1), torch.ones(len(seconds)))
    assert not bases[:, -1].any()


def test_a_pair_without_a_way_has_its_flag_and_nothing_else():
    bases = time_bases(torch.tensor([float("inf"), 60.0]))
    assert bases[0].tolist() == [0.0] * (TIME_BASES - 1) + [1.0]
    assert bases[1, -1] == 0


def test_tents_peak_at_the_points_of_a_geometric_series_and_interpolate_the_logarithm():
    points = torch.from_numpy(BUMPS_S.astype(np.float32))
    close(time_bases(points)[:, :-1], torch.eye(TIME_BASES - 1), atol=1e-4)
    time_s = torch.tensor([15.0, 33.0, 600.0, 7_000.0])
    close(torch.exp(time_bases(time_s)[:, :-1] @ points.log()), time_s, rtol=1e-4)


@settings(deadline=None)
@given(angle=st.floats(0, 2 * np.pi), mirrored=st.booleans())
def test_a_turned_town_reads_the_same_but_for_what_turns_with_the_map(angle, mirrored):
    scene = made_scene()
    scaling = scaling_of([scene, made_scene(seed=1)])
    plain, turned = place_of(scene, scaling), place_of(scene, scaling, turn=Turn(angle, mirrored))
    count = len(ZONE_COLUMNS)
    still = [scaling.zone_columns.index(name) for name in ("pois", "signals")]
    for part in (still, [count + column for column in still], [-1]):
        close(turned.zone[:, part], plain.zone[:, part])
    still = [scaling.edge_columns.index(name) for name in EDGE_COLUMNS if not name.startswith("bearing")]
    close(turned.edge[:, still], plain.edge[:, still])
    close(
        turned.edge[:, [len(EDGE_COLUMNS) + column for column in still]], plain.edge[:, len(EDGE_COLUMNS) :][:, still]
    )
    for name in ("bases", "prior", "edge_prior", "edge_offsets"):
        close(getattr(turned, name), getattr(plain, name))
    lane_km = scaling.scene_columns.index("lane_km")
    close(turned.scene[lane_km], plain.scene[lane_km])
    close(turned.scene[len(SCENE_COLUMNS) :], plain.scene[len(SCENE_COLUMNS) :])


def test_a_quarter_turn_moves_east_to_north_and_a_mirror_east_to_west():
    scene = made_scene()
    scaling = scaling_of([scene, made_scene(seed=1)])

    def by_hand(matrix):
        values = scene.zone_values.copy()
        values[:, :2] = values[:, :2] @ matrix.T
        edges = scene.edge_values.copy()
        edges[:, 3:5] = edges[:, 3:5] @ matrix.T
        xy_m = (scene.zone_xy_m @ matrix.T).astype(np.float32)
        return place_of(dataclasses.replace(scene, zone_values=values, edge_values=edges, zone_xy_m=xy_m), scaling)

    for turn, matrix in (
        (Turn(np.pi / 2), np.array([[0.0, -1.0], [1.0, 0.0]])),
        (Turn(0.0, mirrored=True), np.array([[-1.0, 0.0], [0.0, 1.0]])),
    ):
        got, expected = place_of(scene, scaling, turn=turn), by_hand(matrix)
        close(got.zone, expected.zone, atol=1e-4)
        close(got.edge, expected.edge, atol=1e-4)
    assert not torch.allclose(place_of(scene, scaling, turn=Turn(1.0)).zone, place_of(scene, scaling).zone)


def test_a_mirrored_town_drives_on_the_other_side():
    left = made_scene(scene_values=np.array([3.6, 1.0], np.float32))
    right = made_scene(scene_values=np.array([3.6, 0.0], np.float32))
    scaling = scaling_of([left, right])
    side = scaling.scene_columns.index("left_hand")
    for scene, other in ((left, right), (right, left)):
        mirrored = place_of(scene, scaling, turn=Turn(0.0, mirrored=True))
        close(mirrored.scene[side], place_of(other, scaling).scene[side])
        assert mirrored.scene[side] != place_of(scene, scaling).scene[side]


def test_an_arrow_of_which_one_half_is_unknown_is_unknown_in_every_turn():
    known = made_scene()
    values = known.zone_values.copy()
    values[:, 0] = np.nan
    scaling, scene = scaling_of([known]), made_scene(zone_values=values)
    both = [scaling.zone_columns.index(name) for name in ZONE_COLUMNS[:2]]
    for turn in (Turn(), Turn(1.0)):
        place = place_of(scene, scaling, turn=turn)
        assert not place.zone[:, both].any()
        assert not place.scene[[len(SCENE_COLUMNS) + column for column in both]].any()


def test_unknown_columns_are_zero_and_the_scene_says_so():
    known = made_scene()
    values = known.zone_values.copy()
    values[:, 2] = np.nan
    unknown = made_scene(zone_values=values, scene_values=np.array([np.nan, 0.0], np.float32))
    scaling = scaling_of([known])
    pois, count = scaling.zone_columns.index("pois"), len(ZONE_COLUMNS)
    place = place_of(unknown, scaling)
    assert not place.zone[:, [pois, count + pois]].any()
    assert place_of(known, scaling).zone[:, [pois, count + pois]].any(dim=0).all()
    flags = place.scene[len(SCENE_COLUMNS) : len(SCENE_COLUMNS) + count]
    assert flags.tolist() == [float(column != pois) for column in range(count)]
    assert place.scene[scaling.scene_columns.index("lane_km")] == 0
    assert torch.isfinite(place.zone).all()
    assert torch.isfinite(place.scene).all()


def test_the_order_of_columns_does_not_matter_nor_do_columns_that_nobody_asked_for():
    scene = made_scene()
    scaling = scaling_of([scene])
    order = [3, 1, 0, 2]
    shuffled = dataclasses.replace(
        scene,
        zone_columns=(*(ZONE_COLUMNS[column] for column in order), "nobody asked"),
        zone_values=np.column_stack([scene.zone_values[:, order], np.full(len(scene), 7.0)]).astype(np.float32),
        edge_columns=EDGE_COLUMNS[::-1],
        edge_values=scene.edge_values[:, ::-1],
        scene_columns=SCENE_COLUMNS[::-1],
        scene_values=scene.scene_values[::-1],
    )
    turn = Turn(1.0, mirrored=True)
    ours, theirs = place_of(scene, scaling, turn=turn), place_of(shuffled, scaling, turn=turn)
    for name in vars(ours).keys() - {"turn"}:
        close(getattr(theirs, name), getattr(ours, name))


def test_scales_bring_the_corpus_to_mean_zero_and_deviation_one_each_scene_alike():
    small, large = made_scene(seed=1, zones=64, edges=1), made_scene(seed=2, zones=500, edges=1)
    scaling = scaling_of([small, large])
    column = scaling.zone_columns.index("pois")
    parts = [place_of(scene, scaling).zone[:, column] for scene in (small, large)]
    mean, spread = (float(np.mean([float(f(part)) for part in parts])) for f in (torch.mean, torch.std))
    assert mean == pytest.approx(0, abs=0.25)
    assert spread == pytest.approx(1, abs=0.25)
    assert scaling.zone_width == place_of(small, scaling).zone.shape[1]
    assert scaling.edge_width == place_of(small, scaling).edge.shape[1]
    assert scaling.scene_width == len(place_of(small, scaling).scene)


def test_scaling_survives_being_written_as_plain_values():
    scaling = scaling_of([made_scene()])
    again = Scaling.from_dict(scaling.as_dict())
    for name, value in vars(scaling).items():
        np.testing.assert_array_equal(getattr(again, name), value)


def test_no_scenes_have_no_scales():
    with pytest.raises(InputError, match="build a corpus"):
        scaling_of([])


def test_the_prior_of_a_place_is_the_logarithm_of_its_weights():
    scene = made_scene()
    place = place_of(scene, scaling_of([scene]))
    np.testing.assert_allclose(place.edge_prior.numpy(), np.log(edge_weight(scene)), rtol=1e-6)
    weight = zone_weight(scene)
    np.testing.assert_allclose(place.prior.numpy(), np.log(weight / weight.mean(axis=0)), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(place.rim.numpy(), zone_rim_share(scene), rtol=1e-5)


def test_a_commuting_area_has_its_workers_as_prior():
    workers = np.array([[0.0], [10.0], [30.0]], np.float32)
    scene = made_scene(
        zones=3, edges=0, zone_columns=("workers",), zone_values=workers,
        edge_values=np.zeros((0, len(EDGE_COLUMNS)), np.float32), edge_index=np.zeros(0, np.int32),
    )  # fmt: skip
    prior = place_of(scene, scaling_of([scene])).prior
    assert torch.isfinite(prior).all()
    assert float((prior[2] - prior[1]).exp()[0]) == pytest.approx(3.0, rel=0.02)
    close(prior[:, 0], prior[:, 1])


def test_hidden_columns_are_hidden_from_zones_edges_and_the_scene_alike():
    scene = made_scene()
    scaling = scaling_of([scene, made_scene(seed=1)])
    place = place_of(scene, scaling)
    count = len(ZONE_COLUMNS)
    seen = set()
    for seed in range(40):
        hidden = with_columns_hidden(place, scaling, 0.5, np.random.default_rng(seed))
        flags = hidden.scene[len(SCENE_COLUMNS) : len(SCENE_COLUMNS) + count].bool()
        for column in range(count):
            for part in (column, count + column):
                expected = place.zone[:, part] if flags[column] else torch.zeros(len(scene))
                close(hidden.zone[:, part], expected)
            seen.add((column, bool(flags[column])))
        close(hidden.zone[:, 2 * count :], place.zone[:, 2 * count :])
        close(hidden.scene[-2:], place.scene[-2:])
        own, relative = hidden.edge.any(dim=0).view(2, -1)
        assert (own | ~relative).all()
    assert len(seen) == 2 * count
    whole = with_columns_hidden(place, scaling, 0.0, np.random.default_rng(0))
    close(whole.zone, place.zone)


def test_one_view_with_nothing_hidden_is_the_scene_itself():
    scene = made_scene()
    scaling = scaling_of([scene])
    (view,) = views_of(scene, scaling, count=1, hidden=0.0, seed=3)
    close(view.zone, place_of(scene, scaling).zone)
    some, same, other = (list(views_of(scene, scaling, count=3, hidden=0.4, seed=seed)) for seed in (1, 1, 2))
    for left, right in zip(some, same, strict=True):
        close(left.zone, right.zone)
    assert not torch.allclose(some[0].zone, other[0].zone)
    assert not torch.allclose(some[0].zone, some[1].zone)
