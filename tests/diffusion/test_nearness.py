"""Two numbers looked up are the sum over all bumps."""

from __future__ import annotations

import pytest
import torch

from trafficdiff.diffusion.inputs import BUMPS_S, TIME_BASES, time_bases
from trafficdiff.diffusion.nearness import nearness_of


def some_times(seed: int) -> torch.Tensor:
    """Travel times of two scenes of nine zones [s]: on bumps, between them, outside them, and none."""
    dice = torch.Generator().manual_seed(seed)
    times = 10 ** (5 * torch.rand(2, 9, 9, generator=dice))
    times[0, :, :4] = torch.tensor(BUMPS_S[[0, 3, -2, -1]]).float()
    times[:, 2, 5:] = float("inf")
    return times


@pytest.mark.parametrize("into", [False, True])
def test_what_is_looked_up_is_the_sum_over_all_bumps(*, into: bool) -> None:
    bases, dice = time_bases(some_times(1)), torch.Generator().manual_seed(2)
    weight = torch.randn(2, 3, 4, TIME_BASES, generator=dice, requires_grad=True)
    zone = torch.randint(9, (2, 3, 4), generator=dice)
    rows = torch.stack([(bases.transpose(1, 2) if into else bases)[b][zone[b]] for b in range(2)])
    expected = torch.einsum("bsat,bsazt->bsaz", weight, rows)
    found = nearness_of(bases).weighed(weight, zone, into=into)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    slopes = [torch.autograd.grad((value**2).sum(), weight)[0] for value in (found, expected)]
    torch.testing.assert_close(*slopes, rtol=1e-4, atol=1e-4)


def test_pairs_without_a_way_have_the_flag_and_nothing_else() -> None:
    weight = torch.zeros(2, 1, 1, TIME_BASES)
    weight[..., -1] = 7.0
    found = nearness_of(time_bases(some_times(1))).weighed(weight, torch.full((2, 1, 1), 2), into=False)
    assert found[0, 0, 0].tolist() == [0.0] * 5 + [7.0] * 4
