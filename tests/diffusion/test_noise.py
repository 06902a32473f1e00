import numpy as np
import pytest
import torch

from trafficdiff.diffusion.noise import DESTINATION, ORIGIN, TIME, VIA, hide, times


def dice(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("time", [0.05, 0.3, 0.7, 1.0])
def test_a_slot_is_hidden_with_probability_t_and_departures_in_half_of_the_sets(time):
    sets, agents = 400, 50
    hidden = hide(torch.full((sets,), time), agents=agents, observed_share=0.0, generator=dice())
    share = hidden.float().mean(dim=(0, 1))
    error = 4 * np.sqrt(time * (1 - time) / (sets * agents)) + 1e-6
    for slot in (ORIGIN, DESTINATION, VIA):
        assert float(share[slot]) == pytest.approx(time, abs=error)
    by_set = hidden[..., TIME].float().mean(dim=1)
    told = by_set == 0
    assert float(told.float().mean()) == pytest.approx(0.5, abs=0.1 + 0.95**agents)
    assert float(by_set[~told].mean()) == pytest.approx(time, abs=0.03)


def test_slots_are_hidden_independently():
    hidden = hide(torch.full((500,), 0.4), agents=40, observed_share=0.0, generator=dice()).float()
    ends = hidden[..., [ORIGIN, DESTINATION, VIA]].reshape(-1, 3)
    together = np.corrcoef(ends.numpy().T) - np.eye(3)
    assert np.abs(together).max() < 0.03
    a, b = hidden[:, :-1, ORIGIN].flatten(), hidden[:, 1:, ORIGIN].flatten()
    assert abs(np.corrcoef(a.numpy(), b.numpy())[0, 1]) < 0.03


def test_observed_trips_stay_whole():
    hidden = hide(torch.ones(300), agents=64, observed_share=1.0, generator=dice())[..., :TIME]
    whole, gone = (~hidden).all(dim=-1), hidden.all(dim=-1)
    assert (whole | gone).all()  # at t = 1 a trip is shown whole or not at all
    shown = whole.float().mean(dim=1)
    assert float(shown.mean()) == pytest.approx(0.25, abs=0.03)  # the part is uniform up to a half
    assert float(shown.max()) < 0.5 + 4 * np.sqrt(0.25 / 64)
    assert hide(torch.ones(300), agents=64, observed_share=0.0, generator=dice())[..., :TIME].all()
    some = hide(torch.ones(1_000), agents=64, observed_share=0.4, generator=dice())[..., ORIGIN]
    assert float((~some).any(dim=1).float().mean()) == pytest.approx(0.4, abs=0.08)


@pytest.mark.parametrize("count", [1, 7, 64])
def test_times_fill_their_range_with_one_in_each_equal_part(count):
    for seed in range(20):
        drawn = times(count, generator=dice(seed))
        assert drawn.shape == (count,)
        place = (drawn.double() - 0.05) / 0.95
        assert ((place > -1e-6) & (place <= 1 + 1e-6)).all()
        part = np.sort(np.ceil(place.numpy() * count - 1e-5))
        np.testing.assert_array_equal(part, np.arange(1, count + 1))


def test_times_differ_from_step_to_step():
    generator = dice()
    ever = torch.cat([times(4, generator=generator) for _ in range(500)])
    assert float(ever.max()) > 0.99
    assert float(ever.min()) < 0.06
    counts, _ = np.histogram(ever.numpy(), bins=10, range=(0.05, 1.0))
    assert counts.min() > 150
