import numpy as np
import pytest
import torch

from tests.diffusion.places import made_scene, made_trips
from trafficdiff.datatypes.scene import CLASSES, SOURCES
from trafficdiff.diffusion.batch import Corpus, conditions_of, fringe_shares, slots_of
from trafficdiff.diffusion.denoiser import DEPARTURE_BINS
from trafficdiff.diffusion.inputs import place_of, scaling_of
from trafficdiff.diffusion.settings import TrainingSettings
from trafficdiff.errors import InputError

NOTHING_LOST = {"day_spread": 0.0, "dropped_share": 0.0, "most_hidden": 0.0}


def with_trips(*, seed=0, trips=40, **fields):
    bare = made_scene(seed=seed)
    random = np.random.default_rng(seed)
    origin, destination = random.integers(0, len(bare), (2, trips))
    return made_scene(seed=seed, **({"trips": made_trips(bare, origin, destination)} | fields))


def corpus_of(towns, **settings):
    settings = TrainingSettings(**({"agents": 8, "sets": 2, "scenes": 3} | settings))
    return Corpus(towns, scaling=scaling_of(towns), settings=settings)


def test_hours_and_levels_are_told_on_the_circle_of_the_day():
    six = made_scene(window_s=(5 * 3600.0, 7 * 3600.0), scene_values=np.array([20.0, 0.0], np.float32))
    told = conditions_of(six, trips_per_hour=2_000.0, fringe_shares=(0.25, 0.75))
    torch.testing.assert_close(told.hour, torch.tensor([[1.0, 0.0, 0.0, -1.0, 1.0]]), rtol=0, atol=1e-6)
    torch.testing.assert_close(told.level, torch.tensor([[1.0, 1.0]]))  # 100 trips an hour and lane-km
    assert told.fringe.tolist() == [[0.25, 0.75, 1.0]]
    assert told.source.tolist() == [SOURCES.index("calibrated")]


def test_what_is_hidden_or_unknown_is_zero():
    scene = made_scene()
    hidden = conditions_of(scene, trips_per_hour=10.0, fringe_shares=(0.5, 0.5), hidden=np.ones(4, bool))
    unknown = conditions_of(made_scene(window_s=(float("nan"), float("nan"))))
    for conditions in (hidden, unknown):
        assert not conditions.hour.any()
        assert not conditions.level.any()
        assert not conditions.fringe.any()
    assert hidden.source.tolist() == [len(SOURCES)]
    for place, name in enumerate(("source", "hour", "level", "fringe")):
        one = conditions_of(scene, trips_per_hour=10.0, fringe_shares=(0.5, 0.5), hidden=np.arange(4) == place)
        whole = conditions_of(scene, trips_per_hour=10.0, fringe_shares=(0.5, 0.5))
        for other in ("source", "hour", "level", "fringe"):
            assert torch.equal(getattr(one, other), getattr(whole, other)) is (other != name)


def test_fringe_shares_count_trips_by_weight():
    bare = made_scene()
    enters, leaves = (np.flatnonzero(bare.edge_values[:, column] > 0) for column in (1, 2))
    inside = np.setdiff1d(np.arange(18), np.union1d(enters, leaves))
    trips = made_trips(
        bare, np.zeros(3, int), np.ones(3, int),
        origin_edge=np.array([enters[0], inside[0], inside[1]], np.int32),
        destination_edge=np.array([leaves[0], leaves[1], inside[1]], np.int32),
        weight=np.array([1.0, 2.0, 5.0], np.float32),
    )  # fmt: skip
    assert fringe_shares(made_scene(trips=trips)) == pytest.approx((1 / 8, 3 / 8))
    assert fringe_shares(bare) is None
    assert fringe_shares(made_scene(trips=trips, edge_columns=("a", "b", "c", "d", "e", "f"))) is None


def test_departures_fall_into_bins_and_unknown_ones_into_the_middle():
    bare = made_scene()
    share = np.array([0.0, 0.5, 0.999, np.nan, 1 / 16], np.float32)
    scene = made_scene(trips=made_trips(bare, np.arange(5), np.arange(5)[::-1], depart_share=share))
    slots = slots_of(scene, np.arange(5))
    assert slots[:, 3].tolist() == [0, 8, DEPARTURE_BINS - 1, DEPARTURE_BINS // 2, 1]
    assert slots[:, 0].tolist() == [0, 1, 2, 3, 4]
    assert slots[:, 1].tolist() == [4, 3, 2, 1, 0]
    assert slots[:, 2].tolist() == [-1] * 5


def test_sources_and_places_weigh_what_they_should():
    scenes = [
        with_trips(seed=1, name="a1", place="a"), with_trips(seed=2, name="a2", place="a"),
        with_trips(seed=3, name="b", place="b"), with_trips(seed=4, name="r", source="randomised"),
    ]  # fmt: skip
    corpus = corpus_of(scenes, calibrated_share=0.5, randomised_share=0.25, commuting_share=0.25)
    np.testing.assert_allclose(corpus.weight, np.array([0.125, 0.125, 0.25, 0.25]) / 0.75)
    with pytest.raises(InputError, match="share above 0"):
        corpus_of(scenes, calibrated_share=0.0, randomised_share=0.0)
    with pytest.raises(InputError, match="with demand"):
        corpus_of([made_scene()])


def test_the_trips_of_a_set_are_of_one_day():
    bare = made_scene()
    day = np.repeat([0, 1, 2], 10).astype(np.int16)
    scene = made_scene(trips=made_trips(bare, day.astype(int), day.astype(int) + 1, day=day))
    corpus = corpus_of([scene], **NOTHING_LOST)
    generator, seen = np.random.default_rng(0), {}
    for _ in range(10):
        batch = corpus.draw(generator)
        for row in range(3):
            days = batch.slots[row, ..., 0].unique().tolist()
            assert len(days) == 1
            seen.setdefault(days[0], []).append(batch.day[row, 4:])
    assert set(seen) == {0, 1, 2}
    for moments in seen.values():  # what does not turn with the map is the same each time
        torch.testing.assert_close(torch.stack(moments), moments[0].expand(len(moments), 4))
    assert not torch.allclose(seen[0][0], seen[1][0], atol=0.1)


def test_made_up_days_change_the_trips_and_say_how():
    scene = with_trips(seed=1)
    lost = NOTHING_LOST | {"day_spread": 2.0}
    corpus, generator = corpus_of([scene], agents=400, **lost), np.random.default_rng(1)
    days = [corpus.draw(generator) for _ in range(12)]
    moved = torch.stack([batch.day[0] for batch in days])
    assert moved.abs().max() > 0.3
    plain = corpus_of([scene], agents=400, **NOTHING_LOST).draw(generator)
    assert plain.day.abs().max() < 1e-6


def test_trips_are_drawn_by_their_weight():
    bare = made_scene()
    trips = made_trips(bare, np.array([0, 1]), np.array([2, 3]), weight=np.array([1.0, 3.0], np.float32))
    corpus = corpus_of([made_scene(trips=trips)], agents=200, **NOTHING_LOST)
    origin = corpus.draw(np.random.default_rng(0)).slots[..., 0]
    assert float((origin == 1).float().mean()) == pytest.approx(0.75, abs=0.05)


def test_no_via_is_the_last_pointer_of_the_padded_zones():
    scenes = [with_trips(seed=1), made_scene(seed=2, zones=9)]
    scenes[1] = made_scene(seed=2, zones=9, trips=made_trips(scenes[1], np.array([0, 8]), np.array([8, 0])))
    corpus = corpus_of(scenes, scenes=8, **NOTHING_LOST)
    generator, first = np.random.default_rng(0), set()
    for _ in range(12):
        batch = corpus.draw(generator)
        assert batch.zone.shape[1] == 9
        assert set(batch.real.sum(dim=1).tolist()) == {6, 9}
        assert (batch.slots[..., 2] == 9).all()
        for row in range(8):
            assert batch.slots[row, ..., :2].max() < batch.real[row].sum()
        first.add(int(batch.real[0].sum()))
    assert first == {6, 9}


def test_edges_to_choose_from_are_those_of_the_zone_and_the_chosen_one_is_the_trips():
    bare = made_scene(zones=4, edges=1)
    offsets = np.array([0, 1, 5, 7, 10], np.int64)
    random = np.random.default_rng(3)
    scene = made_scene(
        zones=4, edges=1, edge_offsets=offsets, edge_index=np.arange(10, dtype=np.int32),
        edge_values=random.uniform(1, 9, (10, 6)).astype(np.float32),
    )  # fmt: skip
    origin, destination = random.integers(0, 10, (2, 50))
    zone = scene.edge_zone
    trips = made_trips(
        bare, zone[origin], zone[destination],
        origin_edge=origin.astype(np.int32), destination_edge=destination.astype(np.int32),
        vehicle_class=random.integers(0, 3, 50).astype(np.int8),
    )  # fmt: skip
    scene = made_scene(
        zones=4, edges=1, edge_offsets=offsets, edge_index=scene.edge_index, edge_values=scene.edge_values, trips=trips
    )
    batch = corpus_of([scene], agents=32, scenes=2, **NOTHING_LOST).draw(np.random.default_rng(0))
    edges = batch.edges
    assert edges is not None
    corpus = scaling_of([scene])
    length = [corpus.edge_columns.index("length"), corpus.edge_columns.index("length") + 6]
    place = place_of(scene, corpus)
    driven = {
        role: set(zip(ends.tolist(), trips.vehicle_class.tolist(), strict=True))
        for role, ends in ((0, trips.origin_edge), (1, trips.destination_edge))
    }
    assert set(edges.role.tolist()) == {0, 1}
    for k in range(len(edges.zone)):
        first, end = offsets[edges.zone[k] : edges.zone[k] + 2]
        assert edges.real[k].sum() == end - first
        torch.testing.assert_close(edges.edge[k, : end - first][:, length], place.edge[first:end][:, length])
        torch.testing.assert_close(edges.prior[k, : end - first], place.edge_prior[first:end, edges.role[k]])
        assert 0 <= edges.chosen[k] < end - first
        assert (int(first + edges.chosen[k]), int(edges.vehicle_class[k])) in driven[int(edges.role[k])]


def test_a_dropped_condition_hides_the_class_too():
    scenes = [with_trips(seed=1)]
    for share, classes in ((1.0, len(CLASSES)), (0.0, 0)):
        batch = corpus_of(scenes, dropped_share=share, most_hidden=0.0).draw(np.random.default_rng(0))
        assert (batch.vehicle_class == classes).all()
        assert bool(batch.conditions.hour.any()) is (share == 0)


def test_commuting_areas_have_no_edges_to_choose():
    flat = {
        "edge_values": np.zeros((0, 6), np.float32), "edge_index": np.zeros(0, np.int32), "source": "commuting",
    }  # fmt: skip
    bare = made_scene(edges=0, **flat)
    scene = made_scene(edges=0, **flat, trips=made_trips(bare, np.array([0, 1]), np.array([2, 3])))
    alone = corpus_of([scene], scenes=2).draw(np.random.default_rng(0))
    assert alone.edges is None
    mixed = corpus_of([scene, with_trips()], scenes=12, commuting_share=0.5, **NOTHING_LOST).draw(
        np.random.default_rng(0)
    )
    assert mixed.edges is not None
    on_roads = torch.nonzero(mixed.conditions.source == SOURCES.index("calibrated")).flatten()
    assert set(mixed.edges.batch.tolist()) == set(on_roads.tolist())
    assert 0 < len(on_roads) < 12
