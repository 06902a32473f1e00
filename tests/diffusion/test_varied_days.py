import numpy as np

from tests.diffusion.places import made_scene, made_trips
from trafficdiff.diffusion.day import day_moments, trip_statistics
from trafficdiff.diffusion.varied_days import day_factors


def town(zones=40, trips=600):
    random = np.random.default_rng(3)
    return made_scene(zones=zones, trips=made_trips(made_scene(zones=zones), *random.integers(0, zones, (2, trips))))


def factors(scene, seed, spread=1.5):
    return day_factors(scene, np.arange(len(scene.trips)), spread=spread, generator=np.random.default_rng(seed))


def test_days_differ_within_bounds_and_a_spread_of_nothing_changes_nothing():
    scene = town()
    days = np.stack([factors(scene, seed) for seed in range(50)])
    assert days.min() >= np.exp(-2.5)
    assert days.max() <= np.exp(2.5)
    assert np.log(days).std(axis=1).max() > 0.5
    assert np.abs(np.corrcoef(np.log(days)) - np.eye(50)).mean() < 0.5
    np.testing.assert_allclose(factors(scene, 1, spread=0.0), 1)


def test_a_day_moves_neighbours_together():
    scene = town()
    places = scene.zone_xy_m[scene.trips.origin_zone]
    apart = np.linalg.norm(places[:, None] - places, axis=2)
    logs = np.log([factors(scene, seed) for seed in range(200)])
    alike = np.corrcoef(logs.T)
    assert alike[apart < 300].mean() > alike[apart > 2_500].mean() + 0.1


def test_the_moments_of_a_day_tell_nearly_all_of_it():
    scene = town()
    statistics = trip_statistics(scene)
    told = []
    for seed in range(40):
        weight = factors(scene, seed)
        moments = day_moments(statistics, weight, usual=statistics.mean(axis=0))
        told.append((np.log(weight).var(), np.linalg.norm(moments)))
    spread, length = np.array(told).T
    assert np.corrcoef(np.sqrt(spread), length)[0, 1] > 0.7
