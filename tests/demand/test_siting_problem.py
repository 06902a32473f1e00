"""The programme counts what a hand counts: plugs, bins, waits, and prices that bound what more plugs save."""

from __future__ import annotations

import numpy as np
import pytest

from tests.demand.siting_town import BIN_S, offers_at, problem, town
from trafficdiff.demand.siting_problem import DayOffers


def one_place(arrivals: list[float], *, charging_s: float, patience_s: float, wanted: float = 20.0) -> DayOffers:
    column = np.array(arrivals)[:, None]
    return DayOffers(
        offers=offers_at(column, np.zeros_like(column), np.full_like(column, charging_s)),
        wanted_kwh=np.full(len(arrivals), wanted),
        patience_s=np.full(len(arrivals), patience_s),
    )


def test_without_a_plug_all_energy_is_unmet_and_with_enough_none_is():
    found = problem([one_place([0.0] * 3, charging_s=1_800, patience_s=0)], options=1)
    nothing, enough = found.loss(np.array([0])), found.loss(np.array([3]))
    assert (nothing.unmet_kwh, nothing.unmet_cars, nothing.plug_h) == (60.0, 3.0, 0.0)
    assert enough.unmet_kwh == pytest.approx(0, abs=1e-9)
    assert enough.plug_h == pytest.approx(1.5)
    assert enough.loss_kwh == pytest.approx(1.5 * 2.5)


def test_one_plug_serves_one_of_three_who_come_together_and_will_not_wait():
    found = problem([one_place([0.0] * 3, charging_s=1_800, patience_s=0)], options=1)
    assert found.loss(np.array([1])).unmet_cars == pytest.approx(2.0)


def test_patience_turns_unmet_energy_into_waiting():
    found = problem([one_place([0.0] * 3, charging_s=1_800, patience_s=3_600)], options=1)
    told = found.loss(np.array([1]))
    assert told.unmet_cars == pytest.approx(0, abs=1e-9)
    assert told.wait_h == pytest.approx(0 + 0.5 + 1.0)  # one after the other
    assert told.loss_kwh == pytest.approx(1.5 * 7.5 + 1.5 * 2.5)


def test_days_do_not_share_plugs_and_losses_are_means_over_days():
    day = one_place([0.0], charging_s=1_800, patience_s=0)
    assert problem([day, day], options=1).loss(np.array([1])).unmet_cars == pytest.approx(0, abs=1e-9)
    assert problem([day, day], options=1).loss(np.array([0])).unmet_kwh == 20.0


def test_half_a_bin_is_held_as_half_a_bin():
    found = problem([one_place([BIN_S / 2], charging_s=BIN_S, patience_s=0)], options=1)
    assert found.held.toarray().ravel().tolist() == [0.5, 0.5]


def test_what_costs_more_than_it_brings_or_cannot_be_reached_is_no_column():
    far = np.array([[0.0, 0.0, 0.0]])
    offers = offers_at(far, [[0.0, 3_600.0, 0.0]], [[600.0, 600.0, 600.0]], reachable=[[True, True, False]])
    day = DayOffers(offers=offers, wanted_kwh=np.array([20.0]), patience_s=np.array([0.0]))
    assert problem([day], options=3).place.tolist() == [0]
    dear = DayOffers(offers=offers, wanted_kwh=np.array([0.1]), patience_s=np.array([0.0]))
    assert not len(problem([dear], options=3).place)


def test_prices_of_cars_bound_what_any_number_of_plugs_saves():
    found, options = town(cars=25, sites=4, seed=2)
    start = np.zeros(len(options), np.int64)
    for plugs in (start, np.where(np.arange(len(options)) == 1, 1, 0)):
        loss_kwh, worth = found.priced(plugs)
        assert loss_kwh == pytest.approx(found.loss(plugs).loss_kwh)
        for option in range(len(options)):
            for added in (1, 2):
                more = plugs.copy()
                more[option] += added
                has = found.most_won_kwh(worth, option, int(plugs[option])) if plugs[option] else 0.0
                most = found.most_won_kwh(worth, option, int(more[option])) - has
                assert loss_kwh - found.loss(more).loss_kwh <= most + 1e-6


def test_more_plugs_never_lose_more():
    found, options = town(cars=25, sites=3, seed=3)
    losses = [found.loss(np.full(len(options), count)).loss_kwh for count in range(4)]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] > losses[-1]
